package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// forms is every form of FS; each conformance test runs over all of them.
func forms(t *testing.T, test func(t *testing.T, fsys FS)) {
	t.Run("os", func(t *testing.T) {
		o, err := OpenOS(t.TempDir() + "/new/data")
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		test(t, o)
	})
	t.Run("mem", func(t *testing.T) { test(t, NewMem()) })
	t.Run("faulty", func(t *testing.T) { test(t, NewFaulty(NewMem(), nil)) })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

// put makes a file with the given text and syncs it.
func put(t *testing.T, fsys FS, name, text string) {
	t.Helper()
	f, err := fsys.Create(name)
	must(t, err)
	_, err = io.WriteString(f, text)
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
}

// text is a file's content, or "absent".
func text(t *testing.T, fsys FS, name string) string {
	t.Helper()
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "absent"
	}
	must(t, err)
	defer f.Close()
	return content(t, f)
}

func content(t *testing.T, f File) string {
	t.Helper()
	size, err := f.Size()
	must(t, err)
	b := make([]byte, size)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return string(b[:n])
}

func TestFilesGrowAtTheirEnd(t *testing.T) {
	forms(t, func(t *testing.T, fsys FS) {
		put(t, fsys, "a", "one ")
		f, err := fsys.OpenAppend("a")
		must(t, err)
		_, err = io.WriteString(f, "two three")
		must(t, err)
		must(t, f.Truncate(7))
		_, err = io.WriteString(f, "!")
		must(t, err)
		if got := content(t, f); got != "one two!" {
			t.Errorf("after truncate and write: %q", got)
		}
		must(t, f.Truncate(10))
		if got := content(t, f); got != "one two!\x00\x00" {
			t.Errorf("after growing by truncate: %q", got)
		}
		must(t, f.Close())

		g, err := fsys.OpenAppend("b")
		must(t, err)
		defer g.Close()
		if size, err := g.Size(); size != 0 || err != nil {
			t.Errorf("new file: size %d, %v", size, err)
		}
	})
}

func TestCreateIsExclusive(t *testing.T) {
	forms(t, func(t *testing.T, fsys FS) {
		put(t, fsys, "a", "x")
		_, err := fsys.Create("a")
		wantErr(t, err, fs.ErrExist)
		if got := text(t, fsys, "a"); got != "x" {
			t.Errorf("content %q", got)
		}
	})
}

func TestReadAtBounds(t *testing.T) {
	forms(t, func(t *testing.T, fsys FS) {
		put(t, fsys, "a", "hello")
		f, err := fsys.Open("a")
		must(t, err)
		defer f.Close()
		b := make([]byte, 4)
		if n, err := f.ReadAt(b, 1); n != 4 || err != nil || string(b) != "ello" {
			t.Errorf("inside: %d %v %q", n, err, b)
		}
		if n, err := f.ReadAt(b, 3); n != 2 || err != io.EOF {
			t.Errorf("across the end: %d %v", n, err)
		}
		if n, err := f.ReadAt(b, 99); n != 0 || err != io.EOF {
			t.Errorf("past the end: %d %v", n, err)
		}
		if _, err := f.ReadAt(b, -1); err == nil || err == io.EOF {
			t.Errorf("negative offset: %v", err)
		}
	})
}

func TestRenameReplacesAndOpenFilesStayReadable(t *testing.T) {
	forms(t, func(t *testing.T, fsys FS) {
		must(t, fsys.MkdirAll("d/e"))
		put(t, fsys, "d/a", "new")
		put(t, fsys, "d/e/b", "old")
		old, err := fsys.Open("d/e/b")
		must(t, err)
		defer old.Close()
		must(t, fsys.Rename("d/a", "d/e/b"))
		if got := text(t, fsys, "d/e/b"); got != "new" {
			t.Errorf("renamed: %q", got)
		}
		if got := text(t, fsys, "d/a"); got != "absent" {
			t.Errorf("old name: %q", got)
		}
		must(t, fsys.Rename("d/e/b", "d/e/b"))
		must(t, fsys.Remove("d/e/b"))
		if got := content(t, old); got != "old" {
			t.Errorf("replaced file through its handle: %q", got)
		}
		must(t, fsys.SyncDir("d"))
		must(t, fsys.SyncDir("d/e"))
	})
}

func TestListAndStat(t *testing.T) {
	forms(t, func(t *testing.T, fsys FS) {
		must(t, fsys.MkdirAll("d/sub"))
		must(t, fsys.MkdirAll("d/sub"))
		must(t, fsys.MkdirAll("."))
		put(t, fsys, "d/z", "12345")
		put(t, fsys, "d/a", "")
		names, err := fsys.List("d")
		must(t, err)
		if diff := cmp.Diff([]string{"a", "sub", "z"}, names); diff != "" {
			t.Error(diff)
		}
		info, err := fsys.Stat("d/z")
		if err != nil || info != (Info{Size: 5}) {
			t.Errorf("stat of file: %+v %v", info, err)
		}
		for _, dir := range []string{".", "d", "d/sub"} {
			if info, err := fsys.Stat(dir); err != nil || !info.Dir {
				t.Errorf("stat of %s: %+v %v", dir, info, err)
			}
		}
		yes, err := Exists(fsys, "d/z")
		no, err2 := Exists(fsys, "d/y")
		if !yes || no || err != nil || err2 != nil {
			t.Errorf("exists: %v %v %v %v", yes, no, err, err2)
		}
	})
}

