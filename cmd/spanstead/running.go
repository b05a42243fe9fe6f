package main

import (
	"container/heap"

	"github.com/spanstead/spanstead/engine/span"
)

// running are spans that have not ended, the next to end first.
type running []*span.Span

// endOf is when an exporter gets a span: one without an end, or with one that
// lies before, at its start.
func endOf(s *span.Span) uint64 { return max(s.EndTimeUnixNano, s.StartTimeUnixNano) }

// add takes in a trace.
func (r *running) add(trace []*span.Span) {
	for _, s := range trace {
		heap.Push(r, s)
	}
}

// take removes and returns at most n spans that have ended.
func (r *running) take(now uint64, n int) []*span.Span {
	var out []*span.Span
	for len(*r) > 0 && len(out) < n && endOf((*r)[0]) <= now {
		out = append(out, heap.Pop(r).(*span.Span))
	}
	return out
}

// Len implements heap.Interface.
func (r running) Len() int { return len(r) }

// Less implements heap.Interface.
func (r running) Less(i, j int) bool { return endOf(r[i]) < endOf(r[j]) }

// Swap implements heap.Interface.
func (r running) Swap(i, j int) { r[i], r[j] = r[j], r[i] }

// Push implements heap.Interface.
func (r *running) Push(s any) { *r = append(*r, s.(*span.Span)) }

// Pop implements heap.Interface.
func (r *running) Pop() any {
	last := len(*r) - 1
	s := (*r)[last]
	(*r)[last] = nil
	*r = (*r)[:last]
	return s
}
