package bench

import (
	"context"
	"sync"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/query/oracle"
	"github.com/spanstead/spanstead/engine/span"
)

// Slice keeps decoded spans in a slice and looks at all of them for every
// question. Its answers are the definition of right ones.
func Slice() Peer {
	return Peer{
		Name:     "slice",
		Version:  moduleVersion(),
		Promise:  "in memory",
		Volatile: true,
		Open:     func(context.Context, string) (System, error) { return &sliceSystem{}, nil },
	}
}

type sliceSystem struct {
	mu    sync.RWMutex
	spans []*span.Span // appended to only
}

func (s *sliceSystem) Ingest(_ context.Context, b []byte) error {
	spans, _, err := otlp.DecodeSpans(b)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spans = append(s.spans, spans...)
	return nil
}

func (s *sliceSystem) Finish(context.Context) error { return nil }

func (s *sliceSystem) Ask(ctx context.Context, q *Question) (Answer, error) {
	s.mu.RLock()
	spans := s.spans
	s.mu.RUnlock()
	return ask(ctx, sliceReader(spans), q)
}

func (s *sliceSystem) Close() error { return nil }

// sliceReader answers from a slice through package oracle.
type sliceReader []*span.Span

func (r sliceReader) Spans(_ context.Context, _ string, q query.Spans) (query.SpanPage, error) {
	return oracle.Spans(r, q), nil
}

func (r sliceReader) Traces(_ context.Context, _ string, q query.Traces) (query.TracePage, error) {
	return oracle.Traces(r, q), nil
}

func (r sliceReader) Trace(_ context.Context, _ string, id span.TraceID) ([]*span.Span, error) {
	return oracle.Trace(r, id)
}

func (r sliceReader) Heatmap(_ context.Context, _ string, q query.Heatmap) (query.HeatmapAnswer, error) {
	return oracle.Heatmap(r, q)
}

func (r sliceReader) Keys(_ context.Context, _ string, q query.Keys) ([]query.Key, error) {
	return oracle.Keys(r, q), nil
}

func (r sliceReader) Values(_ context.Context, _ string, q query.Values) ([]query.ValueCount, error) {
	return oracle.Values(r, q), nil
}
