package last9_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

var storeErrors = []struct {
	err     error
	status  int
	message string
}{
	{errors.New("secret"), 500, `"code":"INTERNAL_ERROR","message":"Internal Server Error"`},
	{fmt.Errorf("secret: %w", query.ErrCorrupt), 500, `"code":"INTERNAL_ERROR"`},
	{query.ErrClosed, 503, `"code":"SERVICE_UNAVAILABLE"`},
	{context.DeadlineExceeded, 503, `"code":"SERVICE_UNAVAILABLE"`},
	{fmt.Errorf("%w: too much", query.ErrInvalid), 400, `"code":"BAD_REQUEST","message":"invalid query: too much"`},
}

// broken is a store that answers every question with an error.
type broken struct {
	store.Store
	err error
}

func (b broken) Spans(context.Context, string, query.Spans) (query.SpanPage, error) {
	return query.SpanPage{}, b.err
}

func (b broken) Each(context.Context, string, query.Spans, func(*span.Span) bool) error { return b.err }

func (b broken) Traces(context.Context, string, query.Traces) (query.TracePage, error) {
	return query.TracePage{}, b.err
}

func (b broken) Trace(context.Context, string, span.TraceID) ([]*span.Span, error) { return nil, b.err }

func (b broken) Heatmap(context.Context, string, query.Heatmap) (query.HeatmapAnswer, error) {
	return query.HeatmapAnswer{}, b.err
}

func (b broken) Keys(context.Context, string, query.Keys) ([]query.Key, error) { return nil, b.err }

func (b broken) Values(context.Context, string, query.Values) ([]query.ValueCount, error) {
	return nil, b.err
}

func (b broken) PutDocument(context.Context, string, string, string, []byte) error { return b.err }

func (b broken) Document(context.Context, string, string, string) ([]byte, error) { return nil, b.err }

func (b broken) DeleteDocument(context.Context, string, string, string) error { return b.err }

func (b broken) ListDocuments(context.Context, string, string) ([]store.Document, error) {
	return nil, b.err
}
