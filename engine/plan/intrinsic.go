package plan

import (
	"encoding/hex"
	"math"
	"slices"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// existsIntrinsic answers for the intrinsic fields that are not in a
// dictionary; ok is false for the others.
func (c *compiler) existsIntrinsic(f query.Field) (n node, ok bool, err error) {
	switch f {
	case query.TraceID, query.SpanID, query.StartTimeUnixNano, query.EndTimeUnixNano, query.DurationNano:
		return c.constant(true), true, nil
	case query.ParentSpanID:
		n, err = c.hasParent()
		return n, true, err
	}
	return nil, false, nil
}

func (c *compiler) hasParent() (node, error) {
	cols, err := c.part.Columns(HasParent)
	if err != nil {
		return nil, err
	}
	if len(cols) > 0 {
		e := query.Cmp(HasParent, query.OpEq, query.Typed, span.Bool(true))
		return c.compareColumn(e, cols[0])
	}
	return c.test(func(r *run, b int) (func(int) bool, error) {
		ids, err := r.part.Parents(b)
		return func(i int) bool { return !ids[i].IsZero() }, err
	}), nil
}

func (c *compiler) test(load func(r *run, b int) (func(i int) bool, error)) node {
	return testNode{rows: c.part.Rows(), load: load}
}

// compareIntrinsic answers for the intrinsic fields that are not in a
// dictionary; ok is false for the others.
func (c *compiler) compareIntrinsic(e *query.Compare) (n node, ok bool, err error) {
	switch e.Field {
	case query.TraceID:
		n, err = c.compareTrace(e)
		return n, true, err
	case query.SpanID:
		return c.compareSpanID(e, Part.SpanIDs), true, nil
	case query.ParentSpanID:
		n, err = c.compareParent(e)
		return n, true, err
	case query.StartTimeUnixNano, query.EndTimeUnixNano, query.DurationNano:
		return c.compareTime(e), true, nil
	}
	return nil, false, nil
}

// compareTrace looks trace ids up when they are named, and tries each
// distinct one otherwise.
func (c *compiler) compareTrace(e *query.Compare) (node, error) {
	if ids, ok := namedIDs(e, 16); ok && !c.run.opt.NoIndex {
		return c.tracesNode(ids)
	}
	ids, err := c.part.TraceIDs()
	if err != nil {
		return nil, err
	}
	held := make([]bool, len(ids))
	for code, id := range ids {
		if code&1023 == 0 && c.run.ctx.Err() != nil {
			return nil, c.run.ctx.Err()
		}
		held[code] = e.Holds(span.String(id.String()))
	}
	return c.test(func(r *run, b int) (func(int) bool, error) {
		codes, err := r.part.TraceCodes(b)
		return func(i int) bool { return held[codes[i]] }, err
	}), nil
}

func (c *compiler) tracesNode(ids []string) (node, error) {
	var rows []uint32
	for _, s := range ids {
		var id span.TraceID
		copy(id[:], s)
		code, ok, err := c.part.FindTrace(id)
		if err != nil {
			return nil, err
		}
		if ok {
			if rows, err = c.part.AppendTraceRows(rows, code); err != nil {
				return nil, err
			}
		}
	}
	if len(rows) == 0 {
		return c.constant(false), nil
	}
	slices.Sort(rows)
	return rowsNode{rows: slices.Compact(rows), batch: c.part.BatchRows()}, nil
}

// namedIDs returns the ids, as bytes, of an equality with whole ids in
// lower-case hex (or any case, when the comparison folds). A value that is no
// such id equals none and is left out.
func namedIDs(e *query.Compare, size int) (ids []string, ok bool) {
	if e.Op != query.OpEq || e.View == query.Number {
		return nil, false
	}
	for _, v := range e.Values {
		text := v.Text()
		if len(text) != 2*size || e.View == query.Typed && v.Type() != span.TypeString {
			continue
		}
		b, err := hex.DecodeString(text)
		if err == nil && (e.Fold || hex.EncodeToString(b) == text) {
			ids = append(ids, string(b))
		}
	}
	return ids, true
}

// compareSpanID scans 8-byte ids.
func (c *compiler) compareSpanID(e *query.Compare, load func(Part, int) ([]span.SpanID, error)) node {
	test := func(id span.SpanID) bool { return e.Holds(span.String(id.String())) }
	if ids, ok := namedIDs(e, 8); ok {
		want := make(map[span.SpanID]bool, len(ids))
		for _, s := range ids {
			want[span.SpanID([]byte(s))] = true
		}
		test = func(id span.SpanID) bool { return want[id] }
		if len(ids) == 0 {
			return c.constant(false)
		}
		if len(ids) == 1 {
			only := span.SpanID([]byte(ids[0]))
			test = func(id span.SpanID) bool { return id == only }
		}
	}
	return c.test(func(r *run, b int) (func(int) bool, error) {
		ids, err := load(r.part, b)
		return func(i int) bool { return test(ids[i]) }, err
	})
}

func (c *compiler) compareParent(e *query.Compare) (node, error) {
	has, err := c.hasParent()
	if err != nil {
		return nil, err
	}
	n, err := c.andNodes([]node{has, c.compareSpanID(e, Part.Parents)})
	if err != nil || !e.Missing {
		return n, err
	}
	none, err := c.not(has)
	if err != nil {
		return nil, err
	}
	return c.orNodes([]node{none, n})
}

func (c *compiler) compareTime(e *query.Compare) node {
	test := wideTest(e, span.TypeInt)
	return c.test(func(r *run, b int) (func(int) bool, error) {
		starts, err := r.part.Starts(b)
		if err != nil || e.Field == query.StartTimeUnixNano {
			return func(i int) bool { return test(starts[i]) }, err
		}
		durations, err := r.part.Durations(b)
		if e.Field == query.DurationNano {
			return func(i int) bool { return test(uint64(durations[i])) }, err
		}
		return func(i int) bool { return test(starts[i] + uint64(durations[i])) }, err
	})
}

// wide is the node of a numeric column without a dictionary.
func (c *compiler) wide(w Wide, test func(bits uint64) bool) node {
	return c.test(func(_ *run, b int) (func(int) bool, error) {
		values, valid, err := w.Values(b)
		return func(i int) bool {
			return (valid == nil || valid[i>>6]>>(i&63)&1 != 0) && test(values[i])
		}, err
	})
}

// wideTest is a comparison of one number given as int64 or float64 bits.
func wideTest(e *query.Compare, t span.Type) func(bits uint64) bool {
	if t == span.TypeDouble {
		return func(bits uint64) bool { return e.Holds(span.Double(math.Float64frombits(bits))) }
	}
	if lo, hi, ok := intBounds(e); ok {
		return func(bits uint64) bool { return int64(bits) >= lo && int64(bits) <= hi }
	}
	return func(bits uint64) bool { return e.Holds(span.Int(int64(bits))) }
}

// intBounds is the interval of ints for which a comparison with one int holds.
func intBounds(e *query.Compare) (lo, hi int64, ok bool) {
	if e.View == query.Text || len(e.Values) != 1 || e.Values[0].Type() != span.TypeInt {
		return 0, 0, false
	}
	v := e.Values[0].Int()
	lo, hi = math.MinInt64, math.MaxInt64
	switch e.Op {
	case query.OpEq:
		return v, v, true
	case query.OpLe:
		return lo, v, true
	case query.OpGe:
		return v, hi, true
	case query.OpLt:
		return lo, v - 1, v != lo
	case query.OpGt:
		return v + 1, hi, v != hi
	}
	return 0, 0, false
}
