package head

import (
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/span"
)

// Snapshot is the published rows of a head at one moment. It is immutable and
// safe for concurrent use; it holds the memory of its rows for as long as it
// is held.
type Snapshot struct {
	seeds     *seeds
	shared    *shared
	batchRows int
	dead      *roaring.Bitmap
	bounds    []bound

	rows       rows
	traceIDs   []span.TraceID
	traceFirst []uint32
	traceTable slots
	names      values
	outcomes   outcomeView
	resources  []*span.Resource
	scopes     []*span.Scope
	columns    []columnView
	rare       []pair
	rareTexts  []string
	events     messages
	links      messages

	directory func() *directory
	eventView func() *listView
	linkView  func() *listView
	rareLimit func() int
}

var _ plan.Part = (*Snapshot)(nil)

// columnView is a column as it was at one moment.
type columnView struct {
	*column
	pairs  []pair
	values values
}

// take makes the snapshot of the first n rows.
func (h *Head) take(n int) *Snapshot {
	r := &h.rows
	s := &Snapshot{
		seeds: &h.seeds, shared: &h.shared, batchRows: h.opt.BatchRows, dead: h.dead,
		bounds: append([]bound(nil), h.bounds...),
		rows: rows{
			r.start[:n:n], r.duration[:n:n], r.spanID[:n:n], r.parent[:n:n], r.trace[:n:n],
			r.resource[:n:n], r.scope[:n:n], r.name[:n:n], r.outcome[:n:n], r.next[:n:n],
		},
		traceIDs: h.traces.ids, traceFirst: h.traces.first, traceTable: h.traces.table,
		names: h.names.view(), outcomes: h.outcome.view(),
		resources: h.resources.list[:h.resources.before(n)], scopes: h.scopes.list[:h.scopes.before(n)],
		rare: h.rare.pairs[:below(h.rare.pairs, n)], rareTexts: h.rare.values.texts,
		events: h.events.before(n), links: h.links.before(n),
	}
	s.columns = make([]columnView, 0, len(h.columns))
	for _, c := range h.columns {
		if k := below(c.pairs, n); k > 0 {
			s.columns = append(s.columns, columnView{c, c.pairs[:k:k], c.values.view()})
		}
	}
	s.directory = sync.OnceValue(s.newDirectory)
	s.eventView = sync.OnceValue(func() *listView { return s.shared.events.viewEvents(s.events) })
	s.linkView = sync.OnceValue(func() *listView { return s.shared.links.viewLinks(s.links) })
	s.rareLimit = sync.OnceValue(func() int {
		limit := 0
		for _, p := range s.rare {
			limit = max(limit, int(p.code)+1)
		}
		return limit
	})
	return s
}

// Name implements plan.Part.
func (s *Snapshot) Name() string { return "head" }

// Rows implements plan.Part.
func (s *Snapshot) Rows() int { return len(s.rows.start) }

// BatchRows implements plan.Part.
func (s *Snapshot) BatchRows() int { return s.batchRows }

// Sorted implements plan.Part.
func (s *Snapshot) Sorted() bool { return false }

// Bounds implements plan.Part.
func (s *Snapshot) Bounds() (lo, hi uint64) {
	for i, b := range s.bounds {
		if i == 0 {
			lo, hi = b.lo, b.hi
		}
		lo, hi = min(lo, b.lo), max(hi, b.hi)
	}
	return lo, hi
}

// BatchBounds implements plan.Part.
func (s *Snapshot) BatchBounds(b int) (lo, hi uint64) { return s.bounds[b].lo, s.bounds[b].hi }

// Dead implements plan.Part.
func (s *Snapshot) Dead() *roaring.Bitmap { return s.dead }

// of cuts a batch out of a slice of all rows.
func of[T any](s *Snapshot, all []T, b int) []T {
	from, to := s.span(b)
	return all[from:to:to]
}

// span is the first row of a batch and that of the next.
func (s *Snapshot) span(b int) (from, to int) {
	from = b * s.batchRows
	return from, min(from+s.batchRows, s.Rows())
}

// Starts implements plan.Part.
func (s *Snapshot) Starts(b int) ([]uint64, error) { return of(s, s.rows.start, b), nil }

// Durations implements plan.Part.
func (s *Snapshot) Durations(b int) ([]int64, error) { return of(s, s.rows.duration, b), nil }

// SpanIDs implements plan.Part.
func (s *Snapshot) SpanIDs(b int) ([]span.SpanID, error) { return of(s, s.rows.spanID, b), nil }

// Parents implements plan.Part.
func (s *Snapshot) Parents(b int) ([]span.SpanID, error) { return of(s, s.rows.parent, b), nil }

// TraceCodes implements plan.Part.
func (s *Snapshot) TraceCodes(b int) ([]uint32, error) { return of(s, s.rows.trace, b), nil }

// TraceIDs implements plan.Part.
func (s *Snapshot) TraceIDs() ([]span.TraceID, error) { return s.traceIDs, nil }

// Traces implements plan.Part.
func (s *Snapshot) Traces() int { return len(s.traceIDs) }

// FindTrace implements plan.Part.
func (s *Snapshot) FindTrace(id span.TraceID) (code uint32, ok bool, err error) {
	code, ok = s.traceTable.find(s.seeds.hashTrace(&id), func(n uint32) bool {
		return int(n) < len(s.traceIDs) && s.traceIDs[n] == id
	})
	return code, ok, nil
}

// AppendTraceRows implements plan.Part.
func (s *Snapshot) AppendTraceRows(dst []uint32, code uint32) ([]uint32, error) {
	for row := s.traceFirst[code]; int(row) < s.Rows(); {
		dst = append(dst, row)
		next := atomic.LoadUint32(&s.rows.next[row])
		if next == 0 {
			break
		}
		row = next - 1
	}
	return dst, nil
}

// Histogram implements plan.Part.
func (s *Snapshot) Histogram() (*plan.Histogram, error) { return nil, nil }
