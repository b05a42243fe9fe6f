package wal

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/engine/internal/disk"
)

func TestRoundTrip(t *testing.T) {
	for name, codec := range map[string]Codec{"default": 0, "raw": Raw, "s2": S2, "zstd": Zstd} {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, uint64(codec)))
			m := disk.NewMem()
			w := create(t, m, Options{Codec: codec})
			var want []seen
			for i := range 300 {
				r := seen{Kind(rng.IntN(255)), randomPayload(rng, i)}
				if i == 100 {
					r.Payload = string(bytes.Repeat([]byte("wide "), windowSize))
				}
				want = append(want, r)
				commit(t, w, r.Kind, r.Payload)
				if i%70 == 69 {
					must(t, w.Close())
					w = reopen(t, m, Options{Codec: codec})
				}
			}
			size := w.Size()
			got, res, err := replay(t, m)
			must(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if res.TornTail || res.GoodOffset != size || res.Marked {
				t.Errorf("result %+v", res)
			}
		})
	}
}

func TestRoundTripOnTheOS(t *testing.T) {
	o, err := disk.OpenOS(t.TempDir())
	must(t, err)
	defer o.Close()
	w := create(t, o, Options{})
	commit(t, w, 1, "one")
	must(t, w.Close())
	w = reopen(t, o, Options{})
	commit(t, w, 1, "two")
	wantLog(t, o, "one two")
	must(t, w.Close())
}

func TestCreateRefusesAnExistingLog(t *testing.T) {
	m := disk.NewMem()
	w := create(t, m, Options{})
	commit(t, w, 1, "one")
	_, err := Create(m, ".", 7, Options{})
	wantErr(t, err, fs.ErrExist)
	wantLog(t, m, "one")
	_, err = OpenWriter(m, ".", 8, Result{}, Options{})
	wantErr(t, err, fs.ErrNotExist)
	if _, err = OpenWriter(m, ".", 7, Result{GoodOffset: 1e6}, Options{}); err == nil {
		t.Error("opened a log that is shorter than replayed")
	}
}

func TestLimits(t *testing.T) {
	w := create(t, disk.NewMem(), Options{})
	_, err := w.Encode(1, make([]byte, MaxPayload+1))
	wantErr(t, err, ErrTooLarge)
	if _, err := w.Encode(KindMark, nil); err == nil {
		t.Error("encoded the reserved kind")
	}
	if _, err := Create(disk.NewMem(), ".", 1, Options{Codec: 9}); err == nil {
		t.Error("created with an unknown codec")
	}
	must(t, w.Commit(Ticket{}))
}

// TestCommitIsDurable: what is committed survives the loss of everything that
// was not synced, with all that came before it.
func TestCommitIsDurable(t *testing.T) {
	m := disk.NewMem()
	w := create(t, m, Options{})
	wantLog(t, m.Crash(disk.CrashLosesAll), "")
	add(t, w, 1, "a")
	second := add(t, w, 1, "b")
	wantLog(t, m.Crash(disk.CrashKeepsAll), "")
	must(t, w.Commit(second))
	if second.Sequence() != 2 {
		t.Errorf("sequence %d", second.Sequence())
	}
	wantLog(t, m.Crash(disk.CrashLosesAll), "a b")
	if s := w.Stats(); s != (Stats{Records: 2, Groups: 1, Syncs: 1}) {
		t.Errorf("stats %+v", s)
	}
}

func TestPolicies(t *testing.T) {
	for _, test := range []struct {
		policy                  Policy
		committed, after, ended string
	}{
		{SyncAlways, "a", "a b", "a b"},
		{SyncInterval, "", "a b", "a b"},
		{SyncNever, "", "", ""},
	} {
		m := disk.NewMem()
		ticks := make(chan time.Time)
		synced := make(chan bool, 9)
		f := disk.NewFaulty(m, func(op disk.Op) error {
			if op.Kind == disk.OpSync {
				synced <- true
			}
			return nil
		})
		w := create(t, f, Options{Policy: test.policy, Ticks: ticks})
		<-synced // the header
		commit(t, w, 1, "a")
		wantLog(t, m, "a")
		wantLog(t, m.Crash(disk.CrashLosesAll), test.committed)
		commit(t, w, 1, "b")
		if test.policy == SyncInterval {
			ticks <- time.Time{}
			ticks <- time.Time{} // taken once the first sync has returned
		}
		wantLog(t, m.Crash(disk.CrashLosesAll), test.after)
		must(t, w.Close())
		wantLog(t, m, "a b")
		wantLog(t, m.Crash(disk.CrashLosesAll), test.ended)
	}
}

func TestSyncWhateverThePolicy(t *testing.T) {
	m := disk.NewMem()
	w := create(t, m, Options{Policy: SyncNever})
	commit(t, w, 1, "a")
	add(t, w, 1, "b")
	must(t, w.Sync())
	wantLog(t, m.Crash(disk.CrashLosesAll), "a b")
	must(t, w.Close())
}

