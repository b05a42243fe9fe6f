package head

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/query/oracle"
	"github.com/spanstead/spanstead/engine/span"
)

// checkAnswers asks n random questions of the part and of the oracle.
func checkAnswers(t *testing.T, r *rand.Rand, p plan.Part, spans []*span.Span, n int) {
	t.Helper()
	all := enginetest.CanonicalAll(spans)
	if got := liveRows(p); got != len(all) {
		t.Fatalf("%d rows, want %d", got, len(all))
	}
	for range n {
		e, rng := enginetest.Expr(r, all, 3), enginetest.Range(r)
		checkLists(t, r, p, all, e, rng)
		checkCounts(t, r, p, all, e, rng)
	}
	for range min(n, 20) {
		id := span.TraceID{1}
		if len(all) > 0 && r.IntN(8) > 0 {
			id = all[r.IntN(len(all))].TraceID
		}
		got, err := plan.Trace(context.Background(), []plan.Part{p}, plan.Options{}, id)
		want, wantErr := oracle.Trace(all, id)
		if errors.Is(err, query.ErrNotFound) != errors.Is(wantErr, query.ErrNotFound) {
			t.Fatalf("trace %v: %v, want %v", id, err, wantErr)
		}
		equal(t, "trace", got, want)
	}
}

func liveRows(p plan.Part) int {
	n := p.Rows()
	if d := p.Dead(); d != nil {
		n -= int(d.GetCardinality())
	}
	return n
}

func checkLists(t *testing.T, r *rand.Rand, p plan.Part, all []*span.Span, e query.Expr, rng query.Range) {
	t.Helper()
	ctx, parts := context.Background(), []plan.Part{p}
	qs := query.Spans{
		Range: rng, Filter: e, Order: query.Order(r.IntN(2)), Descending: r.IntN(2) == 0,
		Limit: r.IntN(30), Offset: r.IntN(3), Total: r.IntN(2) == 0,
	}
	page, err := plan.Spans(ctx, parts, plan.Options{}, qs)
	must(t, err)
	want := oracle.Spans(all, qs)
	if qs.Limit == 0 {
		want.More = page.More
	}
	equal(t, "spans", page, want)

	qt := query.Traces{
		Range: rng, Filter: e, Order: query.Order(r.IntN(3)), Descending: r.IntN(2) == 0,
		Limit: 1 + r.IntN(20), Offset: r.IntN(3), Total: r.IntN(2) == 0,
	}
	if r.IntN(3) == 0 {
		qt.Focus = enginetest.Expr(r, all, 1)
	}
	traces, err := plan.Traces(ctx, parts, plan.Options{}, qt)
	must(t, err)
	equal(t, "traces", traces, oracle.Traces(all, qt))
}

func checkCounts(t *testing.T, r *rand.Rand, p plan.Part, all []*span.Span, e query.Expr, rng query.Range) {
	t.Helper()
	ctx, parts := context.Background(), []plan.Part{p}
	n, err := plan.Count(ctx, parts, plan.Options{}, query.Count{Range: rng, Filter: e})
	must(t, err)
	equal(t, "count", n, oracle.Count(all, query.Count{Range: rng, Filter: e}))

	qh := query.Heatmap{Range: rng, Filter: e, Step: 60e9, Cells: 1 + r.IntN(20)}
	heat, err := plan.Heatmap(ctx, parts, plan.Options{}, qh)
	must(t, err)
	wantHeat, err := oracle.Heatmap(all, qh)
	must(t, err)
	equal(t, "heatmap", heat, wantHeat)

	qk := query.Keys{Range: rng, Filter: e}
	keys, err := plan.Keys(ctx, parts, plan.Options{}, qk)
	must(t, err)
	equal(t, "keys", keys, wantKeys(all, qk))

	qv := query.Values{Range: rng, Filter: e, Field: enginetest.Field(r)}
	values, err := plan.Values(ctx, parts, plan.Options{}, qv)
	must(t, err)
	equal(t, "values of "+qv.Field.Key, byText(values), byText(oracle.Values(all, qv)))
}

// wantKeys is the keys of matching spans with the types of all their values.
func wantKeys(all []*span.Span, q query.Keys) []query.Key {
	found := fieldSet{}
	for _, s := range all {
		if !q.Range.Contains(s.StartTimeUnixNano) || !query.Match(q.Filter, s) {
			continue
		}
		add := func(scope query.Scope, kvs []span.KeyValue) {
			for _, kv := range kvs {
				found.add(query.Attr(scope, kv.Key), kv.Value.Type())
			}
		}
		add(query.ScopeSpan, s.Attributes)
		add(query.ScopeResource, s.Resource.Attributes)
		add(query.ScopeInstrumentation, s.Scope.Attributes)
		for i := range s.Events {
			add(query.ScopeEvent, s.Events[i].Attributes)
		}
		for i := range s.Links {
			add(query.ScopeLink, s.Links[i].Attributes)
		}
	}
	return found.keys()
}

// byText orders values that are equally frequent by their bytes.
func byText(values []query.ValueCount) []query.ValueCount {
	out := slices.Clone(values)
	slices.SortFunc(out, func(a, b query.ValueCount) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(string(a.Value.AppendKey(nil)), string(b.Value.AppendKey(nil)))
	})
	return out
}

var compareValues = cmp.Comparer(func(a, b span.Value) bool { return a.Equal(b) })

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, compareValues, cmp.Comparer(func(a, b []span.KeyValue) bool {
		return slices.EqualFunc(a, b, func(x, y span.KeyValue) bool { return x.Key == y.Key && x.Value.Equal(y.Value) })
	}), emptyIsNil); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

// emptyIsNil sees lists without elements as equal.
var emptyIsNil = cmp.FilterValues(func(a, b any) bool { return isEmpty(a) && isEmpty(b) }, cmp.Comparer(func(_, _ any) bool { return true }))

func isEmpty(x any) bool {
	switch x := x.(type) {
	case []*span.Span:
		return len(x) == 0
	case []query.Key:
		return len(x) == 0
	case []query.ValueCount:
		return len(x) == 0
	case []query.TraceSummary:
		return len(x) == 0
	}
	return false
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// send appends the spans in requests of random sizes and publishes them.
func send(t *testing.T, r *rand.Rand, h *Head, spans []*span.Span) {
	t.Helper()
	for len(spans) > 0 {
		n := min(1+r.IntN(40), len(spans))
		result, err := h.Append(otlp.AppendRequest(nil, spans[:n]), nil)
		must(t, err)
		if result.Accepted != n || result.Rejected != 0 {
			t.Fatalf("of %d spans: %+v", n, result)
		}
		if r.IntN(3) == 0 {
			h.Publish(h.Rows())
		}
		spans = spans[n:]
	}
	h.Publish(h.Rows())
}

// seeded is a source of random numbers that a failing test names.
func seeded(t *testing.T, seed uint64) *rand.Rand {
	t.Helper()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}
