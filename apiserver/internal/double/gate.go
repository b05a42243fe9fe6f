package double

import (
	"context"
	"fmt"
	"sync"

	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// gate is the store as the adapters see it: a call of a request that began
// before a reset fails after it, and stale reads do not see the newest spans.
type gate struct {
	d     *Double
	inner store.Store
}

var _ store.Store = (*gate)(nil)

// enter lets a call in, unless its request is outdated. leave may be called
// more than once.
func (g *gate) enter(ctx context.Context, workspace string) (leave func(), err error) {
	g.d.mu.RLock()
	if c := callOf(ctx); c != nil && g.d.outdated(c, workspace) {
		g.d.mu.RUnlock()
		return nil, errReset
	}
	return sync.OnceFunc(g.d.mu.RUnlock), nil
}

// through makes one call.
func through[A any](g *gate, ctx context.Context, workspace string, fn func() (A, error)) (a A, err error) {
	leave, err := g.enter(ctx, workspace)
	if err != nil {
		return a, err
	}
	defer leave()
	return fn()
}

// Append is told at store.Writer.
func (g *gate) Append(ctx context.Context, workspace string, request []byte) (store.Appended, error) {
	return through(g, ctx, workspace, func() (store.Appended, error) {
		fresh, err := g.d.unseen(ctx, workspace, request)
		if err != nil {
			return store.Appended{}, err
		}
		a, err := g.inner.Append(ctx, workspace, request)
		if err != nil {
			return a, err
		}
		g.d.arrived(ctx, workspace, fresh)
		g.d.metrics.spans(a.Accepted, a.Rejected)
		if c := callOf(ctx); c != nil {
			c.open.Spans(a.Accepted, a.Rejected)
		}
		return a, nil
	})
}

// DeleteTraces is told at store.Writer.
func (g *gate) DeleteTraces(ctx context.Context, workspace string, ids []span.TraceID) (int, error) {
	return through(g, ctx, workspace, func() (int, error) { return g.inner.DeleteTraces(ctx, workspace, ids) })
}

// Spans is told at store.Reader.
func (g *gate) Spans(ctx context.Context, workspace string, q query.Spans) (query.SpanPage, error) {
	return through(g, ctx, workspace, func() (query.SpanPage, error) {
		return g.reader(ctx, workspace).Spans(ctx, workspace, q)
	})
}

// Each is told at store.Reader. It lets a reset pass once the first span is
// there: from then on the answer is of the moment in which it began, however
// slowly it is taken.
func (g *gate) Each(ctx context.Context, workspace string, q query.Spans, fn func(*span.Span) bool) error {
	leave, err := g.enter(ctx, workspace)
	if err != nil {
		return err
	}
	defer leave()
	return g.reader(ctx, workspace).Each(ctx, workspace, q, func(s *span.Span) bool {
		leave()
		return fn(s)
	})
}

// Traces is told at store.Reader.
func (g *gate) Traces(ctx context.Context, workspace string, q query.Traces) (query.TracePage, error) {
	return through(g, ctx, workspace, func() (query.TracePage, error) {
		return g.reader(ctx, workspace).Traces(ctx, workspace, q)
	})
}

// Trace is told at store.Reader.
func (g *gate) Trace(ctx context.Context, workspace string, id span.TraceID) ([]*span.Span, error) {
	return through(g, ctx, workspace, func() ([]*span.Span, error) {
		return g.reader(ctx, workspace).Trace(ctx, workspace, id)
	})
}

// Heatmap is told at store.Reader.
func (g *gate) Heatmap(ctx context.Context, workspace string, q query.Heatmap) (query.HeatmapAnswer, error) {
	return through(g, ctx, workspace, func() (query.HeatmapAnswer, error) {
		return g.reader(ctx, workspace).Heatmap(ctx, workspace, q)
	})
}

// Keys is told at store.Reader.
func (g *gate) Keys(ctx context.Context, workspace string, q query.Keys) ([]query.Key, error) {
	return through(g, ctx, workspace, func() ([]query.Key, error) {
		return g.reader(ctx, workspace).Keys(ctx, workspace, q)
	})
}

// Values is told at store.Reader.
func (g *gate) Values(ctx context.Context, workspace string, q query.Values) ([]query.ValueCount, error) {
	return through(g, ctx, workspace, func() ([]query.ValueCount, error) {
		return g.reader(ctx, workspace).Values(ctx, workspace, q)
	})
}

// Count is told at store.Reader.
func (g *gate) Count(ctx context.Context, workspace string, q query.Count) (int, error) {
	return through(g, ctx, workspace, func() (int, error) {
		return g.reader(ctx, workspace).Count(ctx, workspace, q)
	})
}

// PutDocument is told at store.Documents.
func (g *gate) PutDocument(ctx context.Context, workspace, collection, id string, body []byte) error {
	return g.do(ctx, workspace, func() error { return g.inner.PutDocument(ctx, workspace, collection, id, body) })
}

// Document is told at store.Documents.
func (g *gate) Document(ctx context.Context, workspace, collection, id string) ([]byte, error) {
	return through(g, ctx, workspace, func() ([]byte, error) {
		return g.inner.Document(ctx, workspace, collection, id)
	})
}

// DeleteDocument is told at store.Documents.
func (g *gate) DeleteDocument(ctx context.Context, workspace, collection, id string) error {
	return g.do(ctx, workspace, func() error { return g.inner.DeleteDocument(ctx, workspace, collection, id) })
}

// ListDocuments is told at store.Documents.
func (g *gate) ListDocuments(ctx context.Context, workspace, collection string) ([]store.Document, error) {
	return through(g, ctx, workspace, func() ([]store.Document, error) {
		return g.inner.ListDocuments(ctx, workspace, collection)
	})
}

// ListCollections is told at store.Documents.
func (g *gate) ListCollections(ctx context.Context, workspace string) ([]string, error) {
	return through(g, ctx, workspace, func() ([]string, error) { return g.inner.ListCollections(ctx, workspace) })
}

// CreateWorkspace is told at store.Workspaces.
func (g *gate) CreateWorkspace(ctx context.Context, name string) error {
	return g.do(ctx, name, func() error { return g.inner.CreateWorkspace(ctx, name) })
}

// DeleteWorkspace is told at store.Workspaces. What belongs to the workspace
// elsewhere goes with it.
func (g *gate) DeleteWorkspace(ctx context.Context, name string) error {
	return g.d.deleteWorkspace(ctx, name)
}

// ListWorkspaces is told at store.Workspaces.
func (g *gate) ListWorkspaces(ctx context.Context) ([]string, error) {
	return through(g, ctx, "", func() ([]string, error) { return g.inner.ListWorkspaces(ctx) })
}

func (g *gate) do(ctx context.Context, workspace string, fn func() error) error {
	_, err := through(g, ctx, workspace, func() (struct{}, error) { return struct{}{}, fn() })
	return err
}

func (d *Double) deleteWorkspace(ctx context.Context, name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := callOf(ctx); c != nil && d.outdated(c, name) {
		return errReset
	}
	if name == store.DefaultWorkspace {
		return d.resetOne(ctx, name)
	}
	if err := d.opt.Store.DeleteWorkspace(ctx, name); err != nil {
		return fmt.Errorf("workspace %q: %w", name, err)
	}
	d.renew(name)
	d.journal.Forget(name)
	d.faults.Forget(name)
	d.clock.Forget(name)
	d.stale.forget(name)
	return nil
}
