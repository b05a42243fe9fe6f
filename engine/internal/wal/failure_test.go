package wal

import (
	"errors"
	"io"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spanstead/spanstead/engine/internal/disk"
)

// failing is a hook that fails one kind of operation.
func failing(kind disk.OpKind, err error) func(disk.Op) error {
	return func(op disk.Op) error {
		if op.Kind == kind {
			return err
		}
		return nil
	}
}

func TestFullDisk(t *testing.T) {
	m := disk.NewMem()
	f := disk.NewFaulty(m, nil)
	w := create(t, f, Options{})
	commit(t, w, 1, "a")
	f.SetHook(failing(disk.OpWrite, &disk.ShortWrite{N: 60, Err: syscall.ENOSPC}))
	b, c := add(t, w, 1, "b"), add(t, w, 1, "c")
	wantErr(t, w.Commit(c), ErrFull)
	wantErr(t, w.Commit(b), syscall.ENOSPC)
	if errors.Is(w.Commit(b), ErrBroken) {
		t.Error("a full disk broke the log")
	}
	if failure, ok := w.Failed(); !ok || failure.From != 2 || failure.Final {
		t.Errorf("failure %+v %v", failure, ok)
	}
	_, err := tryAdd(w, 1, "refused")
	wantErr(t, err, ErrFull)
	wantLog(t, m, "a")
	wantLog(t, m.Crash(disk.CrashKeepsAll), "a")
	wantLog(t, m.Crash(disk.CrashLosesAll), "a")

	// Still full: it can be tried any number of times.
	must(t, w.Resume())
	wantErr(t, w.Commit(add(t, w, 1, "d")), ErrFull)
	f.SetHook(nil)
	must(t, w.Resume())
	if _, ok := w.Failed(); ok {
		t.Error("still failed after Resume")
	}
	e := add(t, w, 1, "e")
	if e.Sequence() != 2 {
		t.Errorf("number %d after the failure", e.Sequence())
	}
	must(t, w.Commit(e))
	wantErr(t, w.Commit(b), ErrFull)
	if res := wantLog(t, m.Crash(disk.CrashLosesAll), "a e"); res.GoodOffset != w.Size() {
		t.Errorf("size %d, file %d", w.Size(), res.GoodOffset)
	}
	must(t, w.Close())
}

// TestUndoSyncs: taking back a write makes what stands before it durable, and
// the next record claims so.
func TestUndoSyncs(t *testing.T) {
	m := disk.NewMem()
	f := disk.NewFaulty(m, nil)
	w := create(t, f, Options{Policy: SyncNever})
	commit(t, w, 1, "a")
	end := w.Size()
	f.SetHook(failing(disk.OpWrite, &disk.ShortWrite{N: 9, Err: syscall.EDQUOT}))
	wantErr(t, w.Commit(add(t, w, 1, "b")), ErrFull)
	wantLog(t, m.Crash(disk.CrashLosesAll), "a")
	f.SetHook(nil)
	must(t, w.Resume())
	commit(t, w, 1, "c")
	if res := wantLog(t, m, "a c"); res.SyncedOffset != end {
		t.Errorf("synced to %d, the record claims %d", end, res.SyncedOffset)
	}
	must(t, w.Close())
}

// TestFailureTakesWhatGathered: records appended while a write is failing fail
// with it, since they stand behind it.
func TestFailureTakesWhatGathered(t *testing.T) {
	f := disk.NewFaulty(disk.NewMem(), nil)
	w := create(t, f, Options{})
	var behind Ticket
	f.SetHook(func(op disk.Op) error {
		if op.Kind == disk.OpWrite {
			behind, _ = tryAdd(w, 1, "behind")
			return syscall.EIO
		}
		return nil
	})
	first := add(t, w, 1, "first")
	wantErr(t, w.Commit(first), syscall.EIO)
	f.SetHook(nil)
	wantErr(t, w.Commit(behind), syscall.EIO)
	failure, _ := w.Failed()
	if first.Sequence() != 1 || behind.Sequence() != 2 || failure.From != 1 || failure.Final {
		t.Errorf("numbers %d and %d, failure %+v", first.Sequence(), behind.Sequence(), failure)
	}
	must(t, w.Close())
}

func TestFailedSyncIsFinal(t *testing.T) {
	m := disk.NewMem()
	f := disk.NewFaulty(m, nil)
	w := create(t, f, Options{})
	commit(t, w, 1, "a")
	f.SetHook(failing(disk.OpSync, syscall.EIO))
	b := add(t, w, 1, "b")
	wantErr(t, w.Commit(b), ErrBroken)
	wantErr(t, w.Commit(b), syscall.EIO)
	if failure, _ := w.Failed(); failure.From != 2 || !failure.Final {
		t.Errorf("failure %+v", failure)
	}

	// From here on the file is left alone.
	f.SetHook(nil)
	ops := f.Ops()
	wantErr(t, w.Resume(), ErrBroken)
	_, err := tryAdd(w, 1, "c")
	wantErr(t, err, ErrBroken)
	wantErr(t, w.Sync(), ErrBroken)
	wantErr(t, w.Close(), ErrBroken)
	if f.Ops() != ops {
		t.Errorf("%d operations after the failure", f.Ops()-ops)
	}

	w = reopen(t, m, Options{})
	commit(t, w, 1, "d")
	wantLog(t, m.Crash(disk.CrashLosesAll), "a d")
}

