package engine

import (
	"context"
	"errors"
	"testing"

	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
)

// tellingCtx is a context that tells when somebody waits for its end.
type tellingCtx struct {
	context.Context
	waiting chan struct{}
}

func (w tellingCtx) Done() <-chan struct{} {
	select {
	case w.waiting <- struct{}{}:
	default:
	}
	return w.Context.Done()
}

// TestAppendWaitsForSealing: while heads wait to be sealed an append waits too,
// without the lock, until one is sealed or its context ends.
func TestAppendWaitsForSealing(t *testing.T) {
	s, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := s.workspaces[DefaultWorkspace]
	behind := func(heads int) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.running, w.frozen = heads > 0, nil
		for range heads {
			w.frozen = append(w.frozen, &frozen{head: w.newHead()})
		}
		w.wake()
	}
	spans := enginetest.Spans(enginetest.Rand(1), 10)
	start := func() (tellingCtx, context.CancelFunc, chan error) {
		ctx, cancel := context.WithCancel(context.Background())
		seen, done := tellingCtx{ctx, make(chan struct{}, 1)}, make(chan error, 1)
		go func() {
			_, err := s.Append(seen, "", otlp.AppendRequest(nil, spans))
			done <- err
		}()
		return seen, cancel, done
	}

	behind(maxFrozen)
	ctx, cancel, done := start()
	<-ctx.waiting
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled while it waited: %v", err)
	}

	ctx, cancel, done = start()
	defer cancel()
	<-ctx.waiting
	if _, err := s.Count(context.Background(), "", query.Count{}); err != nil {
		t.Fatalf("a question meanwhile: %v", err)
	}
	behind(0)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	n, err := s.Count(context.Background(), "", query.Count{})
	if err != nil || n == 0 {
		t.Fatalf("%d spans, %v", n, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
