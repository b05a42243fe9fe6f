package plan

import (
	"context"
	"maps"
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
	fields, err := r.part.Fields()
	if err != nil {
		return err
	}
	all, isConst := r.root.(constNode)
	whole := isConst && all.holds && r.whole() && r.part.Dead() == nil
	var open []query.Key // types still to be looked for
	for _, k := range fields {
		if !slices.Contains(scopes, k.Field.Scope) {
			continue
		}
		k.Types = slices.DeleteFunc(slices.Clone(k.Types), func(t span.Type) bool { return found[k.Field][t] })
		switch {
		case whole:
			for _, t := range k.Types {
				note(found, k.Field, t)
			}
		case len(k.Types) > 0:
			open = append(open, k)
		}
	}
	if len(open) == 0 {
		return nil
	}
	for _, n := range sampleRows {
		if open, err = r.keysOfSample(open, found, n); err != nil {
			return err
		}
	}
	for _, k := range open {
		for _, t := range k.Types {
			has, err := r.anyOf(k.Field, t)
			if err != nil {
				return err
			}
			if has {
				note(found, k.Field, t)
			}
		}
	}
	return nil
}

func note(found map[query.Field]map[span.Type]bool, f query.Field, t span.Type) {
	if found[f] == nil {
		found[f] = map[span.Type]bool{}
	}
	found[f][t] = true
}

// sampleRows is how many matching rows are looked at for keys, then for those
// that are missing, before each that still is one is searched for by itself.
var sampleRows = [...]int{64, 2048}

// keysOfSample notes the keys of some matching rows, and returns the others.
func (r *run) keysOfSample(open []query.Key, found map[query.Field]map[span.Type]bool, n int) ([]query.Key, error) {
	if len(open) == 0 {
		return nil, nil
	}
	batch, places, err := r.sample(n)
	if err != nil || len(places) == 0 {
		return nil, err // no row matches
	}
	codes := map[int][]uint32{} // distinct codes of the sample, by group
	var left []query.Key
	for _, k := range open {
		cols, err := r.part.Columns(k.Field)
		if err != nil {
			return nil, err
		}
		for _, col := range cols {
			if col.Wide != nil {
				continue
			}
			if _, ok := codes[col.Group]; !ok {
				if codes[col.Group], err = r.codesAt(r.part.Groups()[col.Group], batch, places); err != nil {
					return nil, err
				}
			}
			if err := noteTypes(found, col, codes[col.Group]); err != nil {
				return nil, corrupt(r.part, err)
			}
		}
		k.Types = slices.DeleteFunc(k.Types, func(t span.Type) bool { return found[k.Field][t] })
		if len(k.Types) > 0 {
			left = append(left, k)
		}
	}
	return left, nil
}

// noteTypes notes the types that a column has for any of the codes.
func noteTypes(found map[query.Field]map[span.Type]bool, col Column, codes []uint32) error {
	for _, c := range codes {
		v, ok, err := col.Dict.At(c)
		if err != nil {
			return err
		}
		if ok {
			note(found, col.Field, v.Type())
			if col.Type != Mixed {
				return nil
			}
		}
	}
	return nil
}

// sample finds up to n matching rows of the newest batch that has any.
func (r *run) sample(n int) (batch int, places []int, err error) {
	err = r.eachRow(true, func(row int) (bool, error) {
		b := row / r.part.BatchRows()
		if len(places) > 0 && b != batch {
			return false, nil
		}
		batch = b
		places = append(places, row%r.part.BatchRows())
		return len(places) < n, nil
	})
	return batch, places, err
}

// codesAt returns the distinct codes of some rows of a batch.
func (r *run) codesAt(g Group, b int, places []int) ([]uint32, error) {
	seen := map[uint32]bool{}
	if g.Multi() {
		lists, err := g.Lists(b)
		if err != nil {
			return nil, err
		}
		for _, i := range places {
			for _, c := range lists.Codes[lists.Offsets[i]:lists.Offsets[i+1]] {
				seen[c] = true
			}
		}
	} else {
		codes, err := g.Codes(b)
		if err != nil {
			return nil, err
		}
		for _, i := range places {
			seen[codes.At(i)] = true
		}
	}
	return slices.Sorted(maps.Keys(seen)), nil
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
