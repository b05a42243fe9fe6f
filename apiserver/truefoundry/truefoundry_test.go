package truefoundry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver/internal/adaptertest"
	"github.com/spanstead/spanstead/apiserver/internal/openapitest"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/otlphttp"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/apiserver/truefoundry"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// now is the time of every test, a day after the first spans.
var now = time.Date(2025, 3, 13, 0, 0, 0, 0, time.UTC)

func adapter(st store.Store) *truefoundry.Adapter {
	return truefoundry.New(truefoundry.Options{Store: st, Now: func() time.Time { return now }, Seed: []byte("test")})
}

func TestArchives(t *testing.T) {
	adaptertest.Run(t, adaptertest.Config{
		Check: openapitest.Load(t, truefoundry.OpenAPI).Check,
		New: func(_ *testing.T, st store.Store, _ *adaptertest.Archive) rest.Adapter {
			return adapter(st)
		},
	})
}

func TestReadme(t *testing.T) {
	adaptertest.CheckReadme(t, adapter(nil))
}

// object is a JSON object in a test.
type object map[string]any

// answer is what the tests read of a response.
type answer struct {
	status     int
	body       string
	Data       []struct{ SpanID, SpanName string }
	Pagination struct {
		Limit                            int
		NextPageToken, PreviousPageToken *string
	}
	Message string
}

// post asks an adapter.
func post(t testing.TB, h http.Handler, body string) answer {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/api/svc/v1/spans/query", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer token")
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	a := answer{status: rec.Code, body: rec.Body.String()}
	if err := json.Unmarshal(rec.Body.Bytes(), &a); err != nil {
		t.Fatalf("%q: %v", rec.Body, err)
	}
	return a
}

// ask posts an object, with start and project where it has none.
func ask(t testing.TB, h http.Handler, o object) answer {
	t.Helper()
	full := object{"startTime": "1970-01-01T00:00:00Z", "dataRoutingDestination": "default"}
	maps.Copy(full, o)
	b, err := json.Marshal(full)
	if err != nil {
		t.Fatal(err)
	}
	return post(t, h, string(b))
}

func (a *answer) names() []string {
	names := []string{}
	for _, s := range a.Data {
		names = append(names, s.SpanName)
	}
	return names
}

func load(t testing.TB, st store.Store, workspace string, spans ...*span.Span) {
	t.Helper()
	if res, err := st.Append(t.Context(), workspace, otlp.AppendRequest(nil, spans)); err != nil || res.Rejected > 0 {
		t.Fatalf("%+v, %v", res, err)
	}
}

// named makes a span of a name that starts so many seconds after 1970.
func named(name string, second int, kvs ...span.KeyValue) *span.Span {
	start := uint64(second) * 1e9
	s := &span.Span{Name: name, StartTimeUnixNano: start, EndTimeUnixNano: start + 1, Attributes: kvs,
		Resource: &span.Resource{}, Scope: &span.Scope{}}
	copy(s.TraceID[:], fmt.Sprintf("%16s", name))
	copy(s.SpanID[:], fmt.Sprintf("%8s", name))
	return s
}

// TestWordsInAnyCase is of spellings that the schema does not have.
func TestWordsInAnyCase(t *testing.T) {
	st := storetest.New(t)
	subject := span.KVList(span.KeyValue{Key: "subjectType", Value: span.String("USER")}, span.KeyValue{Key: "subjectSlug", Value: span.String("s")})
	a, b := named("a", 1, span.KeyValue{Key: "k", Value: span.String("x")}, span.KeyValue{Key: "tfy.request.created_by_subject", Value: subject}), named("b", 2)
	a.Status.Code = span.StatusError
	load(t, st, store.DefaultWorkspace, a, b)
	h := rest.NewRouter(adapter(st))
	one := func(o object) object { return object{"filters": []object{o}} }
	tests := []struct {
		o    object
		want []string
	}{
		{object{"sortDirection": "ASC"}, []string{"a", "b"}},
		{object{"sortDirection": "Desc"}, []string{"b", "a"}},
		{object{"createdBySubjectTypes": []string{"User"}}, []string{"a"}},
		{one(object{"spanFieldName": "SPANNAME", "operator": "equal", "value": "a"}), []string{"a"}},
		{one(object{"spanFieldName": "createdBySubjectType", "operator": "EQUAL", "value": "user"}), []string{"a"}},
		{one(object{"spanFieldName": "spanStatusCode", "operator": "Not_Equal", "value": "error"}), []string{"b"}},
		{one(object{"spanAttributeKey": "k", "operator": "PRESENT"}), []string{"a"}},
		{one(object{"spanAttributeKey": "k", "operator": "PRESENT", "value": nil}), []string{"a"}},
		{one(object{"spanAttributeKey": "k", "operator": "PRESENT", "value": false}), []string{"b"}},
		{one(object{"spanAttributeKey": "k", "operator": "IS_NULL", "value": false}), []string{"a"}},
		{one(object{"spanAttributeKey": "k", "operator": "IS_NULL", "value": "False"}), []string{"a"}},
		{one(object{"spanAttributeKey": "k", "operator": "IN", "value": []string{}}), []string{}},
		{one(object{"spanAttributeKey": "k", "operator": "NOT_IN", "value": []string{}}), []string{"b", "a"}},
		{one(object{"spanAttributeKey": "k", "operator": "ARRAY_HAS_ANY", "value": []string{}}), []string{}},
		{one(object{"spanAttributeKey": "k", "operator": "BETWEEN", "value": []string{"y", "a"}}), []string{}},
	}
	for _, tt := range tests {
		got := ask(t, h, tt.o)
		if d := cmp.Diff(tt.want, got.names()); got.status != 200 || d != "" {
			t.Errorf("%v: %s (-want +got):\n%s", tt.o, got.body, d)
		}
	}
}

