package engine

import (
	"context"
	"errors"
	"testing"

	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/internal/wal"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
)

// TestTailOfAnOlderLog: a log that another one follows was synced to its end,
// so what is missing there is damage, and questions say so.
func TestTailOfAnOlderLog(t *testing.T) {
	mem := disk.NewMem()
	fail := disk.NewFaulty(mem, nil)
	h := newHistory(1, fail)
	h.opt.SealRows, h.opt.Log = 1000, quiet()
	if err := h.open(); err != nil {
		t.Fatal(err)
	}
	w := h.store.workspaces[DefaultWorkspace]
	for from := 0; from < 40; from += 10 {
		if _, err := h.store.Append(context.Background(), "", otlp.AppendRequest(nil, enginetest.Spans(enginetest.Rand(uint64(from)), 10))); err != nil {
			t.Fatal(err)
		}
	}
	w.mu.Lock()
	old := w.dir + "/" + wal.Name(w.logID)
	err := w.rotate() // and no more: the frozen head is not sealed
	w.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	left := mem.Crash(disk.CrashLosesAll)
	f, err := left.OpenAppend(old)
	if err != nil {
		t.Fatal(err)
	}
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(size-3), f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
	h.opt.disk = left
	if err := h.open(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.Count(context.Background(), "", query.Count{}); !errors.Is(err, query.ErrCorrupt) {
		t.Fatalf("answered %v", err)
	}
	if faults := h.store.Health().Faults; len(faults) != 1 || faults[0].File != old+corruptSuffix {
		t.Fatalf("%+v", faults)
	}
}
