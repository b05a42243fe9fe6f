package apiserver_test

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/spanstead/spanstead/apiserver"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/fixtures"
)

// history is a store's spans beside the vendors' APIs over it.
type history struct {
	*caller
	store    store.Store
	spans    []*span.Span
	from, to time.Time
}

// load makes the spans of scenarios that come with the fixtures.
func load(t *testing.T, spans int, names ...string) *history {
	t.Helper()
	h := &history{store: storetest.New(t)}
	for i, name := range names {
		s, err := fixtures.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		h.spans = append(h.spans, fixtures.New(s, fixtures.Options{Seed: uint64(i) + 1, Start: began, Spans: spans}).All()...)
	}
	h.spans = append(h.spans, randomSpans(500)...)
	h.spans = h.append(t, h.spans)
	h.caller = &caller{TB: t, handler: apiserver.New(apiserver.Options{Store: h.store}).Handler(), workspace: store.DefaultWorkspace}
	h.from, h.to = time.Unix(1<<33, 0), time.Unix(1, 0)
	for _, s := range h.spans {
		at := time.Unix(0, int64(s.StartTimeUnixNano)).UTC()
		if at.Before(h.from) {
			h.from = at.Truncate(time.Second)
		}
		if at.After(h.to) {
			h.to = at.Truncate(time.Second).Add(time.Second)
		}
	}
	return h
}

// append stores spans and returns those that were stored: of one that is sent
// twice the first.
func (h *history) append(t *testing.T, spans []*span.Span) []*span.Span {
	t.Helper()
	a, err := h.store.Append(t.Context(), store.DefaultWorkspace, otlp.AppendRequest(nil, spans))
	if err != nil || a.Rejected > 0 {
		t.Fatalf("%+v, %v", a, err)
	}
	type id struct {
		span.TraceID
		span.SpanID
	}
	var kept []*span.Span
	seen := map[id]bool{}
	for _, s := range spans {
		if k := (id{s.TraceID, s.SpanID}); !seen[k] {
			seen[k] = true
			kept = append(kept, s)
		}
	}
	return kept
}

// randomSpans are a few services whose attributes have every type, in traces
// of several spans within an hour.
func randomSpans(n int) []*span.Span {
	r := rand.New(rand.NewPCG(4, 0))
	texts := []string{"", "GET", "checkout", "500", "1.5", "日本", "a\x00b", "'quoted\" \\"}
	value := func() span.Value {
		return []span.Value{
			span.String(texts[r.IntN(len(texts))]), span.Int(int64(r.IntN(3)) * 250), span.Double(r.Float64()), span.Double(500),
			span.Bool(true), span.Bytes([]byte("b")), span.Array(span.Int(1), span.String("x")), {},
		}[r.IntN(8)]
	}
	var resources []*span.Resource
	for _, name := range []string{"svc-0", "svc-1", "Ümlaut"} {
		resources = append(resources, &span.Resource{Attributes: []span.KeyValue{
			{Key: "service.name", Value: span.String(name)}, {Key: "service.namespace", Value: span.String("random")}}})
	}
	spans := make([]*span.Span, n)
	for i := range spans {
		s := &span.Span{Name: texts[1+r.IntN(len(texts)-1)], Kind: span.Kind(r.IntN(6)), Resource: resources[r.IntN(3)], Scope: &span.Scope{}}
		binary.BigEndian.PutUint64(s.TraceID[:], uint64(1+r.IntN(n/5)))
		binary.BigEndian.PutUint64(s.SpanID[:], uint64(i+1))
		s.StartTimeUnixNano = uint64(began.UnixNano()) + r.Uint64N(3600*1e9)
		s.EndTimeUnixNano = s.StartTimeUnixNano + r.Uint64N(uint64(time.Millisecond)<<r.IntN(14))
		s.Status.Code = span.StatusCode(r.IntN(3))
		for _, key := range []string{"http.status_code", "key with 'quotes'", "plain"}[:r.IntN(4)] {
			s.Attributes = append(s.Attributes, span.KeyValue{Key: key, Value: value()})
		}
		spans[i] = s
	}
	return spans
}

