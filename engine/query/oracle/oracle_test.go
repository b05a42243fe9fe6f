package oracle

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

func attrs(kvs ...any) []span.KeyValue {
	var list []span.KeyValue
	for i := 0; i < len(kvs); i += 2 {
		list = append(list, span.KeyValue{Key: kvs[i].(string), Value: kvs[i+1].(span.Value)})
	}
	return list
}

// Two traces: the first has root a with children b and c, the second is d,
// whose parent is missing, and e, which ends after all others.
var (
	cart = &span.Resource{Attributes: attrs("service.name", span.String("cart"))}
	shop = &span.Resource{Attributes: attrs("service.name", span.String("shop"))}
	lib  = &span.Scope{Name: "lib", Attributes: attrs("lib.key", span.Bool(true))}

	a = made("a", 1, 0, 100, 200, cart)
	b = made("b", 1, 'a', 110, 130, shop)
	c = made("c", 1, 'a', 110, 250, shop)
	d = made("d", 2, 'x', 105, 106, cart)
	e = made("e", 2, 'd', 90, 300, shop)

	all = []*span.Span{e, c, a, d, b}
)

func made(name string, trace, parent byte, start, end uint64, r *span.Resource) *span.Span {
	return &span.Span{
		TraceID: span.TraceID{trace}, SpanID: span.SpanID{name[0]}, ParentSpanID: span.SpanID{parent},
		Name: name, StartTimeUnixNano: start, EndTimeUnixNano: end, Resource: r, Scope: lib,
	}
}

func names(spans []*span.Span) string {
	var all []string
	for _, s := range spans {
		all = append(all, s.Name)
	}
	return strings.Join(all, "")
}

var inShop = query.Cmp(query.ServiceName, query.OpEq, query.Typed, span.String("shop"))

func TestSpans(t *testing.T) {
	after := func(s *span.Span, o query.Order) *query.Position {
		p := query.PositionOf(s, o)
		return &p
	}
	for _, test := range []struct {
		name  string
		q     query.Spans
		want  string
		more  bool
		total int
	}{
		{"all", query.Spans{Limit: 9, Total: true}, "eadbc", false, 5},
		{"exactly all", query.Spans{Limit: 5}, "eadbc", false, 0},
		{"none", query.Spans{Total: true}, "", false, 5},
		{"range", query.Spans{Range: query.Range{From: 100, To: 110}, Limit: 9, Total: true}, "ad", false, 2},
		{"range to zero", query.Spans{Range: query.Range{From: 105}, Limit: 9}, "dbc", false, 0},
		{"filter", query.Spans{Filter: inShop, Limit: 2, Total: true}, "eb", true, 3},
		{"descending", query.Spans{Descending: true, Limit: 3}, "cbd", true, 0},
		{"offset", query.Spans{Offset: 3, Limit: 9, Total: true}, "bc", false, 5},
		{"offset past the end", query.Spans{Offset: 7, Limit: 9}, "", false, 0},
		{"duration", query.Spans{Order: query.OrderDuration, Limit: 9}, "dbace", false, 0},
		{"duration descending", query.Spans{Order: query.OrderDuration, Descending: true, Limit: 2}, "ec", true, 0},
		{"after", query.Spans{After: after(d, query.OrderStart), Limit: 9, Total: true}, "bc", false, 5},
		{"after tie", query.Spans{After: after(b, query.OrderStart), Limit: 9}, "c", false, 0},
		{"after descending", query.Spans{After: after(c, query.OrderStart), Descending: true, Offset: 1, Limit: 1}, "d", true, 0},
		{"after duration", query.Spans{After: after(a, query.OrderDuration), Order: query.OrderDuration, Limit: 9}, "ce", false, 0},
	} {
		got := Spans(all, test.q)
		if names(got.Spans) != test.want || got.More != test.more || got.Total != test.total {
			t.Errorf("%s: got %s, more %v, total %d", test.name, names(got.Spans), got.More, got.Total)
		}
	}
}

