package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// A mishap is a history on a disk that fails now and then, with what was
// acknowledged.
type mishap struct {
	*history
	faulty *disk.Faulty
	mem    *disk.Mem
}

func newMishap(seed uint64) *mishap {
	mem := disk.NewMem()
	m := &mishap{faulty: disk.NewFaulty(mem, nil), mem: mem}
	m.history = newHistory(seed, m.faulty)
	m.opt.SealRows, m.opt.Log, m.opt.NoIndex = 5, quiet(), false
	return m
}

// write appends, or sometimes deletes, as the number of the step says, and
// keeps the model in step. What was refused must not be seen.
func (m *mishap) write(i int) error {
	ctx := context.Background()
	if i%7 == 6 {
		id := m.pool[m.r.IntN(len(m.pool))].TraceID
		_, err := m.store.DeleteTraces(ctx, DefaultWorkspace, []span.TraceID{id})
		if err == nil {
			m.model.delete(id)
		}
		return err
	}
	spans := m.some(6)
	_, err := m.store.Append(ctx, DefaultWorkspace, otlp.AppendRequest(nil, spans))
	if err == nil {
		m.model.append(spans)
	}
	return err
}

// holds says whether the store holds what the model holds.
func (m *mishap) holds() error {
	page, err := m.store.Spans(context.Background(), DefaultWorkspace, query.Spans{Limit: 10_000})
	if err != nil {
		return err
	}
	if fingerprint(page.Spans) != fingerprint(m.model.spans) {
		return fmt.Errorf("%d spans instead of %d: %v, not %v", len(page.Spans), len(m.model.spans), keysOf(page.Spans), keysOf(m.model.spans))
	}
	return nil
}

// afterwards: once the disk works again so do writes; and nothing is lost or
// doubled when the power fails, or the store is closed, and it is opened again.
func (m *mishap) afterwards() error {
	m.faulty.SetHook(nil)
	for i := range 6 {
		if err := m.write(i); err != nil {
			return fmt.Errorf("the disk works again: %w", err)
		}
	}
	return m.again()
}

func (m *mishap) again() error {
	if err := m.holds(); err != nil {
		return err
	}
	crashed := m.mem.Crash(disk.CrashLosesAll)
	closed := m.store.Close()
	for _, mem := range []*disk.Mem{crashed, m.mem.Crash(disk.CrashLosesAll)} {
		m.opt.disk = mem
		if err := m.open(); err != nil {
			return err
		}
		if err := m.holds(); err != nil {
			return fmt.Errorf("opened again: %w", err)
		}
		if err := m.store.Close(); err != nil {
			return err
		}
	}
	return closed
}

// everywhere runs a history again and again, and lets the n-th operation of a
// kind fail, and as many after it as is said. Of many operations only
// some are tried.
func everywhere(t *testing.T, kinds string, try func(m *mishap, fail func(err error, more int)) error) {
	t.Helper()
	stride := 6
	if testing.Short() {
		stride = 17
	}
	if kinds == "read" {
		stride *= 13
	}
	for seed := range 2 {
		for n := 1 + seed; ; n += stride {
			m, seen := newMishap(uint64(seed)), 0
			fail := func(failure error, more int) {
				m.faulty.SetHook(func(op disk.Op) error {
					if !slices.Contains(strings.Fields(kinds), string(op.Kind)) {
						return nil
					}
					if seen++; seen >= n && seen-n <= more {
						return failure
					}
					return nil
				})
			}
			err := try(m, fail)
			if err != nil {
				t.Fatalf("seed %d, operation %d: %v", seed, n, err)
			}
			if seen < n {
				t.Logf("seed %d: %d operations", seed, n)
				break
			}
		}
	}
}

// TestDiskFull: no write finds room from some point on. Writes are refused
// before they are acknowledged, questions go on, and there is no damage.
func TestDiskFull(t *testing.T) {
	everywhere(t, "write create", func(m *mishap, fail func(error, int)) error {
		if err := m.open(); err != nil {
			return err
		}
		fail(&disk.ShortWrite{N: m.r.IntN(30), Err: syscall.ENOSPC}, 1<<30)
		for i := range 30 {
			err := m.write(i)
			if err != nil && !errors.Is(err, query.ErrFull) {
				return err
			}
			if err := m.holds(); err != nil {
				return fmt.Errorf("after step %d: %w", i, err)
			}
		}
		return m.afterwards()
	})
}

