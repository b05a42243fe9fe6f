package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine"
)

// storeOptions say which store is opened.
type storeOptions struct {
	dir  string // "" is in memory
	sync string // always, interval or never
}

// syncs are the words of --sync.
var syncs = map[string]engine.Sync{
	"always": engine.SyncAlways, "interval": engine.SyncInterval, "never": engine.SyncNever,
}

// opened is a store with what serve asks of it beside questions. Closing it
// leaves nothing to replay.
type opened struct {
	store.Store
	io.Closer
	problems func(ctx context.Context) []string
}

// openStore opens the store that serve runs on.
func openStore(o storeOptions, log *slog.Logger) (*opened, error) {
	st, err := engine.Open(engine.Options{Dir: o.dir, Sync: syncs[o.sync], Log: log})
	if err != nil {
		return nil, err
	}
	return &opened{Store: st, Closer: st, problems: func(context.Context) []string { return problemsOf(st.Health()) }}, nil
}

// problemsOf lists what keeps the store from doing all of its work.
func problemsOf(h engine.Health) []string {
	var list []string
	for _, f := range h.Faults {
		list = append(list, fmt.Sprintf("workspace %q: %s was set aside: %s", f.Workspace, f.File, f.Err))
	}
	for workspace, why := range h.ReadOnly {
		list = append(list, fmt.Sprintf("workspace %q takes no writes: %s", workspace, why))
	}
	for workspace, why := range h.Background {
		list = append(list, fmt.Sprintf("workspace %q: sealing or merging: %s", workspace, why))
	}
	slices.Sort(list)
	return list
}
