package apiserver_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/spanstead/spanstead/apiserver"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

var basic = "Basic " + base64.StdEncoding.EncodeToString([]byte("acme:secret"))

// TestVendorsIngest configures the official exporter as its users do, with
// nothing but an endpoint and headers in the environment, for each vendor's
// own address, and reads the spans back from that vendor's API.
func TestVendorsIngest(t *testing.T) {
	tests := []struct {
		name     string
		endpoint string // under which the exporter adds /v1/traces
		headers  string // as the environment has them
		resource []attribute.KeyValue
		view     string
		into     string // the workspace
	}{
		{"last9", "", "Authorization=" + strings.Replace(basic, " ", "%20", 1), nil, "last9", "acme"},
		{"mackerel", "", "Mackerel-Api-Key=acme,Accept=*/*", nil, "mackerel", "acme"},
		{"sideseat", "/otel/acme", "", nil, "sideseat", "acme"},
		{"sideseat, default", "/otel/default", "", nil, "sideseat", "default"},
		{"truefoundry", "/api/otel", "Authorization=Bearer%20token,TFY-Tracing-Project=acme", nil, "truefoundry", "acme"},
		{"truefoundry, other header", "/api/otel", "Authorization=Bearer%20token,X-TFY-TRACING-PROJECT-FQN=acme", nil, "truefoundry", "acme"},
		{"truefoundry, other path", "/api/tracing", "Authorization=Bearer%20token,TFY-Tracing-Project=acme", nil, "truefoundry", "acme"},
		{"truefoundry, project with slashes", "/api/otel", "TFY-Tracing-Project=tenant:tracing-project:name", nil, "truefoundry", "tenant:tracing-project:name"},
		{"lumos, header", "", "X-Alerty-OrganizationId=acme", nil, "lumos", "acme"},
		{"lumos, attribute", "", "", []attribute.KeyValue{attribute.String("alerty.organizationId", "acme")}, "lumos", "acme"},
		{"lumos, attribute before header", "", "X-Alerty-OrganizationId=other", []attribute.KeyValue{attribute.String("alerty.organizationId", "acme")}, "lumos", "acme"},
		{"nothing", "", "", nil, "lumos", "default"},
		{"neutral", "", "X-Spanstead-Workspace=acme", nil, "lumos", "acme"},
		{"a name that nobody created", "", "Mackerel-Api-Key=nobody", nil, "mackerel", "default"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := start(t)
			for _, w := range []string{"acme", "other", "tenant:tracing-project:name"} {
				if err := r.store.CreateWorkspace(t.Context(), w); err != nil {
					t.Fatal(err)
				}
			}
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.url+tt.endpoint)
			t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", tt.headers)
			exporter, err := otlptracehttp.New(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			sendOne(t, exporter, tt.resource...)
			got := map[string]int{}
			names, err := r.store.ListWorkspaces(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range names {
				n, err := r.store.Count(t.Context(), w, query.Count{})
				if err != nil {
					t.Fatal(err)
				}
				if n > 0 {
					got[w] = n
				}
			}
			if diff := cmp.Diff(map[string]int{tt.into: 1}, got); diff != "" {
				t.Fatalf("spans by workspace (-want +got):\n%s", diff)
			}
			readOne(t, r.handler, tt.view, tt.into)
		})
	}
}