func TestIntervalWithARealTimer(t *testing.T) {
	m := disk.NewMem()
	synced := make(chan bool, 100)
	f := disk.NewFaulty(m, nil)
	w := create(t, f, Options{Policy: SyncInterval, Interval: time.Millisecond})
	f.SetHook(func(op disk.Op) error {
		if op.Kind == disk.OpSync {
			synced <- true
		}
		return nil
	})
	commit(t, w, 1, "a")
	<-synced
	must(t, w.Close())
	wantLog(t, m.Crash(disk.CrashLosesAll), "a")
}

func TestCloseWritesWhatWasAppended(t *testing.T) {
	m := disk.NewMem()
	w := create(t, m, Options{})
	ticket := add(t, w, 1, "a")
	must(t, w.Close())
	must(t, w.Commit(ticket))
	if res := wantLog(t, m.Crash(disk.CrashLosesAll), "a"); !res.Marked || res.LastSequence != 2 {
		t.Errorf("result %+v", res)
	}
	wantErr(t, w.Close(), ErrClosed)
	wantErr(t, w.Sync(), ErrClosed)
	_, err := tryAdd(w, 1, "b")
	wantErr(t, err, ErrClosed)
}

// TestCloseMarksOnce: opening and closing without an append writes nothing.
func TestCloseMarksOnce(t *testing.T) {
	m := disk.NewMem()
	w := create(t, m, Options{})
	must(t, w.Close())
	empty := len(readFile(t, m))
	if empty != fileHeaderSize {
		t.Errorf("empty log has %d bytes", empty)
	}
	w = reopen(t, m, Options{})
	commit(t, w, 1, "a")
	must(t, w.Close())
	size := len(readFile(t, m))
	must(t, reopen(t, m, Options{}).Close())
	if got := len(readFile(t, m)); got != size {
		t.Errorf("%d bytes, then %d", size, got)
	}
}

func TestAppendTwicePanics(t *testing.T) {
	w := create(t, disk.NewMem(), Options{})
	e, err := w.Encode(1, bytes.Repeat([]byte("x"), 1000))
	must(t, err)
	if _, err := w.Append(e); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	w.Append(e)
}

// TestGroupCommit: committers that come while a sync is under way share the
// next one. The first sync waits until all others have appended.
func TestGroupCommit(t *testing.T) {
	const others = 50
	m := disk.NewMem()
	var appended sync.WaitGroup
	appended.Add(others)
	inSync := make(chan bool)
	var syncs atomic.Int32
	f := disk.NewFaulty(m, nil)
	w := create(t, f, Options{})
	f.SetHook(func(op disk.Op) error {
		if op.Kind == disk.OpSync && syncs.Add(1) == 1 {
			close(inSync)
			appended.Wait()
		}
		return nil
	})
	var all sync.WaitGroup
	all.Go(func() {
		ticket, err := tryAdd(w, 1, "first")
		if err == nil {
			err = w.Commit(ticket)
		}
		if err != nil {
			t.Error(err)
		}
	})
	<-inSync
	for i := range others {
		all.Go(func() {
			ticket, err := tryAdd(w, 1, fmt.Sprint(i))
			appended.Done()
			if err == nil {
				err = w.Commit(ticket)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if s := w.Stats(); s != (Stats{Records: others + 1, Groups: 2, Syncs: 2}) {
		t.Errorf("stats %+v", s)
	}
	got, _, err := replay(t, m.Crash(disk.CrashLosesAll))
	must(t, err)
	if len(got) != others+1 || got[0].Payload != "first" {
		t.Errorf("%d records, the first %q", len(got), got[0].Payload)
	}
}

// TestManyCommitters checks order and count of records that many goroutines
// append under a lock of their own, as the store does.
func TestManyCommitters(t *testing.T) {
	const goroutines, each = 16, 200
	m := disk.NewMem()
	w := create(t, m, Options{})
	var order sync.Mutex
	var want []seen
	var all sync.WaitGroup
	for g := range goroutines {
		all.Go(func() {
			for i := range each {
				r := seen{Kind(g), fmt.Sprintf("%d-%d %0*d", g, i, i, 0)}
				e, err := w.Encode(r.Kind, []byte(r.Payload))
				if err != nil {
					t.Error(err)
					return
				}
				order.Lock()
				ticket, err := w.Append(e)
				want = append(want, r)
				n := len(want)
				order.Unlock()
				if err == nil {
					err = w.Commit(ticket)
				}
				if err != nil || ticket.Sequence() != uint64(n) {
					t.Errorf("record %d has number %d: %v", n, ticket.Sequence(), err)
					return
				}
			}
		})
	}
	all.Wait()
	got, _, err := replay(t, m.Crash(disk.CrashLosesAll))
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := w.Stats(); s.Records != goroutines*each || s.Syncs > s.Records {
		t.Errorf("stats %+v", s)
	}
}