// TestWriteThatCannotBeUndone is final too, and replay copes with what it left.
func TestWriteThatCannotBeUndone(t *testing.T) {
	for _, kind := range []disk.OpKind{disk.OpTruncate, disk.OpSync} {
		m := disk.NewMem()
		f := disk.NewFaulty(m, nil)
		w := create(t, f, Options{})
		commit(t, w, 1, "a")
		f.SetHook(func(op disk.Op) error {
			switch op.Kind {
			case disk.OpWrite:
				return &disk.ShortWrite{N: 51, Err: syscall.ENOSPC}
			case kind:
				return syscall.EIO
			}
			return nil
		})
		wantErr(t, w.Commit(add(t, w, 1, "bcdef")), ErrBroken)
		wantErr(t, w.Close(), ErrBroken)
		res := wantLog(t, m, "a")
		if kind == disk.OpTruncate && (!res.TornTail || res.Dropped != 51) {
			t.Errorf("result %+v", res)
		}
		w = reopen(t, m, Options{})
		commit(t, w, 1, "g")
		wantLog(t, m.Crash(disk.CrashLosesAll), "a g")
	}
}

// TestFailedIntervalSync: the sync in the background breaks the writer, and the
// next append says so.
func TestFailedIntervalSync(t *testing.T) {
	ticks := make(chan time.Time)
	f := disk.NewFaulty(disk.NewMem(), nil)
	w := create(t, f, Options{Policy: SyncInterval, Ticks: ticks})
	commit(t, w, 1, "a")
	f.SetHook(failing(disk.OpSync, syscall.EIO))
	ticks <- time.Time{}
	ticks <- time.Time{} // taken once the first sync has returned
	_, err := tryAdd(w, 1, "b")
	wantErr(t, err, ErrBroken)
	if failure, _ := w.Failed(); failure.From != 2 || !failure.Final {
		t.Errorf("failure %+v", failure)
	}
	wantErr(t, w.Close(), ErrBroken)
}

func TestCreateThatFails(t *testing.T) {
	for _, kind := range []disk.OpKind{disk.OpCreate, disk.OpWrite, disk.OpSync, disk.OpSyncDir} {
		m := disk.NewMem()
		f := disk.NewFaulty(m, failing(kind, syscall.ENOSPC))
		_, err := Create(f, ".", 7, Options{})
		wantErr(t, err, syscall.ENOSPC)
		f.SetHook(nil)
		w := create(t, f, Options{})
		commit(t, w, 1, "a")
		wantLog(t, m, "a")
	}
}

// TestCommittersOfAFailure: everyone who waits hears of it, and whoever comes
// after Resume does not.
func TestCommittersOfAFailure(t *testing.T) {
	m := disk.NewMem()
	f := disk.NewFaulty(m, nil)
	w := create(t, f, Options{})
	f.SetHook(failing(disk.OpWrite, syscall.ENOSPC))
	var tickets []Ticket
	for range 20 {
		tickets = append(tickets, add(t, w, 1, "x"))
	}
	var all sync.WaitGroup
	for _, ticket := range tickets {
		all.Go(func() {
			if err := w.Commit(ticket); !errors.Is(err, ErrFull) {
				t.Errorf("commit: %v", err)
			}
		})
	}
	all.Wait()
	f.SetHook(nil)
	must(t, w.Resume())
	commit(t, w, 1, "y")
	wantLog(t, m, "y")
}

func TestReadErrorsAreNotCorruption(t *testing.T) {
	m := disk.NewMem()
	f := disk.NewFaulty(m, nil)
	w := create(t, f, Options{})
	commit(t, w, 1, "a")
	for _, kind := range []disk.OpKind{disk.OpRead, disk.OpSize} {
		f.SetHook(failing(kind, syscall.EIO))
		_, _, err := replay(t, f)
		wantErr(t, err, syscall.EIO)
		if errors.Is(err, ErrCorrupt) {
			t.Errorf("%v", err)
		}
	}
	_, err := Replay(shrunk{}, 7, func(Record) error { return nil })
	wantErr(t, err, io.ErrUnexpectedEOF)
}

// shrunk says that it has bytes, and has none.
type shrunk struct{}

func (shrunk) Size() (int64, error)                  { return 1000, nil }
func (shrunk) ReadAt(p []byte, _ int64) (int, error) { return 0, io.EOF }
