package engine

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestLockedDirectory(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: dir}); !errors.Is(err, ErrLocked) {
		t.Fatalf("second opener got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Count(context.Background(), "", query.Count{}); !errors.Is(err, query.ErrClosed) {
		t.Fatalf("a closed store answered %v", err)
	}
}

func TestWorkspacesAreApart(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	one := enginetest.CanonicalAll(enginetest.Spans(enginetest.Rand(1), 10))
	if err := s.CreateWorkspace(ctx, "../a b"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(ctx, "../a b", otlp.AppendRequest(nil, one[:4])); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(ctx, "nobody", otlp.AppendRequest(nil, one)); err != nil {
		t.Fatal(err)
	}
	if err := s.PutDocument(ctx, "../a b", "saved", "1", []byte("x")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		counts := map[string]int{}
		for _, name := range []string{"../a b", "nobody", DefaultWorkspace} {
			if counts[name], err = s.Count(ctx, name, query.Count{}); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(map[string]int{"../a b": 4, "nobody": 10, DefaultWorkspace: 10}, counts); d != "" {
			t.Fatal(d)
		}
		names, err := s.ListWorkspaces(ctx)
		if d := cmp.Diff([]string{"../a b", DefaultWorkspace}, names); err != nil || d != "" {
			t.Fatal(err, d)
		}
		if _, err := s.Document(ctx, "nobody", "saved", "1"); !errors.Is(err, query.ErrNotFound) {
			t.Fatal(err)
		}
		if b, err := s.Document(ctx, "../a b", "saved", "1"); err != nil || string(b) != "x" {
			t.Fatal(b, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = Open(Options{Dir: dir}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DeleteWorkspace(ctx, "../a b"); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteWorkspace(ctx, DefaultWorkspace); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Count(ctx, "../a b", query.Count{}); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRefusals: what is refused changes nothing.
func TestRefusals(t *testing.T) {
	ctx := context.Background()
	s, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(ctx, "", []byte("\xff\xff")); !errors.Is(err, query.ErrInvalid) {
		t.Fatalf("malformed protobuf: %v", err)
	}
	bad := enginetest.Spans(enginetest.Rand(2), 3)
	bad[1].TraceID = span.TraceID{}
	res, err := s.Append(ctx, "", otlp.AppendRequest(nil, bad))
	if err != nil || res.Accepted != 2 || res.Rejected != 1 || res.Message == "" {
		t.Fatalf("%+v %v", res, err)
	}
	if n, err := s.Count(ctx, "", query.Count{}); n != 2 || err != nil {
		t.Fatal(n, err)
	}
}

// TestCloseLeavesNothingToReplay: after Close every span is in a segment.
func TestCloseLeavesNothingToReplay(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(context.Background(), "", otlp.AppendRequest(nil, enginetest.Spans(enginetest.Rand(3), 50))); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	st := s.Health().Workspaces[0]
	if st.HeadRows != 0 || st.Rows != 50 || st.Segments != 1 {
		t.Fatalf("%+v", st)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestConcurrentAppends: appends, questions, sealing and merging at once; the
// race detector watches, and nothing is lost or doubled.
func TestConcurrentAppends(t *testing.T) {
	ctx := context.Background()
	s, err := Open(Options{Dir: t.TempDir(), SealRows: 200, MergeFactor: 2, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	spans := enginetest.Spans(enginetest.Rand(4), 3000)
	errs := make(chan error, 8)
	for k := range 4 {
		go func() { // every span is sent twice, by two senders
			for from := (k % 2) * 10; from < len(spans); from += 20 {
				if _, err := s.Append(ctx, "", otlp.AppendRequest(nil, spans[from:from+10])); err != nil {
					errs <- err
					return
				}
				n, err := s.Count(ctx, "", query.Count{Filter: query.Cmp(query.TraceID, query.OpEq, query.Typed, span.String(spans[from].TraceID.String()))})
				if err == nil && n == 0 {
					err = errors.New("a span is not seen after its acknowledgement")
				}
				if err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.Count(ctx, "", query.Count{}); n != len(spans) || err != nil {
		t.Fatal(n, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestSealByAge: spans older than SealAge leave the head when others arrive.
func TestSealByAge(t *testing.T) {
	now := time.Unix(1000, 0)
	s, err := Open(Options{SealAge: time.Minute, Inline: true, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	spans := enginetest.Spans(enginetest.Rand(5), 4)
	for i := range spans {
		now = now.Add(25 * time.Second)
		if _, err := s.Append(context.Background(), "", otlp.AppendRequest(nil, spans[i:i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if st := s.Health().Workspaces[0]; st.Segments != 1 || st.Rows != 4 {
		t.Fatalf("%+v", st)
	}
}
