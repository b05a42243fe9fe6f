package pipeline_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/spanstead/spanstead/apiserver/last9/pipeline"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// plainly are the functions computed from the list of all numbers.
var plainly = map[string]func(list []float64) float64{
	"$sum": func(l []float64) float64 { return sum(l) },
	"$avg": func(l []float64) float64 { return sum(l) / float64(len(l)) },
	"$min": func(l []float64) float64 { return slices.Min(l) },
	"$max": func(l []float64) float64 { return slices.Max(l) },
	"$variance": func(l []float64) float64 {
		return squares(l) / float64(len(l)-1)
	},
	"$variance_pop": func(l []float64) float64 { return squares(l) / float64(len(l)) },
	"$stddev":       func(l []float64) float64 { return math.Sqrt(squares(l) / float64(len(l)-1)) },
	"$stddev_pop":   func(l []float64) float64 { return math.Sqrt(squares(l) / float64(len(l))) },
	"$median":       func(l []float64) float64 { return between(l, 0.5) },
}

func sum(l []float64) (s float64) {
	for _, f := range l {
		s += f
	}
	return s
}

func squares(l []float64) (s float64) {
	mean := sum(l) / float64(len(l))
	for _, f := range l {
		s += (f - mean) * (f - mean)
	}
	return s
}

func between(l []float64, q float64) float64 {
	l = slices.Sorted(slices.Values(l))
	at := q * float64(len(l)-1)
	lo := int(math.Floor(at))
	hi := int(math.Ceil(at))
	return l[lo]*(1-(at-float64(lo))) + l[hi]*(at-float64(lo))
}

func TestAggregateFunctions(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 0))
	for round := range 50 {
		groups := map[string][]float64{}
		var spans []*span.Span
		for range 2 + r.IntN(60) {
			s := randomSpan(r)
			s.EndTimeUnixNano = s.StartTimeUnixNano + uint64(r.IntN(1_000_000))
			kind := pipeline.KindName(s.Kind)
			groups[kind] = append(groups[kind], float64(s.DurationNano()))
			spans = append(spans, s)
		}
		for name, want := range plainly {
			checkGroups(t, fmt.Sprint(round, name), spans, map[string]any{name: []any{"Duration"}}, groups, want)
		}
		for _, q := range []float64{0, 0.25, 0.5, 0.9, 0.99, 1} {
			checkGroups(t, fmt.Sprint(round, "quantile", q), spans, map[string]any{"$quantile": []any{q, "Duration"}}, groups,
				func(l []float64) float64 { return between(l, q) })
			checkGroups(t, fmt.Sprint(round, "quantile_exact", q), spans, map[string]any{"$quantile_exact": []any{q, "Duration"}}, groups,
				func(l []float64) float64 {
					return slices.Sorted(slices.Values(l))[min(int(q*float64(len(l))), len(l)-1)]
				})
		}
		checkGroups(t, fmt.Sprint(round, "count"), spans, map[string]any{"$count": []any{}}, groups,
			func(l []float64) float64 { return float64(len(l)) })
		checkGroups(t, fmt.Sprint(round, "rate"), spans, map[string]any{"$rate": []any{}}, groups,
			func(l []float64) float64 { return float64(len(l)) }) // the range is one second
		checkGroups(t, fmt.Sprint(round, "apdex"), spans, map[string]any{"$apdex_score": []any{0.0001, "Duration"}}, groups, apdexOf)
	}
}

func apdexOf(l []float64) float64 {
	score := 0.0
	for _, f := range l {
		if f <= 100_000 {
			score++
		} else if f <= 400_000 {
			score += 0.5
		}
	}
	return score / float64(len(l))
}

