package engine

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// openFiles are the names of the files below dir that this process has open.
func openFiles(t *testing.T, dir string) []string {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("this system does not list open files")
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, fd := range fds {
		name, err := os.Readlink("/proc/self/fd/" + fd.Name())
		if err == nil && strings.HasPrefix(name, dir) {
			names = append(names, name)
		}
	}
	return names
}

// noGoroutines looks for goroutines that run code of this module, besides the
// test's own. One that has been told to end may take a moment.
func noGoroutines(t *testing.T) {
	t.Helper()
	var stacks []string
	for range 10_000 {
		buf := make([]byte, 1<<20)
		stacks = stacks[:0]
		for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
			if strings.Contains(g, "spanstead/engine") && !strings.Contains(g, "testing.tRunner") {
				stacks = append(stacks, g)
			}
		}
		if len(stacks) == 0 {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("goroutines are left:\n%s", strings.Join(stacks, "\n\n"))
}

// TestCloseLeavesNothingOpen: under every policy, and after failures, Close
// ends all goroutines and closes all files.
func TestCloseLeavesNothingOpen(t *testing.T) {
	ctx := context.Background()
	spans := enginetest.Spans(enginetest.Rand(31), 400)
	for name, policy := range map[string]Sync{"always": SyncAlways, "interval": SyncInterval, "never": SyncNever} {
		for _, fails := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				fsys, err := disk.OpenOS(dir)
				if err != nil {
					t.Fatal(err)
				}
				faulty := disk.NewFaulty(fsys, nil)
				s, err := Open(Options{disk: faulty, Sync: policy, SealRows: 30, MergeFactor: 2, Log: quiet()})
				if err != nil {
					t.Fatal(err)
				}
				if err := s.CreateWorkspace(ctx, "other"); err != nil {
					t.Fatal(err)
				}
				for i := 0; i < len(spans); i += 10 {
					if i == 200 && fails {
						faulty.SetHook(func(op disk.Op) error {
							if op.Kind == disk.OpSync || op.Kind == disk.OpRename {
								return syscall.EIO
							}
							return nil
						})
					}
					for _, w := range []string{"", "other"} {
						if _, err := s.Append(ctx, w, otlp.AppendRequest(nil, spans[i:i+10])); err != nil && !fails {
							t.Fatal(err)
						}
					}
				}
				if err := s.DeleteWorkspace(ctx, "other"); err != nil && !fails {
					t.Fatal(err)
				}
				if err := s.Close(); err != nil && !fails {
					t.Fatal(err)
				}
				if err := fsys.Close(); err != nil {
					t.Fatal(err)
				}
				if left := openFiles(t, dir); len(left) > 0 {
					t.Errorf("left open: %v", left)
				}
				noGoroutines(t)
			})
		}
	}
}

// TestFailedOpenLeavesNothingOpen: nor does an Open that gives an error.
func TestFailedOpenLeavesNothingOpen(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	s, err := Open(Options{Dir: dir, SealRows: 20, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []string{"one", "two", "three"} {
		if err := s.CreateWorkspace(ctx, w); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append(ctx, w, otlp.AppendRequest(nil, enginetest.Spans(enginetest.Rand(32), 50))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: dir + "/workspaces.json"}); err == nil {
		t.Fatal("opened a file as a data directory")
	}
	fsys, err := disk.OpenOS(dir)
	if err != nil {
		t.Fatal(err)
	}
	for at := 1; ; at++ {
		n := 0
		faulty := disk.NewFaulty(fsys, func(disk.Op) error {
			if n++; n == at {
				return syscall.EIO
			}
			return nil
		})
		s, err := Open(Options{disk: faulty, Sync: SyncInterval, Log: quiet()})
		if err == nil {
			if err := s.Close(); err != nil && at > n {
				t.Fatal(err)
			}
		}
		if left := openFiles(t, dir+"/w000001"); len(left) > 0 {
			t.Fatalf("operation %d (%v) leaves open: %v", at, err, left)
		}
		if at > n {
			break
		}
	}
	noGoroutines(t)
	if err := fsys.Close(); err != nil {
		t.Fatal(err)
	}
}

func tracesOf(spans []*span.Span) []span.TraceID {
	var ids []span.TraceID
	for _, s := range spans {
		ids = append(ids, s.TraceID)
	}
	return ids
}

// TestViewOverMerges: a view keeps its answers while spans arrive, traces are
// deleted and its segments are merged away; then it lets go of their files.
func TestViewOverMerges(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	s, err := Open(Options{Dir: dir, Inline: true, SealRows: 40, MergeFactor: 2, MergeRows: 400, CacheBytes: 1, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	spans := enginetest.Spans(enginetest.Rand(33), 600)
	send := func(from, to int) {
		t.Helper()
		for ; from < to; from += 10 {
			if _, err := s.Append(ctx, "", otlp.AppendRequest(nil, spans[from:from+10])); err != nil {
				t.Fatal(err)
			}
		}
	}
	send(0, 90)
	v, err := s.View("")
	if err != nil {
		t.Fatal(err)
	}
	ask := func() []byte {
		t.Helper()
		var out []byte
		for _, q := range manyQuestions(t, nil) {
			b, err := q.ask(ctx, v.Parts(), plan.Options{})
			if err != nil {
				t.Fatalf("%s: %v", q.name, err)
			}
			out = append(out, b...)
		}
		return out
	}
	before := ask()
	send(90, 600)
	if _, err := s.DeleteTraces(ctx, "", tracesOf(spans[:60])); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, ask()) {
		t.Error("the view's answers changed")
	}
	deleted := func() (n int) {
		for _, name := range openFiles(t, dir) {
			if strings.HasSuffix(name, " (deleted)") {
				n++
			}
		}
		return n
	}
	if deleted() == 0 {
		t.Error("no segment of the view was merged away, so nothing was tested")
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if n := deleted(); n > 0 {
		t.Errorf("%d files that are removed are still open", n)
	}
	w, err := s.View("")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Spans(ctx, w.Parts(), plan.Options{}, query.Spans{Limit: 1000}); err != nil {
		t.Errorf("a view after Close of the store: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if left := openFiles(t, dir); len(left) > 0 {
		t.Errorf("left open: %v", left)
	}
	noGoroutines(t)
}