// want is the filter that a question is. Attributes are compared as each
// vendor documents it, so a value of another type that looks the same may
// count; loose says so.
func (q question) want(unit time.Duration, loose bool) func(*span.Span) bool {
	is := func(f query.Field, v span.Value, view query.View) query.Expr {
		return query.Cmp(f, query.OpEq, view, v)
	}
	all := query.And{}
	if q.service != "" {
		all = append(all, is(query.ServiceName, span.String(q.service), query.Typed))
	}
	if q.namespace != "" {
		all = append(all, is(query.Attr(query.ScopeResource, "service.namespace"), span.String(q.namespace), query.Typed))
	}
	if q.name != "" {
		all = append(all, is(query.Name, span.String(q.name), query.Typed))
	}
	if q.failed {
		all = append(all, is(query.StatusCode, span.Int(int64(span.StatusError)), query.Typed))
	}
	view := query.Typed
	if loose {
		view = query.Text
	}
	if q.number != nil && loose {
		view = query.Number
	}
	if q.number != nil {
		all = append(all, is(query.Attr(query.ScopeSpan, q.key), span.Int(*q.number), view))
	} else if q.key != "" {
		all = append(all, is(query.Attr(query.ScopeSpan, q.key), span.String(q.value), view))
	}
	return func(s *span.Span) bool {
		at := time.Unix(0, int64(s.StartTimeUnixNano))
		if at.Before(q.from) || !at.Before(q.to) || !query.Match(all, s) {
			return false
		}
		took := durationOf(s, unit)
		return (q.leastMS == 0 || took >= time.Duration(q.leastMS)*time.Millisecond) &&
			(q.mostMS == 0 || took <= time.Duration(q.mostMS)*time.Millisecond)
	}
}

// durationOf is a span's duration where times are cut to a unit.
func durationOf(s *span.Span, unit time.Duration) time.Duration {
	u := uint64(unit)
	return time.Duration(s.EndTimeUnixNano/u*u - s.StartTimeUnixNano/u*u)
}

func (h *history) idsOf(match func(*span.Span) bool) (list []shown) {
	for _, s := range h.spans {
		if match(s) {
			list = append(list, shown{TraceID: s.TraceID.String(), SpanID: s.SpanID.String()})
		}
	}
	return list
}

// questions asks for everything, for each service, for the commonest names,
// statuses, durations and attributes, in the whole time and in parts of it.
func (h *history) questions(r *rand.Rand) []question {
	var parts []question
	for range 60 {
		s := h.spans[r.IntN(len(h.spans))]
		namespace, _ := span.Lookup(s.Resource.Attributes, "service.namespace")
		q := question{}
		switch r.IntN(5) {
		case 0:
			q.service = s.ServiceName()
		case 1:
			q.service, q.namespace = s.ServiceName(), namespace.Text()
		}
		if r.IntN(3) == 0 {
			q.name = s.Name
		}
		q.failed = r.IntN(4) == 0
		switch r.IntN(8) {
		case 0:
			q.leastMS = 1 + r.Int64N(50)
		case 1:
			q.mostMS = 20 + r.Int64N(400)
		case 2:
			q.leastMS, q.mostMS = 1+r.Int64N(20), 21+r.Int64N(400)
		}
		if len(s.Attributes) > 0 && r.IntN(2) == 0 {
			kv := s.Attributes[r.IntN(len(s.Attributes))]
			switch kv.Value.Type() {
			case span.TypeString:
				if text := kv.Value.Str(); text != "" && len(text) < 500 { // "" may mean a missing one
					q.key, q.value = kv.Key, text
				}
			case span.TypeInt:
				if n := kv.Value.Int(); n > -1<<53 && n < 1<<53 {
					q.key, q.number = kv.Key, &n
				}
			}
		}
		parts = append(parts, q)
	}
	parts = append(parts, question{}, question{failed: true})
	var out []question
	seconds := h.to.Unix() - h.from.Unix()
	for _, q := range parts {
		q.from, q.to = h.from, h.to
		out = append(out, q)
		from := r.Int64N(seconds)
		q.from = h.from.Add(time.Duration(from) * time.Second)
		q.to = q.from.Add(time.Duration(1+r.Int64N(seconds-from)) * time.Second)
		out = append(out, q)
	}
	return out
}

