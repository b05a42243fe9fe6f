package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/query/oracle"
	"github.com/spanstead/spanstead/engine/span"
)

// times are start times at the ends of what 64 bits hold and near ordinary ones.
var times = []uint64{
	0, 1, 2, 59e9, 60e9, enginetest.Base - 1, enginetest.Base, enginetest.Base + 1,
	math.MaxInt64 - 1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64 - 60e9, math.MaxUint64 - 1, math.MaxUint64,
}

// spansAtTheEnds start at every one of the times and end at each of them, so
// that durations reach from the least to the greatest number and around.
func spansAtTheEnds(times []uint64) []*span.Span {
	var out []*span.Span
	for i, start := range times {
		for k, end := range append(times, start+math.MaxInt64, start+math.MaxInt64+1, start-1) {
			s := &span.Span{Name: fmt.Sprint("n", k%3), StartTimeUnixNano: start, EndTimeUnixNano: end, Status: span.Status{Code: span.StatusCode(k % 3)}}
			s.Attributes = []span.KeyValue{{Key: "a", Value: span.Int(int64(end))}}
			s.Resource = &span.Resource{Attributes: []span.KeyValue{{Key: "service.name", Value: span.String(fmt.Sprint("svc", i%2))}}}
			binary.BigEndian.PutUint64(s.TraceID[:], uint64(1+(i*k)%11))
			binary.BigEndian.PutUint64(s.SpanID[:], uint64(len(out)+1))
			if k%4 > 0 {
				binary.BigEndian.PutUint64(s.ParentSpanID[:], uint64(len(out)))
			}
			out = append(out, s)
		}
	}
	return out
}

// hostile is a store and a model of spans that were sent in some order, part of
// them sealed.
type hostile struct {
	t     *testing.T
	store *Store
	spans []*span.Span
	opts  []plan.Options
	asked int
}

