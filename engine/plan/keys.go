package plan

import (
	"context"
	"slices"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

var attributeScopes = []query.Scope{
	query.ScopeSpan, query.ScopeResource, query.ScopeInstrumentation, query.ScopeEvent, query.ScopeLink,
}

// Keys answers query.Keys: the attribute keys of the matching spans, sorted by
// scope, then key.
func Keys(ctx context.Context, parts []Part, opt Options, q query.Keys) ([]query.Key, error) {
	if err := query.Check(q.Filter); err != nil {
		return nil, err
	}
	runs, err := newRuns(ctx, parts, &opt, q.Range, q.Filter)
	if err != nil {
		return nil, err
	}
	defer finish(runs)
	scopes := q.Scopes
	if len(scopes) == 0 {
		scopes = attributeScopes
	}
	found := map[query.Field]map[span.Type]bool{}
	for _, r := range runs {
		if err := r.keys(scopes, found); err != nil {
			return nil, err
		}
	}
	return sortedKeys(found), nil
}

func sortedKeys(found map[query.Field]map[span.Type]bool) []query.Key {
	keys := make([]query.Key, 0, len(found))
	for f, types := range found {
		k := query.Key{Field: f}
		for t := range types {
			k.Types = append(k.Types, t)
		}
		slices.Sort(k.Types)
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b query.Key) int { return compareFields(a.Field, b.Field) })
	return keys
}

func compareFields(a, b query.Field) int {
	if a.Scope != b.Scope {
		return int(a.Scope) - int(b.Scope)
	}
	if a.Key < b.Key {
		return -1
	}
	if a.Key > b.Key {
		return 1
	}
	return 0
}

// keys adds the keys of the matching rows of one part.
func (r *run) keys(scopes []query.Scope, found map[query.Field]map[span.Type]bool) error {
	all, isConst := r.root.(constNode)
	whole := isConst && all.holds && r.whole() && r.part.Dead() == nil
	fields, err := r.part.Fields()
	if err != nil {
		return err
	}
	for _, k := range fields {
		if !slices.Contains(scopes, k.Field.Scope) {
			continue
		}
		if found[k.Field] == nil {
			found[k.Field] = map[span.Type]bool{}
		}
		for _, t := range k.Types {
			if found[k.Field][t] {
				continue
			}
			has := whole
			if !has {
				var err error
				if has, err = r.anyOf(k.Field, t); err != nil {
					return err
				}
			}
			if has {
				found[k.Field][t] = true
			}
		}
		if len(found[k.Field]) == 0 {
			delete(found, k.Field)
		}
	}
	return nil
}

// anyOf reports whether a matching row has a value of that type for the field.
// It stops at the first.
func (r *run) anyOf(f query.Field, t span.Type) (bool, error) {
	sub := run{ctx: r.ctx, part: r.part, opt: r.opt, rng: r.rng, lo: r.lo, hi: r.hi, free: r.free}
	c := compiler{run: &sub, part: r.part}
	cols, err := r.part.Columns(f)
	if err != nil {
		return false, err
	}
	var nodes []node
	for _, col := range cols {
		if col.Type != t && col.Type != Mixed {
			continue
		}
		n, err := c.presentAs(col, t)
		if err != nil {
			return false, err
		}
		nodes = append(nodes, n)
	}
	present, err := c.orNodes(nodes)
	if err != nil {
		return false, err
	}
	if sub.root, err = c.andNodes([]node{present, r.root}); err != nil {
		return false, err
	}
	any := false
	err = sub.eachRow(true, func(int) (bool, error) { any = true; return false, nil })
	r.stats.Touched += sub.stats.Touched
	r.stats.Scanned += sub.stats.Scanned
	return any, err
}

// presentAs is the node of the rows with a value of one type in a column.
func (c *compiler) presentAs(col Column, t span.Type) (node, error) {
	if col.Type == t {
		return c.present(col)
	}
	var codes []uint32
	err := col.Dict.Each(func(code uint32, v span.Value) bool {
		if v.Type() == t {
			codes = append(codes, code)
		}
		return true
	})
	if err != nil {
		return nil, corrupt(c.part, err)
	}
	g := c.part.Groups()[col.Group]
	return c.codes(g, newSet(g.Len(), codes))
}
