package query

import (
	"cmp"
	"fmt"

	"github.com/spanstead/spanstead/engine/span"
)

// Range is a half-open interval of start times in Unix nanoseconds: a span is
// in it when From <= start < To. To zero means no upper bound.
type Range struct{ From, To uint64 }

// Contains reports whether a start time lies in the range.
func (r Range) Contains(start uint64) bool {
	return start >= r.From && (r.To == 0 || start < r.To)
}

// Order is what answers are sorted by. Ties are broken by start time, then
// trace id, then span id, so every order is total; Descending turns all of it.
type Order uint8

// The orders. OrderEnd is for traces only.
const (
	OrderStart Order = iota
	OrderDuration
	OrderEnd
)

// MaxLimit bounds Limit and Offset of every question.
const MaxLimit = 1_000_000

// Position is a place in an ordered list of spans or traces, stable while
// others arrive: the item that it was taken from. SpanID is zero for traces.
type Position struct {
	Key     int64 // duration or end time in nanoseconds; zero for OrderStart
	Start   uint64
	TraceID span.TraceID
	SpanID  span.SpanID
}

// Compare orders positions: by Key, Start, TraceID, SpanID.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Key, q.Key), cmp.Compare(p.Start, q.Start),
		p.TraceID.Compare(q.TraceID), p.SpanID.Compare(q.SpanID))
}

// PositionOf is the place of a span in an order.
func PositionOf(s *span.Span, o Order) Position {
	p := Position{Start: s.StartTimeUnixNano, TraceID: s.TraceID, SpanID: s.SpanID}
	if o == OrderDuration {
		p.Key = s.DurationNano()
	}
	return p
}

// Spans asks for spans.
type Spans struct {
	Range      Range
	Filter     Expr
	Order      Order // OrderStart or OrderDuration
	Descending bool
	Limit      int       // at most so many; 0 answers none, for a Total alone
	Offset     int       // skipped first
	After      *Position // only what comes strictly after it in the order asked
	Total      bool      // count all that match Range and Filter, whatever After, Offset and Limit
}

// SpanPage answers Spans. The spans belong to the caller.
type SpanPage struct {
	Spans []*span.Span
	More  bool // there are matching spans after the last one; false on an empty page
	Total int  // when asked for
}

// Traces asks for summaries of traces. A trace is listed when one of its spans
// lies in Range and matches Filter; the summary is then of all its spans.
type Traces struct {
	Range       Range
	Filter      Expr
	Focus       Expr  // if not nil, spans of the trace that TraceSummary.Focus sums up
	MinDuration int64 // of the whole trace, inclusive, in nanoseconds; zero means no bound
	MaxDuration int64 // inclusive; zero means no bound
	Order       Order
	Descending  bool
	Limit       int
	Offset      int
	After       *Position
	Total       bool // count all the traces that are listed on all pages
}

// TracePage answers Traces.
type TracePage struct {
	Traces []TraceSummary
	More   bool
	Total  int
}

// TraceSummary is a trace without its spans.
type TraceSummary struct {
	TraceID span.TraceID
	// HasRoot: a span without parent is there. RootName and RootService are of
	// the earliest root, or of the earliest span where there is no root.
	HasRoot     bool
	RootName    string
	RootService string
	Start, End  uint64 // earliest start; latest of all starts and ends
	Spans       int
	Errors      int // spans with status ERROR
	Matched     int // spans in Range that match Filter
	Focus       Extent
}

// Extent sums up some spans of a trace. Start and End are zero without spans.
type Extent struct {
	Spans, Errors int
	Start, End    uint64
}

// DurationNano is End minus Start, in nanoseconds.
func (t *TraceSummary) DurationNano() int64 { return int64(t.End - t.Start) }

// PositionIn is the trace's place in an order.
func (t *TraceSummary) PositionIn(o Order) Position {
	p := Position{Start: t.Start, TraceID: t.TraceID}
	switch o {
	case OrderDuration:
		p.Key = t.DurationNano()
	case OrderEnd:
		p.Key = int64(t.End)
	}
	return p
}

