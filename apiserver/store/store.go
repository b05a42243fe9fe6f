// Package store is the small interface through which every vendor's adapter
// reaches the spans. The embedded engine implements it, and so can any other
// store that can answer the questions of package query.
package store

import (
	"context"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// DefaultWorkspace is where every name that nobody created leads.
const DefaultWorkspace = "default"

// Store holds spans and small documents in workspaces that do not see each
// other. A workspace is named by what a vendor's client already sends; a name
// that was not created means DefaultWorkspace. All methods are safe for
// concurrent use and stop soon after ctx is done, with its error.
//
// Errors wrap query.ErrInvalid, ErrNotFound, ErrCorrupt, ErrFull, ErrReadOnly
// or ErrClosed where a caller may want to decide; any other is a fault to log.
type Store interface {
	Writer
	Reader
	Documents
	Workspaces
}

// Writer changes spans.
type Writer interface {
	// Append stores the spans of a protobuf-encoded
	// opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest. On return without
	// error every accepted span is durable, as the store was configured, and
	// seen by the next question. A request that is not valid protobuf is
	// refused whole with query.ErrInvalid; single spans that cannot be stored
	// are left out, counted and named in the answer. A (trace id, span id) that
	// is already there is accepted and changes nothing. otlp is not kept.
	Append(ctx context.Context, workspace string, otlp []byte) (Appended, error)
	// DeleteTraces removes the named traces, durably, and returns how many
	// of them had spans. Unknown ids are no error.
	DeleteTraces(ctx context.Context, workspace string, ids []span.TraceID) (int, error)
}

// Appended says what became of a request's spans.
type Appended = otlp.Result

// Reader answers questions. Each answer is taken from one moment's state.
type Reader interface {
	Spans(ctx context.Context, workspace string, q query.Spans) (query.SpanPage, error)
	// Each calls fn with every span that Spans would return, in that order,
	// without holding them all; fn returns false to stop. Limit 0 means all here.
	Each(ctx context.Context, workspace string, q query.Spans, fn func(*span.Span) bool) error
	Traces(ctx context.Context, workspace string, q query.Traces) (query.TracePage, error)
	// Trace returns all spans of a trace by start time then span id, or query.ErrNotFound.
	Trace(ctx context.Context, workspace string, id span.TraceID) ([]*span.Span, error)
	Heatmap(ctx context.Context, workspace string, q query.Heatmap) (query.HeatmapAnswer, error)
	// Keys returns the attribute keys sorted by scope, then key.
	Keys(ctx context.Context, workspace string, q query.Keys) ([]query.Key, error)
	// Values returns the most frequent first, equal counts by type, then text.
	Values(ctx context.Context, workspace string, q query.Values) ([]query.ValueCount, error)
	Count(ctx context.Context, workspace string, q query.Count) (int, error)
}

// Documents are small named byte strings beside the spans (saved searches),
// as durable as they are. Names are any UTF-8 text; they never become file names.
type Documents interface {
	PutDocument(ctx context.Context, workspace, collection, id string, body []byte) error
	// Document returns query.ErrNotFound for one that is not there.
	Document(ctx context.Context, workspace, collection, id string) ([]byte, error)
	// DeleteDocument returns query.ErrNotFound for one that is not there.
	DeleteDocument(ctx context.Context, workspace, collection, id string) error
	// ListDocuments returns all of a collection, sorted by id.
	ListDocuments(ctx context.Context, workspace, collection string) ([]Document, error)
	// ListCollections returns the names of the collections that hold documents, sorted.
	ListCollections(ctx context.Context, workspace string) ([]string, error)
}

// Document is one entry of a collection.
type Document = query.Document

// Workspaces creates and removes workspaces.
type Workspaces interface {
	// CreateWorkspace makes an empty workspace; one that exists is left as it is.
	CreateWorkspace(ctx context.Context, name string) error
	// DeleteWorkspace removes a workspace with all it holds; the default one is emptied instead.
	DeleteWorkspace(ctx context.Context, name string) error
	// ListWorkspaces returns the names, sorted, DefaultWorkspace among them.
	ListWorkspaces(ctx context.Context) ([]string, error)
}
