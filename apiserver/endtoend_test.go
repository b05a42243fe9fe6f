package apiserver_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	client "github.com/mackerelio/mackerel-client-go"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/spanstead/spanstead/apiserver"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/store"
)

// running is a server on ports of its own.
type running struct {
	store   store.Store
	handler http.Handler
	url     string
	host    string // of HTTP
	grpc    string
}

func start(t *testing.T) running {
	t.Helper()
	r := running{store: storetest.New(t)}
	api := apiserver.New(apiserver.Options{Store: r.store})
	r.handler = api.Handler()
	web := httptest.NewServer(r.handler)
	t.Cleanup(web.Close)
	r.url, r.host = web.URL, web.Listener.Addr().String()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.grpc = l.Addr().String()
	server := api.GRPC()
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return r
}

// TestExportersInClientOut sends a trace with the official exporters, in every
// way that they have, and reads it back with a vendor's own client.
func TestExportersInClientOut(t *testing.T) {
	headers := map[string]string{"Mackerel-Api-Key": "acme"}
	exporters := map[string]func(ctx context.Context, r running) (sdk.SpanExporter, error){
		"http": func(ctx context.Context, r running) (sdk.SpanExporter, error) {
			return otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(r.host), otlptracehttp.WithInsecure(),
				otlptracehttp.WithHeaders(headers))
		},
		"http, gzip": func(ctx context.Context, r running) (sdk.SpanExporter, error) {
			return otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(r.host), otlptracehttp.WithInsecure(),
				otlptracehttp.WithHeaders(headers), otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
		},
		"grpc": func(ctx context.Context, r running) (sdk.SpanExporter, error) {
			return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(r.grpc), otlptracegrpc.WithInsecure(),
				otlptracegrpc.WithHeaders(headers))
		},
		"grpc, gzip": func(ctx context.Context, r running) (sdk.SpanExporter, error) {
			return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(r.grpc), otlptracegrpc.WithInsecure(),
				otlptracegrpc.WithHeaders(headers), otlptracegrpc.WithCompressor("gzip"))
		},
	}
	for name, newExporter := range exporters {
		t.Run(name, func(t *testing.T) {
			r := start(t)
			if err := r.store.CreateWorkspace(t.Context(), "acme"); err != nil {
				t.Fatal(err)
			}
			e, err := newExporter(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			export(t, e)
			readBack(t, r.url)
		})
	}
}

var began = time.Date(2024, 6, 19, 13, 0, 0, 0, time.UTC)

// export sends a root and its child.
func export(t *testing.T, e sdk.SpanExporter) {
	t.Helper()
	provider := sdk.NewTracerProvider(sdk.WithSyncer(e), sdk.WithResource(resource.NewSchemaless(
		attribute.String("service.name", "shoppingcart"), attribute.String("service.namespace", "shop"),
		attribute.String("deployment.environment.name", "production"))))
	tracer := provider.Tracer("test", trace.WithInstrumentationVersion("1.2.3"))
	ctx, root := tracer.Start(t.Context(), "GET /cart", trace.WithTimestamp(began), trace.WithSpanKind(trace.SpanKindServer))
	_, child := tracer.Start(ctx, "SELECT", trace.WithTimestamp(began.Add(10*time.Millisecond)),
		trace.WithAttributes(attribute.Int("db.rows", 7), attribute.StringSlice("db.tables", []string{"a", "b"})))
	child.SetStatus(codes.Error, "deadlock")
	child.AddEvent("retry", trace.WithTimestamp(began.Add(20*time.Millisecond)), trace.WithAttributes(attribute.Bool("last", true)))
	child.End(trace.WithTimestamp(began.Add(40 * time.Millisecond)))
	root.End(trace.WithTimestamp(began.Add(250 * time.Millisecond)))
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func readBack(t *testing.T, url string) {
	t.Helper()
	mackerel, err := client.NewClientWithOptions("acme", url, false)
	if err != nil {
		t.Fatal(err)
	}
	list, err := mackerel.ListTraces(&client.ListTracesParam{
		ServiceName: "shoppingcart", ServiceNamespace: client.ToPtr("shop"), From: began.Unix(), To: began.Unix() + 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Results) != 1 || list.Results[0].Title != "GET /cart" || list.Results[0].TraceLatencyMillis != 250 {
		t.Fatalf("list: %+v", list.Results)
	}
	got, err := mackerel.GetTrace(list.Results[0].TraceID)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Spans) != 2 || got.Spans[0].Name != "GET /cart" || got.Spans[0].Kind != client.SpanKindServer {
		t.Fatalf("spans: %+v", got.Spans)
	}
	child := got.Spans[1]
	want := &client.Span{
		TraceID: list.Results[0].TraceID, SpanID: child.SpanID, ParentSpanID: got.Spans[0].SpanID,
		Name: "SELECT", Kind: client.SpanKindInternal,
		StartTime: began.Add(10 * time.Millisecond), EndTime: began.Add(40 * time.Millisecond),
		Attributes: []*client.Attribute{
			{Key: "db.rows", Value: &client.AttributeValue{ValueType: "int", IntValue: 7}},
			{Key: "db.tables", Value: &client.AttributeValue{ValueType: "array", ArrayValue: []*client.AttributeValue{
				{ValueType: "string", StringValue: "a"}, {ValueType: "string", StringValue: "b"}}}},
		},
		Events: []*client.Event{{Time: began.Add(20 * time.Millisecond), Name: "retry", Attributes: []*client.Attribute{
			{Key: "last", Value: &client.AttributeValue{ValueType: "bool", BoolValue: true}}}}},
		Links:    []*client.Link{},
		Status:   &client.Status{Message: "deadlock", Code: client.StatusCodeError},
		Resource: child.Resource,
		Scope:    &client.Scope{Name: "test", Version: "1.2.3", Attributes: []*client.Attribute{}},
	}
	if diff := cmp.Diff(want, child); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	other, err := client.NewClientWithOptions("nobody", url, false)
	if err != nil {
		t.Fatal(err)
	}
	var refused *client.APIError
	if _, err := other.GetTrace(got.Spans[0].TraceID); !errors.As(err, &refused) || refused.StatusCode != 404 {
		t.Errorf("another workspace: %v, want status 404", err)
	}
}
