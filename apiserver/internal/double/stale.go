package double

import (
	"context"
	"sync"
	"time"

	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/query/oracle"
	"github.com/spanstead/spanstead/engine/span"
)

// Stale reads: as long as there is a fault that hides the newest spans, it is
// noted when each span came in. A question of a request that is to be stale,
// while there are spans that it may not see, is answered by the slow evaluator
// over those that it may.

type spanKey struct {
	trace span.TraceID
	span  span.SpanID
}

// maxArrivals bounds the spans whose arrival is remembered; what comes past it
// is seen at once.
const maxArrivals = 1_000_000

// arrivals is when spans came in, by the clock of their workspace.
type arrivals struct {
	mu    sync.Mutex
	at    map[string]map[spanKey]time.Time
	total int
}

func (a *arrivals) add(workspace string, keys []spanKey, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.at == nil {
		a.at = map[string]map[spanKey]time.Time{}
	}
	if a.at[workspace] == nil {
		a.at[workspace] = map[spanKey]time.Time{}
	}
	for _, k := range keys {
		if _, known := a.at[workspace][k]; !known && a.total < maxArrivals {
			a.at[workspace][k] = now
			a.total++
		}
	}
}

// prune forgets spans that came in longer ago than any fault hides them.
func (a *arrivals) prune(workspace string, now time.Time, longest time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for k, t := range a.at[workspace] {
		if now.Sub(t) >= longest {
			delete(a.at[workspace], k)
			a.total--
		}
	}
}

// since is the spans that came in less than d ago.
func (a *arrivals) since(workspace string, now time.Time, d time.Duration) map[spanKey]bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	var hidden map[spanKey]bool
	for k, t := range a.at[workspace] {
		if now.Sub(t) < d {
			if hidden == nil {
				hidden = map[spanKey]bool{}
			}
			hidden[k] = true
		}
	}
	return hidden
}

func (a *arrivals) forget(workspace string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if workspace == "" {
		a.at, a.total = nil, 0
		return
	}
	a.total -= len(a.at[workspace])
	delete(a.at, workspace)
}

// unseen is the spans of a request that are not there yet, as long as some
// fault cares.
func (d *Double) unseen(ctx context.Context, workspace string, request []byte) ([]spanKey, error) {
	if d.faults.Stale() == 0 {
		return nil, nil
	}
	spans, _, err := otlp.DecodeSpans(request)
	if err != nil {
		return nil, err
	}
	there := map[span.TraceID]map[span.SpanID]bool{}
	var fresh []spanKey
	for _, s := range spans {
		if there[s.TraceID] == nil {
			there[s.TraceID] = map[span.SpanID]bool{}
			old, err := d.opt.Store.Trace(ctx, workspace, s.TraceID)
			if err != nil && !isNotFound(err) {
				return nil, err
			}
			for _, o := range old {
				there[s.TraceID][o.SpanID] = true
			}
		}
		if !there[s.TraceID][s.SpanID] {
			fresh = append(fresh, spanKey{s.TraceID, s.SpanID})
		}
	}
	return fresh, nil
}

// arrived notes spans that were stored just now.
func (d *Double) arrived(ctx context.Context, workspace string, fresh []spanKey) {
	if len(fresh) == 0 {
		return
	}
	workspace = d.existing(ctx, workspace)
	now := d.clock.Now(workspace)
	d.stale.prune(workspace, now, d.faults.Stale())
	d.stale.add(workspace, fresh, now)
}

// reader answers the questions of a request.
func (g *gate) reader(ctx context.Context, workspace string) store.Reader {
	c := callOf(ctx)
	if c == nil || c.staleFor == 0 {
		return g.inner
	}
	workspace = g.d.existing(ctx, workspace)
	hidden := g.d.stale.since(workspace, g.d.clock.Now(workspace), c.staleFor)
	if hidden == nil {
		return g.inner
	}
	return &blind{g.inner, hidden}
}

// blind is a store that does not see some spans.
type blind struct {
	inner  store.Reader
	hidden map[spanKey]bool
}

// seen is the spans that are not hidden.
func (b *blind) seen(ctx context.Context, workspace string) ([]*span.Span, error) {
	var all []*span.Span
	err := b.inner.Each(ctx, workspace, query.Spans{}, func(s *span.Span) bool {
		if !b.hidden[spanKey{s.TraceID, s.SpanID}] {
			all = append(all, s)
		}
		return true
	})
	return all, err
}

// over answers a checked question from the spans that are seen.
func over[A any](b *blind, ctx context.Context, workspace string, check error, fn func(all []*span.Span) (A, error)) (a A, err error) {
	if check != nil {
		return a, check
	}
	all, err := b.seen(ctx, workspace)
	if err != nil {
		return a, err
	}
	return fn(all)
}

// Spans is told at store.Reader.
func (b *blind) Spans(ctx context.Context, workspace string, q query.Spans) (query.SpanPage, error) {
	return over(b, ctx, workspace, q.Check(), func(all []*span.Span) (query.SpanPage, error) {
		return oracle.Spans(all, q), nil
	})
}

// Each is told at store.Reader.
func (b *blind) Each(ctx context.Context, workspace string, q query.Spans, fn func(*span.Span) bool) error {
	_, err := over(b, ctx, workspace, q.Check(), func(all []*span.Span) (struct{}, error) {
		if q.Limit == 0 {
			q.Limit = len(all)
		}
		for _, s := range oracle.Spans(all, q).Spans {
			if !fn(s) {
				break
			}
		}
		return struct{}{}, nil
	})
	return err
}

// Traces is told at store.Reader.
func (b *blind) Traces(ctx context.Context, workspace string, q query.Traces) (query.TracePage, error) {
	return over(b, ctx, workspace, q.Check(), func(all []*span.Span) (query.TracePage, error) {
		return oracle.Traces(all, q), nil
	})
}

// Trace is told at store.Reader.
func (b *blind) Trace(ctx context.Context, workspace string, id span.TraceID) ([]*span.Span, error) {
	return over(b, ctx, workspace, nil, func(all []*span.Span) ([]*span.Span, error) { return oracle.Trace(all, id) })
}

// Heatmap is told at store.Reader.
func (b *blind) Heatmap(ctx context.Context, workspace string, q query.Heatmap) (query.HeatmapAnswer, error) {
	return over(b, ctx, workspace, q.Check(), func(all []*span.Span) (query.HeatmapAnswer, error) {
		return oracle.Heatmap(all, q)
	})
}

// Keys is told at store.Reader.
func (b *blind) Keys(ctx context.Context, workspace string, q query.Keys) ([]query.Key, error) {
	return over(b, ctx, workspace, query.Check(q.Filter), func(all []*span.Span) ([]query.Key, error) {
		return oracle.Keys(all, q), nil
	})
}

// Values is told at store.Reader.
func (b *blind) Values(ctx context.Context, workspace string, q query.Values) ([]query.ValueCount, error) {
	return over(b, ctx, workspace, q.Check(), func(all []*span.Span) ([]query.ValueCount, error) {
		return oracle.Values(all, q), nil
	})
}

// Count is told at store.Reader.
func (b *blind) Count(ctx context.Context, workspace string, q query.Count) (int, error) {
	return over(b, ctx, workspace, query.Check(q.Filter), func(all []*span.Span) (int, error) {
		return oracle.Count(all, q), nil
	})
}