// TestDiskFullOnce: one write finds no room, and the next one does.
func TestDiskFullOnce(t *testing.T) {
	everywhere(t, "write create", func(m *mishap, fail func(error, int)) error {
		if err := m.open(); err != nil {
			return err
		}
		fail(syscall.ENOSPC, 0)
		for i := range 30 {
			if err := m.write(i); err != nil && !errors.Is(err, query.ErrFull) {
				return err
			}
			if err := m.holds(); err != nil {
				return fmt.Errorf("after step %d: %w", i, err)
			}
		}
		return m.afterwards()
	})
}

// TestFailedSync: after a failed sync of the log the store is read-only until
// it is opened again; questions go on and what was acknowledged is there.
func TestFailedSync(t *testing.T) {
	everywhere(t, "sync", func(m *mishap, fail func(error, int)) error {
		if err := m.open(); err != nil {
			return err
		}
		fail(syscall.EIO, 0)
		readOnly := false
		for i := range 30 {
			err := m.write(i)
			if err != nil && !errors.Is(err, query.ErrReadOnly) || err == nil && readOnly && i%7 != 6 {
				return fmt.Errorf("step %d, read-only %v: %v", i, readOnly, err)
			}
			readOnly = readOnly || err != nil
			if err := m.holds(); err != nil {
				return fmt.Errorf("after step %d: %w", i, err)
			}
		}
		if readOnly != (len(m.store.Health().ReadOnly) > 0) {
			return fmt.Errorf("read-only %v, and health says %v", readOnly, m.store.Health().ReadOnly)
		}
		m.faulty.SetHook(nil)
		return m.again()
	})
}

// TestFailedOnce: any operation on the disk fails once, with an error that is
// neither of a full disk nor, for a file's sync, to be got over. Spans stay
// answerable, and what failed is done later.
func TestFailedOnce(t *testing.T) {
	for _, kind := range []string{"rename", "remove", "sync-dir", "create", "write", "open", "read", "size", "truncate"} {
		t.Run(kind, func(t *testing.T) {
			everywhere(t, kind, func(m *mishap, fail func(error, int)) error {
				if err := m.open(); err != nil {
					return err
				}
				fail(syscall.EIO, 0)
				for i := range 25 {
					if err := m.write(i); err != nil && !errors.Is(err, syscall.EIO) {
						return err
					}
					if err := m.holds(); err != nil && !errors.Is(err, syscall.EIO) {
						return fmt.Errorf("after step %d: %w", i, err)
					}
				}
				return m.afterwards()
			})
		})
	}
}

// TestFullForDocuments: documents and workspaces find no room either, and are
// as before.
func TestFullForDocuments(t *testing.T) {
	ctx := context.Background()
	for n := range 4 {
		m := newMishap(1)
		if err := m.open(); err != nil {
			t.Fatal(err)
		}
		if err := m.store.PutDocument(ctx, "", "saved", "1", []byte("before")); err != nil {
			t.Fatal(err)
		}
		seen := 0
		m.faulty.SetHook(func(op disk.Op) error {
			if op.Kind == disk.OpWrite || op.Kind == disk.OpCreate {
				if seen++; seen > n {
					return syscall.ENOSPC
				}
			}
			return nil
		})
		put := m.store.PutDocument(ctx, "", "saved", "1", []byte("after"))
		create := m.store.CreateWorkspace(ctx, "new")
		for _, err := range []error{put, create} {
			if err != nil && !errors.Is(err, query.ErrFull) {
				t.Fatalf("%d writes: %v", n, err)
			}
		}
		want := map[bool]string{true: "after", false: "before"}[put == nil]
		names, _ := m.store.ListWorkspaces(ctx)
		if b, err := m.store.Document(ctx, "", "saved", "1"); err != nil || string(b) != want || (len(names) == 2) != (create == nil) {
			t.Fatalf("%d writes: %q, %v, %v", n, b, err, names)
		}
		m.faulty.SetHook(nil)
		if err := m.store.CreateWorkspace(ctx, "new"); err != nil {
			t.Fatal(err)
		}
		if _, err := m.store.Append(ctx, "new", otlp.AppendRequest(nil, enginetest.Spans(m.r, 1))); err != nil {
			t.Fatal(err)
		}
		if err := m.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
