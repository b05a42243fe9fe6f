package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// A question is asked of parts; its answer is bytes that are equal when the
// answers are.
type question struct {
	name string
	ask  func(ctx context.Context, parts []plan.Part, opt plan.Options) ([]byte, error)
}

// some filters, of which each is answered by other blocks of a segment.
func someFilters(t *testing.T) map[string]query.Expr {
	t.Helper()
	pattern, err := query.NewCompare(query.Compare{Field: query.Name, Op: query.OpRegexp, Values: []span.Value{span.String("(?i)^.*e[ct]")}})
	if err != nil {
		t.Fatal(err)
	}
	text := func(f query.Field, op query.Op, s string) query.Expr {
		return query.Cmp(f, op, query.Text, span.String(s))
	}
	return map[string]query.Expr{
		"all": nil, "pattern": pattern,
		"service":    query.Cmp(query.ServiceName, query.OpEq, query.Typed, span.String("svc1")),
		"not errors": query.Not{X: query.Cmp(query.StatusCode, query.OpEq, query.Typed, span.Int(2))},
		"long":       query.Cmp(query.DurationNano, query.OpGt, query.Typed, span.Int(1e6)),
		"wherever":   text(query.Attr(query.ScopeAny, "a"), query.OpContains, "e"),
		"both":       query.And{query.Exists{Field: query.Attr(query.ScopeSpan, "b")}, text(query.Attr(query.ScopeSpan, "a"), query.OpGe, "1")},
		"either":     query.Or{query.Exists{Field: query.ParentSpanID}, query.Exists{Field: query.Attr(query.ScopeEvent, "a")}},
		"none":       query.Const(false),
	}
}

// manyQuestions ask for everything that a store knows, each kind of question
// with every filter, and every field's values.
func manyQuestions(t *testing.T, traces []span.TraceID) []question {
	t.Helper()
	var qs []question
	add := func(name string, ask func(ctx context.Context, parts []plan.Part, opt plan.Options) ([]byte, error)) {
		qs = append(qs, question{name, ask})
	}
	filters := someFilters(t)
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		f := filters[name]
		for order := range query.OrderEnd {
			q := query.Spans{Filter: f, Order: order, Descending: order == 0, Limit: 1000, Total: true}
			add(fmt.Sprintf("spans %s %d", name, order), func(ctx context.Context, parts []plan.Part, opt plan.Options) ([]byte, error) {
				a, err := plan.Spans(ctx, parts, opt, q)
				return spansKey(a.Spans, a.Total), err
			})
		}
		for order := range query.OrderEnd + 1 {
			q := query.Traces{Filter: f, Focus: f, Order: order, Descending: order != 1, Limit: 1000, Total: true}
			add(fmt.Sprintf("traces %s %d", name, order), func(ctx context.Context, parts []plan.Part, opt plan.Options) ([]byte, error) {
				a, err := plan.Traces(ctx, parts, opt, q)
				return fmt.Appendf(nil, "%v", a), err
			})
		}
		add("heatmap "+name, func(ctx context.Context, parts []plan.Part, opt plan.Options) ([]byte, error) {
			a, err := plan.Heatmap(ctx, parts, opt, query.Heatmap{Filter: f, Step: 60e9, Cells: 8})
			return fmt.Appendf(nil, "%v", a), err
		})
		add("keys "+name, func(ctx context.Context, parts []plan.Part, opt plan.Options) ([]byte, error) {
			a, err := plan.Keys(ctx, parts, opt, query.Keys{Filter: f})
			return fmt.Appendf(nil, "%v", a), err
		})
		add("count "+name, func(ctx context.Context, parts []plan.Part, opt plan.Options) ([]byte, error) {
			n, err := plan.Count(ctx, parts, opt, query.Count{Filter: f, Range: query.Range{From: enginetest.Base + 1}})
			return fmt.Append(nil, n), err
		})
	}
	for _, f := range manyFields() {
		add(fmt.Sprint("values ", f), func(ctx context.Context, parts []plan.Part, opt plan.Options) ([]byte, error) {
			a, err := plan.Values(ctx, parts, opt, query.Values{Field: f})
			var b []byte
			for _, v := range a {
				b = fmt.Appendf(v.Value.AppendKey(b), " %d ", v.Count)
			}
			return b, err
		})
		add(fmt.Sprint("has ", f), func(ctx context.Context, parts []plan.Part, opt plan.Options) ([]byte, error) {
			n, err := plan.Count(ctx, parts, opt, query.Count{Filter: query.Exists{Field: f}})
			return fmt.Append(nil, n), err
		})
	}
	for _, id := range traces {
		add(fmt.Sprint("trace ", id), func(ctx context.Context, parts []plan.Part, opt plan.Options) ([]byte, error) {
			a, err := plan.Trace(ctx, parts, opt, id)
			if errors.Is(err, query.ErrNotFound) {
				return []byte("none"), nil
			}
			return spansKey(a, 0), err
		})
	}
	return qs
}

func manyFields() []query.Field {
	fields := append([]query.Field(nil), query.Intrinsics[:]...)
	for scope := query.ScopeSpan; scope <= query.ScopeAny; scope++ {
		for _, k := range enginetest.Keys {
			fields = append(fields, query.Attr(scope, k))
		}
	}
	return fields
}

// spansKey is the spans as OTLP, in their order.
func spansKey(spans []*span.Span, total int) []byte {
	b := fmt.Appendf(nil, "%d of %d:", len(spans), total)
	for _, s := range spans {
		b = otlp.AppendRequest(b, []*span.Span{enginetest.Canonical(s)})
	}
	return b
}

// answered is what a store answered to one question, if it was asked.
type answered struct {
	asked bool
	bytes []byte
	err   error
}

// askAll asks the questions that pick says, with the index and without. A
// workspace that answers nothing gives the same error to all of them.
func askAll(s *Store, qs []question, pick func(i int) bool) []answered {
	out := make([]answered, 2*len(qs))
	v, err := s.View(DefaultWorkspace)
	if err == nil {
		defer v.Close()
	}
	for i := range out {
		switch opt := (plan.Options{NoIndex: i >= len(qs)}); {
		case err != nil:
			out[i] = answered{true, nil, err}
		case pick(i):
			b, err := qs[i%len(qs)].ask(context.Background(), v.Parts(), opt)
			out[i] = answered{true, b, err}
		}
	}
	return out
}

// differing returns the number of the first answer that is neither an error of
// corruption nor as wanted, or -1.
func differing(want, got []answered) int {
	for i, a := range got {
		if !a.asked || a.err != nil && errors.Is(a.err, query.ErrCorrupt) {
			continue
		}
		if a.err != nil || !bytes.Equal(want[i].bytes, a.bytes) {
			return i
		}
	}
	return -1
}
