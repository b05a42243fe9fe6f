package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/spanstead/spanstead/engine/internal/part"
	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/index"
)

// verifyPart checks what a segment's columns and indexes say against each
// other. It returns the first fault of each kind, joined.
func verifyPart(ctx context.Context, p *part.Part) error {
	v := &partVerifier{ctx: ctx, p: p, batches: p.Reader().Batches()}
	if err := v.rows(); err != nil {
		return err
	}
	return errors.Join(v.ids(), v.distinct(), v.dictionaries(), v.postings(), v.spans())
}

type partVerifier struct {
	ctx     context.Context
	p       *part.Part
	batches int
	spanIDs []identity // of all rows
	cells   []cellKey
}

// identity is what no two spans share.
type identity struct {
	trace uint32 // code
	span  span.SpanID
}

// cellKey is where a row counts in the histogram.
type cellKey struct {
	series uint32
	cell   uint16
	time   uint64
}

func (v *partVerifier) faultf(format string, args ...any) error {
	return fmt.Errorf("%s: %w: %s", v.p.Name(), query.ErrCorrupt, fmt.Sprintf(format, args...))
}

// rows checks that rows ascend and that each batch's bounds are right.
func (v *partVerifier) rows() error {
	traces, err := v.p.TraceIDs()
	if err != nil {
		return err
	}
	var last query.Position
	for b := range v.batches {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		starts, err := v.p.Starts(b)
		if err != nil {
			return err
		}
		ids, err := v.p.SpanIDs(b)
		if err != nil {
			return err
		}
		codes, err := v.p.TraceCodes(b)
		if err != nil {
			return err
		}
		for i, start := range starts {
			at := query.Position{Start: start, TraceID: traces[codes[i]], SpanID: ids[i]}
			if len(v.spanIDs) > 0 && last.Compare(at) >= 0 {
				return v.faultf("row %d is not after the row before it", len(v.spanIDs))
			}
			last = at
			v.spanIDs = append(v.spanIDs, identity{codes[i], ids[i]})
		}
		lo, hi := v.p.BatchBounds(b)
		if len(starts) == 0 || lo != starts[0] || hi != starts[len(starts)-1] {
			return v.faultf("%s: not the bounds of batch %d", table.SectionBounds, b)
		}
	}
	return nil
}

// ids checks that the index finds every trace where it is.
func (v *partVerifier) ids() error {
	traces, err := v.p.TraceIDs()
	if err != nil {
		return err
	}
	for code, id := range traces {
		found, ok, err := v.p.FindTrace(id)
		if err != nil {
			return err
		}
		if !ok || int(found) != code {
			return v.faultf("%s: trace %v is %d, and found (%v) as %d", table.SectionIDs, id, code, ok, found)
		}
	}
	return nil
}

// distinct checks that no span is there twice.
func (v *partVerifier) distinct() error {
	slices.SortFunc(v.spanIDs, func(a, b identity) int {
		return cmp.Or(cmp.Compare(a.trace, b.trace), a.span.Compare(b.span))
	})
	for i := 1; i < len(v.spanIDs); i++ {
		if v.spanIDs[i] == v.spanIDs[i-1] {
			return v.faultf("span %v is there twice in a trace", v.spanIDs[i].span)
		}
	}
	return nil
}

