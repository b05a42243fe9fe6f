package apitest

import (
	"context"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/query/oracle"
	"github.com/spanstead/spanstead/engine/span"
)

// Oracle says what the right answer to a question is. It looks at every span
// of a workspace with query.Match: no index, no plan, nothing that could be
// wrong in an interesting way. It holds the spans of the moment in which it
// was made.
type Oracle struct{ all []*span.Span }

// Oracle is that of the spans that are there now.
func (w *Workspace) Oracle() *Oracle {
	w.helper()
	o := &Oracle{}
	w.check(w.server.double.Store().Each(context.Background(), w.Name, query.Spans{}, func(s *span.Span) bool {
		o.all = append(o.all, s)
		return true
	}))
	return o
}

// Match is the spans that match a filter, by start time; nil means all.
func (o *Oracle) Match(filter query.Expr) []*span.Span {
	var found []*span.Span
	for _, s := range o.all {
		if query.Match(filter, s) {
			found = append(found, s)
		}
	}
	return found
}

// Spans is the right answer to a question for spans.
func (o *Oracle) Spans(q query.Spans) query.SpanPage { return oracle.Spans(o.all, q) }

// Traces is the right answer to a question for traces.
func (o *Oracle) Traces(q query.Traces) query.TracePage { return oracle.Traces(o.all, q) }

// Trace is a trace's spans, or query.ErrNotFound.
func (o *Oracle) Trace(id span.TraceID) ([]*span.Span, error) { return oracle.Trace(o.all, id) }

// Heatmap is the right answer to a question for a heatmap.
func (o *Oracle) Heatmap(q query.Heatmap) (query.HeatmapAnswer, error) {
	return oracle.Heatmap(o.all, q)
}

// Keys is the right answer to a question for attribute keys.
func (o *Oracle) Keys(q query.Keys) []query.Key { return oracle.Keys(o.all, q) }

// Values is the right answer to a question for an attribute's values.
func (o *Oracle) Values(q query.Values) []query.ValueCount { return oracle.Values(o.all, q) }

// Count is the right answer to a question for a number of spans.
func (o *Oracle) Count(q query.Count) int { return oracle.Count(o.all, q) }