// TestOneStoreFiveViews asks every vendor that can be asked the same thing,
// and gets the same spans, with the same names, times and durations, as far as
// the vendor shows them.
func TestOneStoreFiveViews(t *testing.T) {
	h := load(t, 1200, "shop", "agents", "incident")
	asked := map[string]int{}
	questions := h.questions(rand.New(rand.NewPCG(8, 0)))
	if testing.Short() {
		questions = questions[100:]
	}
	for i, q := range questions {
		for _, v := range views {
			for _, n := range h.compare(v, q) {
				asked[n]++
			}
		}
		if t.Failed() {
			t.Fatalf("question %d: %+v", i, q)
		}
	}
	for what, least := range map[string]int{
		"last9 spans": 100, "last9 traces": 100, "mackerel traces": 10, "sideseat spans": 20, "sideseat traces": 10,
		"truefoundry spans": 60, "lumos spans": 20,
	} {
		if asked[what] < least && !testing.Short() {
			t.Errorf("%s: %d questions, want %d at least", what, asked[what], least)
		}
	}
	h.checkTraces(views)
	h.checkCounts()
}

// TestFiveViewsOfWhatBreaks does the same with spans of which few clients have
// thought: without roots or ends, with clocks that differ, in a trace of 10,000.
func TestFiveViewsOfWhatBreaks(t *testing.T) {
	h := load(t, 12_000, "edge")
	questions := h.questions(rand.New(rand.NewPCG(9, 0)))[100:]
	if testing.Short() {
		questions = questions[20:]
	}
	for i, q := range questions {
		for _, v := range views {
			h.compare(v, q)
		}
		if t.Failed() {
			t.Fatalf("question %d: %+v", i, q)
		}
	}
	h.checkTraces(views)
}

// compare asks one vendor and says what it could be asked for.
func (h *history) compare(v view, q question) (asked []string) {
	h.Helper()
	unit := time.Nanosecond
	if v.name == "sideseat" {
		unit = v.exact
	}
	loose := v.name == "last9"
	if v.name == "truefoundry" && q.number != nil {
		loose = true // its store knows doubles alone
	}
	match := q.want(unit, loose)
	if v.name == "truefoundry" && q.number != nil { // but no texts as numbers
		loosely, key := match, query.Attr(query.ScopeSpan, q.key)
		match = func(s *span.Span) bool {
			return loosely(s) && slices.ContainsFunc(query.AppendValues(nil, s, key), func(v span.Value) bool {
				f, ok := v.Number()
				return (v.Type() == span.TypeInt || v.Type() == span.TypeDouble) && ok && f == float64(*q.number)
			})
		}
	}
	want := h.idsOf(match)
	if v.spans != nil {
		if got, ok := v.spans(h.caller, q); ok {
			asked = append(asked, v.name+" spans")
			h.same(v.name+" spans", spanIDs(want), spanIDs(got))
			h.checkShown(v, got)
		}
	}
	if v.traces != nil {
		if v.name == "mackerel" { // both ends of its range count
			q.to = q.to.Add(1)
			want = h.idsOf(q.want(unit, loose))
			q.to = q.to.Add(-1)
		}
		if got, ok := v.traces(h.caller, q); ok {
			asked = append(asked, v.name+" traces")
			slices.Sort(got)
			h.same(v.name+" traces", traceIDs(want), got)
		}
	}
	return asked
}

func (h *history) same(what string, want, got []string) {
	h.Helper()
	if !slices.Equal(want, got) {
		missing := slices.DeleteFunc(slices.Clone(want), func(s string) bool { return slices.Contains(got, s) })
		extra := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return slices.Contains(want, s) })
		h.Errorf("%s: %d, want %d; missing %.200q, beyond %.200q", what, len(got), len(want), missing, extra)
	}
}

// checkShown compares what a vendor shows of spans with the spans.
func (h *history) checkShown(v view, list []shown) {
	h.Helper()
	byID := map[string]*span.Span{}
	for _, s := range h.spans {
		byID[s.TraceID.String()+s.SpanID.String()] = s
	}
	for _, got := range list {
		s := byID[got.TraceID+got.SpanID]
		if s == nil {
			continue // told already
		}
		want := shown{
			got.TraceID, got.SpanID, s.Name, s.ServiceName(), s.Status.Code.String(),
			time.Unix(0, int64(s.StartTimeUnixNano)).Truncate(v.exact), durationOf(s, time.Nanosecond),
		}
		if s.EndTimeUnixNano == 0 { // it never ended
			want.Duration = 0
		}
		switch v.name {
		case "last9": // where all values are texts, a service may be called 7
			name, _ := span.Lookup(s.Resource.Attributes, "service.name")
			want.Service = name.Text()
		case "mackerel": // start and end are cut
			want.Duration = durationOf(s, v.exact)
		case "sideseat":
			want.Duration = max(durationOf(s, v.exact).Truncate(time.Millisecond), 0)
			if s.Status.Code == span.StatusUnset { // shown as null, or as UNSET
				got.Status = want.Status
			}
		}
		if !got.Start.Equal(want.Start) {
			h.Errorf("%s: span %s/%s starts at %v, want %v", v.name, got.TraceID, got.SpanID, got.Start, want.Start)
		}
		got.Start = want.Start
		if got != want {
			h.Errorf("%s: %+v, want %+v", v.name, got, want)
		}
	}
}

