package engine

import (
	"context"

	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// ask answers one question over a view of the workspace.
func ask[A any](s *Store, workspace string, answer func(parts []plan.Part, opt plan.Options) (A, error)) (a A, err error) {
	v, err := s.View(workspace)
	if err != nil {
		return a, err
	}
	defer func() {
		if cerr := v.Close(); err == nil {
			err = cerr
		}
		v.w.suspect(err)
	}()
	return answer(v.Parts(), s.opt.plan())
}

// Spans answers query.Spans.
func (s *Store) Spans(ctx context.Context, workspace string, q query.Spans) (query.SpanPage, error) {
	return ask(s, workspace, func(parts []plan.Part, opt plan.Options) (query.SpanPage, error) {
		return plan.Spans(ctx, parts, opt, q)
	})
}

// Each calls fn with every span that Spans would return, in that order,
// without holding them all; fn returns false to stop. Limit 0 means all here.
func (s *Store) Each(ctx context.Context, workspace string, q query.Spans, fn func(*span.Span) bool) error {
	_, err := ask(s, workspace, func(parts []plan.Part, opt plan.Options) (struct{}, error) {
		return struct{}{}, plan.Each(ctx, parts, opt, q, fn)
	})
	return err
}

// Traces answers query.Traces.
func (s *Store) Traces(ctx context.Context, workspace string, q query.Traces) (query.TracePage, error) {
	return ask(s, workspace, func(parts []plan.Part, opt plan.Options) (query.TracePage, error) {
		return plan.Traces(ctx, parts, opt, q)
	})
}

// Trace returns all spans of a trace by start time then span id, or
// query.ErrNotFound.
func (s *Store) Trace(ctx context.Context, workspace string, id span.TraceID) ([]*span.Span, error) {
	return ask(s, workspace, func(parts []plan.Part, opt plan.Options) ([]*span.Span, error) {
		return plan.Trace(ctx, parts, opt, id)
	})
}

// Heatmap answers query.Heatmap.
func (s *Store) Heatmap(ctx context.Context, workspace string, q query.Heatmap) (query.HeatmapAnswer, error) {
	return ask(s, workspace, func(parts []plan.Part, opt plan.Options) (query.HeatmapAnswer, error) {
		return plan.Heatmap(ctx, parts, opt, q)
	})
}

// Keys returns the attribute keys sorted by scope, then key.
func (s *Store) Keys(ctx context.Context, workspace string, q query.Keys) ([]query.Key, error) {
	return ask(s, workspace, func(parts []plan.Part, opt plan.Options) ([]query.Key, error) {
		return plan.Keys(ctx, parts, opt, q)
	})
}

// Values returns the most frequent values first, equal counts by type, then text.
func (s *Store) Values(ctx context.Context, workspace string, q query.Values) ([]query.ValueCount, error) {
	return ask(s, workspace, func(parts []plan.Part, opt plan.Options) ([]query.ValueCount, error) {
		return plan.Values(ctx, parts, opt, q)
	})
}

// Count answers query.Count.
func (s *Store) Count(ctx context.Context, workspace string, q query.Count) (int, error) {
	return ask(s, workspace, func(parts []plan.Part, opt plan.Options) (int, error) {
		return plan.Count(ctx, parts, opt, q)
	})
}
