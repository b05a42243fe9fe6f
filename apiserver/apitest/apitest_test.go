package apitest_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mackerel "github.com/mackerelio/mackerel-client-go"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc/credentials"

	"github.com/spanstead/spanstead/apiserver/apitest"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

var at = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// spanOf is a span of a service that starts so many seconds after at.
func spanOf(id byte, service string, second int) *span.Span {
	start := uint64(at.Add(time.Duration(second) * time.Second).UnixNano())
	return &span.Span{
		TraceID: span.TraceID{15: id}, SpanID: span.SpanID{7: id}, Name: "GET /cart", Kind: span.KindServer,
		StartTimeUnixNano: start, EndTimeUnixNano: start + 250e6,
		Resource: &span.Resource{Attributes: []span.KeyValue{{Key: "service.name", Value: span.String(service)}}},
	}
}

// ask makes a request with a vendor's credentials.
func ask(t *testing.T, w *apitest.Workspace, vendor, method, url, body string, header ...string) (int, string) {
	t.Helper()
	res, text, err := try(w, vendor, method, url, body, header...)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, text
}

func try(w *apitest.Workspace, vendor, method, url, body string, header ...string) (*http.Response, string, error) {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	r.Header = w.Header(vendor)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := w.Server().Client().Do(r)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return res, string(b), err
}

// list asks Mackerel for the traces of a service and returns how many there are.
func list(t *testing.T, w *apitest.Workspace, service string) int {
	t.Helper()
	code, body := ask(t, w, "mackerel", "POST", w.Server().URL+"/api/v0/traces", listOf(service))
	var answer struct{ Results []any }
	if err := json.Unmarshal([]byte(body), &answer); code != 200 || err != nil {
		t.Fatalf("%d %s", code, body)
	}
	return len(answer.Results)
}

func listOf(service string) string {
	return fmt.Sprintf(`{"serviceName":%q,"from":%d,"to":%d}`, service, at.Unix(), at.Unix()+1000)
}

// everyVendor asks each vendor for the spans of service "web", and returns the
// part of the answers that proves that they are there.
func everyVendor(t *testing.T, w *apitest.Workspace) map[string]bool {
	t.Helper()
	from, to := at.Unix(), at.Unix()+1000
	_, last9 := ask(t, w, "last9", "POST", fmt.Sprintf("%s/cat/api/traces/v2/query_range/json?region=r&start=%d&end=%d&mode=span&limit=10",
		w.Last9().BaseURL, from, to), `{"pipeline":[{"type":"filter","query":{"$and":[{"$eq":["service.name","web"]}]}}]}`)
	_, sideseat := ask(t, w, "sideseat", "GET", w.SideSeat().BaseURL+"/traces?include_nongenai=true", "")
	_, truefoundry := ask(t, w, "truefoundry", "POST", w.TrueFoundry().BaseURL+"/api/svc/v1/spans/query",
		fmt.Sprintf(`{"tracingProjectFqn":%q,"startTime":%q,"limit":5}`, w.TrueFoundry().TracingProjectFQN, at.Format(time.RFC3339)))
	_, lumos := ask(t, w, "lumos", "POST", w.Lumos().BaseURL+"/query/traces", `{"service_name":"web"}`)
	id := spanOf(1, "", 0).TraceID.String()
	return map[string]bool{
		"last9": strings.Contains(last9, id), "mackerel": list(t, w, "web") == 1, "sideseat": strings.Contains(sideseat, id),
		"truefoundry": strings.Contains(truefoundry, id), "lumos": strings.Contains(lumos, "GET /cart"),
	}
}

func all(there bool) map[string]bool {
	return map[string]bool{"last9": there, "mackerel": there, "sideseat": there, "truefoundry": there, "lumos": there}
}

