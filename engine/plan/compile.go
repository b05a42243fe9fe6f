package plan

import (
	"fmt"
	"slices"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// HasParent is a bool column that a part may hold: whether the span has a
// parent. It answers Exists(query.ParentSpanID) without reading ids.
var HasParent = query.Field{Scope: query.ScopeIntrinsic, Key: "has_parent"}

// compiler turns an expression into nodes for one part.
type compiler struct {
	run  *run
	part Part
}

func (c *compiler) compile(e query.Expr) (node, error) {
	switch e := e.(type) {
	case nil:
		return c.constant(true), nil
	case query.Const:
		return c.constant(bool(e)), nil
	case query.And:
		return c.and(e)
	case query.Or:
		return c.or(e)
	case query.Not:
		x, err := c.compile(e.X)
		if err != nil {
			return nil, err
		}
		return c.not(x)
	case query.Exists:
		return c.exists(e.Field)
	case *query.Compare:
		return c.compare(e)
	}
	return nil, fmt.Errorf("%w: unknown expression %T", query.ErrInvalid, e)
}

func (c *compiler) constant(holds bool) node {
	return constNode{holds: holds, rows: c.part.Rows()}
}

func (c *compiler) compileAll(parts []query.Expr) ([]node, error) {
	nodes := make([]node, len(parts))
	for i, p := range parts {
		n, err := c.compile(p)
		if err != nil {
			return nil, err
		}
		nodes[i] = n
	}
	return nodes, nil
}

func (c *compiler) and(parts []query.Expr) (node, error) {
	nodes, err := c.compileAll(parts)
	if err != nil {
		return nil, err
	}
	return c.andNodes(nodes)
}

// andNodes drops what always holds, and meets sets of the same group.
func (c *compiler) andNodes(nodes []node) (node, error) {
	var kept []node
	for _, n := range flatten(nodes, func(n node) []node { a, _ := n.(andNode); return a.parts }) {
		if k, ok := n.(constNode); ok {
			if !k.holds {
				return n, nil
			}
			continue
		}
		kept = append(kept, n)
	}
	kept, err := c.fold(kept, set.and, func(g Group) bool { return !g.Multi() })
	if err != nil {
		return nil, err
	}
	switch len(kept) {
	case 0:
		return c.constant(true), nil
	case 1:
		return kept[0], nil
	}
	if slices.ContainsFunc(kept, isNever) {
		return c.constant(false), nil
	}
	return newAnd(kept), nil
}

func (c *compiler) or(parts []query.Expr) (node, error) {
	nodes, err := c.compileAll(parts)
	if err != nil {
		return nil, err
	}
	return c.orNodes(nodes)
}

// orNodes drops what never holds, and joins sets of the same group.
func (c *compiler) orNodes(nodes []node) (node, error) {
	var kept []node
	for _, n := range flatten(nodes, func(n node) []node { o, _ := n.(orNode); return o.parts }) {
		if k, ok := n.(constNode); ok {
			if k.holds {
				return n, nil
			}
			continue
		}
		kept = append(kept, n)
	}
	kept, err := c.fold(kept, set.or, func(Group) bool { return true })
	if err != nil {
		return nil, err
	}
	switch len(kept) {
	case 0:
		return c.constant(false), nil
	case 1:
		return kept[0], nil
	}
	return orNode{kept}, nil
}

func flatten(nodes []node, inner func(node) []node) []node {
	var out []node
	for _, n := range nodes {
		if parts := inner(n); parts != nil {
			out = append(out, parts...)
		} else {
			out = append(out, n)
		}
	}
	return out
}

// fold combines the sets of nodes that speak of the same group.
func (c *compiler) fold(nodes []node, op func(set, set) set, may func(Group) bool) ([]node, error) {
	var out []node
	at := map[Group]int{}
	for _, n := range nodes {
		cn, ok := n.(*codesNode)
		if !ok || !may(cn.group) {
			out = append(out, n)
			continue
		}
		i, seen := at[cn.group]
		if !seen {
			at[cn.group] = len(out)
			out = append(out, n)
			continue
		}
		joined, err := c.codes(cn.group, op(out[i].(*codesNode).set, cn.set))
		if err != nil {
			return nil, err
		}
		if k, ok := joined.(constNode); ok {
			joined = &codesNode{part: c.part, group: cn.group, set: constSet(cn.group.Len(), k.holds), total: k.estimate()}
		}
		out[i] = joined
	}
	return c.settle(out), nil
}

func constSet(size int, all bool) set {
	if all {
		return newSet(size, nil).not()
	}
	return newSet(size, nil)
}

// settle turns sets of no code and of every code into constants.
func (c *compiler) settle(nodes []node) []node {
	var out []node
	for _, n := range nodes {
		if cn, ok := n.(*codesNode); ok {
			switch k := cn.set.count(); {
			case k == 0:
				n = c.constant(false)
			case k == cn.group.Len() && !cn.group.Multi():
				n = c.constant(true)
			}
		}
		out = append(out, n)
	}
	return out
}

// codes makes the node of a set of a group's codes.
func (c *compiler) codes(g Group, s set) (node, error) {
	switch n := s.count(); {
	case n == 0:
		return c.constant(false), nil
	case n == g.Len() && !g.Multi():
		return c.constant(true), nil
	}
	return newCodesNode(c.run, g, s)
}

func (c *compiler) not(x node) (node, error) {
	switch x := x.(type) {
	case constNode:
		return c.constant(!x.holds), nil
	case notNode:
		return x.x, nil
	case *codesNode:
		if !x.group.Multi() {
			return c.codes(x.group, x.set.not())
		}
	}
	return notNode{x: x, rows: c.part.Rows()}, nil
}

func (c *compiler) exists(f query.Field) (node, error) {
	switch f.Scope {
	case query.ScopeAny:
		return c.existsAny(f.Key)
	case query.ScopeIntrinsic:
		if n, ok, err := c.existsIntrinsic(f); ok || err != nil {
			return n, err
		}
	}
	cols, err := c.part.Columns(f)
	if err != nil {
		return nil, err
	}
	var nodes []node
	for _, col := range cols {
		n, err := c.present(col)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return c.orNodes(nodes)
}

// present is the node of the rows that have a value in a column.
func (c *compiler) present(col Column) (node, error) {
	if col.Wide != nil {
		return c.wide(col.Wide, func(uint64) bool { return true }), nil
	}
	g := c.part.Groups()[col.Group]
	s, err := c.remembered(string(columnKey('?', col)), func() (set, error) {
		var codes []uint32
		err := col.Dict.Each(func(code uint32, _ span.Value) bool {
			codes = append(codes, code)
			return true
		})
		return newSet(g.Len(), codes), corrupt(c.part, err)
	})
	if err != nil {
		return nil, err
	}
	return c.codes(g, s)
}

func (c *compiler) existsAny(key string) (node, error) {
	var nodes []node
	for _, scope := range query.AnyScopes() {
		n, err := c.exists(query.Attr(scope, key))
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return c.orNodes(nodes)
}

func (c *compiler) compare(e *query.Compare) (node, error) {
	switch e.Field.Scope {
	case query.ScopeAny:
		return c.compareAny(e)
	case query.ScopeIntrinsic:
		if n, ok, err := c.compareIntrinsic(e); ok || err != nil {
			return n, err
		}
	}
	cols, err := c.part.Columns(e.Field)
	if err != nil {
		return nil, err
	}
	var nodes []node
	for _, col := range cols {
		n, err := c.compareColumn(e, col)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	if e.Missing {
		n, err := c.missing(e.Field)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return c.orNodes(nodes)
}

func (c *compiler) missing(f query.Field) (node, error) {
	n, err := c.exists(f)
	if err != nil {
		return nil, err
	}
	return c.not(n)
}

// compareAny asks the first scope that has the key at all.
func (c *compiler) compareAny(e *query.Compare) (node, error) {
	var alternatives, absent []node
	for _, scope := range query.AnyScopes() {
		f := query.Attr(scope, e.Field.Key)
		if cols, err := c.part.Columns(f); err != nil {
			return nil, err
		} else if len(cols) == 0 {
			continue
		}
		here := *e
		here.Field, here.Missing = f, false
		n, err := c.compare(&here)
		if err != nil {
			return nil, err
		}
		if n, err = c.andNodes(append(slices.Clone(absent), n)); err != nil {
			return nil, err
		}
		alternatives = append(alternatives, n)
		if n, err = c.missing(f); err != nil {
			return nil, err
		}
		absent = append(absent, n)
	}
	if e.Missing {
		n, err := c.andNodes(absent)
		if err != nil {
			return nil, err
		}
		alternatives = append(alternatives, n)
	}
	return c.orNodes(alternatives)
}

// compareColumn runs a comparison over a column's distinct values.
func (c *compiler) compareColumn(e *query.Compare, col Column) (node, error) {
	if !mayHold(e, col.Type) {
		return c.constant(false), nil
	}
	if col.Wide != nil {
		return c.wide(col.Wide, wideTest(e, col.Type)), nil
	}
	g := c.part.Groups()[col.Group]
	lazy := false
	s, err := c.remembered(compareKey(e, col), func() (s set, err error) {
		codes, found, err := findEqual(e, col.Dict)
		if lazy = err == nil && !found && c.lazily(g); lazy {
			return s, errLazy
		}
		if err == nil && !found {
			codes, err = c.holding(e, col)
		}
		return newSet(g.Len(), codes), corrupt(c.part, err)
	})
	switch {
	case lazy:
		return newLazyNode(c.part, g, col, e), nil
	case err != nil:
		return nil, err
	}
	return c.codes(g, s)
}

// mayHold rules out columns whose type cannot match.
func mayHold(e *query.Compare, t span.Type) bool {
	if t == Mixed || e.View != query.Typed || e.Each && t == span.TypeArray {
		return true
	}
	return slices.ContainsFunc(e.Values, func(v span.Value) bool { return v.Type() == t })
}

func (c *compiler) holding(e *query.Compare, col Column) ([]uint32, error) {
	d := col.Dict
	if codes, ok, err := c.findText(e, col); ok || err != nil {
		return codes, err
	}
	var codes []uint32
	n := 0
	err := d.Each(func(code uint32, v span.Value) bool {
		if n++; n&1023 == 0 && c.run.ctx.Err() != nil || e.Op == query.OpRegexp && c.run.ctx.Err() != nil {
			return false
		}
		if e.Holds(v) {
			codes = append(codes, code)
		}
		return true
	})
	if err == nil {
		err = c.run.ctx.Err()
	}
	return codes, err
}

// findEqual answers typed equality from a dictionary that can look values up.
func findEqual(e *query.Compare, d Dict) (codes []uint32, ok bool, err error) {
	if e.Op != query.OpEq || e.View != query.Typed || e.Fold || e.Each || len(e.Values) > 64 {
		return nil, false, nil
	}
	for _, v := range e.Values {
		if v.Type() == span.TypeDouble { // 0 and -0 are equal numbers
			return nil, false, nil
		}
		if codes, ok, err = d.Find(codes, v); !ok || err != nil {
			return nil, false, err
		}
	}
	if len(e.Values) > 1 {
		slices.Sort(codes)
		codes = slices.Compact(codes)
	}
	return codes, true, nil
}

// findText answers from a dictionary that can search all its texts at once:
// what the comparison needs to occur in a value is looked for first.
func (c *compiler) findText(e *query.Compare, col Column) (codes []uint32, ok bool, err error) {
	td, isText := col.Dict.(TextDict)
	need := e.Literal()
	if !isText || col.Type != span.TypeString || need == "" {
		return nil, false, nil
	}
	n := 0
	err = td.EachContaining(need, func(code uint32, v string) bool {
		if n++; c.run.ctx.Err() != nil {
			return false
		}
		if e.Holds(span.String(v)) {
			codes = append(codes, code)
		}
		return true
	})
	if err == nil {
		err = c.run.ctx.Err()
	}
	return codes, true, err
}
