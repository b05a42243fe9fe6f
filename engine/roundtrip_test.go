package engine

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/query/oracle"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/fixtures"
)

// requests cuts spans into OTLP requests, as an exporter would.
func requests(spans []*span.Span, size int) [][]byte {
	var out [][]byte
	for ; len(spans) > 0; spans = spans[min(size, len(spans)):] {
		out = append(out, otlp.AppendRequest(nil, spans[:min(size, len(spans))]))
	}
	return out
}

// scenario makes a library scenario's spans in their order of arrival.
func scenario(t *testing.T, name string, n int) []*span.Span {
	t.Helper()
	sc, err := fixtures.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []*span.Span
	for batches := fixtures.New(sc, fixtures.Options{Seed: 3, Spans: n}).Batches(200); ; {
		spans, ok := batches.Next()
		if !ok {
			return out
		}
		out = append(out, spans...)
	}
}

// expected is what a store that took the requests gives back: the decoded
// spans, the first of every id, canonical.
func expected(t *testing.T, requests [][]byte) []*span.Span {
	t.Helper()
	var m model
	for _, b := range requests {
		spans, _, err := otlp.DecodeSpans(b)
		if err != nil {
			t.Fatal(err)
		}
		m.append(spans)
	}
	return m.spans
}

// equalOTLP compares all spans of a store with those wanted, as OTLP.
func equalOTLP(s *Store, want []*span.Span) error {
	ctx := context.Background()
	var got []*span.Span
	err := s.Each(ctx, DefaultWorkspace, query.Spans{}, func(s *span.Span) bool {
		got = append(got, s)
		return true
	})
	if err != nil {
		return err
	}
	want = oracle.Spans(want, query.Spans{Limit: len(want)}).Spans
	if len(got) != len(want) {
		return fmt.Errorf("%d spans instead of %d", len(got), len(want))
	}
	for i := range want {
		a, b := otlp.AppendRequest(nil, want[i:i+1]), otlp.AppendRequest(nil, []*span.Span{enginetest.Canonical(got[i])})
		if !bytes.Equal(a, b) {
			return fmt.Errorf("span %d (-want +got)\n%s", i, cmp.Diff(want[i], got[i], same))
		}
	}
	return nil
}

// TestRoundTrip: what OTLP carries comes back equal from the head, from
// segments of one log, from merged ones, and after opening again.
func TestRoundTrip(t *testing.T) {
	many := 3000
	if testing.Short() {
		many = 600
	}
	for name, spans := range map[string][]*span.Span{
		"random": enginetest.Spans(enginetest.Rand(21), many),
		"edge":   scenario(t, "edge", 1),
		"agents": scenario(t, "agents", many),
		"shop":   scenario(t, "shop", many),
	} {
		sent := requests(spans, 97)
		want := expected(t, sent)
		if len(want) < 100 {
			t.Fatalf("%s has only %d spans", name, len(want))
		}
		for stage, opt := range map[string]Options{
			"head":                 {SealRows: 1 << 30},
			"sealed":               {SealRows: max(len(want)/3, 1), MergeFactor: 1},
			"merged":               {SealRows: max(len(want)/8, 1), MergeFactor: 2},
			"few columns":          {SealRows: max(len(want)/8, 1), MergeFactor: 2, Columns: 3, BatchRows: 64},
			"small batches, cache": {SealRows: max(len(want)/3, 1), BatchRows: 32, CacheBytes: 1 << 16},
		} {
			t.Run(name+"/"+stage, func(t *testing.T) { roundTrip(t, sent, want, opt) })
		}
	}
}

func roundTrip(t *testing.T, sent [][]byte, want []*span.Span, opt Options) {
	mem := disk.NewMem()
	opt.disk, opt.Inline, opt.SealAge = mem, true, -1
	s, err := Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range append(sent, sent[len(sent)/2]) { // one is sent again
		if _, err := s.Append(context.Background(), DefaultWorkspace, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := equalOTLP(s, want); err != nil {
		t.Fatal(err)
	}
	opt.disk = mem.Crash(disk.CrashKeepsAll)
	replayed, err := Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := equalOTLP(replayed, want); err != nil {
		t.Fatalf("replayed: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	opt.disk = mem
	if s, err = Open(opt); err != nil {
		t.Fatal(err)
	}
	if err := equalOTLP(s, want); err != nil {
		t.Fatalf("closed and opened again: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