func checkGroups(t *testing.T, what string, spans []*span.Span, function map[string]any, groups map[string][]float64, want func([]float64) float64) {
	t.Helper()
	rows := run(t, marshal(t, []any{map[string]any{
		"type":       "aggregate",
		"aggregates": []any{map[string]any{"function": function, "as": "v"}},
		"groupby":    map[string]any{"SpanKind": "kind"},
	}}), spans)
	if len(rows) != len(groups) {
		t.Fatalf("%s: %d groups, want %d", what, len(rows), len(groups))
	}
	for _, row := range rows {
		kind, _ := span.Lookup(row.Attributes, "kind")
		v, _ := span.Lookup(row.Attributes, "v")
		w := want(groups[kind.Str()])
		got, ok := v.Number()
		if math.IsNaN(w) && !ok {
			continue // a sample of one has no variance
		}
		if !ok || math.Abs(got-w) > 1e-9*math.Max(1, math.Abs(w)) {
			t.Fatalf("%s: %s is %v, want %v", what, kind.Str(), v.Text(), w)
		}
	}
}

// Windows are aligned to the epoch, hold each row once, and count what lies in them.
func TestWindowsHoldEachRowOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 0))
	want := map[string]int64{}
	var spans []*span.Span
	for range 500 {
		s := randomSpan(r)
		s.StartTimeUnixNano = uint64(r.Int64N(3600)) * 1_000_000_000
		want[pipeline.FormatTime(s.StartTimeUnixNano/90e9*90e9)]++
		spans = append(spans, s)
	}
	rows := run(t, []byte(`[{"type":"window_aggregate","function":{"$count":[]},"as":"n","window":["90","seconds"]}]`), spans)
	for _, row := range rows {
		at, _ := span.Lookup(row.Attributes, "Timestamp")
		n, _ := span.Lookup(row.Attributes, "n")
		if n.Int() != want[at.Str()] {
			t.Errorf("window %s holds %d, want %d", at.Str(), n.Int(), want[at.Str()])
		}
		delete(want, at.Str())
	}
	if len(want) > 0 {
		t.Errorf("windows without a line: %v", want)
	}
}

// Sums of ints past what a float64 holds exactly are exact.
func TestSumIsExact(t *testing.T) {
	var spans []*span.Span
	for range 3 {
		spans = append(spans, withAttribute("n", span.Int(math.MaxInt64/4)))
	}
	spans = append(spans, withAttribute("n", span.String("1")))
	rows := run(t, []byte(`[{"type":"aggregate","aggregates":[{"function":{"$sum":["n"]},"as":"v"}]}]`), spans)
	v, _ := span.Lookup(rows[0].Attributes, "v")
	if want := int64(math.MaxInt64/4*3 + 1); v.Int() != want {
		t.Errorf("sum is %v, want %d", v.Text(), want)
	}
	spans = append(spans, spans...)
	rows = run(t, []byte(`[{"type":"aggregate","aggregates":[{"function":{"$sum":["n"]},"as":"v"}]}]`), spans)
	if v, _ := span.Lookup(rows[0].Attributes, "v"); v.Type() != span.TypeDouble || v.Double() < math.MaxInt64 {
		t.Errorf("a sum that overflows is %v", v.Text())
	}
}

func withAttribute(key string, v span.Value) *span.Span {
	return &span.Span{
		Attributes: []span.KeyValue{{Key: key, Value: v}}, Resource: &span.Resource{}, Scope: &span.Scope{},
	}
}

// What would be held without bound ends with an error that says so.
func TestGroupsAreBounded(t *testing.T) {
	p, err := pipeline.Parse([]byte(`[{"type":"aggregate","aggregates":[{"function":{"$count":[]},"as":"n"}],"groupby":{"k":"k"}}]`))
	if err != nil {
		t.Fatal(err)
	}
	r := p.Start(query.Range{}, func(*span.Span) bool { return true })
	for i := range pipeline.MaxGroups + 1 {
		_, err = r.Push(withAttribute("k", span.Int(int64(i))))
	}
	if err == nil {
		t.Errorf("%d groups are taken", pipeline.MaxGroups+1)
	}
}
