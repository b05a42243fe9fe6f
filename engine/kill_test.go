package engine

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Environment of a child process: the data directory and the first number.
const (
	killDir  = "SPANSTEAD_TEST_KILL_DIR"
	killFrom = "SPANSTEAD_TEST_KILL_FROM"
)

func killOptions(dir string) Options {
	return Options{Dir: dir, SealRows: 60, MergeFactor: 2, MergeRows: 2000, BatchRows: 16, Log: quiet()}
}

// numbered is a span that says its number everywhere. Twelve in a row are a trace.
func numbered(n uint64) *span.Span {
	s := &span.Span{
		Name: fmt.Sprint("n", n), StartTimeUnixNano: 1e18 + n, EndTimeUnixNano: 1e18 + 2*n,
		Attributes: []span.KeyValue{{Key: "n", Value: span.Int(int64(n))}},
	}
	binary.BigEndian.PutUint64(s.TraceID[:], n/12+1)
	binary.BigEndian.PutUint64(s.SpanID[:], n+1)
	return s
}

// killWriters append in the child at the same time; numbers of different
// writers are far apart.
const (
	killWriters = 3
	killStride  = killRequest << 32
	killRequest = 7
)

// TestKillChild is the child of TestKill: it appends numbered spans until it is
// killed, and prints "writer end" when all of a writer's numbers below end are
// acknowledged.
func TestKillChild(t *testing.T) {
	dir := os.Getenv(killDir)
	if dir == "" {
		t.Skip("runs in a process of its own, started by TestKill")
	}
	s, err := Open(killOptions(dir))
	if err != nil {
		t.Fatal(err)
	}
	from, err := strconv.ParseUint(os.Getenv(killFrom), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	for w := range uint64(killWriters) {
		go func() {
			for n := from; ; n += killRequest {
				if err := sendNumbered(s, w*killStride+n); err != nil {
					failed <- err
					return
				}
				fmt.Printf("%d %d\n", w, n+killRequest) // one write, whole lines
			}
		}()
	}
	t.Fatal(<-failed)
}

func sendNumbered(s *Store, from uint64) error {
	var spans []*span.Span
	for n := from; n < from+killRequest; n++ {
		spans = append(spans, numbered(n))
	}
	_, err := s.Append(context.Background(), DefaultWorkspace, otlp.AppendRequest(nil, spans))
	return err
}

// TestKill kills a process that is appending, sealing and merging, again and
// again on one directory. Every acknowledged span is there, once; of requests
// that were under way, all or nothing.
func TestKill(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	dir := t.TempDir()
	acked := map[uint64]bool{}
	for round := range rounds {
		from := uint64(round) * 1_000_000 * killRequest
		for w, end := range appendUntilKilled(t, dir, from, 40+37*round) {
			for n := from; n < end; n++ {
				acked[uint64(w)*killStride+n] = true
			}
		}
		found := numbersIn(t, dir)
		for n := range acked {
			if !found[n] {
				t.Fatalf("round %d: span %d was acknowledged and is lost, %d of %d are there", round, n, len(found), len(acked))
			}
		}
		for n := range found {
			if first := n - n%killRequest; !found[first] || !found[first+killRequest-1] {
				t.Fatalf("round %d: of the request with span %d only a part is there", round, n)
			}
		}
		if extra := len(found) - len(acked); extra > (round+1)*killWriters*killRequest {
			t.Fatalf("round %d: %d spans that were not acknowledged", round, extra)
		}
	}
	t.Logf("%d spans acknowledged", len(acked))
}

// appendUntilKilled starts a child and kills it after some acknowledgements. It
// returns where each writer's acknowledged numbers end.
func appendUntilKilled(t *testing.T, dir string, from uint64, acks int) [killWriters]uint64 {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKillChild$")
	child.Env = append(os.Environ(), killDir+"="+dir, fmt.Sprintf("%s=%d", killFrom, from))
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var ends [killWriters]uint64
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ { // what was printed before the end counts too
		var w int
		var end uint64
		if _, err := fmt.Sscanf(lines.Text(), "%d %d", &w, &end); err != nil {
			t.Errorf("the child says %q", lines.Text())
			break
		}
		ends[w] = end
		if n == acks {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	return ends
}

// numbersIn opens the store and returns the numbers of the spans that it holds.
func numbersIn(t *testing.T, dir string) map[uint64]bool {
	t.Helper()
	s, err := Open(killOptions(dir))
	if err != nil {
		t.Fatal(err)
	}
	found := map[uint64]bool{}
	err = s.Each(context.Background(), DefaultWorkspace, query.Spans{}, func(got *span.Span) bool {
		n := binary.BigEndian.Uint64(got.SpanID[:]) - 1
		want := numbered(n)
		if found[n] || got.TraceID != want.TraceID || got.Name != want.Name || got.StartTimeUnixNano != want.StartTimeUnixNano {
			t.Errorf("span %d is there twice, or is %+v", n, got)
		}
		found[n] = true
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if h := s.Health(); len(h.Faults) > 0 {
		t.Fatalf("%+v", h.Faults)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return found
}
