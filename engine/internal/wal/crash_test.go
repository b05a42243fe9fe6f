package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"github.com/spanstead/spanstead/engine/internal/disk"
)

// history is a log's life in one random run: what was appended, and how much of
// it had to be there after each step.
type history struct {
	appended  []seen // in order; what failed and was refused is taken out again
	committed int    // how many of them were acknowledged
}

// live appends, commits, fails, closes and reopens at random until the disk
// crashes or the steps are done. Its random choices depend on the seed alone.
func (h *history) live(t *testing.T, f *disk.Faulty, rng *rand.Rand) {
	w, err := Create(f, ".", 7, Options{Salt: rng.Uint64()})
	if err != nil {
		return
	}
	var last Ticket
	for n := range 25 {
		switch op := rng.IntN(20); {
		case op < 10:
			r := seen{Kind(rng.IntN(250)), randomPayload(rng, n)}
			ticket, err := tryAdd(w, r.Kind, r.Payload)
			if err != nil {
				t.Fatalf("append: %v", err)
			}
			h.appended = append(h.appended, r)
			last = ticket
		case op < 16:
			if !h.commit(t, w, last) {
				return
			}
		case op < 18:
			f.SetHook(failing(disk.OpWrite, &disk.ShortWrite{N: rng.IntN(3000), Err: syscall.ENOSPC}))
			ok := h.commit(t, w, last)
			f.SetHook(nil)
			if !ok {
				return
			}
		case op == 18:
			if w = h.reopen(t, f, w); w == nil {
				return
			}
		default:
			if err := w.Sync(); err != nil {
				return
			}
			h.committed = len(h.appended)
		}
	}
}

// commit reports whether life goes on.
func (h *history) commit(t *testing.T, w *Writer, ticket Ticket) bool {
	err := w.Commit(ticket)
	if err == nil {
		h.committed = max(h.committed, len(h.appended))
		return true
	}
	if !errors.Is(err, ErrFull) {
		return false
	}
	failure, ok := w.Failed()
	if !ok {
		return true // the ticket of an earlier failure
	}
	if failure.Final {
		t.Fatalf("full disk is final: %v", failure.Err)
	}
	// All that was not committed is taken back.
	h.appended = h.appended[:h.committed]
	if err := w.Resume(); err != nil {
		t.Fatal(err)
	}
	return true
}

func (h *history) reopen(t *testing.T, f *disk.Faulty, w *Writer) *Writer {
	if err := w.Close(); err != nil {
		return nil
	}
	h.committed = len(h.appended)
	file, err := f.Open(Name(7))
	if err != nil {
		return nil
	}
	res, err := Replay(file, 7, func(Record) error { return nil })
	if errors.Is(err, disk.ErrCrashed) {
		return nil
	}
	if err != nil || res.TornTail || !res.Marked {
		t.Fatalf("replay after close: %+v %v", res, err)
	}
	w, err = OpenWriter(f, ".", 7, res, Options{})
	if err != nil {
		return nil
	}
	return w
}

// recover replays the log after a crash, checks it, and continues it.
func (h *history) recover(t *testing.T, m *disk.Mem) {
	t.Helper()
	if _, err := m.Stat(Name(7)); errors.Is(err, fs.ErrNotExist) {
		if h.committed > 0 {
			t.Fatalf("no log, %d records were committed", h.committed)
		}
		return
	}
	got, res, err := replay(t, m)
	if err != nil {
		t.Fatalf("replay: %v", err)
	}
	if len(got) < h.committed {
		t.Fatalf("%d records, %d were committed (%+v)", len(got), h.committed, res)
	}
	if len(got) > len(h.appended) || !slices.Equal(got, h.appended[:len(got)]) {
		t.Fatalf("%d records that are not the %d appended", len(got), len(h.appended))
	}
	w, err := OpenWriter(m, ".", 7, res, Options{})
	must(t, err)
	wantSame := append(slices.Clone(got), seen{1, "after"})
	commit(t, w, 1, "after")
	again, _, err := replay(t, m.Crash(disk.CrashLosesAll))
	if err != nil || !slices.Equal(again, wantSame) {
		t.Fatalf("after the crash %d records and one more, then %d: %v", len(got), len(again), err)
	}
}

// TestCrashAtEveryOperation: whatever a crash leaves of the disk, every
// committed record is there once and in order, and none that was never appended
// or was reported as failed.
func TestCrashAtEveryOperation(t *testing.T) {
	for seed := range uint64(30) {
		ops := 1 << 20
		for at := 1; at <= ops+1; at++ {
			m := disk.NewMem()
			f := disk.NewFaulty(m, nil)
			f.CrashAt(at)
			h := &history{}
			h.live(t, f, rand.New(rand.NewPCG(seed, 1)))
			if f.Ops() < at {
				ops = 0 // the history ended before this crash
			}
			for crash := range uint64(12) {
				ok := t.Run(fmt.Sprintf("seed=%d/at=%d/crash=%d", seed, at, crash), func(t *testing.T) {
					h.recover(t, m.Crash(crash+seed*100))
				})
				if !ok {
					t.FailNow()
				}
			}
		}
	}
}
