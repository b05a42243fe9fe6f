package oracle

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Spans answers a question for spans.
func Spans(all []*span.Span, q query.Spans) query.SpanPage {
	found := matching(all, q.Range, q.Filter)
	position := func(s *span.Span) query.Position { return query.PositionOf(s, q.Order) }
	slices.SortFunc(found, func(a, b *span.Span) int {
		return compare(position(a), position(b), q.Descending)
	})
	var answer query.SpanPage
	if q.Total {
		answer.Total = len(found)
	}
	answer.Spans, answer.More = page(found, paging{q.Descending, q.Limit, q.Offset, q.After}, position)
	return answer
}

// Trace returns all spans of a trace by start time, then span id, or
// query.ErrNotFound.
func Trace(all []*span.Span, id span.TraceID) ([]*span.Span, error) {
	var found []*span.Span
	for _, s := range all {
		if s.TraceID == id {
			found = append(found, s)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("trace %v: %w", id, query.ErrNotFound)
	}
	slices.SortFunc(found, earlier)
	return found, nil
}

// earlier orders spans of one trace by start time, then span id.
func earlier(a, b *span.Span) int {
	return cmp.Or(cmp.Compare(a.StartTimeUnixNano, b.StartTimeUnixNano), a.SpanID.Compare(b.SpanID))
}
