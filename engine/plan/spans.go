package plan

import (
	"cmp"
	"container/heap"
	"context"
	"slices"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Spans answers query.Spans over the parts together. A span lies in one part.
func Spans(ctx context.Context, parts []Part, opt Options, q query.Spans) (query.SpanPage, error) {
	var page query.SpanPage
	if err := q.Check(); err != nil {
		return page, err
	}
	runs, err := newRuns(ctx, parts, &opt, q.Range, q.Filter)
	if err != nil {
		return page, err
	}
	defer finish(runs)
	if q.Total {
		if page.Total, err = total(runs); err != nil || q.Limit == 0 {
			return page, err
		}
	}
	rows, more, err := pick(runs, q)
	if err != nil {
		return page, err
	}
	page.More = more
	page.Spans, err = fetch(rows)
	return page, err
}

// Each calls fn with the spans that Spans would return, in their order,
// assembling a few at a time. A Limit of zero means all.
func Each(ctx context.Context, parts []Part, opt Options, q query.Spans, fn func(*span.Span) bool) error {
	if err := q.Check(); err != nil {
		return err
	}
	runs, err := newRuns(ctx, parts, &opt, q.Range, q.Filter)
	if err != nil {
		return err
	}
	defer finish(runs)
	var rows []located
	flush := func() (bool, error) {
		spans, err := fetch(rows)
		rows = rows[:0]
		for _, s := range spans {
			if !fn(s) {
				return false, err
			}
		}
		return err == nil, err
	}
	left := q.Limit
	err = ordered(runs, q, func(l located) (bool, error) {
		rows = append(rows, l)
		if left--; left == 0 {
			return false, nil
		}
		if len(rows) == 1024 {
			return flush()
		}
		return true, nil
	})
	if err == nil && len(rows) > 0 {
		_, err = flush()
	}
	return err
}

func newRuns(ctx context.Context, parts []Part, opt *Options, rng query.Range, filter query.Expr) ([]*run, error) {
	var runs []*run
	for _, p := range parts {
		r, err := newRun(ctx, p, opt, rng, filter)
		if err != nil {
			return nil, err
		}
		if r != nil {
			runs = append(runs, r)
		}
	}
	return runs, nil
}

func finish(runs []*run) {
	for _, r := range runs {
		r.done()
	}
}

// located is a matching row and its place in the order.
type located struct {
	run *run
	row int
	pos query.Position
}

// pick returns the rows of a page, in order, and whether more follow.
func pick(runs []*run, q query.Spans) (rows []located, more bool, err error) {
	if q.Limit == 0 {
		return nil, false, nil
	}
	err = ordered(runs, q, func(l located) (bool, error) {
		if len(rows) == q.Limit {
			more = true
			return false, nil
		}
		rows = append(rows, l)
		return true, nil
	})
	return rows, more, err
}

// ordered calls fn with the matching rows in the order asked for, after
// q.After and past q.Offset, until it returns false.
func ordered(runs []*run, q query.Spans, fn func(located) (bool, error)) error {
	skip := q.Offset
	past := func(l located) (bool, error) {
		if skip--; skip >= 0 {
			return true, nil
		}
		return fn(l)
	}
	if q.Order == query.OrderDuration {
		return byDuration(runs, q, past)
	}
	return byStart(runs, q, past)
}

// byStart merges the parts' rows by start time. A part is not looked into
// before its turn comes.
func byStart(runs []*run, q query.Spans, fn func(located) (bool, error)) error {
	m := merge{descending: q.Descending}
	for _, r := range runs {
		for _, s := range streamsOf(r, q) {
			if s.promise() {
				m.streams = append(m.streams, s)
			}
		}
	}
	heap.Init(&m)
	for len(m.streams) > 0 {
		s := m.streams[0]
		if s.promised {
			if err := s.fill(); err != nil {
				return err
			}
		} else if more, err := fn(s.head); err != nil || !more {
			return err
		}
		if s.next() {
			heap.Fix(&m, 0)
		} else {
			heap.Pop(&m)
		}
	}
	return nil
}

// merge is a heap of streams, the one whose head comes next on top.
type merge struct {
	streams    []*stream
	descending bool
}

func (m *merge) Len() int      { return len(m.streams) }
func (m *merge) Swap(i, j int) { m.streams[i], m.streams[j] = m.streams[j], m.streams[i] }
func (m *merge) Push(x any)    { m.streams = append(m.streams, x.(*stream)) }

func (m *merge) Pop() any {
	last := m.streams[len(m.streams)-1]
	m.streams = m.streams[:len(m.streams)-1]
	return last
}

func (m *merge) Less(i, j int) bool {
	c := m.streams[i].head.pos.Compare(m.streams[j].head.pos)
	if m.descending {
		return c > 0
	}
	return c < 0
}

// streamsOf is one stream for a sorted part, and one for each batch of a part
// that is not.
func streamsOf(r *run, q query.Spans) []*stream {
	n := batches(r.part)
	if r.part.Sorted() {
		s := &stream{run: r, descending: q.Descending, after: q.After, end: n, step: r.part.BatchRows()}
		if dear(r.root) {
			s.step = min(s.step, cmp.Or(r.opt.WindowRows, windowRows))
		}
		return []*stream{s}
	}
	list := make([]*stream, n)
	for b := range list {
		list[b] = &stream{run: r, descending: q.Descending, after: q.After, batch: b, end: b + 1, step: r.part.BatchRows()}
	}
	return list
}

// stream gives one part's matching rows by start time, batch by batch; of a
// part that is not sorted, those of one batch.
type stream struct {
	run        *run
	descending bool
	after      *query.Position
	batch, end int // batches still to be taken, counted from the first in the order
	// step is how many rows of a batch are taken at a time; done is how many
	// rows of the batch at hand have been, and starts are its start times.
	step, done int
	starts     []uint64
	// promised: head is no row, only a bound on what the next batch holds.
	promised bool
	head     located
	rows     []int    // matching rows of the batch taken, next one last
	locator  *locator // of that batch
	heap     topRows  // instead of rows, for a part that is not sorted
}

// next moves head to the following row or promise; false at the end.
func (s *stream) next() bool {
	for len(s.rows) > 0 {
		at := s.locator.locate(s.rows[len(s.rows)-1])
		s.rows = s.rows[:len(s.rows)-1]
		if afterIn(s.after, at.pos, s.descending) {
			s.head, s.promised = at, false
			return true
		}
	}
	if s.heap.Len() > 0 {
		s.head, s.promised = heap.Pop(&s.heap).(located), false
		return true
	}
	return s.promise()
}

// promise makes head the bound of the next batch that may hold a row.
func (s *stream) promise() bool {
	p := s.run.part
	if s.done > 0 {
		from, to := s.window()
		s.promiseBounds(s.starts[from], s.starts[to-1])
		return true
	}
	for ; s.batch < s.end; s.batch++ {
		b := s.nextBatch()
		first := b * p.BatchRows()
		lo, hi := p.BatchBounds(b)
		if first >= s.run.hi || first+p.BatchRows() <= s.run.lo || s.run.root.skips(b) || s.beyond(lo, hi) {
			continue
		}
		s.promiseBounds(lo, hi)
		return true
	}
	return false
}

func (s *stream) promiseBounds(lo, hi uint64) {
	s.promised = true
	s.head.pos = query.Position{Start: lo}
	if s.descending {
		s.head.pos = query.Position{Start: hi, TraceID: lastTraceID, SpanID: lastSpanID}
	}
}

var (
	lastTraceID = span.TraceID([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
	lastSpanID  = span.SpanID([]byte("\xff\xff\xff\xff\xff\xff\xff\xff"))
)

func (s *stream) nextBatch() int {
	if s.descending && s.run.part.Sorted() {
		return batches(s.run.part) - 1 - s.batch
	}
	return s.batch
}

// beyond: what starts between lo and hi lies before the place where the page begins.
func (s *stream) beyond(lo, hi uint64) bool {
	if s.after == nil {
		return false
	}
	if s.descending {
		return lo > s.after.Start
	}
	return hi < s.after.Start
}

// window is the next rows to be taken of the batch at hand.
func (s *stream) window() (from, to int) {
	n := len(s.starts)
	if s.descending {
		return max(n-s.done-s.step, 0), n - s.done
	}
	return s.done, min(s.done+s.step, n)
}

// fill takes the promised batch, or a part of it.
func (s *stream) fill() (err error) {
	b := s.nextBatch()
	if s.step == s.run.part.BatchRows() {
		s.batch++
		err = s.take(b, 0, s.step)
	} else {
		err = s.fillWindow(b)
	}
	if err != nil || s.run.part.Sorted() {
		return err
	}
	// topRows has the last row of an order on top: the turned order's is ours.
	s.heap = topRows{descending: !s.descending, rows: make([]located, 0, len(s.rows))}
	for _, row := range s.rows {
		if at := s.locator.locate(row); afterIn(s.after, at.pos, s.descending) {
			s.heap.rows = append(s.heap.rows, at)
		}
	}
	s.rows = s.rows[:0]
	heap.Init(&s.heap)
	return nil
}

func (s *stream) fillWindow(b int) (err error) {
	if s.done == 0 {
		if s.starts, err = s.run.part.Starts(b); err != nil {
			return err
		}
	}
	from, to := s.window()
	if s.done += to - from; s.done == len(s.starts) {
		s.done = 0
		s.batch++
	}
	return s.take(b, from, to)
}

// windowRows is how many rows of a batch are taken at a time when looking at
// them costs much.
const windowRows = 8192

// dear reports that a node asks about every row that it looks at.
func dear(n node) bool {
	switch n := n.(type) {
	case *lazyNode, testNode:
		return true
	case andNode:
		return slices.ContainsFunc(n.parts, dear)
	case orNode:
		return slices.ContainsFunc(n.parts, dear)
	case notNode:
		return dear(n.x)
	}
	return false
}

// take lists the matching rows from..to of a batch, the next one last.
func (s *stream) take(b, from, to int) error {
	r, set := s.run, s.run.bits()
	defer r.release(set)
	any, err := r.matchWindow(b, from, to, set)
	if err != nil || !any {
		return err
	}
	if s.locator, err = newLocator(r, b); err != nil {
		return err
	}
	_, err = eachBit(set, s.locator.base, !s.descending, func(row int) (bool, error) {
		s.rows = append(s.rows, row)
		return true, nil
	})
	return err
}

// locator gives the places of a batch's rows by start time.
type locator struct {
	run    *run
	base   int
	starts []uint64
	traces []uint32
	known  []span.TraceID // by code
	ids    []span.SpanID
}

func newLocator(r *run, b int) (*locator, error) {
	l := &locator{run: r, base: b * r.part.BatchRows()}
	var err error
	if l.starts, err = r.part.Starts(b); err != nil {
		return nil, err
	}
	if l.traces, err = r.part.TraceCodes(b); err != nil {
		return nil, err
	}
	if l.known, err = r.part.TraceIDs(); err != nil {
		return nil, err
	}
	l.ids, err = r.part.SpanIDs(b)
	return l, err
}

func (l *locator) locate(row int) located {
	i := row - l.base
	return located{l.run, row, query.Position{Start: l.starts[i], TraceID: l.known[l.traces[i]], SpanID: l.ids[i]}}
}

// afterIn reports whether a place comes after the given one in the order.
func afterIn(after *query.Position, pos query.Position, descending bool) bool {
	if after == nil {
		return true
	}
	if descending {
		return pos.Compare(*after) < 0
	}
	return pos.Compare(*after) > 0
}

// byDuration keeps the first rows of the order in a heap.
func byDuration(runs []*run, q query.Spans, fn func(located) (bool, error)) error {
	keep := 0
	if q.Limit > 0 {
		keep = q.Offset + q.Limit + 1
	}
	h := &topRows{keep: keep, descending: q.Descending}
	for _, r := range runs {
		if err := h.takeAll(r, q.After); err != nil {
			return err
		}
	}
	slices.SortFunc(h.rows, func(a, b located) int { return h.compare(a.pos, b.pos) })
	for _, l := range h.rows {
		if more, err := fn(l); err != nil || !more {
			return err
		}
	}
	return nil
}

// topRows is a heap of the first keep rows of an order, the last of them on
// top; keep 0 holds all.
type topRows struct {
	rows       []located
	keep       int
	descending bool
}

func (h *topRows) compare(a, b query.Position) int {
	if h.descending {
		return b.Compare(a)
	}
	return a.Compare(b)
}

func (h *topRows) Len() int           { return len(h.rows) }
func (h *topRows) Less(i, j int) bool { return h.compare(h.rows[i].pos, h.rows[j].pos) > 0 }
func (h *topRows) Swap(i, j int)      { h.rows[i], h.rows[j] = h.rows[j], h.rows[i] }
func (h *topRows) Push(x any)         { h.rows = append(h.rows, x.(located)) }

func (h *topRows) Pop() any {
	last := h.rows[len(h.rows)-1]
	h.rows = h.rows[:len(h.rows)-1]
	return last
}

func (h *topRows) takeAll(r *run, after *query.Position) error {
	set := r.bits()
	defer r.release(set)
	for b := range batches(r.part) {
		any, err := r.match(b, set)
		if err != nil {
			return err
		}
		if !any {
			continue
		}
		durations, err := r.part.Durations(b)
		if err != nil {
			return err
		}
		l, err := newLocator(r, b)
		if err != nil {
			return err
		}
		_, err = eachBit(set, l.base, false, func(row int) (bool, error) {
			h.offer(l, row, durations[row-l.base], after)
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// offer considers one row. The full place is worked out only for rows that
// the duration alone does not rule out.
func (h *topRows) offer(l *locator, row int, duration int64, after *query.Position) {
	full := h.keep > 0 && len(h.rows) == h.keep
	if full {
		c := cmp.Compare(duration, h.rows[0].pos.Key)
		if h.descending && c < 0 || !h.descending && c > 0 {
			return
		}
	}
	at := l.locate(row)
	at.pos.Key = duration
	switch {
	case !afterIn(after, at.pos, h.descending):
	case full && h.compare(at.pos, h.rows[0].pos) < 0:
		h.rows[0] = at
		heap.Fix(h, 0)
	case !full && h.keep > 0:
		heap.Push(h, at)
	case !full:
		h.rows = append(h.rows, at)
	}
}

// fetch assembles rows into spans in the order given.
func fetch(rows []located) ([]*span.Span, error) {
	out := make([]*span.Span, len(rows))
	byRun := map[*run][]int{}
	var order []*run
	for i, l := range rows {
		if _, ok := byRun[l.run]; !ok {
			order = append(order, l.run)
		}
		byRun[l.run] = append(byRun[l.run], i)
	}
	for _, r := range order {
		at := byRun[r]
		ids := make([]uint32, len(at))
		for k, i := range at {
			ids[k] = uint32(rows[i].row)
		}
		spans, err := fetchRows(r.ctx, r.part, ids)
		if err != nil {
			return nil, err
		}
		r.stats.Fetched += len(ids)
		for k, i := range at {
			out[i] = spans[k]
		}
	}
	return out, nil
}

// fetchStep is how many rows are assembled between two looks at the context.
const fetchStep = 1024

// fetchRows assembles rows of one part.
func fetchRows(ctx context.Context, p Part, rows []uint32) ([]*span.Span, error) {
	if len(rows) <= fetchStep {
		return p.Fetch(rows)
	}
	out := make([]*span.Span, 0, len(rows))
	for some := range slices.Chunk(rows, fetchStep) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		spans, err := p.Fetch(some)
		if err != nil {
			return nil, err
		}
		out = append(out, spans...)
	}
	return out, nil
}
