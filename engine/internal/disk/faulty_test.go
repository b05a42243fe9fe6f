package disk

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everything uses each operation once and gives the first error.
func everything(fsys FS) error {
	f, err := fsys.Create("a")
	if err != nil {
		return err
	}
	_, werr := io.WriteString(f, "text")
	_, rerr := f.ReadAt(make([]byte, 1), 0)
	_, serr := f.Size()
	err = errors.Join(werr, rerr, serr, f.Sync(), f.Truncate(2), f.Close(),
		fsys.MkdirAll("d"), fsys.Rename("a", "d/b"), fsys.SyncDir("d"))
	if err != nil {
		return err
	}
	for _, open := range []func(string) (File, error){fsys.OpenAppend, fsys.Open} {
		f, err := open("d/b")
		if err != nil {
			return err
		}
		f.Close()
	}
	_, lerr := fsys.List("d")
	_, sterr := fsys.Stat("d/b")
	lock, err := fsys.Lock("LOCK")
	if err != nil {
		return err
	}
	return errors.Join(lerr, sterr, fsys.Remove("d/b"), lock.Close())
}

func TestFaultyNumbersOperations(t *testing.T) {
	var got []string
	f := NewFaulty(NewMem(), func(op Op) error {
		got = append(got, fmt.Sprintf("%d %s %s", op.Seq, op.Kind, op.Name))
		return nil
	})
	must(t, everything(f))
	want := []string{
		"1 create a", "2 write a", "0 read a", "0 size a", "3 sync a", "4 truncate a",
		"5 mkdir-all d", "6 rename a", "7 sync-dir d", "8 open-append d/b", "0 open d/b",
		"0 list d", "0 stat d/b", "9 lock LOCK", "10 remove d/b",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if f.Ops() != 10 {
		t.Errorf("counted %d", f.Ops())
	}
}

func TestCrashAtEveryOperation(t *testing.T) {
	for n := 1; n <= 10; n++ {
		f := NewFaulty(NewMem(), nil)
		f.CrashAt(n)
		wantErr(t, everything(f), ErrCrashed)
		_, err := f.Open("a")
		wantErr(t, err, ErrCrashed)
		_, err = f.List(".")
		wantErr(t, err, ErrCrashed)
	}
	f := NewFaulty(NewMem(), nil)
	f.CrashAt(11)
	must(t, everything(f))
}

func TestHookFailsOneOperation(t *testing.T) {
	m := NewMem()
	f := NewFaulty(m, nil)
	file, err := f.Create("a")
	must(t, err)
	f.SetHook(func(op Op) error {
		switch op.Kind {
		case OpWrite:
			return &ShortWrite{N: 3, Err: syscall.ENOSPC}
		case OpSync:
			return syscall.EIO
		}
		return nil
	})
	n, err := io.WriteString(file, "12345")
	wantErr(t, err, syscall.ENOSPC)
	if n != 3 || text(t, m, "a") != "123" {
		t.Errorf("short write: %d, file %q", n, text(t, m, "a"))
	}
	wantErr(t, file.Sync(), syscall.EIO)
	if got := text(t, m.Crash(CrashLosesAll), "a"); got != "absent" {
		t.Errorf("failed sync made durable: %q", got)
	}
	f.SetHook(nil)
	must(t, file.Sync())
	must(t, file.Close())
}