func TestTrace(t *testing.T) {
	got, err := Trace(all, span.TraceID{1})
	if err != nil || names(got) != "abc" {
		t.Errorf("got %s, %v", names(got), err)
	}
	if _, err := Trace(all, span.TraceID{3}); !errors.Is(err, query.ErrNotFound) {
		t.Errorf("got %v for a trace that is not there", err)
	}
}

func TestTraces(t *testing.T) {
	failed := *b
	failed.Status.Code = span.StatusError
	spans := []*span.Span{e, c, a, d, &failed}
	first := query.TraceSummary{
		TraceID: span.TraceID{1}, HasRoot: true, RootName: "a", RootService: "cart",
		Start: 100, End: 250, Spans: 3, Errors: 1, Matched: 2,
		Focus: query.Extent{Spans: 2, Errors: 1, Start: 110, End: 250},
	}
	second := query.TraceSummary{
		TraceID: span.TraceID{2}, RootName: "e", RootService: "shop",
		Start: 90, End: 300, Spans: 2, Matched: 1,
		Focus: query.Extent{Spans: 1, Start: 90, End: 300},
	}
	position := second.PositionIn(query.OrderStart)
	both := []query.TraceSummary{second, first}
	for _, test := range []struct {
		name  string
		q     query.Traces
		want  []query.TraceSummary
		more  bool
		total int
	}{
		{"start", query.Traces{Limit: 5, Total: true}, both, false, 2},
		{"duration", query.Traces{Order: query.OrderDuration, Limit: 1}, both[1:], true, 0},
		{"end", query.Traces{Order: query.OrderEnd, Descending: true, Limit: 1}, both[:1], true, 0},
		{"after", query.Traces{After: &position, Limit: 5, Total: true}, both[1:], false, 2},
		{"range", query.Traces{Range: query.Range{From: 100}, Limit: 5, Total: true}, both[1:], false, 1},
		{"least duration", query.Traces{MinDuration: 151, Limit: 5, Total: true}, both[:1], false, 1},
		{"most duration", query.Traces{MinDuration: 150, MaxDuration: 150, Limit: 5}, both[1:], false, 0},
	} {
		test.q.Filter, test.q.Focus = inShop, inShop
		got := Traces(spans, test.q)
		want := query.TracePage{Traces: test.want, More: test.more, Total: test.total}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestTraceWithoutRootIsNamedByItsEarliestSpan(t *testing.T) {
	got := Traces(all, query.Traces{Filter: query.Cmp(query.Name, query.OpEq, query.Typed, span.String("d")), Limit: 1})
	want := []query.TraceSummary{{
		TraceID: span.TraceID{2}, RootName: "e", RootService: "shop", Start: 90, End: 300, Spans: 2, Matched: 1,
	}}
	if diff := cmp.Diff(want, got.Traces); diff != "" {
		t.Error(diff)
	}
}

func TestHeatmap(t *testing.T) {
	spans := []*span.Span{
		made("a", 1, 0, 1007, 1007+1024, cart), made("b", 1, 0, 1019, 1019+1024, cart),
		made("c", 1, 0, 1035, 1035+4000, cart), made("d", 1, 0, 1031, 1031+2048, cart),
		made("x", 1, 0, 10, 10+1<<40, cart),
	}
	got, err := Heatmap(spans, query.Heatmap{Range: query.Range{From: 1000, To: 1040}, Step: 10, Cells: 2})
	if err != nil {
		t.Fatal(err)
	}
	// 1024 is the highest of its grid cell, number 161; 4000 lies in 193, since
	// 2^(191/16) < 4000 <= 2^(192/16): 33 cells, the first 16 and the other 17.
	want := query.HeatmapAnswer{
		Start: 1000, Step: 10, Bounds: []int64{981, 1962, 4096},
		Counts: [][]uint32{{1, 0}, {1, 0}, {0, 0}, {0, 2}}, Total: 4,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHeatmapOfOneCellAndOfNothing(t *testing.T) {
	zero := []*span.Span{made("a", 1, 0, 55, 55, cart), made("b", 1, 0, 55, 5, cart)}
	got, err := Heatmap(zero, query.Heatmap{Step: 50, Cells: 100})
	want := query.HeatmapAnswer{Start: 50, Step: 50, Bounds: []int64{math.MinInt64, 0}, Counts: [][]uint32{{2}}, Total: 2}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	got, err = Heatmap(zero, query.Heatmap{Filter: query.Const(false), Step: 50, Cells: 100})
	if diff := cmp.Diff(query.HeatmapAnswer{Step: 50}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestHeatmapOfTooManyCellsIsRefused(t *testing.T) {
	for _, last := range []uint64{query.MaxTimeCells, math.MaxUint64} {
		far := []*span.Span{made("a", 1, 0, 0, 1, cart), made("b", 1, 0, last, last, cart)}
		if _, err := Heatmap(far, query.Heatmap{Step: 1, Cells: 1}); !errors.Is(err, query.ErrInvalid) {
			t.Errorf("from 0 to %d: got %v", last, err)
		}
	}
}

func TestKeys(t *testing.T) {
	s := made("s", 1, 0, 1, 2, cart)
	s.Attributes = attrs("k", span.Int(1), "k", span.String("a repeated key"), "j", span.Value{})
	s.Events = []span.Event{{Attributes: attrs("k", span.Bool(true))}, {Attributes: attrs("k", span.Int(1))}}
	s.Links = []span.Link{{Attributes: attrs("l", span.Array())}}
	other := made("o", 1, 0, 1, 2, cart)
	other.Attributes = attrs("k", span.Double(1))
	spans := []*span.Span{s, other}
	key := func(scope query.Scope, key string, types ...span.Type) query.Key {
		return query.Key{Field: query.Attr(scope, key), Types: types}
	}
	want := []query.Key{
		key(query.ScopeSpan, "j", span.TypeEmpty),
		key(query.ScopeSpan, "k", span.TypeString, span.TypeInt, span.TypeDouble),
		key(query.ScopeResource, "service.name", span.TypeString),
		key(query.ScopeInstrumentation, "lib.key", span.TypeBool),
		key(query.ScopeEvent, "k", span.TypeBool, span.TypeInt),
		key(query.ScopeLink, "l", span.TypeArray),
	}
	if diff := cmp.Diff(want, Keys(spans, query.Keys{})); diff != "" {
		t.Error(diff)
	}
	got := Keys(spans, query.Keys{Scopes: []query.Scope{query.ScopeLink, query.ScopeInstrumentation, query.ScopeIntrinsic}})
	if diff := cmp.Diff([]query.Key{want[3], want[5]}, got); diff != "" {
		t.Error(diff)
	}
	if got := Keys(spans, query.Keys{Range: query.Range{From: 2}}); len(got) != 0 {
		t.Errorf("got %v of no spans", got)
	}
}

func TestValues(t *testing.T) {
	var spans []*span.Span
	for _, v := range []span.Value{
		span.String("b"), span.String("a"), span.String("a"), span.Int(10), span.Int(9), span.Double(math.NaN()),
		span.Array(span.Int(1)), span.Array(span.Double(1)),
	} {
		s := made("s", 1, 0, 1, 2, cart)
		s.Events = []span.Event{{Attributes: attrs("k", v)}, {Attributes: attrs("k", v)}, {}}
		spans = append(spans, s)
	}
	want := []query.ValueCount{
		{Value: span.String("a"), Count: 2}, {Value: span.String("b"), Count: 1},
		{Value: span.Int(10), Count: 1}, {Value: span.Int(9), Count: 1}, {Value: span.Double(math.NaN()), Count: 1},
		{Value: span.Array(span.Int(1)), Count: 1}, {Value: span.Array(span.Double(1)), Count: 1},
	}
	field := query.Attr(query.ScopeEvent, "k")
	if diff := cmp.Diff(want, Values(spans, query.Values{Field: field})); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[:2], Values(spans, query.Values{Field: field, Limit: 2})); diff != "" {
		t.Error(diff)
	}
	got := Values(spans, query.Values{Field: query.ParentSpanID})
	if diff := cmp.Diff([]query.ValueCount(nil), got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func TestCount(t *testing.T) {
	if got := Count(all, query.Count{Filter: inShop, Range: query.Range{From: 91}}); got != 2 {
		t.Errorf("got %d", got)
	}
}
