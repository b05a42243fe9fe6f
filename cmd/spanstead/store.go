package main

import (
	"errors"
	"io"
	"log/slog"

	"github.com/spanstead/spanstead/apiserver"
	"github.com/spanstead/spanstead/apiserver/store"
)

// storeOptions say which store is opened.
type storeOptions struct {
	dir  string // "" is in memory
	sync string // always, interval or never
}

// openStore opens the store that serve runs on. Closing it leaves nothing to
// replay.
func openStore(o storeOptions, _ *slog.Logger) (store.Store, io.Closer, error) {
	if o.dir != "" {
		return nil, nil, errors.New("--data: this build keeps spans in memory only")
	}
	return apiserver.NewOracle(), nothing{}, nil
}

// nothing has nothing to close.
type nothing struct{}

// Close does nothing.
func (nothing) Close() error { return nil }
