package plan_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/internal/part"
	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/query/oracle"
	"github.com/spanstead/spanstead/engine/span"
)

// build makes a segment of spans and opens it.
func build(t testing.TB, id uint64, spans []*span.Span, o table.Options) *part.Part {
	t.Helper()
	var buf bytes.Buffer
	o.ID = id
	if _, err := table.Build(enginetest.Table(spans), &buf, o); err != nil {
		t.Fatal(err)
	}
	p, err := part.Open(bytes.NewReader(buf.Bytes()), int64(buf.Len()), part.NewCache(0))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// world is some spans and the parts that hold them.
type world struct {
	spans []*span.Span
	parts []plan.Part
}

// newWorld splits spans over parts and deletes some rows.
func newWorld(t testing.TB, r *rand.Rand) world {
	var w world
	all := enginetest.Spans(r, 1+r.IntN(120))
	for i := uint64(1); len(all) > 0; i++ {
		n := 1 + r.IntN(len(all))
		o := table.Options{BatchRows: []int{1, 2, 7, 64, 65536}[r.IntN(5)], Columns: []int{0, 3}[r.IntN(2)], NoGroups: r.IntN(3) == 0}
		p := build(t, i, all[:n], o)
		rows := make([]uint32, n)
		for k := range rows {
			rows[k] = uint32(k)
		}
		spans, err := p.Fetch(rows)
		if err != nil {
			t.Fatal(err)
		}
		if r.IntN(3) == 0 {
			dead := roaring.New()
			for k := range spans {
				if r.IntN(4) == 0 {
					dead.Add(uint32(k))
				}
			}
			p = p.WithDead(dead)
			spans = live(spans, dead)
		}
		w.spans = append(w.spans, spans...)
		w.parts = append(w.parts, p)
		all = all[n:]
	}
	return w
}

func live(spans []*span.Span, dead *roaring.Bitmap) []*span.Span {
	var out []*span.Span
	for i, s := range spans {
		if !dead.Contains(uint32(i)) {
			out = append(out, s)
		}
	}
	return out
}

var same = cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(func(a, b span.Value) bool { return a.Equal(b) })}

