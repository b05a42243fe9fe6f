package bench

import (
	"context"
	"fmt"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Reader is what a system has that speaks package query itself.
type Reader interface {
	Spans(ctx context.Context, workspace string, q query.Spans) (query.SpanPage, error)
	Traces(ctx context.Context, workspace string, q query.Traces) (query.TracePage, error)
	Trace(ctx context.Context, workspace string, id span.TraceID) ([]*span.Span, error)
	Heatmap(ctx context.Context, workspace string, q query.Heatmap) (query.HeatmapAnswer, error)
	Keys(ctx context.Context, workspace string, q query.Keys) ([]query.Key, error)
	Values(ctx context.Context, workspace string, q query.Values) ([]query.ValueCount, error)
}

const workspace = "default"

// ask puts a question to a Reader. It says, together with Question.Filter, what
// each kind means.
func ask(ctx context.Context, r Reader, q *Question) (a Answer, err error) {
	filter, err := q.Filter()
	if err != nil {
		return a, fmt.Errorf("%v: %w", q.Kind, err)
	}
	switch q.Kind {
	case Q1:
		a.Spans, err = r.Trace(ctx, workspace, q.TraceID)
	case Q4:
		var page query.TracePage
		page, err = r.Traces(ctx, workspace, query.Traces{
			Range: q.Range, Filter: filter, MinDuration: q.MinDuration, MaxDuration: q.MaxDuration,
			Descending: true, Limit: Q4Limit,
		})
		a.Traces = page.Traces
	case Q5, Q6:
		a.Heatmap, err = r.Heatmap(ctx, workspace, query.Heatmap{Range: q.Range, Filter: filter, Step: HeatmapStep, Cells: HeatmapCells})
	case Q7:
		a.Keys, err = r.Keys(ctx, workspace, query.Keys{Range: q.Range, Scopes: []query.Scope{query.ScopeSpan, query.ScopeResource}})
	case Q8a, Q8b:
		field := query.ServiceName
		if q.Kind == Q8b {
			field = httpRoute
		}
		a.Values, err = r.Values(ctx, workspace, query.Values{Range: q.Range, Field: field, Limit: Q8Limit})
	default:
		return askSpans(ctx, r, q, filter)
	}
	return a, err
}

func askSpans(ctx context.Context, r Reader, q *Question, filter query.Expr) (a Answer, err error) {
	s := query.Spans{Range: q.Range, Filter: filter, Descending: true}
	switch q.Kind {
	case Q2:
		s.Limit = Q2Limit
	case Q3:
		s.Order, s.Limit = query.OrderDuration, Q3Limit
	case Q9a, Q9b:
		s.Limit = Q9Limit
	case Q10:
		s.Limit = Q10Limit
	case Q11:
		s.Limit, s.Total = Q11Limit, true
	default:
		return a, fmt.Errorf("no question %v", q.Kind)
	}
	page, err := r.Spans(ctx, workspace, s)
	return Answer{Spans: page.Spans, Total: page.Total}, err
}
