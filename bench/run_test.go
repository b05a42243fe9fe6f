package bench

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/spanstead/spanstead/engine"
)

// small measures little, of every step.
func small(t *testing.T, peers ...Peer) Options {
	return Options{
		Workload: Workload{Spans: 5000, Batch: 500, Seed: 3},
		Peers:    peers,
		Queries:  6,
		Rounds:   2,
		Clients:  []int{1, 3},
		Mixed:    time.Millisecond,
		During:   1000,
		Dir:      t.TempDir(),
	}
}

// sealing is the engine with segments so small that the workload fills many.
func sealing() Peer {
	p := Engine()
	p.Name = "sealing"
	p.Open = func(_ context.Context, dir string) (System, error) {
		return openEngine(engine.Options{Dir: dir, SealRows: 700, BatchRows: 256, MergeRows: 3000, Inline: true})
	}
	return p
}

func TestSystemsAnswerAlike(t *testing.T) {
	r, err := Run(t.Context(), small(t, Slice(), Engine(), sealing()))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Differences {
		t.Error(d)
	}
	if want := 2 * 6 * len(Kinds()); r.Compared != want {
		t.Errorf("%d answers were compared, want %d", r.Compared, want)
	}
	for _, s := range r.Systems {
		checkMeasured(t, &s)
	}
	var table, stat strings.Builder
	if err := errors.Join(r.WriteTable(&table), r.WriteBenchstat(&stat)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| Q1 | trace by id | ", "| sealing | 3 | ", "## 3 clients\n", "156 answers were compared with those of the first system, 0 differ"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, &table)
		}
	}
	for _, want := range []string{"BenchmarkWarm/Q8a/system=spanstead-", "BenchmarkCold/Q11/system=sealing-", "BenchmarkMixed/clients=3/system=slice-"} {
		if !strings.Contains(stat.String(), want) {
			t.Errorf("no %q in\n%s", want, &stat)
		}
	}
}

func checkMeasured(t *testing.T, s *SystemResult) {
	t.Helper()
	if s.Ingest.Spans == 0 || s.Ingest.Wall <= 0 || s.During == nil || s.During.Spans == 0 || len(s.Mixed) != 2 {
		t.Errorf("%s: not measured: %+v", s.Peer.Name, s)
	}
	if !s.Peer.Volatile && s.Ingest.BytesPerSpan() < 20 {
		t.Errorf("%s: %v bytes a span", s.Peer.Name, s.Ingest.BytesPerSpan())
	}
	if len(s.Questions) != len(Kinds()) {
		t.Fatalf("%s: %d kinds", s.Peer.Name, len(s.Questions))
	}
	for _, q := range s.Questions {
		if len(q.Rounds) != 2 || len(q.Warm()) != 12 || !s.Peer.Volatile && len(q.Cold) != 6 {
			t.Errorf("%s: %v asked %d times cold, %d warm in %d rounds", s.Peer.Name, q.Kind, len(q.Cold), len(q.Warm()), len(q.Rounds))
		}
		if q.Items == 0 {
			t.Errorf("%s: %v is answered by nothing, whatever is asked", s.Peer.Name, q.Kind)
		}
	}
}

// wrong forgets an item of every answer.
type wrong struct{ System }

func (w wrong) Ask(ctx context.Context, q *Question) (Answer, error) {
	a, err := w.System.Ask(ctx, q)
	switch {
	case len(a.Spans) > 0:
		a.Spans = a.Spans[1:]
	case len(a.Values) > 0:
		a.Values[0].Count++
	}
	return a, err
}

func TestWrongAnswersAreTold(t *testing.T) {
	p := Slice()
	p.Name = "wrong"
	p.Open = func(context.Context, string) (System, error) { return wrong{&sliceSystem{}}, nil }
	o := small(t, Slice(), p)
	o.Kinds = []Kind{Q1, Q7, Q8a}
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Differences) != 12 || !strings.HasPrefix(r.Differences[0], "wrong answers otherwise than slice") {
		t.Errorf("12 of 18 answers are wrong, told were %d: %v", len(r.Differences), r.Differences)
	}
}

func TestSlowSystemsAreAskedLess(t *testing.T) {
	o := small(t, Slice())
	o.Kinds, o.Budget = []Kind{Q1}, time.Nanosecond
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if q := r.Systems[0].Questions[0]; len(q.Warm()) != 1 {
		t.Errorf("asked %d times without time", len(q.Warm()))
	}
}

func TestBrokenSystemsAreNamed(t *testing.T) {
	broken := Peer{Name: "broken", Open: func(context.Context, string) (System, error) { return nil, errors.New("no such thing") }}
	_, err := Run(t.Context(), small(t, broken))
	if err == nil || err.Error() != "broken: no such thing" {
		t.Errorf("got %v", err)
	}
}