func TestSpansAreSeenThroughEveryVendor(t *testing.T) {
	for name, opt := range map[string]apitest.Options{
		"plain": {Now: at.Add(time.Hour)}, "TLS": {Now: at.Add(time.Hour), TLS: true},
		"no listener":        {Now: at.Add(time.Hour), NoListener: true},
		"workspace":          {Now: at.Add(time.Hour), Workspace: "mine"},
		"exact credentials":  {Now: at.Add(time.Hour), Workspace: "mine", Auth: []string{"mine"}},
		"workspace of a try": {Now: at.Add(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			srv := apitest.Start(t, opt)
			w := srv.Workspace
			if name == "workspace of a try" {
				w = srv.NewWorkspace(t)
			}
			if diff := cmp.Diff(all(false), everyVendor(t, w)); diff != "" {
				t.Errorf("before (-want +got):\n%s", diff)
			}
			w.Append(spanOf(1, "web", 0))
			if diff := cmp.Diff(all(true), everyVendor(t, w)); diff != "" {
				t.Errorf("after (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExporters(t *testing.T) {
	for _, secure := range []bool{false, true} {
		srv := apitest.Start(t, apitest.Options{TLS: secure})
		w := srv.NewWorkspace(t)
		o := w.OTLP()
		httpOptions := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(o.URL), otlptracehttp.WithHeaders(o.Headers)}
		grpcOptions := []otlptracegrpc.Option{otlptracegrpc.WithEndpoint(o.GRPC), otlptracegrpc.WithHeaders(o.Headers)}
		if secure {
			httpOptions = append(httpOptions, otlptracehttp.WithTLSClientConfig(srv.TLS()))
			grpcOptions = append(grpcOptions, otlptracegrpc.WithTLSCredentials(credentials.NewTLS(srv.TLS())))
		} else {
			grpcOptions = append(grpcOptions, otlptracegrpc.WithInsecure())
		}
		overHTTP, err := otlptracehttp.New(t.Context(), httpOptions...)
		if err != nil {
			t.Fatal(err)
		}
		overGRPC, err := otlptracegrpc.New(t.Context(), grpcOptions...)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range []sdk.SpanExporter{overHTTP, overGRPC} {
			send(t, e)
		}
		if n := w.Oracle().Count(query.Count{}); n != 2 {
			t.Errorf("TLS %v: %d spans", secure, n)
		}
		w.Verify(apitest.Match{Vendor: "otlp", Status: "200"}, apitest.Exactly(2))
		for _, r := range w.Requests(apitest.Match{}) {
			if r.Spans != 1 {
				t.Errorf("%v has %d spans", r, r.Spans)
			}
		}
	}
}

func send(t *testing.T, e sdk.SpanExporter) {
	t.Helper()
	p := sdk.NewTracerProvider(sdk.WithSyncer(e))
	_, s := p.Tracer("t").Start(t.Context(), "op")
	s.End()
	if err := p.Shutdown(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func TestServerWithoutTLSHasNoConfiguration(t *testing.T) {
	if c := apitest.Start(t).TLS(); c != nil {
		t.Error(c)
	}
	var want *tls.Config
	if c := apitest.Start(t, apitest.Options{TLS: true}).TLS(); c == want || c.RootCAs == nil {
		t.Error("TLS without an authority")
	}
}

// TestParallelWorkspaces has a hundred tests on one server, each of which would
// fail if it saw another's spans, requests, faults, searches or clock.
func TestParallelWorkspaces(t *testing.T) {
	srv := apitest.Start(t)
	for i := range 100 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			w := srv.NewWorkspace(t)
			mine := at.Add(time.Duration(i) * time.Hour)
			w.Freeze(mine)
			for n := range i%5 + 1 {
				w.Append(spanOf(byte(n+1), "web", n))
			}
			w.Fault(apitest.Fault{Name: "mine", Vendor: "mackerel", First: i % 3, Sequence: none(i % 3), Status: 503})
			for range i % 3 {
				if code, _ := ask(t, w, "mackerel", "POST", srv.URL+"/api/v0/traces", listOf("web")); code != 503 {
					t.Errorf("status %d, want 503", code)
				}
			}
			if n := list(t, w, "web"); n != i%5+1 {
				t.Errorf("%d traces, want %d", n, i%5+1)
			}
			w.Verify(apitest.Match{Vendor: "mackerel"}, apitest.Exactly(i%3+1))
			w.Verify(apitest.Match{}, apitest.Exactly(i%3+1))
			if now := w.Now(); !now.Equal(mine) {
				t.Errorf("clock %v, want %v", now, mine)
			}
			if i%4 == 0 {
				w.Reset()
				w.Verify(apitest.Match{}, apitest.Never())
				if n := list(t, w, "web"); n != 0 {
					t.Errorf("%d traces after a reset", n)
				}
			}
		})
	}
}

// none is a schedule that never happens, for zero first requests.
func none(first int) []bool {
	if first == 0 {
		return []bool{false}
	}
	return nil
}

func TestMackerelClientAndRateLimit(t *testing.T) {
	srv := apitest.Start(t, apitest.Options{Now: at, MackerelRateLimit: true})
	srv.Append(spanOf(1, "web", 0))
	c, err := mackerel.NewClientWithOptions(srv.Mackerel().APIKey, srv.Mackerel().BaseURL, false)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.ListTraces(&mackerel.ListTracesParam{ServiceName: "web", From: at.Unix(), To: at.Unix() + 1})
	if err != nil || len(got.Results) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	limited := func() int {
		code, _ := ask(t, srv.Workspace, "mackerel", "POST", srv.URL+"/api/v0/traces", listOf("web"))
		return code
	}
	if code := limited(); code != 429 {
		t.Errorf("second request: %d", code)
	}
	srv.Advance(time.Second)
	if code := limited(); code != 200 {
		t.Errorf("a second later: %d", code)
	}
	srv.ResetAll()
	if code := limited(); code != 200 {
		t.Errorf("after a reset, at the same time as the first: %d", code)
	}
}

func TestScenarioIsThereFromTheStartAndAfterAReset(t *testing.T) {
	srv := apitest.Start(t, apitest.Options{Scenario: "shop", Seed: 3, Spans: 500, Now: at})
	first := srv.Oracle().Match(nil)
	if len(first) < 400 {
		t.Fatalf("%d spans", len(first))
	}
	srv.Append(spanOf(1, "web", 0))
	srv.ResetAll()
	if diff := cmp.Diff(len(first), len(srv.Oracle().Match(nil))); diff != "" {
		t.Error(diff)
	}
	for _, s := range first {
		if s.StartTimeUnixNano > uint64(at.UnixNano()) {
			t.Fatal("a trace starts after the server's time")
		}
	}
}

func TestSnapshotBringsTheWorkspaceBack(t *testing.T) {
	srv := apitest.Start(t)
	w, other := srv.NewWorkspace(t), srv.NewWorkspace(t)
	w.Append(spanOf(1, "web", 0))
	w.Freeze(at)
	w.Fault(apitest.Fault{Name: "kept", Vendor: "lumos", Status: 500})
	restore := w.Snapshot()
	for range 2 {
		w.Append(spanOf(2, "web", 1))
		other.Append(spanOf(3, "web", 1))
		w.Advance(time.Hour)
		w.Fault(apitest.Fault{Name: "later", Vendor: "mackerel", Status: 500})
		restore()
		if n := list(t, w, "web"); n != 1 {
			t.Errorf("%d traces", n)
		}
		if code, _ := ask(t, w, "lumos", "POST", srv.URL+"/query/traces", `{}`); code != 500 {
			t.Errorf("the fault is gone: %d", code)
		}
		if !w.Now().Equal(at) {
			t.Errorf("clock %v", w.Now())
		}
		if n := list(t, other, "web"); n != 1 {
			t.Errorf("%d traces in another workspace", n)
		}
	}
}

func TestHandlerWithoutAListener(t *testing.T) {
	srv := apitest.Start(t, apitest.Options{NoListener: true})
	srv.Append(spanOf(1, "web", 0))
	rec := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/query/traces", bytes.NewReader([]byte(`{}`)))
	r.Header.Set("Authorization", "Bearer any")
	srv.Handler().ServeHTTP(rec, r)
	if rec.Code != 200 || !strings.Contains(rec.Body.String(), "GET /cart") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if srv.GRPC != "" {
		t.Errorf("gRPC at %s", srv.GRPC)
	}
}

func TestStoreOfTheCaller(t *testing.T) {
	first := apitest.Start(t)
	second := apitest.Start(t, apitest.Options{Store: first.Store()})
	first.Append(spanOf(1, "web", 0))
	if n := list(t, second.Workspace, "web"); n != 1 {
		t.Errorf("%d traces", n)
	}
}

func TestOracleAgreesWithTheServer(t *testing.T) {
	srv := apitest.Start(t, apitest.Options{Scenario: "shop", Spans: 2000, Seed: 1, Now: at})
	filter := query.Cmp(query.StatusCode, query.OpEq, query.Typed, span.Int(int64(span.StatusError)))
	want := srv.Oracle().Match(filter)
	got, err := srv.Store().Count(t.Context(), srv.Name, query.Count{Filter: filter})
	if err != nil || got != len(want) || got == 0 {
		t.Errorf("%d spans and %v, want %d", got, err, len(want))
	}
}
