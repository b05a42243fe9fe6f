package mackerel_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/mackerel"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

// random makes spans and requests of few values, so that they meet.
type random struct{ *rand.Rand }

func pick[T any](r random, list ...T) T { return list[r.IntN(len(list))] }

func (r random) value() span.Value {
	switch r.IntN(5) {
	case 0:
		return span.String(pick(r, "", "a", "ab", "b", "1", "true"))
	case 1:
		return span.Int(int64(r.IntN(4)))
	case 2:
		return span.Double(float64(r.IntN(4)) / 2)
	case 3:
		return span.Bool(r.IntN(2) == 0)
	}
	return span.Array(span.String("a"))
}

func (r random) attributes(keys ...string) []span.KeyValue {
	var kvs []span.KeyValue
	for _, key := range keys {
		if r.IntN(2) == 0 {
			kvs = append(kvs, span.KeyValue{Key: key, Value: r.value()})
		}
	}
	return kvs
}

func (r random) maybe(kvs []span.KeyValue, key string, values ...string) []span.KeyValue {
	if v := pick(r, append(values, "-")...); v != "-" {
		kvs = append(kvs, span.KeyValue{Key: key, Value: span.String(v)})
	}
	return kvs
}

func (r random) span(i int) *span.Span {
	res := r.attributes("x", "y")
	res = r.maybe(res, "service.name", "s", "t")
	res = r.maybe(res, "service.namespace", "", "n")
	res = r.maybe(res, "service.version", "", "1")
	res = r.maybe(res, "deployment.environment.name", "", "p")
	res = r.maybe(res, "deployment.environment", "p", "q")
	start := uint64(r.IntN(10))*1e9 + uint64(r.IntN(3))*5e8
	return &span.Span{
		TraceID: span.TraceID{byte(r.IntN(40) + 1)}, SpanID: span.SpanID{1, byte(i >> 8), byte(i)},
		Name: pick(r, "", "a", "b"), StartTimeUnixNano: start, EndTimeUnixNano: start + uint64(r.IntN(4))*400_700_000,
		Status: span.Status{Code: span.StatusCode(r.IntN(3))}, Attributes: r.attributes("x", "y"),
		Resource: &span.Resource{Attributes: res}, Scope: &span.Scope{},
	}
}

// question is a list request of the vendor; every member of it may be absent.
type question struct {
	ServiceName        string   `json:"serviceName"`
	ServiceNamespace   *string  `json:"serviceNamespace,omitempty"`
	From               int64    `json:"from"`
	To                 int64    `json:"to"`
	Environment        *string  `json:"environment,omitempty"`
	TraceID            *string  `json:"traceId,omitempty"`
	SpanName           *string  `json:"spanName,omitempty"`
	Version            *string  `json:"version,omitempty"`
	StatusCode         *string  `json:"statusCode,omitempty"`
	MinLatencyMillis   *int64   `json:"minLatencyMillis,omitempty"`
	MaxLatencyMillis   *int64   `json:"maxLatencyMillis,omitempty"`
	Attributes         []filter `json:"attributes,omitempty"`
	ResourceAttributes []filter `json:"resourceAttributes,omitempty"`
	PerPage            int      `json:"perPage"`
}

type filter struct {
	Key      string `json:"key"`
	Value    string `json:"value"`
	Operator string `json:"operator"`
	Type     string `json:"type"`
}

func maybe[T any](r random, list ...T) *T {
	if r.IntN(3) > 0 {
		return nil
	}
	v := pick(r, list...)
	return &v
}

func (r random) question() question {
	q := question{
		ServiceName: pick(r, "s", "t"), ServiceNamespace: maybe(r, "", "n"), From: int64(r.IntN(5)), PerPage: 100,
		Environment: maybe(r, "", "p", "q"), SpanName: maybe(r, "", "a", "b"), Version: maybe(r, "", "1"),
		TraceID:    maybe(r, span.TraceID{1}.String(), strings.ToUpper(span.TraceID{11}.String())),
		StatusCode: maybe(r, "OK", "ERROR"), MinLatencyMillis: maybe[int64](r, 0, 400, 1202),
		MaxLatencyMillis: maybe[int64](r, 1202, 5000),
		Attributes:       r.filters(), ResourceAttributes: r.filters(),
	}
	q.To = q.From + int64(r.IntN(10))
	return q
}

func (r random) filters() []filter {
	var list []filter
	for range pick(r, 0, 0, 1, 2) {
		f := filter{Key: pick(r, "x", "y"), Type: pick(r, "string", "int", "double", "bool")}
		switch f.Type {
		case "string":
			f.Operator, f.Value = pick(r, "EQ", "NEQ", "STARTS_WITH"), pick(r, "", "a", "ab", "1")
		case "bool":
			f.Operator, f.Value = pick(r, "EQ", "NEQ"), pick(r, "true", "false")
		default:
			f.Operator, f.Value = pick(r, "EQ", "GT", "GTE", "LT", "LTE"), pick(r, "0", "1", "2")
		}
		list = append(list, f)
	}
	return list
}