// TestFetch: what a segment gives back is what went in.
func TestFetch(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		spans := enginetest.Spans(r, 1+r.IntN(100))
		p := build(t, 1, spans, table.Options{BatchRows: []int{1, 3, 65536}[seed%3], Columns: []int{0, 2}[seed%2]})
		rows := make([]uint32, len(spans))
		for k := range rows {
			rows[k] = uint32(k)
		}
		got, err := p.Fetch(rows)
		if err != nil {
			t.Fatal(err)
		}
		want := enginetest.CanonicalAll(spans)
		slices.SortFunc(want, func(a, b *span.Span) int {
			return query.PositionOf(a, query.OrderStart).Compare(query.PositionOf(b, query.OrderStart))
		})
		if d := cmp.Diff(want, got, same); d != "" {
			t.Fatalf("seed %d: (-want +got)\n%s", seed, d)
		}
		if err := p.Reader().Verify(context.Background()); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// TestAnswers: random questions over random parts are answered as the oracle
// answers them, with indexes and without.
func TestAnswers(t *testing.T) {
	worlds := 60
	if testing.Short() {
		worlds = 20
	}
	for seed := range uint64(worlds) {
		r := rand.New(rand.NewPCG(seed, 2))
		w := newWorld(t, r)
		for range 25 {
			at := fmt.Sprintf("seed %d", seed)
			filter := enginetest.Expr(r, w.spans, 3)
			opt := plan.Options{NoIndex: r.IntN(2) == 0, LazyFrom: r.IntN(2), KeepFrom: r.IntN(2), WindowRows: r.IntN(3) * 3}
			w.check(t, at, r, opt, filter)
		}
	}
}

func (w world) check(t *testing.T, at string, r *rand.Rand, opt plan.Options, filter query.Expr) {
	t.Helper()
	ctx := context.Background()
	rng := enginetest.Range(r)
	diff := func(what string, want, got any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %s %#v: %v", at, what, filter, err)
		}
		if d := cmp.Diff(want, got, same); d != "" {
			t.Fatalf("%s: %s of %#v in %v, no index %v (-want +got)\n%s", at, what, filter, rng, opt.NoIndex, d)
		}
	}
	q := query.Spans{
		Range: rng, Filter: filter, Order: query.Order(r.IntN(2)), Descending: r.IntN(2) == 0,
		Limit: r.IntN(12), Offset: max(0, r.IntN(6)-3), Total: r.IntN(2) == 0,
	}
	if len(w.spans) > 0 && r.IntN(3) == 0 {
		p := query.PositionOf(w.spans[r.IntN(len(w.spans))], q.Order)
		q.After = &p
	}
	page, err := plan.Spans(ctx, w.parts, opt, q)
	diff("spans", oracle.Spans(w.spans, q), page, err)

	n, err := plan.Count(ctx, w.parts, opt, query.Count{Range: rng, Filter: filter})
	diff("count", oracle.Count(w.spans, query.Count{Range: rng, Filter: filter}), n, err)

	tq := query.Traces{
		Range: rng, Filter: filter, Order: query.Order(r.IntN(3)), Descending: r.IntN(3) > 0,
		Limit: r.IntN(8), Offset: max(0, r.IntN(5)-3), Total: r.IntN(2) == 0,
	}
	if r.IntN(2) == 0 {
		tq.Focus = enginetest.Expr(r, w.spans, 1)
	}
	if r.IntN(3) == 0 {
		tq.MinDuration, tq.MaxDuration = r.Int64N(1e9), r.Int64N(1e12)
	}
	traces, err := plan.Traces(ctx, w.parts, opt, tq)
	diff("traces", oracle.Traces(w.spans, tq), traces, err)

	hq := query.Heatmap{Range: rng, Filter: filter, Step: []uint64{60e9, 7e9, 120e9, 600e9}[r.IntN(4)], Cells: 1 + r.IntN(30)}
	if r.IntN(2) == 0 {
		hq.Filter = query.Cmp(query.ServiceName, query.OpEq, query.Typed, span.String("svc1"))
	}
	if r.IntN(4) == 0 {
		hq.Filter = nil
	}
	heat, err := plan.Heatmap(ctx, w.parts, opt, hq)
	want, wantErr := oracle.Heatmap(w.spans, hq)
	if wantErr != nil {
		t.Fatal(wantErr)
	}
	diff(fmt.Sprintf("heatmap %+v", hq), want, heat, err)

	kq := query.Keys{Range: rng, Filter: filter}
	keys, err := plan.Keys(ctx, w.parts, opt, kq)
	diff("keys", oracle.Keys(w.spans, kq), keys, err)

	vq := query.Values{Range: rng, Filter: filter, Field: enginetest.Field(r), Limit: r.IntN(6)}
	values, err := plan.Values(ctx, w.parts, opt, vq)
	diff(fmt.Sprintf("values of %v", vq.Field), oracle.Values(w.spans, vq), values, err)

	if len(w.spans) > 0 {
		id := w.spans[r.IntN(len(w.spans))].TraceID
		got, err := plan.Trace(ctx, w.parts, opt, id)
		want, _ := oracle.Trace(w.spans, id)
		diff("trace", want, got, err)
	}
}

// TestCancelled: a question whose context has ended gives its error.
func TestCancelled(t *testing.T) {
	w := newWorld(t, rand.New(rand.NewPCG(1, 1)))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := plan.Count(ctx, w.parts, plan.Options{NoIndex: true}, query.Count{Filter: query.Exists{Field: query.ParentSpanID}}); err != context.Canceled {
		t.Fatalf("got %v", err)
	}
}

// TestMerge: merged parts answer as the parts did, without their deleted rows.
func TestMerge(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		w := newWorld(t, r)
		var parts []*part.Part
		for _, p := range w.parts {
			parts = append(parts, p.(*part.Part))
		}
		merged, err := part.Merge(parts)
		if err != nil {
			t.Fatal(err)
		}
		if merged.Rows() != len(w.spans) {
			t.Fatalf("seed %d: %d rows of %d", seed, merged.Rows(), len(w.spans))
		}
		if len(w.spans) == 0 {
			continue
		}
		var buf bytes.Buffer
		if _, err := table.Build(merged, &buf, table.Options{ID: 99, BatchRows: []int{1, 16, 65536}[seed%3]}); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		p, err := part.Open(bytes.NewReader(buf.Bytes()), int64(buf.Len()), part.NewCache(0))
		if err != nil {
			t.Fatal(err)
		}
		one := world{w.spans, []plan.Part{p}}
		for range 8 {
			one.check(t, fmt.Sprintf("seed %d", seed), r, plan.Options{NoIndex: r.IntN(2) == 0}, enginetest.Expr(r, w.spans, 2))
		}
	}
}
