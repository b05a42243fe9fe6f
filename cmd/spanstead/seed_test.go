package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/cmd/spanstead/internal/progress"
	"github.com/spanstead/spanstead/cmd/spanstead/internal/spanfile"
	"github.com/spanstead/spanstead/engine"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/fixtures"
)

// command runs the process's main function.
func command(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, &out, &errs)
	return status, out.String(), errs.String()
}

// must is command for one that succeeds; it returns the standard output.
func must(t *testing.T, args ...string) string {
	t.Helper()
	status, stdout, stderr := command(t, args...)
	if status != 0 {
		t.Fatalf("%v: status %d\n%s", args, status, stderr)
	}
	return stdout
}

// readSpans reads a file back.
func readSpans(t *testing.T, name string) []*span.Span {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []*span.Span
	err = spanfile.Read(f, func(request []byte) error {
		spans, res, err := otlp.DecodeSpans(request)
		if res.Rejected > 0 {
			t.Error(res.Message)
		}
		all = append(all, spans...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func count(t *testing.T, dir, workspace string) int {
	t.Helper()
	st, err := engine.Open(engine.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	n, err := st.Count(t.Context(), workspace, query.Count{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSeedFiles(t *testing.T) {
	dir := t.TempDir()
	args := []string{"seed", "shop", "--spans", "400", "--end", "2026-03-01T12:00:00Z", "--seed", "7", "--out"}
	var first []*span.Span
	for _, name := range []string{"a.json", "b.pb", "c.jsonl.gz", "d.pb.gz"} {
		path := filepath.Join(dir, name)
		must(t, append(args, path)...)
		spans := readSpans(t, path)
		if len(spans) < 300 || len(spans) > 500 {
			t.Errorf("%s: %d spans", name, len(spans))
		}
		if first == nil {
			first = spans
		}
		if d := cmp.Diff(first, spans, cmp.Comparer(func(a, b span.Value) bool { return a.Equal(b) })); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
	out := must(t, append(args, "-")...)
	file, err := os.ReadFile(filepath.Join(dir, "a.json"))
	if err != nil || out != string(file) {
		t.Errorf("standard output differs from the file, %v", err)
	}
}

func TestSeedDirectoryAndServers(t *testing.T) {
	dir := t.TempDir()
	s := startServe(t, "--data", filepath.Join(dir, "served"))
	args := []string{"seed", "--batch", "100", "--spans", "500", "--start", "2026-03-01T12:00:00Z"}
	must(t, append(args, "workload", "--endpoint", s.ready.URL)...)
	must(t, append(args, "shop", "--no-compression", "--header", "x-a=b", "--endpoint", "grpc://"+s.ready.GRPC)...)
	if status := s.stop(); status != 0 {
		t.Fatal(s.log)
	}
	must(t, append(args, "workload", "--data", filepath.Join(dir, "seeded"), "--workspace", "mine")...)
	must(t, append(args, "shop", "--data", filepath.Join(dir, "seeded"), "--workspace", "mine")...)
	served, seeded := count(t, filepath.Join(dir, "served"), "default"), count(t, filepath.Join(dir, "seeded"), "mine")
	if served != seeded || served < 800 {
		t.Errorf("%d spans over servers, %d into the directory", served, seeded)
	}
	if n := count(t, filepath.Join(dir, "seeded"), "default"); n != 0 {
		t.Errorf("%d spans in the default workspace", n)
	}
}

func TestSeedOwnScenario(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.yaml"), filepath.Join(dir, "bad.yaml")
	const text = "services:\n  web:\n    operations:\n      home: {latency: 4ms}\ntraffic:\n  spans: 50\n  entries:\n    - call: web.home\n"
	for name, text := range map[string]string{good: text, bad: strings.Replace(text, "4ms", "soon", 1)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if lines := strings.Count(must(t, "seed", good, "--out", "-", "--batch", "10"), "\n"); lines < 3 {
		t.Errorf("%d lines", lines)
	}
	if status, _, stderr := command(t, "seed", bad, "--out", "-"); status != 2 || !strings.Contains(stderr, "latency") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

func TestSeedRefusesFlags(t *testing.T) {
	for _, args := range [][]string{
		{}, {"shop"}, {"shop", "--out", "-", "--data", "x"}, {"nonesuch", "--out", "-"}, {"shop", "more", "--out", "-"},
		{"shop", "--out", "-", "--format", "xml"}, {"shop", "--out", "-", "--format", "arrow"}, {"shop", "--out", "-", "--batch", "0"},
		{"shop", "--out", "-", "--live", "--spans", "5"}, {"shop", "--out", "-", "--live", "--end", "2026-03-01T12:00:00Z"},
		{"shop", "--out", "-", "--header", "novalue"}, {"shop", "--out", "-", "--start", "yesterday"},
	} {
		if status, stdout, stderr := command(t, append([]string{"seed"}, args...)...); status != 2 || stdout != "" || stderr == "" {
			t.Errorf("%v: status %d, %q", args, status, stdout)
		}
	}
	for _, name := range scenarioNames() {
		if !strings.Contains(must(t, "seed", "--list"), name) {
			t.Errorf("%s is not listed", name)
		}
	}
}

// fakeTime is a clock that only waiting moves.
type fakeTime struct {
	now   time.Time
	waits int
}

func (c *fakeTime) Now() time.Time { return c.now }

func (c *fakeTime) Wait(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	c.waits++
	return ctx.Err()
}

// takeTarget notes when it got spans.
type takeTarget struct {
	clock *fakeTime
	spans []*span.Span
	late  time.Duration
	early int
	after func()
}

func (t *takeTarget) write(_ context.Context, spans []*span.Span) (int, error) {
	now := uint64(t.clock.now.UnixNano())
	for _, s := range spans {
		if endOf(s) > now {
			t.early++
		}
		t.late = max(t.late, time.Duration(now-min(endOf(s), now)))
	}
	t.spans = append(t.spans, spans...)
	if t.after != nil {
		t.after()
	}
	return 1, nil
}

func (t *takeTarget) Close() error { return nil }

func newSeeding(t *testing.T, args ...string) (*seeding, *takeTarget) {
	t.Helper()
	o, err := parseSeed(append(args, "--out", "-"), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	c := &fakeTime{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	o.clock = c
	to := &takeTarget{clock: c}
	return &seeding{seedOptions: o, target: to, bar: progress.NewAt(&bytes.Buffer{}, "spans", false, c.Now), pace: newPacer(c, o.rate)}, to
}

func TestSeedLive(t *testing.T) {
	s, to := newSeeding(t, "shop", "--live", "--rate", "5", "--duration", "10m", "--batch", "7")
	if err := s.live(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(to.spans); n < 2000 || n > 4000 || s.done != n || s.rejected == 0 {
		t.Errorf("%d spans, %d counted, %d rejected", n, s.done, s.rejected)
	}
	if to.early > 0 || to.late > 2*liveTick {
		t.Errorf("%d spans came before their end, the latest %v after it", to.early, to.late)
	}
}

// TestSeedLiveGoesOn past the first window, until it is interrupted.
func TestSeedLiveGoesOn(t *testing.T) {
	s, to := newSeeding(t, "shop", "--live", "--rate", "0.01")
	ctx, cancel := context.WithCancel(t.Context())
	begin := to.clock.now
	to.after = func() {
		if to.clock.now.Sub(begin) > liveWindow+time.Hour {
			cancel()
		}
	}
	if err := s.live(ctx); err != nil || ctx.Err() == nil {
		t.Errorf("%v, %v", err, ctx.Err())
	}
}

func TestSeedRate(t *testing.T) {
	s, to := newSeeding(t, "shop", "--rate", "50", "--spans", "1000", "--batch", "20")
	begin := to.clock.now
	if err := s.history(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := time.Duration(float64(len(to.spans)) / 50 * float64(time.Second))
	if took := to.clock.now.Sub(begin); took > want || took < want-2*time.Second {
		t.Errorf("%d spans took %v, want about %v", len(to.spans), took, want)
	}
}

func TestSeedWindowFraction(t *testing.T) {
	at := func(unix int64) []*span.Span {
		return []*span.Span{{StartTimeUnixNano: uint64(time.Unix(unix, 0).UnixNano())}}
	}
	var w window
	gen := fixtures.Options{End: time.Unix(200, 0)}
	var got []float64
	for _, t := range []int64{100, 150, 140, 200} {
		got = append(got, w.fraction(gen, at(t)))
	}
	if d := cmp.Diff([]float64{0, 0.5, 0.5, 1}, got); d != "" {
		t.Error(d)
	}
	if f := (&window{}).fraction(fixtures.Options{Start: time.Unix(100, 0)}, at(100)); f != -1 {
		t.Errorf("without a known end: %v", f)
	}
}

func TestSeedStopsWhenRefused(t *testing.T) {
	s := startServe(t)
	defer s.stop()
	status, _, stderr := command(t, "seed", "shop", "--spans", "100", "--endpoint", s.ready.URL+"/nonesuch")
	if status != 1 || !strings.Contains(stderr, http.StatusText(http.StatusNotFound)) {
		t.Errorf("status %d: %s", status, stderr)
	}
}
