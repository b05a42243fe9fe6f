package head

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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
	equal(t, "keys", keys, oracle.Keys(all, qk))

	qv := query.Values{Range: rng, Filter: e, Field: enginetest.Field(r), Limit: r.IntN(6)}
	values, err := plan.Values(ctx, parts, plan.Options{}, qv)
	must(t, err)
	equal(t, "values of "+qv.Field.Key, values, oracle.Values(all, qv))
}

var same = cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(func(a, b span.Value) bool { return a.Equal(b) })}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, same); d != "" {
		t.Fatalf("%s (-want +got):\n%s", what, d)
	}
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