// dictionaries checks that every value can be decoded, and that a group of one
// column has its values in order, each once: questions search them by halves.
func (v *partVerifier) dictionaries() error {
	keys, err := v.p.Fields()
	if err != nil {
		return err
	}
	fields := slices.Clone(query.Intrinsics)
	for _, k := range keys {
		fields = append(fields, k.Field)
	}
	members := map[int]int{}
	for _, c := range v.p.Reader().Spec().Columns {
		members[c.Group]++
	}
	for _, f := range fields {
		columns, err := v.p.Columns(f)
		if err != nil {
			return err
		}
		for _, c := range columns {
			sorted := c.Dict != nil && members[c.Group] == 1 && !v.p.Groups()[c.Group].Multi()
			if err := v.dictionary(c, sorted); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *partVerifier) dictionary(c plan.Column, sorted bool) error {
	if c.Dict == nil {
		return nil
	}
	var last span.Value
	unsorted, n := -1, 0
	err := c.Dict.Each(func(code uint32, value span.Value) bool {
		if sorted && n > 0 && compareSorted(last, value) >= 0 {
			unsorted = int(code)
		}
		last = value
		n++
		return unsorted < 0
	})
	if err == nil && unsorted >= 0 {
		return v.faultf("dictionary of %v %s: value %d is not after the one before it", c.Field.Scope, c.Field.Key, unsorted)
	}
	return err
}

// compareSorted is the order of the values in a dictionary that is searched by
// halves; values of other types are as if in order.
func compareSorted(a, b span.Value) int {
	switch {
	case a.Type() != b.Type():
		return -1
	case a.Type() == span.TypeString:
		return cmp.Compare(a.Str(), b.Str())
	case a.Type() == span.TypeInt:
		return cmp.Compare(a.Int(), b.Int())
	}
	return -1
}

// postings checks every group's row lists against its codes.
func (v *partVerifier) postings() error {
	var faults []error
	for _, g := range v.p.Groups() {
		if g.Name() == table.GroupParent {
			continue // has none
		}
		if err := v.ctx.Err(); err != nil {
			return err
		}
		faults = append(faults, v.groupPostings(g))
	}
	return errors.Join(faults...)
}

func (v *partVerifier) groupPostings(g plan.Group) error {
	x, err := g.Postings()
	if err != nil {
		return err
	}
	if x == nil {
		return v.faultf("no %s%s", table.SectionPostings, g.Name())
	}
	starts, rows, err := v.rowsByCode(g)
	if err != nil {
		return err
	}
	var got []uint32
	for code := range g.Len() {
		want := rows[starts[code]:starts[code+1]]
		if x.Count(code) != len(want) {
			return v.faultf("%s%s: code %d has %d rows, listed are %d", table.SectionPostings, g.Name(), code, len(want), x.Count(code))
		}
		if got, err = x.AppendRows(got[:0], uint32(code)); err != nil {
			return v.faultf("%s%s: %v", table.SectionPostings, g.Name(), err)
		}
		if !slices.Equal(got, want) {
			return v.faultf("%s%s: code %d is listed for the wrong rows", table.SectionPostings, g.Name(), code)
		}
	}
	return nil
}

// rowsByCode lists the rows of every code from the codes themselves: code c has
// rows[starts[c]:starts[c+1]].
func (v *partVerifier) rowsByCode(g plan.Group) (starts, rows []uint32, err error) {
	starts = make([]uint32, g.Len()+1)
	err = v.eachCode(g, func(_, code uint32) { starts[code+1]++ })
	if err != nil {
		return nil, nil, err
	}
	for c := range g.Len() {
		starts[c+1] += starts[c]
	}
	rows = make([]uint32, starts[g.Len()])
	next := slices.Clone(starts)
	err = v.eachCode(g, func(row, code uint32) {
		rows[next[code]] = row
		next[code]++
	})
	return starts, rows, err
}

// eachCode calls fn with each row's codes, in the order of rows, each code of
// a row once.
func (v *partVerifier) eachCode(g plan.Group, fn func(row, code uint32)) error {
	last := make([]uint32, g.Len()) // row+1 that had a code last
	see := func(row, code uint32) {
		if last[code] != row+1 {
			last[code] = row + 1
			fn(row, code)
		}
	}
	for b := range v.batches {
		base := uint32(b * v.p.BatchRows())
		if g.Multi() {
			l, err := g.Lists(b)
			if err != nil {
				return err
			}
			for i := range len(l.Offsets) - 1 {
				for _, c := range l.Codes[l.Offsets[i]:l.Offsets[i+1]] {
					see(base+uint32(i), c)
				}
			}
			continue
		}
		codes, err := g.Codes(b)
		if err != nil {
			return err
		}
		for i := range codes.Len() {
			see(base+uint32(i), codes.At(i))
		}
	}
	return nil
}

// spans assembles every row, and counts what the histogram must have counted.
func (v *partVerifier) spans() error {
	h, err := v.p.Histogram()
	if err != nil {
		return err
	}
	count, err := v.counter(h)
	if err != nil {
		return err
	}
	const chunk = 4096
	var rows []uint32
	for from := 0; from < v.p.Rows(); from += chunk {
		if err := v.ctx.Err(); err != nil {
			return err
		}
		rows = rows[:0]
		for row := from; row < min(from+chunk, v.p.Rows()); row++ {
			rows = append(rows, uint32(row))
		}
		spans, err := v.p.Fetch(rows)
		if err != nil {
			return err
		}
		for _, s := range spans {
			if err := count(s); err != nil {
				return err
			}
		}
	}
	if h == nil {
		return nil
	}
	return v.histogram(h)
}

// counter takes note of where each span counts in the histogram.
func (v *partVerifier) counter(h *plan.Histogram) (func(*span.Span) error, error) {
	if h == nil {
		return func(*span.Span) error { return nil }, nil
	}
	if h.Counts.Rows() != uint64(v.p.Rows()) {
		return nil, v.faultf("%s: counts %d rows of %d", table.SectionHistogram, h.Counts.Rows(), v.p.Rows())
	}
	series := map[string]uint32{}
	for i, s := range h.Series {
		if s.Has {
			series[s.Service] = uint32(i)
		}
	}
	return func(s *span.Span) error {
		n, ok := uint32(0), true
		if name, has := span.Lookup(s.Resource.Attributes, query.ServiceName.Key); has {
			n, ok = series[name.Str()]
			ok = ok && name.Type() == span.TypeString
		}
		if !ok {
			return v.faultf("%s: no series of service %q", table.SectionHistogram, s.ServiceName())
		}
		time := s.StartTimeUnixNano / h.Counts.Resolution()
		v.cells = append(v.cells, cellKey{n, uint16(index.CellOf(s.DurationNano())), time})
		return nil
	}, nil
}

func (v *partVerifier) histogram(h *plan.Histogram) error {
	slices.SortFunc(v.cells, func(a, b cellKey) int {
		return cmp.Or(cmp.Compare(a.series, b.series), cmp.Compare(a.time, b.time), cmp.Compare(a.cell, b.cell))
	})
	rest := v.cells
	for s := range h.Counts.Series() {
		ok := true
		err := h.Counts.Visit([]uint32{uint32(s)}, 0, math.MaxUint64, func(time uint64, counts []index.CellCount) {
			ok = ok && take(&rest, counts, func(c cellKey) bool { return c.series == uint32(s) && c.time == time })
		})
		if ok = ok && (len(rest) == 0 || rest[0].series > uint32(s)); !ok || err != nil {
			return v.faultf("%s: series %d does not count the rows: %v", table.SectionHistogram, s, err)
		}
	}
	slices.SortFunc(v.cells, func(a, b cellKey) int {
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.cell, b.cell))
	})
	rest = v.cells
	ok := true
	err := h.Counts.VisitAll(0, math.MaxUint64, func(time uint64, counts []index.CellCount) {
		ok = ok && take(&rest, counts, func(c cellKey) bool { return c.time == time })
	})
	if !ok || err != nil || len(rest) > 0 {
		return v.faultf("%s: the sum of all series does not count the rows: %v", table.SectionHistogram, err)
	}
	return nil
}

// take removes from the front of cells those of one time that counts has, and
// reports whether they are the same.
func take(cells *[]cellKey, counts []index.CellCount, of func(cellKey) bool) bool {
	for _, c := range counts {
		if int(c.N) > len(*cells) {
			return false
		}
		for range c.N {
			if k := (*cells)[0]; k.cell != c.Cell || !of(k) {
				return false
			}
			*cells = (*cells)[1:]
		}
	}
	return true
}