// holds is what the README says of a filter, in the plainest words of Go.
func (f filter) holds(kvs []span.KeyValue) bool {
	v, ok := span.Lookup(kvs, f.Key)
	if !ok || v.Type().String() != f.Type {
		return false
	}
	switch f.Operator {
	case "NEQ":
		return v.Text() != f.Value
	case "STARTS_WITH":
		return strings.HasPrefix(v.Str(), f.Value)
	}
	if f.Type == "string" || f.Type == "bool" {
		return v.Text() == f.Value
	}
	number, _ := v.Number()
	want, _ := strconv.ParseFloat(f.Value, 64)
	sign := cmp.Compare(number, want)
	return map[string]bool{"EQ": sign == 0, "GT": sign > 0, "GTE": sign >= 0, "LT": sign < 0, "LTE": sign <= 0}[f.Operator]
}

// holds says whether one span meets every condition of the question.
func (q *question) holds(s *span.Span) bool {
	text := func(key string) string { v, _ := span.Lookup(s.Resource.Attributes, key); return v.Text() }
	environment := text("deployment.environment")
	if v, ok := span.Lookup(s.Resource.Attributes, "deployment.environment.name"); ok {
		environment = v.Text()
	}
	namespace := ""
	if q.ServiceNamespace != nil {
		namespace = *q.ServiceNamespace
	}
	is := func(want *string, got string) bool { return want == nil || *want == got }
	ok := text("service.name") == q.ServiceName && text("service.namespace") == namespace &&
		is(q.Environment, environment) && is(q.Version, text("service.version")) && is(q.SpanName, s.Name) &&
		is(q.StatusCode, s.Status.Code.String()) &&
		(q.TraceID == nil || strings.EqualFold(*q.TraceID, s.TraceID.String())) &&
		s.StartTimeUnixNano >= uint64(q.From)*1e9 && s.StartTimeUnixNano <= uint64(q.To)*1e9
	for _, f := range q.Attributes {
		ok = ok && f.holds(s.Attributes)
	}
	for _, f := range q.ResourceAttributes {
		ok = ok && f.holds(s.Resource.Attributes)
	}
	return ok
}

// answer lists the traces, newest first, with their latency.
func (q *question) answer(spans []*span.Span) []string {
	byTrace := map[span.TraceID][]*span.Span{}
	for _, s := range spans {
		byTrace[s.TraceID] = append(byTrace[s.TraceID], s)
	}
	type line struct {
		start uint64
		id    string
		text  string
	}
	var lines []line
	for id, trace := range byTrace {
		start, end := trace[0].StartTimeUnixNano, uint64(0)
		for _, s := range trace {
			start, end = min(start, s.StartTimeUnixNano), max(end, s.EndTimeUnixNano)
		}
		millis := int64(end-start) / 1e6
		if !slices.ContainsFunc(trace, q.holds) || q.MinLatencyMillis != nil && millis < *q.MinLatencyMillis ||
			q.MaxLatencyMillis != nil && millis > *q.MaxLatencyMillis {
			continue
		}
		lines = append(lines, line{start, id.String(), fmt.Sprint(id, " ", start/1e9, " ", millis)})
	}
	slices.SortFunc(lines, func(a, b line) int { return cmp.Or(cmp.Compare(b.start, a.start), cmp.Compare(b.id, a.id)) })
	texts := []string{}
	for _, l := range lines {
		texts = append(texts, l.text)
	}
	return texts
}

// TestRandomQuestions compares answers to random questions over random spans
// with those of the model.
func TestRandomQuestions(t *testing.T) {
	const seed = 1
	r := random{rand.New(rand.NewPCG(seed, 0))}
	st := storetest.New(t)
	var spans []*span.Span
	for i := range 400 {
		spans = append(spans, r.span(i))
	}
	if _, err := st.Append(t.Context(), store.DefaultWorkspace, otlp.AppendRequest(nil, spans)); err != nil {
		t.Fatal(err)
	}
	h := rest.NewRouter(mackerel.New(mackerel.Options{Store: st}))
	listed := 0
	for i := range 1000 {
		q := r.question()
		want := q.answer(spans)
		got := list(t, h, q)
		if d := diff.Diff(want, got); d != "" {
			body, _ := json.Marshal(q)
			t.Fatalf("seed %d, question %d: %s (-want +got):\n%s", seed, i, body, d)
		}
		if len(got) > 0 {
			listed++
		}
	}
	if listed < 100 {
		t.Errorf("only %d questions found anything", listed)
	}
}

func list(t *testing.T, h http.Handler, q question) []string {
	t.Helper()
	body, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/api/v0/traces", strings.NewReader(string(body)))
	r.Header.Set("X-Api-Key", "key")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	var answer struct {
		Results []struct {
			TraceID            string
			TraceStartAt       int64
			TraceLatencyMillis int64
		}
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || rec.Code != 200 {
		t.Fatalf("%s: %d %s", body, rec.Code, rec.Body)
	}
	lines := []string{}
	for _, l := range answer.Results {
		lines = append(lines, fmt.Sprint(l.TraceID, " ", l.TraceStartAt, " ", l.TraceLatencyMillis))
	}
	return lines
}