func sendOne(t *testing.T, e sdk.SpanExporter, more ...attribute.KeyValue) {
	t.Helper()
	attributes := append([]attribute.KeyValue{attribute.String("service.name", "cart"), attribute.String("service.namespace", "shop")}, more...)
	provider := sdk.NewTracerProvider(sdk.WithSyncer(e), sdk.WithResource(resource.NewSchemaless(attributes...)))
	_, s := provider.Tracer("test").Start(t.Context(), "GET /cart", trace.WithTimestamp(began))
	s.End(trace.WithTimestamp(began.Add(250 * time.Millisecond)))
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// readOne finds the span of sendOne in a vendor's API.
func readOne(t *testing.T, h http.Handler, vendor, workspace string) {
	t.Helper()
	for _, v := range views {
		if v.name != vendor {
			continue
		}
		c := &caller{TB: t, handler: h, workspace: workspace}
		q := question{from: began.Add(-time.Minute), to: began.Add(time.Minute)}
		var list []shown
		if v.spans != nil {
			list, _ = v.spans(c, q)
		} else {
			q.service, q.namespace = "cart", "shop"
			ids, _ := v.traces(c, q)
			for _, id := range ids {
				spans, _ := v.trace(c, id, q)
				list = append(list, spans...)
			}
		}
		if len(list) != 1 || list[0].Name != "GET /cart" || list[0].Service != "cart" || !list[0].Start.Equal(began) || list[0].Duration != 250*time.Millisecond {
			t.Errorf("%s: %+v", vendor, list)
		}
		return
	}
	t.Fatalf("no view %q", vendor)
}

// TestOneRequestForSeveralOrganizations is what a collector sends that serves
// several of Lumos's: the request is divided, accepted and rejected spans are
// summed, over HTTP in both encodings.
func TestOneRequestForSeveralOrganizations(t *testing.T) {
	of := func(id byte, org string) *span.Span {
		res := &span.Resource{Attributes: []span.KeyValue{{Key: "service.name", Value: span.String("s")}}}
		if org != "" {
			res.Attributes = append(res.Attributes, span.KeyValue{Key: "alerty.organizationId", Value: span.String(org)})
		}
		return &span.Span{TraceID: span.TraceID{1}, SpanID: span.SpanID{id}, Name: "s", StartTimeUnixNano: 1e18, Resource: res}
	}
	spans := []*span.Span{of(1, "a"), of(2, "b"), of(3, ""), of(4, "a"), of(5, "nobody")}
	bad := append(spans, of(0, "a"), of(0, "b"))
	for _, contentType := range []string{"application/x-protobuf", "application/json"} {
		st := storetest.New(t)
		for _, w := range []string{"a", "b", "header"} {
			if err := st.CreateWorkspace(t.Context(), w); err != nil {
				t.Fatal(err)
			}
		}
		h := apiserver.New(apiserver.Options{Store: st}).Handler()
		body := otlp.AppendRequest(nil, bad)
		if contentType == "application/json" {
			body = otlp.AppendJSON(nil, bad)
		}
		rec := do(h, http.MethodPost, "/v1/traces", string(body), "Content-Type", contentType, "X-Alerty-OrganizationId", "header")
		if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "2 spans rejected") {
			t.Fatalf("%s: %d %s", contentType, rec.Code, rec.Body)
		}
		if contentType != "application/json" {
			var answer collector.ExportTraceServiceResponse
			if err := proto.Unmarshal(rec.Body.Bytes(), &answer); err != nil || answer.GetPartialSuccess().GetRejectedSpans() != 2 {
				t.Errorf("%v, %v", &answer, err)
			}
		}
		for w, want := range map[string]int{"a": 2, "b": 1, "header": 1, store.DefaultWorkspace: 1} {
			if got, err := st.Count(t.Context(), w, query.Count{}); err != nil || got != want {
				t.Errorf("%s: workspace %s has %d spans, want %d (%v)", contentType, w, got, want, err)
			}
		}
	}
}

// TestMackerelLimit: past 6 MB a request is refused for that vendor alone.
func TestMackerelLimit(t *testing.T) {
	h := apiserver.New(apiserver.Options{Store: storetest.New(t)}).Handler()
	of := func(size int) []byte {
		s := &span.Span{TraceID: span.TraceID{1}, SpanID: span.SpanID{1}, Name: strings.Repeat("x", size)}
		return otlp.AppendRequest(nil, []*span.Span{s})
	}
	overhead := len(of(6<<20)) - 6<<20
	most, over := of(6<<20-overhead), of(6<<20-overhead+1)
	tests := []struct {
		name, header string
		body         []byte
		status       int
	}{
		{"just fits", "Mackerel-Api-Key", most, 200},
		{"too large", "Mackerel-Api-Key", over, 413},
		{"another vendor's", "X-Alerty-OrganizationId", over, 200},
		{"nobody's", "X-Other", over, 200},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(http.MethodPost, "/v1/traces", bytes.NewReader(tt.body))
		r.Header.Set("Content-Type", "application/x-protobuf")
		r.Header.Set(tt.header, "k")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != tt.status {
			t.Errorf("%s: %d %.200s", tt.name, rec.Code, rec.Body)
		}
	}
}

// TestVendorsIngestOverGRPC: the metadata of a call are its headers, and the
// resource attribute counts there, too.
func TestVendorsIngestOverGRPC(t *testing.T) {
	tests := []struct {
		name, header, value string
		organization        string
		into                string
	}{
		{"last9", "authorization", basic, "", "acme"},
		{"mackerel", "mackerel-api-key", "acme", "", "acme"},
		{"lumos, header", "x-alerty-organizationid", "acme", "", "acme"},
		{"lumos, attribute", "x-alerty-organizationid", "other", "acme", "acme"},
		{"lumos, attribute alone", "x-other", "other", "acme", "acme"},
		{"neutral", "x-spanstead-workspace", "acme", "", "acme"},
		{"nothing", "x-other", "acme", "", "default"},
	}
	for _, tt := range tests {
		r := start(t)
		for _, w := range []string{"acme", "other"} {
			if err := r.store.CreateWorkspace(t.Context(), w); err != nil {
				t.Fatal(err)
			}
		}
		e, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpoint(r.grpc), otlptracegrpc.WithInsecure(),
			otlptracegrpc.WithHeaders(map[string]string{tt.header: tt.value}))
		if err != nil {
			t.Fatal(err)
		}
		var more []attribute.KeyValue
		if tt.organization != "" {
			more = append(more, attribute.String("alerty.organizationId", tt.organization))
		}
		sendOne(t, e, more...)
		if n, err := r.store.Count(t.Context(), tt.into, query.Count{}); err != nil || n != 1 {
			t.Errorf("%s: %d spans in %s (%v)", tt.name, n, tt.into, err)
		}
	}
}