// TestSpanThatNeverEnded is shown without a duration.
func TestSpanThatNeverEnded(t *testing.T) {
	st := storetest.New(t)
	s := named("a", 1)
	s.EndTimeUnixNano = 0
	load(t, st, store.DefaultWorkspace, s)
	if got := ask(t, rest.NewRouter(adapter(st)), object{}); !strings.Contains(got.body, `"durationNs":0,`) {
		t.Error(got.body)
	}
}

// manySpans is a store that answers with as many spans as it is asked for.
type manySpans struct{ store.Store }

func (manySpans) Spans(_ context.Context, _ string, q query.Spans) (query.SpanPage, error) {
	page := query.SpanPage{More: true}
	for range q.Limit {
		page.Spans = append(page.Spans, named("s", 1))
	}
	return page, nil
}

func TestLimits(t *testing.T) {
	h := rest.NewRouter(adapter(manySpans{}))
	for limit, want := range map[any]int{nil: 200, 1: 1, 200: 200, 1000: 1000, 1001: 1000, 1e15: 1000} {
		if got := ask(t, h, object{"limit": limit}); len(got.Data) != want || got.Pagination.Limit != want {
			t.Errorf("limit %v: %d spans, limit %d; want %d", limit, len(got.Data), got.Pagination.Limit, want)
		}
	}
}

// failing is a store that does not answer.
type failing struct {
	store.Store
	err error
}

func (f failing) Spans(context.Context, string, query.Spans) (query.SpanPage, error) {
	return query.SpanPage{}, f.err
}

func TestStoreErrors(t *testing.T) {
	for err, want := range map[error]int{
		errors.New("disk"): 500, query.ErrCorrupt: 500, query.ErrClosed: 503, query.ErrInvalid: 400,
	} {
		got := ask(t, rest.NewRouter(adapter(failing{err: err})), object{})
		if got.status != want || got.Message == "" || want == 500 && got.Message != http.StatusText(500) {
			t.Errorf("%v: status %d %q, want %d", err, got.status, got.Message, want)
		}
	}
}

func TestBodyTooLarge(t *testing.T) {
	if got := post(t, rest.NewRouter(adapter(nil)), strings.Repeat(" ", 2<<20)); got.status != 413 {
		t.Errorf("status %d, want 413", got.status)
	}
}

// TestTimeOfTokens takes a JWT until the second in which it expires.
func TestTimeOfTokens(t *testing.T) {
	h := rest.NewRouter(adapter(manySpans{}))
	for payload, want := range map[string]int{
		"eyJleHAiOjE3NDE4MjQwMDB9": 401, "eyJleHAiOjE3NDE4MjQwMDF9": 200, "e30": 200, // 00:00:00, 00:00:01, no exp
	} {
		r := httptest.NewRequest(http.MethodPost, "/api/svc/v1/spans/query", strings.NewReader(`{"startTime":"2025-01-01","tracingProjectFqn":"p"}`))
		r.Header.Set("Authorization", "bearer eyJhbGciOiJub25lIn0."+payload+".")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != want {
			t.Errorf("%s: status %d %s, want %d", payload, rec.Code, rec.Body, want)
		}
	}
}

// TestIngest sends spans to the vendor's addresses and reads them back.
func TestIngest(t *testing.T) {
	const fqn = "acme:tracing-project:shop"
	tests := []struct{ path, header, workspace string }{
		{"/api/otel/v1/traces", "TFY-Tracing-Project", fqn},
		{"/api/otel/v1/traces", "X-TFY-TRACING-PROJECT-FQN", fqn},
		{"/api/tracing/v1/traces", "tfy-tracing-project", fqn},
		{"/api/tracing/v1/traces", "x-tfy-tracing-project-fqn", fqn},
		{"/api/otel/v1/traces", "X-Other", "default"},
	}
	for _, tt := range tests {
		st := storetest.New(t)
		if err := st.CreateWorkspace(t.Context(), fqn); err != nil {
			t.Fatal(err)
		}
		a := adapter(st)
		h := rest.NewRouter(a, otlphttp.New(otlphttp.Options{Store: st, Ingest: a.Ingest()}))
		r := httptest.NewRequest(http.MethodPost, tt.path, strings.NewReader(string(otlp.AppendRequest(nil, []*span.Span{named("a", 1)}))))
		r.Header.Set("Content-Type", "application/x-protobuf")
		r.Header.Set("Authorization", "Bearer token")
		r.Header.Set(tt.header, fqn)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		for _, workspace := range []string{fqn, "default"} {
			got := ask(t, h, object{"tracingProjectFqn": workspace})
			if rec.Code != 200 || (len(got.Data) == 1) != (workspace == tt.workspace) {
				t.Errorf("%v: status %d, %s has %v", tt, rec.Code, workspace, got.names())
			}
		}
	}
}
