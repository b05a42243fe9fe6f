package bench

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spanstead/spanstead/engine"
)

// Engine is this project's engine with its default options: an acknowledged
// request is synced.
func Engine() Peer {
	return Peer{
		Name:    "spanstead",
		Version: moduleVersion(),
		Promise: "synced",
		Open: func(_ context.Context, dir string) (System, error) {
			return openEngine(engine.Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
		},
	}
}

type engineSystem struct {
	options engine.Options
	store   *engine.Store
}

func openEngine(o engine.Options) (*engineSystem, error) {
	store, err := engine.Open(o)
	if err != nil {
		return nil, err
	}
	return &engineSystem{o, store}, nil
}

func (e *engineSystem) Ingest(ctx context.Context, b []byte) error {
	result, err := e.store.Append(ctx, workspace, b)
	if err == nil && result.Rejected > 0 {
		err = fmt.Errorf("%d spans rejected: %s", result.Rejected, result.Message)
	}
	return err
}

// Finish closes the store, which seals its head and waits for merges, and
// opens it again.
func (e *engineSystem) Finish(context.Context) error {
	if err := e.store.Close(); err != nil {
		return err
	}
	again, err := engine.Open(e.options)
	if err == nil {
		e.store = again
	}
	return err
}

func (e *engineSystem) Ask(ctx context.Context, q *Question) (Answer, error) {
	return ask(ctx, e.store, q)
}

func (e *engineSystem) Close() error { return e.store.Close() }