// Heatmap asks how many spans started in each cell of time and took each range
// of durations.
type Heatmap struct {
	Range  Range
	Filter Expr
	Step   uint64 // width of a time cell in nanoseconds; cells are aligned to the Unix epoch
	Cells  int    // duration cells wanted, 1 to MaxDurationCells
}

// Bounds on a heatmap; beyond them it is refused.
const (
	MaxTimeCells     = 200_000
	MaxDurationCells = 1024
	MaxHeatmapCells  = 4_000_000
)

// HeatmapAnswer is a dense matrix. Time cell i begins at Start + i*Step and
// covers the part of it that lies in the asked range; the cells are those from
// the first to the last that hold a matching span. Duration cell j counts
// durations d with Bounds[j] <= d < Bounds[j+1] (the last cell includes its
// upper bound); there are at most the wanted number, fewer when the matching
// spans' durations span fewer cells of the fixed grid, none when none match.
// Bounds are in nanoseconds and are always bounds of the fixed grid.
type HeatmapAnswer struct {
	Start  uint64
	Step   uint64
	Bounds []int64
	Counts [][]uint32 // [time][duration]
	Total  uint64
}

// Keys asks which attribute keys occur.
type Keys struct {
	Range  Range
	Filter Expr
	Scopes []Scope // attribute scopes wanted; none means span, resource, scope, event and link
}

// Key is an attribute key with the types that its values have, ascending.
type Key struct {
	Field Field
	Types []span.Type
}

// Values asks which values a field has, and on how many spans.
type Values struct {
	Range  Range
	Filter Expr
	Field  Field
	Limit  int // most frequent first; 0 means all, at most MaxLimit
}

// ValueCount is a distinct value and the number of spans that have it.
type ValueCount struct {
	Value span.Value
	Count int
}

// Document is one entry of a collection of small byte strings beside the spans.
type Document struct {
	ID   string
	Body []byte
}

// Count asks how many spans match.
type Count struct {
	Range  Range
	Filter Expr
}

// Check reports whether the question is well formed; the error wraps ErrInvalid.
func (q *Spans) Check() error {
	if q.Order > OrderDuration {
		return fmt.Errorf("%w: spans are ordered by start or duration", ErrInvalid)
	}
	return checkPaged(q.Filter, q.Limit, q.Offset)
}

// Check reports whether the question is well formed; the error wraps ErrInvalid.
func (q *Traces) Check() error {
	if q.Order > OrderEnd {
		return fmt.Errorf("%w: traces are ordered by start, duration or end", ErrInvalid)
	}
	if err := Check(q.Focus); err != nil {
		return err
	}
	return checkPaged(q.Filter, q.Limit, q.Offset)
}

func checkPaged(filter Expr, limit, offset int) error {
	if limit < 0 || limit > MaxLimit || offset < 0 || offset > MaxLimit {
		return fmt.Errorf("%w: limit and offset lie between 0 and %d", ErrInvalid, MaxLimit)
	}
	return Check(filter)
}

// Check reports whether the question is well formed; the error wraps ErrInvalid.
// A heatmap over a bounded Range with too many time cells is refused here, one
// over an unbounded Range when the data's own extent turns out too wide.
func (q *Heatmap) Check() error {
	if q.Step == 0 || q.Cells < 1 || q.Cells > MaxDurationCells {
		return fmt.Errorf("%w: a heatmap has a step above 0 and 1 to %d duration cells", ErrInvalid, MaxDurationCells)
	}
	if q.Range.To > q.Range.From && q.Range.From > 0 {
		if err := q.CheckCells(q.Range.From, q.Range.To-1); err != nil {
			return err
		}
	}
	return Check(q.Filter)
}

// CheckCells bounds the cells between a first and a last start time.
func (q *Heatmap) CheckCells(first, last uint64) error {
	more := last/q.Step - first/q.Step // cells after the first one
	if more >= MaxTimeCells || (more+1)*uint64(q.Cells) > MaxHeatmapCells {
		return fmt.Errorf("%w: a heatmap of more than %d by %d cells, at most %d in time and %d in all", ErrInvalid, more, q.Cells, MaxTimeCells, MaxHeatmapCells)
	}
	return nil
}

// Check reports whether the question is well formed; the error wraps ErrInvalid.
func (q *Values) Check() error {
	return checkPaged(q.Filter, q.Limit, 0)
}
