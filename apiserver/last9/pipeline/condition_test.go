package pipeline_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/spanstead/spanstead/apiserver/last9/pipeline"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Random conditions over random spans mean what the plain reading of the
// grammar says.
func TestConditionsEqualModel(t *testing.T) {
	const seed = 9
	r := rand.New(rand.NewPCG(seed, 0))
	var spans []*span.Span
	for range 60 {
		spans = append(spans, randomSpan(r))
	}
	held := 0
	for range 1000 {
		c := randomCondition(r, 3)
		text := marshal(t, []any{map[string]any{"type": "filter", "query": c}})
		p, err := pipeline.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for _, s := range spans {
			got, want := query.Match(p.Filter, s), modelMatch(c, s)
			if got != want {
				t.Fatalf("seed %d: %s: got %v, want %v, of %+v in %+v with events %+v", seed, text, got, want, s, s.Resource, s.Events)
			}
			if got {
				held++
			}
		}
	}
	if held < 5_000 {
		t.Errorf("only %d of the comparisons held: the conditions are too narrow to show anything", held)
	}
}

// A filter behind another stage means what it means at the front.
func TestLateFilterEqualsEarly(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 0))
	var spans []*span.Span
	for range 100 {
		spans = append(spans, randomSpan(r))
	}
	parse := map[string]any{"type": "parse", "parser": "logfmt", "field": "SpanId", "labels": map[string]any{"none": "none"}}
	for range 300 {
		f := map[string]any{"type": "where", "query": randomCondition(r, 2)}
		early, late := run(t, marshal(t, []any{f, parse}), spans), run(t, marshal(t, []any{parse, f}), spans)
		if len(early) != len(late) {
			t.Fatalf("%s: %d rows before, %d behind the stage", marshal(t, f), len(early), len(late))
		}
		for i := range early {
			if early[i].SpanID != late[i].SpanID {
				t.Fatalf("%s: row %d differs", marshal(t, f), i)
			}
		}
	}
}

// run feeds a pipeline as the adapter does: what its Filter lets through.
func run(t testing.TB, text []byte, spans []*span.Span) []*span.Span {
	t.Helper()
	p, err := pipeline.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var rows []*span.Span
	r := p.Start(query.Range{From: 1_000_000_000, To: 2_000_000_000}, func(row *span.Span) bool {
		rows = append(rows, row)
		return true
	})
	for _, s := range spans {
		if !query.Match(p.Filter, s) {
			continue
		}
		if _, err := r.Push(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return rows
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
