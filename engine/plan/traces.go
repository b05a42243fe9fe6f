package plan

import (
	"context"
	"slices"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Traces answers query.Traces over the parts together; a trace may lie in
// several of them.
func Traces(ctx context.Context, parts []Part, opt Options, q query.Traces) (query.TracePage, error) {
	var page query.TracePage
	if err := q.Check(); err != nil {
		return page, err
	}
	t, err := newTracer(ctx, parts, &opt, &q)
	if err != nil {
		return page, err
	}
	defer finish(t.runs)
	if q.Order == query.OrderStart && q.Descending && !t.needsAll() {
		return t.newest()
	}
	return t.all()
}

// tracer answers one query.Traces.
type tracer struct {
	ctx   context.Context
	q     *query.Traces
	runs  []*run // of the filter, only those that may match
	parts []*tracePart
}

// tracePart is what one part contributes to summaries.
type tracePart struct {
	part  Part
	match *run // of the filter; nil when nothing matches
	focus *run // of the focus, over all times; nil for none
	read  *summaryReader
}

func newTracer(ctx context.Context, parts []Part, opt *Options, q *query.Traces) (*tracer, error) {
	t := &tracer{ctx: ctx, q: q}
	quiet := &Options{NoIndex: opt.NoIndex}
	for _, p := range parts {
		if p.Rows() == 0 {
			continue
		}
		tp := &tracePart{part: p}
		var err error
		if tp.match, err = newRun(ctx, p, opt, q.Range, q.Filter); err != nil {
			return nil, err
		}
		if q.Focus != nil {
			if tp.focus, err = newRun(ctx, p, quiet, query.Range{}, q.Focus); err != nil {
				return nil, err
			}
		}
		if tp.read, err = newSummaryReader(p); err != nil {
			return nil, err
		}
		t.parts = append(t.parts, tp)
		if tp.match != nil {
			t.runs = append(t.runs, tp.match)
		}
	}
	return t, nil
}

// needsAll: the answer depends on every listed trace, not only on the page's.
func (t *tracer) needsAll() bool {
	return t.q.Total && (t.q.MinDuration != 0 || t.q.MaxDuration != 0)
}

// all sums up every trace that has a matching span, then sorts.
func (t *tracer) all() (query.TracePage, error) {
	var page query.TracePage
	ids, err := t.matching()
	if err != nil {
		return page, err
	}
	var list []query.TraceSummary
	for _, id := range ids {
		s, err := t.summarize(id)
		if err != nil {
			return page, err
		}
		if t.listed(&s) {
			list = append(list, s)
		}
	}
	page.Total = len(list)
	if !t.q.Total {
		page.Total = 0
	}
	t.cut(&page, list)
	return page, nil
}

func (t *tracer) listed(s *query.TraceSummary) bool {
	d := s.DurationNano()
	return (t.q.MinDuration == 0 || d >= t.q.MinDuration) && (t.q.MaxDuration == 0 || d <= t.q.MaxDuration)
}

// cut sorts the list and takes the page out of it.
func (t *tracer) cut(page *query.TracePage, list []query.TraceSummary) {
	q := t.q
	if q.After != nil {
		list = slices.DeleteFunc(list, func(s query.TraceSummary) bool {
			return !afterIn(q.After, s.PositionIn(q.Order), q.Descending)
		})
	}
	slices.SortFunc(list, func(a, b query.TraceSummary) int {
		c := a.PositionIn(q.Order).Compare(b.PositionIn(q.Order))
		if q.Descending {
			return -c
		}
		return c
	})
	list = list[min(q.Offset, len(list)):]
	page.More = q.Limit > 0 && len(list) > q.Limit
	page.Traces = slices.Clip(list[:min(q.Limit, len(list))])
}

// matching returns the distinct ids of the traces with a matching span.
func (t *tracer) matching() ([]span.TraceID, error) {
	var ids []span.TraceID
	seen := map[span.TraceID]bool{}
	for _, r := range t.runs {
		codes, err := r.traceCodes()
		if err != nil {
			return nil, err
		}
		known, err := r.part.TraceIDs()
		if err != nil {
			return nil, err
		}
		for _, code := range codes {
			id := known[code]
			if len(t.runs) == 1 || !seen[id] {
				ids = append(ids, id)
				seen[id] = len(t.runs) > 1
			}
		}
	}
	return ids, nil
}

// traceCodes returns the distinct trace codes of the matching rows.
func (r *run) traceCodes() ([]uint32, error) {
	set := r.bits()
	defer r.release(set)
	seen := make([]bool, r.part.Traces())
	var out []uint32
	for b := range batches(r.part) {
		any, err := r.match(b, set)
		if err != nil {
			return nil, err
		}
		if !any {
			continue
		}
		codes, err := r.part.TraceCodes(b)
		if err != nil {
			return nil, err
		}
		_, err = eachBit(set, 0, false, func(i int) (bool, error) {
			if c := codes[i]; !seen[c] {
				seen[c] = true
				out = append(out, c)
			}
			return true, nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// newest walks the matching spans from the newest back. A trace that was not
// met yet starts no later than the span at hand, so the page is complete as
// soon as enough traces start after it.
func (t *tracer) newest() (query.TracePage, error) {
	var page query.TracePage
	if t.q.Total {
		ids, err := t.matching()
		if err != nil {
			return page, err
		}
		page.Total = len(ids)
	}
	if t.q.Limit == 0 {
		return page, nil
	}
	list, err := t.walk(t.q.Offset + t.q.Limit + 1)
	if err != nil {
		return page, err
	}
	t.cut(&page, list)
	return page, nil
}

// walk returns at least the first need traces of the page's order.
func (t *tracer) walk(need int) ([]query.TraceSummary, error) {
	var list []query.TraceSummary
	met := map[span.TraceID]bool{}
	var starts []uint64 // of the list, descending
	spans := query.Spans{Range: t.q.Range, Descending: true}
	err := byStart(t.runs, spans, func(l located) (bool, error) {
		if len(starts) >= need && starts[need-1] > l.pos.Start {
			return false, nil
		}
		if met[l.pos.TraceID] {
			return true, nil
		}
		met[l.pos.TraceID] = true
		s, err := t.summarize(l.pos.TraceID)
		if err != nil {
			return false, err
		}
		if t.listed(&s) && afterIn(t.q.After, s.PositionIn(query.OrderStart), true) {
			list = append(list, s)
			at, _ := slices.BinarySearchFunc(starts, s.Start, func(a, b uint64) int {
				return -compareTimes(a, b)
			})
			starts = slices.Insert(starts, at, s.Start)
		}
		return true, nil
	})
	return list, err
}

func compareTimes(a, b uint64) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// summarize adds up what each part has of a trace.
func (t *tracer) summarize(id span.TraceID) (query.TraceSummary, error) {
	s := &summary{TraceSummary: query.TraceSummary{TraceID: id}}
	if err := t.ctx.Err(); err != nil {
		return s.TraceSummary, err
	}
	var rows []uint32
	for _, tp := range t.parts {
		code, ok, err := tp.part.FindTrace(id)
		if err != nil {
			return s.TraceSummary, err
		}
		if !ok {
			continue
		}
		if rows, err = tp.part.AppendTraceRows(rows[:0], code); err != nil {
			return s.TraceSummary, err
		}
		if err = tp.add(s, live(tp.part, rows)); err != nil {
			return s.TraceSummary, err
		}
	}
	return s.TraceSummary, nil
}

// live drops deleted rows from the list, in place.
func live(p Part, rows []uint32) []uint32 {
	dead := p.Dead()
	if dead == nil {
		return rows
	}
	return slices.DeleteFunc(rows, dead.Contains)
}

// add sums up rows of one part, ascending.
func (tp *tracePart) add(s *summary, rows []uint32) error {
	for _, row := range rows {
		if err := tp.read.add(s, int(row)); err != nil {
			return err
		}
	}
	if tp.match != nil {
		err := tp.match.among(rows, func(int) error { s.Matched++; return nil })
		if err != nil {
			return err
		}
	}
	if tp.focus == nil {
		return nil
	}
	return tp.focus.among(rows, func(row int) error { return tp.read.extend(&s.Focus, row) })
}

// among calls fn with those of the ascending rows that match.
func (r *run) among(rows []uint32, fn func(row int) error) error {
	in, out := r.bits(), r.bits()
	defer r.release(in)
	defer r.release(out)
	size := r.part.BatchRows()
	for len(rows) > 0 {
		b := int(rows[0]) / size
		base := b * size
		clear(in[:])
		for ; len(rows) > 0 && int(rows[0]) < base+size; rows = rows[1:] {
			if row := int(rows[0]); row >= r.lo && row < r.hi {
				in[(row-base)>>6] |= 1 << ((row - base) & 63)
			}
		}
		if err := r.clipUnsorted(b, in); err != nil {
			return err
		}
		if r.root.skips(b) {
			continue
		}
		if err := r.root.eval(r, b, in, out); err != nil {
			return err
		}
		_, err := eachBit(out, base, false, func(row int) (bool, error) { return true, fn(row) })
		if err != nil {
			return err
		}
	}
	return nil
}
