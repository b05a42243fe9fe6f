package columns

import (
	"cmp"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/spanstead/spanstead/bench"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/index"
)

// Reader collects the records of what a database answers. Columns say what a
// record is by their names: total is a number of spans; value and count, a value
// of an attribute; scope with key or keys (several, a line each), a key; time,
// cell, count, lo and hi, a cell of a heatmap; RootName, a trace; all else are
// spans.
type Reader struct {
	question *bench.Question
	answer   bench.Answer
	keys     map[query.Field]bool
	cells    []cell
	lo, hi   int
}

// cell is the number of spans in one cell: time is in steps since the Unix
// epoch, duration is counted from the lowest cell of the answer.
type cell struct {
	time     int64
	duration int
	count    uint32
}

// NewReader reads what is answered to a question.
func NewReader(q *bench.Question) *Reader {
	return &Reader{question: q, keys: map[query.Field]bool{}}
}

// Read takes a record, which is not kept.
func (r *Reader) Read(record arrow.RecordBatch) error {
	rs := rowsOf(record)
	switch {
	case rs.len() == 0:
	case rs.has("total"):
		r.answer.Total = int(rs.int("total", 0))
	case rs.has("value"):
		for i := range rs.len() {
			r.answer.Values = append(r.answer.Values, query.ValueCount{Value: span.String(rs.text("value", i)), Count: int(rs.int("count", i))})
		}
	case rs.has("scope"):
		r.readKeys(rs)
	case rs.has("cell"):
		r.readCells(rs)
	case rs.has("RootName"):
		return r.readTraces(rs)
	default:
		spans, err := rs.spans()
		r.answer.Spans = append(r.answer.Spans, spans...)
		return err
	}
	return nil
}

// Answer is what was read.
func (r *Reader) Answer() bench.Answer {
	if len(r.keys) > 0 {
		r.sortKeys()
	}
	if len(r.cells) > 0 {
		r.heatmap()
	}
	return r.answer
}

func (r *Reader) readKeys(rs *rows) {
	for i := range rs.len() {
		scope := query.ScopeSpan
		if rs.text("scope", i) == "resource" {
			scope = query.ScopeResource
		}
		if rs.has("key") {
			r.keys[query.Attr(scope, rs.text("key", i))] = true
			continue
		}
		for key := range strings.SplitSeq(rs.text("keys", i), "\n") {
			r.keys[query.Attr(scope, key)] = true
		}
	}
}

func (r *Reader) sortKeys() {
	for f := range r.keys {
		r.answer.Keys = append(r.answer.Keys, query.Key{Field: f})
	}
	slices.SortFunc(r.answer.Keys, func(a, b query.Key) int {
		return cmp.Or(cmp.Compare(a.Field.Scope, b.Field.Scope), strings.Compare(a.Field.Key, b.Field.Key))
	})
}

func (r *Reader) readTraces(rs *rows) error {
	for i := range rs.len() {
		t := query.TraceSummary{
			RootName: rs.text("RootName", i), RootService: rs.text("RootService", i),
			Start: uint64(rs.int("Start", i)), End: uint64(rs.int("End", i)),
			Spans: int(rs.int("Spans", i)), Errors: int(rs.int("Errors", i)),
		}
		s := span.Span{}
		if rs.has("TraceId") {
			if err := unhex(s.TraceID[:], rs.text("TraceId", i)); err != nil {
				return err
			}
		} else if err := rs.identity(&s, i); err != nil {
			return err
		}
		t.TraceID = s.TraceID
		r.answer.Traces = append(r.answer.Traces, t)
	}
	return nil
}

func (r *Reader) readCells(rs *rows) {
	r.lo, r.hi = int(rs.int("lo", 0)), int(rs.int("hi", 0))
	for i := range rs.len() {
		r.cells = append(r.cells, cell{rs.int("time", i), int(rs.int("cell", i)), uint32(rs.int("count", i))})
	}
}

// heatmap lays the counts out as the dense matrix that package query describes.
func (r *Reader) heatmap() {
	first, last := r.cells[0].time, r.cells[0].time
	for _, c := range r.cells {
		first, last = min(first, c.time), max(last, c.time)
	}
	width := r.hi - r.lo + 1
	n := min(bench.HeatmapCells, width)
	h := query.HeatmapAnswer{Start: uint64(first) * bench.HeatmapStep, Step: bench.HeatmapStep}
	for j := range n {
		h.Bounds = append(h.Bounds, index.LowerBound(r.lo+j*width/n))
	}
	h.Bounds = append(h.Bounds, index.UpperBound(r.hi))
	h.Counts = make([][]uint32, last-first+1)
	for i := range h.Counts {
		h.Counts[i] = make([]uint32, n)
	}
	for _, c := range r.cells {
		h.Counts[c.time-first][c.duration] = c.count
		h.Total += uint64(c.count)
	}
	r.answer.Heatmap = h
}
