package oracle

import (
	"slices"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Traces answers a question for summaries of traces.
func Traces(all []*span.Span, q query.Traces) query.TracePage {
	byID := map[span.TraceID][]*span.Span{}
	for _, s := range all {
		byID[s.TraceID] = append(byID[s.TraceID], s)
	}
	var found []query.TraceSummary
	for _, spans := range byID {
		t := summarize(spans, q)
		if t.Matched > 0 && lasts(t.DurationNano(), q.MinDuration, q.MaxDuration) {
			found = append(found, t)
		}
	}
	position := func(t query.TraceSummary) query.Position { return t.PositionIn(q.Order) }
	slices.SortFunc(found, func(a, b query.TraceSummary) int {
		return compare(position(a), position(b), q.Descending)
	})
	var answer query.TracePage
	if q.Total {
		answer.Total = len(found)
	}
	answer.Traces, answer.More = page(found, paging{q.Descending, q.Limit, q.Offset, q.After}, position)
	return answer
}

// lasts reports whether a duration lies within bounds of which zero is none.
func lasts(duration, least, most int64) bool {
	return (least == 0 || duration >= least) && (most == 0 || duration <= most)
}

// summarize sums up the spans of one trace, of which there is at least one.
func summarize(spans []*span.Span, q query.Traces) query.TraceSummary {
	whole := extent(spans)
	t := query.TraceSummary{
		TraceID: spans[0].TraceID,
		Start:   whole.Start,
		End:     whole.End,
		Spans:   whole.Spans,
		Errors:  whole.Errors,
		Matched: len(matching(spans, q.Range, q.Filter)),
	}
	if q.Focus != nil {
		t.Focus = extent(matching(spans, query.Range{}, q.Focus))
	}
	root := slices.MinFunc(spans, func(a, b *span.Span) int {
		if a.ParentSpanID.IsZero() != b.ParentSpanID.IsZero() {
			if a.ParentSpanID.IsZero() {
				return -1
			}
			return 1
		}
		return earlier(a, b)
	})
	t.HasRoot = root.ParentSpanID.IsZero()
	t.RootName, t.RootService = root.Name, root.ServiceName()
	return t
}

// extent counts spans and errors and finds the earliest start and the latest
// of all starts and ends.
func extent(spans []*span.Span) query.Extent {
	var e query.Extent
	for i, s := range spans {
		if i == 0 || s.StartTimeUnixNano < e.Start {
			e.Start = s.StartTimeUnixNano
		}
		e.End = max(e.End, s.StartTimeUnixNano, s.EndTimeUnixNano)
		e.Spans++
		if s.Status.Code == span.StatusError {
			e.Errors++
		}
	}
	return e
}
