package sideseat_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/spanstead/spanstead/apiserver/internal/adaptertest"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/sideseat"
)

const oneSpan = `{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[{"traceId":"%T","spanId":"00000000000000a1","name":"chat","startTimeUnixNano":"1737886354000000000","endTimeUnixNano":"1737886355000000000","attributes":[{"key":"session.id","value":{"stringValue":"s"}},{"key":"gen_ai.request.model","value":{"stringValue":"house"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"1000000"}}]}]}]}]}`

func spanOf(trace string) []byte { return []byte(strings.Replace(oneSpan, "%T", trace, 1)) }

// TestStream opens a stream and sees the span that arrives after, not the one
// from before.
func TestStream(t *testing.T) {
	st := storetest.New(t)
	adaptertest.Append(t, st, "default", spanOf("11111111111111111111111111111111"))
	server := httptest.NewServer(rest.NewRouter(sideseat.New(sideseat.Options{Store: st, Poll: time.Millisecond})))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/v1/project/default/otel/sse", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if ct := res.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Errorf("content type %q", ct)
	}
	adaptertest.Append(t, st, "default", spanOf("22222222222222222222222222222222"))
	lines := bufio.NewScanner(res.Body)
	var got []string
	for len(got) < 3 && lines.Scan() {
		if text := lines.Text(); text != ":" && (text != "" || len(got) > 0) {
			got = append(got, text)
		}
	}
	want := []string{
		"event: span",
		`data: {"project_id":"default","trace_id":"22222222222222222222222222222222","span_id":"00000000000000a1","session_id":"s","user_id":null}`,
		"",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestPrices replaces the price table.
func TestPrices(t *testing.T) {
	st := storetest.New(t)
	adaptertest.Append(t, st, "default", spanOf("11111111111111111111111111111111"))
	prices, err := sideseat.ParsePrices([]byte(`{"date":"2025-01-01","models":{"house":{"input":3.5,"output":7}}}`))
	if err != nil {
		t.Fatal(err)
	}
	h := rest.NewRouter(sideseat.New(sideseat.Options{Store: st, Prices: prices}))
	rec := get(h, "/api/v1/project/default/otel/traces/11111111111111111111111111111111")
	var answer struct {
		Total json.Number `json:"total_cost"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || answer.Total != "3.5" {
		t.Errorf("total %q, %v", answer.Total, err)
	}
	for _, bad := range []string{`[]`, `{"models":{"m":{"input":-1}}}`, `{"models":{"m":{"output":1e300}}}`} {
		if _, err := sideseat.ParsePrices([]byte(bad)); err == nil {
			t.Errorf("%s is taken for a price table", bad)
		}
	}
}

func get(h http.Handler, target string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, target, nil))
	return rec
}

// TestIngest names the workspace of an exporter's path; the way in itself is
// shared by all vendors.
func TestIngest(t *testing.T) {
	in := sideseat.New(sideseat.Options{}).Ingest()
	if len(in) != 1 || in[0].Path != "/otel/{project}/v1/traces" {
		t.Fatalf("%+v", in)
	}
	if in := sideseat.New(sideseat.Options{Fidelity: rest.Observed}).Ingest(); in != nil {
		t.Errorf("observed: %+v", in)
	}
}

// TestObservedProtobuf sends ids of other lengths in protobuf, compressed, and
// finds the trace under the id as it was sent.
func TestObservedProtobuf(t *testing.T) {
	st := storetest.New(t)
	h := rest.NewRouter(sideseat.New(sideseat.Options{Store: st, Fidelity: rest.Observed}))
	body, err := proto.Marshal(&collector.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{{
		Resource: &resource.Resource{},
		ScopeSpans: []*trace.ScopeSpans{{Spans: []*trace.Span{
			{TraceId: []byte{0xab, 0xcd}, SpanId: make([]byte, 8), Name: "root", StartTimeUnixNano: 1e18, EndTimeUnixNano: 1e18 + 1e6},
			{TraceId: []byte{0xab, 0xcd}, SpanId: []byte{1, 2, 3}, ParentSpanId: []byte{9}, Name: "chat",
				Links: []*trace.Span_Link{{TraceId: []byte{1}}}, StartTimeUnixNano: 1e18 + 1},
		}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodPost, "/otel/default/v1/traces", &packed)
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "gzip")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/x-protobuf" {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	rec = get(h, "/api/v1/project/default/otel/traces/abcd?include_raw_span=true")
	for _, want := range []string{
		`"span_id":"0000000000000000","parent_span_id":null`, `"span_id":"010203","parent_span_id":"09"`, `"trace_id":"abcd"`, `"attributes":{}`,
	} {
		if !strings.Contains(rec.Body.String(), want) {
			t.Errorf("no %s in %s", want, rec.Body)
		}
	}
	if strings.Contains(rec.Body.String(), "sideseat.sent_ids") {
		t.Error("the reserved attribute is shown")
	}
	for _, id := range []string{"ABCD", "abcde", "ab"} {
		if rec := get(h, "/api/v1/project/default/otel/traces/"+id); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", id, rec.Code)
		}
	}
}