func TestErrorsAreTyped(t *testing.T) {
	forms(t, func(t *testing.T, fsys FS) {
		must(t, fsys.MkdirAll("d/e"))
		put(t, fsys, "f", "")
		_, open := fsys.Open("no")
		_, create := fsys.Create("no/file")
		_, list := fsys.List("no")
		_, stat := fsys.Stat("no")
		for name, err := range map[string]error{
			"open": open, "create": create, "list": list, "stat": stat,
			"rename": fsys.Rename("no", "x"), "remove": fsys.Remove("no"), "sync": fsys.SyncDir("no"),
		} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, err := range map[string]error{
			"open a directory":     second(fsys.Open("d")),
			"append to directory":  second(fsys.OpenAppend("d")),
			"rename a directory":   fsys.Rename("d", "x"),
			"rename onto one":      fsys.Rename("f", "d"),
			"remove a full one":    fsys.Remove("d"),
			"directory below file": fsys.MkdirAll("f/d"),
			"list a file":          second(fsys.List("f")),
			"file below file":      second(fsys.Open("f/x")),
		} {
			if err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		must(t, fsys.Remove("d/e"))
		must(t, fsys.Remove("d"))
	})
}

func second[T any](_ T, err error) error { return err }

func TestNamesStayBelowTheRoot(t *testing.T) {
	forms(t, func(t *testing.T, fsys FS) {
		put(t, fsys, "a", "")
		for _, name := range []string{"", "/a", "../a", "b/../../a", "./a", "a/", "b//c"} {
			for op, err := range map[string]error{
				"create": second(fsys.Create(name)), "open": second(fsys.Open(name)),
				"append": second(fsys.OpenAppend(name)), "rename from": fsys.Rename(name, "x"),
				"rename to": fsys.Rename("a", name), "remove": fsys.Remove(name),
				"mkdir": fsys.MkdirAll(name), "list": second(fsys.List(name)),
				"stat": second(fsys.Stat(name)), "sync": fsys.SyncDir(name), "lock": second(fsys.Lock(name)),
			} {
				if !errors.Is(err, fs.ErrInvalid) {
					t.Errorf("%s %q: %v", op, name, err)
				}
			}
		}
	})
}

func TestClosedAndReadOnlyFiles(t *testing.T) {
	forms(t, func(t *testing.T, fsys FS) {
		put(t, fsys, "a", "x")
		f, err := fsys.Open("a")
		must(t, err)
		if _, err := f.Write([]byte("y")); err == nil {
			t.Error("wrote to a file opened for reading")
		}
		if err := f.Truncate(0); err == nil {
			t.Error("truncated a file opened for reading")
		}
		must(t, f.Close())
		wantErr(t, f.Close(), fs.ErrClosed)
		_, err = f.ReadAt(make([]byte, 1), 0)
		wantErr(t, err, fs.ErrClosed)
		wantErr(t, f.Sync(), fs.ErrClosed)
		if got := text(t, fsys, "a"); got != "x" {
			t.Errorf("content %q", got)
		}
	})
}

func TestLockExcludes(t *testing.T) {
	forms(t, func(t *testing.T, fsys FS) {
		l, err := fsys.Lock("LOCK")
		must(t, err)
		_, err = fsys.Lock("LOCK")
		wantErr(t, err, ErrLocked)
		other, err := fsys.Lock("OTHER")
		must(t, err)
		must(t, other.Close())
		must(t, l.Close())
		l, err = fsys.Lock("LOCK")
		must(t, err)
		must(t, l.Close())
	})
}

// TestRandomWrites compares appends, cuts and reads with a plain byte slice,
// over sizes that cross the memory form's chunks.
func TestRandomWrites(t *testing.T) {
	forms(t, func(t *testing.T, fsys FS) {
		rng := rand.New(rand.NewPCG(1, 2))
		f, err := fsys.Create("a")
		must(t, err)
		defer f.Close()
		var want []byte
		for range 60 {
			switch rng.IntN(6) {
			case 0:
				n := rng.IntN(len(want) + 1)
				must(t, f.Truncate(int64(n)))
				want = want[:n]
			case 1:
				must(t, f.Sync())
			default:
				p := bytes.Repeat([]byte{byte(rng.Uint32())}, rng.IntN(chunkSize*3/2))
				n, err := f.Write(p)
				if n != len(p) || err != nil {
					t.Fatalf("write: %d %v", n, err)
				}
				want = append(want, p...)
			}
			off := rng.IntN(len(want) + 1)
			got := make([]byte, len(want)-off)
			if _, err := f.ReadAt(got, int64(off)); err != nil && err != io.EOF {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want[off:]) {
				t.Fatalf("content differs after %d bytes from offset %d", len(want), off)
			}
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	forms(t, func(t *testing.T, fsys FS) {
		must(t, fsys.MkdirAll("d"))
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for j := range 20 {
					name := fmt.Sprintf("d/%d-%d", i, j)
					f, err := fsys.Create(name)
					if err != nil {
						t.Error(err)
						return
					}
					f.Write([]byte(name))
					err = errors.Join(f.Sync(), fsys.SyncDir("d"), f.Close(), fsys.Rename(name, name+"x"))
					if err != nil {
						t.Error(err)
					}
					if _, err := fsys.List("d"); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		names, err := fsys.List("d")
		if err != nil || len(names) != 160 {
			t.Errorf("%d names, %v", len(names), err)
		}
	})
}
