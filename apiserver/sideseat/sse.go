package sideseat

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"net/http"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// spanEvent is what a stream says of a span that has arrived.
type spanEvent struct {
	ProjectID string  `json:"project_id"`
	TraceID   string  `json:"trace_id"`
	SpanID    string  `json:"span_id"`
	SessionID *string `json:"session_id"`
	UserID    *string `json:"user_id"`
}

// A store does not tell of arrivals, so a stream counts spans, and looks for
// new ones when there are more. In a large store it looks only among those
// that started lately.
const (
	watchAll   = 100_000
	watchSince = time.Hour
	keepAlive  = 15 * time.Second
)

// watcher remembers the spans that a stream has seen.
type watcher struct {
	seed  maphash.Seed
	seen  map[uint64]struct{}
	count int
}

// stream answers GET /sse with an event for every span that arrives, until the
// client leaves.
func (a *Adapter) stream(w http.ResponseWriter, r *request) error {
	ctx := r.Context()
	v := &watcher{seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
	if err := a.watch(ctx, r.project, v, func(*span.Span) error { return nil }); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	_ = out.Flush() // a writer that cannot flush sends what it has when it likes
	poll := time.NewTicker(a.opt.Poll)
	defer poll.Stop()
	quiet := time.Duration(0)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C:
		}
		sent := false
		err := a.watch(ctx, r.project, v, func(s *span.Span) error {
			sent = true
			return a.writeEvent(w, r.project, s)
		})
		if quiet += a.opt.Poll; err == nil && !sent && quiet >= keepAlive {
			_, err = fmt.Fprint(w, ":\n\n")
			sent = true
		}
		if err != nil {
			return nil // the answer has begun: all that is left is to end it
		}
		if sent {
			quiet = 0
			_ = out.Flush()
		}
	}
}

func (a *Adapter) writeEvent(w http.ResponseWriter, project string, s *span.Span) error {
	it := a.item(s)
	data, err := json.Marshal(spanEvent{project, it.traceID, it.spanID, it.SessionID, it.UserID})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "event: span\ndata: %s\n\n", data)
	return err
}

// watch calls fn with the spans that it has not seen before.
func (a *Adapter) watch(ctx context.Context, project string, v *watcher, fn func(*span.Span) error) error {
	count, err := a.opt.Store.Count(ctx, project, query.Count{})
	if err != nil || count == v.count {
		return err
	}
	v.count = count
	var q query.Spans
	if count > watchAll {
		q.Range.From = unixNano(rest.Now(ctx, a.opt.Now).Add(-watchSince))
	}
	var failed error
	err = a.opt.Store.Each(ctx, project, q, func(s *span.Span) bool {
		key := maphash.Comparable(v.seed, [2]any{s.TraceID, s.SpanID})
		if _, ok := v.seen[key]; ok {
			return true
		}
		v.seen[key] = struct{}{}
		failed = fn(s)
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	return err
}