func newHostile(t *testing.T, spans []*span.Span, sealRows, batchRows int) *hostile {
	t.Helper()
	s, err := Open(Options{Inline: true, SealRows: sealRows, BatchRows: batchRows, MergeFactor: 2, SealAge: -1, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	r := enginetest.Rand(41)
	var m model
	for _, i := range r.Perm(len(spans)) {
		if _, err := s.Append(context.Background(), "", otlp.AppendRequest(nil, spans[i:i+1])); err != nil {
			t.Fatal(err)
		}
		m.append(spans[i : i+1])
	}
	return &hostile{t: t, store: s, spans: m.spans, opts: []plan.Options{{}, {NoIndex: true}}}
}

// kindOf is which of the errors that callers decide on an error is.
func kindOf(err error) string {
	for _, kind := range []error{query.ErrInvalid, query.ErrNotFound, query.ErrCorrupt, query.ErrFull, query.ErrReadOnly, query.ErrClosed} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return fmt.Sprint(err)
}

// compareTo asks the engine, with and without index, and holds its answer
// against the oracle's.
func compareTo[A any](h *hostile, q any, want A, wantErr error, ask func(parts []plan.Part, opt plan.Options) (A, error)) {
	h.t.Helper()
	v, err := h.store.View("")
	if err != nil {
		h.t.Fatal(err)
	}
	defer v.Close()
	for _, opt := range h.opts {
		h.asked++
		got, err := ask(v.Parts(), opt)
		if kindOf(err) != kindOf(wantErr) {
			h.t.Fatalf("%#v, no index %v: error %v instead of %v", q, opt.NoIndex, err, wantErr)
		}
		if err != nil || reflect.DeepEqual(want, got) {
			continue
		}
		if d := cmp.Diff(want, got, same); d != "" {
			h.t.Fatalf("%#v, no index %v (-want +got)\n%.3000s", q, opt.NoIndex, d)
		}
	}
}

func (h *hostile) heatmap(q query.Heatmap) {
	h.t.Helper()
	err := q.Check()
	var want query.HeatmapAnswer
	if err == nil {
		want, err = oracle.Heatmap(h.spans, q)
	}
	compareTo(h, q, want, err, func(parts []plan.Part, opt plan.Options) (query.HeatmapAnswer, error) {
		return plan.Heatmap(context.Background(), parts, opt, q)
	})
}

func (h *hostile) askSpans(q query.Spans) {
	h.t.Helper()
	err := q.Check()
	var want query.SpanPage
	if err == nil {
		want = oracle.Spans(h.spans, q)
	}
	compareTo(h, q, want, err, func(parts []plan.Part, opt plan.Options) (query.SpanPage, error) {
		return plan.Spans(context.Background(), parts, opt, q)
	})
}

func (h *hostile) askTraces(q query.Traces) {
	h.t.Helper()
	err := q.Check()
	var want query.TracePage
	if err == nil {
		want = oracle.Traces(h.spans, q)
	}
	compareTo(h, q, want, err, func(parts []plan.Part, opt plan.Options) (query.TracePage, error) {
		return plan.Traces(context.Background(), parts, opt, q)
	})
}

// ranges are all pairs of the times, empty and turned ones among them, and
// those without an upper end.
func ranges() []query.Range {
	var out []query.Range
	for _, from := range times {
		for _, to := range times {
			out = append(out, query.Range{From: from, To: to})
		}
	}
	return out
}

// eachHostile runs a test over stores of spans at all the times, and of a few
// that lie close together at either end.
func eachHostile(t *testing.T, test func(h *hostile)) {
	for name, at := range map[string][]uint64{"everywhere": times, "at the beginning": {0, 1, 59e9, 60e9}, "at the end": {math.MaxUint64 - 60e9, math.MaxUint64 - 1, math.MaxUint64}, "in the middle": {math.MaxInt64 - 1, math.MaxInt64, math.MaxInt64 + 1}} {
		for _, rows := range [][2]int{{1 << 20, 65536}, {7, 4}, {25, 65536}} {
			t.Run(fmt.Sprintf("%s/%d", name, rows[0]), func(t *testing.T) {
				h := newHostile(t, spansAtTheEnds(at), rows[0], rows[1])
				test(h)
				if h.asked == 0 {
					t.Fatal("nothing was asked")
				}
			})
		}
	}
}

// TestHostileHeatmaps: steps and ranges that overflow, or ask for too much.
func TestHostileHeatmaps(t *testing.T) {
	service := query.Cmp(query.ServiceName, query.OpEq, query.Typed, span.String("svc1"))
	errored := query.Cmp(query.StatusCode, query.OpEq, query.Typed, span.Int(2))
	eachHostile(t, func(h *hostile) {
		for _, step := range []uint64{0, 1, 999, 1e9, 10e9, 60e9, 3600e9, 86400e9, 1 << 62, math.MaxInt64, 1 << 63, math.MaxUint64 - 1, math.MaxUint64} {
			for _, f := range []query.Expr{nil, service, errored, query.Const(false)} {
				for _, cells := range []int{-1, 0, 1, 7, query.MaxDurationCells, query.MaxDurationCells + 1} {
					h.heatmap(query.Heatmap{Filter: f, Step: step, Cells: cells})
				}
			}
			for i, rng := range ranges() {
				if len(h.spans) > 100 && i%4 > 0 {
					continue
				}
				f := []query.Expr{nil, service, errored}[i%3]
				h.heatmap(query.Heatmap{Range: rng, Filter: f, Step: step, Cells: 5})
			}
		}
	})
}

// TestHostilePages: limits, offsets, places and ranges at their ends.
func TestHostilePages(t *testing.T) {
	limits := []int{math.MinInt, -1, 0, 1, 3, query.MaxLimit, query.MaxLimit + 1, math.MaxInt}
	eachHostile(t, func(h *hostile) {
		r := enginetest.Rand(42)
		for _, limit := range limits {
			for _, offset := range limits {
				h.askSpans(query.Spans{Limit: limit, Offset: offset, Order: query.Order(r.IntN(2)), Descending: r.IntN(2) == 0, Total: true})
				h.askTraces(query.Traces{Limit: limit, Offset: offset, Order: query.Order(r.IntN(3)), Descending: r.IntN(2) == 0, Total: true})
			}
		}
		for i, rng := range ranges() {
			order, descending := query.Order(i%2), i%3 == 0
			h.askSpans(query.Spans{Range: rng, Order: order, Descending: descending, Limit: 1 + i%9, Total: true})
			h.askTraces(query.Traces{Range: rng, Order: query.Order(i % 3), Descending: descending, Limit: 5, Total: true})
			after := query.Position{Key: int64(rng.From), Start: rng.To}
			if order == query.OrderStart {
				after.Key = 0
			}
			h.askSpans(query.Spans{Order: order, Descending: descending, Limit: 5, After: &after})
			h.askTraces(query.Traces{Order: order, Descending: descending, Limit: 5, After: &after})
		}
		for _, d := range []int64{math.MinInt64, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64} {
			for _, e := range []int64{math.MinInt64, -1, 0, 1, math.MaxInt64} {
				h.askTraces(query.Traces{MinDuration: d, MaxDuration: e, Order: query.OrderDuration, Limit: 50, Total: true})
				h.askTraces(query.Traces{MinDuration: d, MaxDuration: e, Descending: true, Limit: 2})
			}
		}
	})
}

// TestHostileNumbers: comparisons with times and durations at their ends.
func TestHostileNumbers(t *testing.T) {
	eachHostile(t, func(h *hostile) {
		for _, f := range []query.Field{query.StartTimeUnixNano, query.EndTimeUnixNano, query.DurationNano, query.Attr(query.ScopeSpan, "a")} {
			for _, n := range []int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64} {
				for op := query.OpEq; op <= query.OpGe; op++ {
					for _, view := range []query.View{query.Typed, query.Number} {
						for _, v := range []span.Value{span.Int(n), span.Double(float64(n))} {
							h.count(query.Count{Filter: query.Cmp(f, op, view, v)})
						}
					}
				}
			}
			for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1 << 63, 1 << 64, -1 << 63, math.Copysign(0, -1)} {
				for op := query.OpEq; op <= query.OpGe; op++ {
					h.count(query.Count{Filter: query.Cmp(f, op, query.Number, span.Double(v))})
				}
			}
		}
		for _, rng := range ranges() {
			h.count(query.Count{Range: rng})
		}
		for _, limit := range []int{-1, 0, 1, query.MaxLimit, query.MaxLimit + 1} {
			for _, f := range []query.Field{query.StartTimeUnixNano, query.DurationNano, query.Attr(query.ScopeAny, "a"), {Scope: 99, Key: "x"}} {
				h.values(query.Values{Field: f, Limit: limit})
			}
		}
	})
}

func (h *hostile) count(q query.Count) {
	h.t.Helper()
	compareTo(h, q, oracle.Count(h.spans, q), nil, func(parts []plan.Part, opt plan.Options) (int, error) {
		return plan.Count(context.Background(), parts, opt, q)
	})
}

func (h *hostile) values(q query.Values) {
	h.t.Helper()
	err := q.Check()
	var want []query.ValueCount
	if err == nil {
		want = oracle.Values(h.spans, q)
	}
	compareTo(h, q, want, err, func(parts []plan.Part, opt plan.Options) ([]query.ValueCount, error) {
		return plan.Values(context.Background(), parts, opt, q)
	})
}
