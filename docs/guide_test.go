package docs_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	mackerel "github.com/mackerelio/mackerel-client-go"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/spanstead/spanstead/apiserver/apitest"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// The functions below are those of testing.md, which TestGuideIsThisFile holds
// to this file.

func TestSlowCheckoutIsFound(t *testing.T) {
	srv := apitest.Start(t)
	srv.Append(&span.Span{
		TraceID: span.TraceID{1}, SpanID: span.SpanID{1}, Name: "POST /pay",
		StartTimeUnixNano: 1_700_000_000e9, EndTimeUnixNano: 1_700_000_002e9, // two seconds
		Resource: &span.Resource{Attributes: []span.KeyValue{
			{Key: "service.name", Value: span.String("checkout")},
		}},
	})

	client, err := mackerel.NewClientWithOptions(srv.Mackerel().APIKey, srv.Mackerel().BaseURL, false)
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.ListTraces(&mackerel.ListTracesParam{
		ServiceName: "checkout", From: 1_700_000_000, To: 1_700_000_060, MinLatencyMillis: mackerel.ToPtr(int64(1000)),
	})
	if err != nil || len(got.Results) != 1 || got.Results[0].Title != "POST /pay" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOurExporterReachesTheVendor(t *testing.T) {
	srv := apitest.Start(t)
	exporter, err := otlptracehttp.New(t.Context(),
		otlptracehttp.WithEndpointURL(srv.OTLP().URL), otlptracehttp.WithHeaders(srv.OTLP().Headers))
	if err != nil {
		t.Fatal(err)
	}
	provider := trace.NewTracerProvider(trace.WithSyncer(exporter))
	_, s := provider.Tracer("test").Start(t.Context(), "work")
	s.End()
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}

	isWork := query.Cmp(query.Name, query.OpEq, query.Typed, span.String("work"))
	if found := srv.Oracle().Match(isWork); len(found) != 1 {
		t.Errorf("%d spans", len(found))
	}
}

func TestOneRequestIsEnough(t *testing.T) {
	srv := apitest.Start(t)
	askForErrors(t, srv) // the code under test

	srv.Verify(apitest.Match{
		Vendor: "lumos", Path: "/query/traces", JSON: `{"service_name": "checkout"}`,
	}, apitest.Exactly(1))
	srv.Verify(apitest.Match{Status: "4xx"}, apitest.Never())
}

func TestWeComeBackAfterTooManyRequests(t *testing.T) {
	srv := apitest.Start(t)
	srv.Fault(apitest.Fault{Error: "mackerel.rate_limited", First: 2, RetryAfter: time.Second})
	askWithRetries(t, srv) // the code under test
	srv.Verify(apitest.Match{Vendor: "mackerel", Status: "429"}, apitest.Exactly(2))
	srv.Verify(apitest.Match{Vendor: "mackerel", Status: "200"}, apitest.Exactly(1))
}

func TestMore(t *testing.T) {
	srv := apitest.Start(t, apitest.Options{
		Now:      time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), // the clock stands still here
		Scenario: "shop", Seed: 1, Spans: 2000,                 // a web shop's spans, the same in every run
	})
	for _, name := range []string{"one", "two"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := srv.NewWorkspace(t) // sees nothing of the others
			w.Append(&span.Span{TraceID: span.TraceID{1}, SpanID: span.SpanID{1}, Name: name})
			w.Advance(time.Hour)
			if n := w.Oracle().Count(query.Count{}); n != 1 {
				t.Errorf("%d spans", n)
			}
		})
	}
}

// askForErrors stands for code that asks Lumos.
func askForErrors(t *testing.T, srv *apitest.Server) {
	t.Helper()
	post(t, srv, "lumos", "/query/traces", `{"service_name":"checkout"}`)
}

// askWithRetries stands for code that asks Mackerel until it is answered; the
// test does not wait as long as the vendor wants.
func askWithRetries(t *testing.T, srv *apitest.Server) {
	t.Helper()
	for post(t, srv, "mackerel", "/api/v0/traces", `{"serviceName":"checkout","from":0,"to":1}`) == http.StatusTooManyRequests {
	}
}

func post(t *testing.T, srv *apitest.Server, vendor, path, body string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = srv.Header(vendor)
	res, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}