// checkTraces asks for traces by id: a few, and the largest.
func (h *history) checkTraces(views []view) {
	h.Helper()
	byTrace := map[string][]shown{}
	for _, s := range h.spans {
		id := s.TraceID.String()
		byTrace[id] = append(byTrace[id], shown{TraceID: id, SpanID: s.SpanID.String()})
	}
	ids := make([]string, 0, len(byTrace))
	for id := range byTrace {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(len(byTrace[b])-len(byTrace[a]), cmp.Compare(a, b))
	})
	q := question{from: h.from, to: h.to}
	most := 60
	if testing.Short() {
		most = 8
	}
	for _, id := range ids[:min(len(ids), most)] {
		for _, v := range views {
			if v.trace == nil {
				continue
			}
			got, ok := v.trace(h.caller, id, q)
			if !ok {
				h.Fatalf("%s does not tell a trace", v.name)
			}
			h.same(v.name+" trace "+id, spanIDs(byTrace[id]), spanIDs(got))
			h.checkShown(v, got)
		}
	}
}

// checkCounts compares what Last9 and SideSeat count: all spans, failed ones
// by service, spans and length of each trace, and the distinct services.
func (h *history) checkCounts() {
	h.Helper()
	window := last9Window(question{from: h.from, to: h.to}).Encode()
	var counted struct {
		Data struct {
			Result []struct {
				Service string `json:"service"`
				N       int    `json:"n"`
			}
		}
	}
	h.ask(http.MethodPost, h.last9("/v2/query_range/json?limit=10000&"+window), object{"pipeline": []any{object{
		"type": "aggregate", "aggregates": []any{object{"function": object{"$count": []any{}}, "as": "n"}}, "groupby": object{"ServiceName": "service"},
	}}}, &counted)
	want := map[string]int{}
	for _, s := range h.spans {
		want[s.ServiceName()]++
	}
	for _, row := range counted.Data.Result {
		if row.N != want[row.Service] {
			h.Errorf("last9 counts %d spans of %s, want %d", row.N, row.Service, want[row.Service])
		}
		delete(want, row.Service)
	}
	if len(want) > 0 {
		h.Errorf("last9 counts no spans of %v", want)
	}
	h.checkLengths(window)
}

// checkLengths compares the traces' own figures.
func (h *history) checkLengths(window string) {
	h.Helper()
	var found struct {
		Data struct {
			Result []struct {
				TraceID, RootTraceName             string
				StartTimeUnixNano, EndTimeUnixNano uint64
				SpanSets                           []struct{ Matched int }
			}
		}
	}
	h.ask(http.MethodPost, h.last9("/v2/search/json?limit=10000&"+window), object{}, &found)
	type row struct {
		TraceID   string    `json:"trace_id"`
		TraceName string    `json:"trace_name"`
		Start     time.Time `json:"start_time"`
		End       time.Time `json:"end_time"`
		SpanCount int       `json:"span_count"`
	}
	rows := map[string]row{}
	for _, r := range sideseatPages[row](h.caller, h.sideseat("/traces"), url.Values{"include_nongenai": {"true"}, "limit": {"500"}}) {
		rows[r.TraceID] = r
	}
	if len(rows) != len(found.Data.Result) || len(rows) < 100 {
		h.Errorf("%d traces of sideseat, %d of last9", len(rows), len(found.Data.Result))
	}
	micros := func(n uint64) int64 { return int64(n / 1000) }
	for _, f := range found.Data.Result {
		r := rows[f.TraceID]
		if r.TraceName != f.RootTraceName || r.SpanCount != f.SpanSets[0].Matched ||
			r.Start.UnixMicro() != micros(f.StartTimeUnixNano) || r.End.UnixMicro() != micros(f.EndTimeUnixNano) {
			h.Errorf("trace %s: sideseat %+v, last9 %+v", f.TraceID, r, f)
		}
	}
}
