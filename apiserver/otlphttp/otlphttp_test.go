package otlphttp_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/otlphttp"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

const (
	asProtobuf = "application/x-protobuf"
	asJSON     = "application/json"
)

// requestOf is an export request of n spans.
func requestOf(n int) []byte {
	spans := make([]*span.Span, n)
	for i := range spans {
		spans[i] = &span.Span{TraceID: span.TraceID{1}, SpanID: span.SpanID{byte(i + 1)}, Name: "s", StartTimeUnixNano: uint64(i + 1)}
	}
	return otlp.AppendRequest(nil, spans)
}

const inJSON = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"01000000000000000000000000000000",
	"spanId":"0100000000000000","name":"s","startTimeUnixNano":"1"}]}]}]}`

func gzipped(b []byte) []byte {
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	_, _ = z.Write(b)
	_ = z.Close()
	return buf.Bytes()
}

func zstandard(b []byte) []byte {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return z.EncodeAll(b, nil)
}

func post(h http.Handler, contentType, encoding string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, otlphttp.Path, body)
	r.Header.Set("Content-Type", contentType)
	if encoding != "" {
		r.Header.Set("Content-Encoding", encoding)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

func count(t *testing.T, st store.Reader, workspace string) int {
	t.Helper()
	n, err := st.Count(t.Context(), workspace, query.Count{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAccepted(t *testing.T) {
	tests := []struct {
		name, contentType, encoding string
		body                        []byte
		spans                       int
	}{
		{"protobuf", asProtobuf, "", requestOf(3), 3},
		{"protobuf, short name", "application/protobuf", "", requestOf(3), 3},
		{"json", asJSON, "", []byte(inJSON), 1},
		{"json with a charset", "application/json; charset=utf-8", "", []byte(inJSON), 1},
		{"identity", asProtobuf, "identity", requestOf(3), 3},
		{"gzip", asProtobuf, "gzip", gzipped(requestOf(3)), 3},
		{"gzip, json", asJSON, "GZIP", gzipped([]byte(inJSON)), 1},
		{"zstd", asProtobuf, "zstd", zstandard(requestOf(3)), 3},
		{"stacked", asProtobuf, "gzip, zstd", zstandard(gzipped(requestOf(3))), 3},
		{"stacked twice", asProtobuf, "gzip, gzip", gzipped(gzipped(requestOf(3))), 3},
		{"empty request", asProtobuf, "", nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := storetest.New(t)
			h := rest.NewRouter(otlphttp.New(otlphttp.Options{Store: st}))
			for range 2 { // again, with pooled decoders; the same spans change nothing
				rec := post(h, tt.contentType, tt.encoding, bytes.NewReader(tt.body))
				wantType, wantBody := asProtobuf, ""
				if strings.HasPrefix(tt.contentType, asJSON) {
					wantType, wantBody = asJSON, "{}"
				}
				if rec.Code != 200 || rec.Header().Get("Content-Type") != wantType || rec.Body.String() != wantBody {
					t.Fatalf("%d %s %q, want 200 %s %q", rec.Code, rec.Header().Get("Content-Type"), rec.Body, wantType, wantBody)
				}
			}
			if n := count(t, st, store.DefaultWorkspace); n != tt.spans {
				t.Errorf("%d spans, want %d", n, tt.spans)
			}
		})
	}
}

// twice applied by hand: header lines and one line with commas mean the same.
func TestEncodingsOnSeveralLines(t *testing.T) {
	st := storetest.New(t)
	r := httptest.NewRequest(http.MethodPost, otlphttp.Path, bytes.NewReader(zstandard(gzipped(requestOf(2)))))
	r.Header.Set("Content-Type", asProtobuf)
	r.Header.Add("Content-Encoding", "gzip")
	r.Header.Add("Content-Encoding", "zstd")
	rec := httptest.NewRecorder()
	rest.NewRouter(otlphttp.New(otlphttp.Options{Store: st})).ServeHTTP(rec, r)
	if n := count(t, st, store.DefaultWorkspace); rec.Code != 200 || n != 2 {
		t.Errorf("status %d, %d spans", rec.Code, n)
	}
}

func TestPartialSuccess(t *testing.T) {
	bad := otlp.AppendRequest(nil, []*span.Span{{TraceID: span.TraceID{1}, SpanID: span.SpanID{1}}, {TraceID: span.TraceID{1}}})
	for _, contentType := range []string{asProtobuf, asJSON} {
		st := storetest.New(t)
		body, unmarshal := bad, proto.Unmarshal
		if contentType == asJSON {
			body, unmarshal = []byte(strings.Replace(inJSON, `}]}]}]}`, `},{"name":"no ids"}]}]}]}`, 1)), protojson.Unmarshal
		}
		rec := post(rest.NewRouter(otlphttp.New(otlphttp.Options{Store: st})), contentType, "", bytes.NewReader(body))
		var res collector.ExportTraceServiceResponse
		if err := unmarshal(rec.Body.Bytes(), &res); err != nil || rec.Code != 200 {
			t.Fatalf("%s: %d %q: %v", contentType, rec.Code, rec.Body, err)
		}
		p := res.GetPartialSuccess()
		if p.GetRejectedSpans() != 1 || p.GetErrorMessage() == "" || count(t, st, store.DefaultWorkspace) != 1 {
			t.Errorf("%s: %v, %d spans", contentType, p, count(t, st, store.DefaultWorkspace))
		}
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name, contentType, encoding string
		body                        []byte
		status                      int
		code                        codes.Code
	}{
		{"not protobuf", asProtobuf, "", []byte("\xff\xff\xff"), 400, codes.InvalidArgument},
		{"not json", asJSON, "", []byte("{"), 400, codes.InvalidArgument},
		{"gzip that is not", asProtobuf, "gzip", requestOf(1), 400, codes.InvalidArgument},
		{"gzip cut short", asProtobuf, "gzip", gzipped(requestOf(9))[:20], 400, codes.InvalidArgument},
		{"empty gzip", asProtobuf, "gzip", nil, 400, codes.InvalidArgument},
		{"zstd that is not", asProtobuf, "zstd", requestOf(1), 400, codes.InvalidArgument},
		{"deflate", asProtobuf, "deflate", nil, 415, codes.InvalidArgument},
		{"five encodings", asProtobuf, "gzip,gzip,gzip,gzip,gzip", nil, 415, codes.InvalidArgument},
		{"text", "text/plain", "", []byte(inJSON), 415, codes.InvalidArgument},
		{"no content type", "", "", requestOf(1), 415, codes.InvalidArgument},
		{"too large", asProtobuf, "", make([]byte, 2000), 413, codes.ResourceExhausted},
		{"too large, json", asJSON, "", bytes.Repeat([]byte(" "), 2000), 413, codes.ResourceExhausted},
		{"too large inside gzip", asProtobuf, "gzip", gzipped(make([]byte, 2000)), 413, codes.ResourceExhausted},
		{"too large inside zstd", asProtobuf, "zstd", zstandard(make([]byte, 2000)), 413, codes.ResourceExhausted},
		{"too large in between", asProtobuf, "gzip,gzip", gzipped(bytes.Repeat(gzipped(nil), 100)), 413, codes.ResourceExhausted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := storetest.New(t)
			h := rest.NewRouter(otlphttp.New(otlphttp.Options{Store: st, MaxBody: 1000}))
			rec := post(h, tt.contentType, tt.encoding, bytes.NewReader(tt.body))
			checkStatus(t, rec, tt.contentType, tt.status, tt.code)
			if n := count(t, st, store.DefaultWorkspace); n != 0 {
				t.Errorf("%d spans were stored", n)
			}
		})
	}
}

// checkStatus reads a google.rpc.Status in the encoding of the request.
func checkStatus(t *testing.T, rec *httptest.ResponseRecorder, contentType string, want int, code codes.Code) {
	t.Helper()
	var s status.Status
	unmarshal := proto.Unmarshal
	if contentType == asJSON {
		unmarshal = protojson.Unmarshal
	}
	if err := unmarshal(rec.Body.Bytes(), &s); err != nil {
		t.Fatalf("%q: %v", rec.Body, err)
	}
	if rec.Code != want || codes.Code(s.Code) != code || s.Message == "" {
		t.Errorf("%d, code %v, %q; want %d, code %v", rec.Code, codes.Code(s.Code), s.Message, want, code)
	}
}

// endless is a body without end that counts what was read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return len(p), nil
}

func TestEndlessBodyIsNotReadOn(t *testing.T) {
	var e endless
	h := rest.NewRouter(otlphttp.New(otlphttp.Options{Store: storetest.New(t), MaxBody: 1 << 20}))
	rec := post(h, asProtobuf, "", &e)
	if rec.Code != http.StatusRequestEntityTooLarge || e.read > 1<<20+1 {
		t.Errorf("status %d after %d bytes", rec.Code, e.read)
	}
}

// failing is a store that takes nothing.
type failing struct {
	store.Store
	err error
}

func (f failing) Append(context.Context, string, []byte) (store.Appended, error) {
	return store.Appended{}, f.err
}

func TestStoreErrors(t *testing.T) {
	tests := []struct {
		err        error
		status     int
		code       codes.Code
		retryAfter string
	}{
		{query.ErrInvalid, 400, codes.InvalidArgument, ""},
		{query.ErrFull, 503, codes.ResourceExhausted, "30"},
		{query.ErrReadOnly, 503, codes.Unavailable, "30"},
		{query.ErrClosed, 503, codes.Unavailable, "2"},
		{context.DeadlineExceeded, 503, codes.Unavailable, "2"},
		{context.Canceled, 499, codes.Canceled, ""},
		{io.ErrShortWrite, 500, codes.Internal, ""},
	}
	for _, tt := range tests {
		t.Run(tt.err.Error(), func(t *testing.T) {
			h := rest.NewRouter(otlphttp.New(otlphttp.Options{Store: failing{storetest.New(t), fmt.Errorf("place: %w", tt.err)}}))
			rec := post(h, asProtobuf, "", bytes.NewReader(requestOf(1)))
			checkStatus(t, rec, asProtobuf, tt.status, tt.code)
			if got := rec.Header().Get("Retry-After"); got != tt.retryAfter {
				t.Errorf("Retry-After %q, want %q", got, tt.retryAfter)
			}
			if tt.status == 500 && bytes.Contains(rec.Body.Bytes(), []byte("place")) {
				t.Errorf("the answer tells too much: %q", rec.Body)
			}
		})
	}
}

// TestBytesInFlight has a request arrive while another one holds the budget.
func TestBytesInFlight(t *testing.T) {
	st := storetest.New(t)
	h := rest.NewRouter(otlphttp.New(otlphttp.Options{Store: st, MaxInFlight: 100 << 10}))
	in, out := io.Pipe()
	first := make(chan int)
	go func() { first <- post(h, asProtobuf, "", in).Code }()
	_, _ = out.Write(requestOf(1)) // returns once the first request has read it
	rec := post(h, asProtobuf, "", bytes.NewReader(requestOf(1)))
	checkStatus(t, rec, asProtobuf, http.StatusServiceUnavailable, codes.Unavailable)
	if rec.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	_ = out.Close()
	if code := <-first; code != 200 {
		t.Errorf("the first request: %d", code)
	}
	if rec := post(h, asProtobuf, "", bytes.NewReader(requestOf(1))); rec.Code != 200 {
		t.Errorf("after it: %d", rec.Code)
	}
}

func TestWorkspaces(t *testing.T) {
	header := func(name string) func(*http.Request) (string, bool) {
		return func(r *http.Request) (string, bool) { return r.Header.Get(name), r.Header.Get(name) != "" }
	}
	ingest := []rest.Ingest{
		{Path: otlphttp.Path, Workspace: header("First-Key")},
		{Path: otlphttp.Path, Workspace: header("Second-Key")},
		{Path: "/own/v1/traces", Workspace: header("Own-Key")},
	}
	tests := []struct{ path, header, workspace string }{
		{otlphttp.Path, "", store.DefaultWorkspace},
		{otlphttp.Path, "First-Key", "w"},
		{otlphttp.Path, "Second-Key", "w"},
		{otlphttp.Path, "Own-Key", store.DefaultWorkspace},
		{"/own/v1/traces", "Own-Key", "w"},
		{"/own/v1/traces", "First-Key", store.DefaultWorkspace},
	}
	for _, tt := range tests {
		st := storetest.New(t)
		if err := st.CreateWorkspace(t.Context(), "w"); err != nil {
			t.Fatal(err)
		}
		h := rest.NewRouter(otlphttp.New(otlphttp.Options{Store: st, Ingest: ingest}))
		r := httptest.NewRequest(http.MethodPost, tt.path, bytes.NewReader(requestOf(1)))
		r.Header.Set("Content-Type", asProtobuf)
		if tt.header != "" {
			r.Header.Set(tt.header, "w")
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		got := map[string]int{"w": count(t, st, "w"), store.DefaultWorkspace: count(t, st, store.DefaultWorkspace)}
		want := map[string]int{"w": 0, store.DefaultWorkspace: 0}
		want[tt.workspace] = 1
		if diff := cmp.Diff(want, got); rec.Code != 200 || diff != "" {
			t.Errorf("%s with %q: status %d (-want +got):\n%s", tt.path, tt.header, rec.Code, diff)
		}
	}
}

// TestSizes sends requests below, at and above the sizes of pooled buffers,
// compressed and not, again and again: what is stored is what was sent.
func TestSizes(t *testing.T) {
	st := storetest.New(t)
	h := rest.NewRouter(otlphttp.New(otlphttp.Options{Store: st}))
	n := 0
	for _, size := range []int{1, 60 << 10, 64 << 10, 65 << 10, 300 << 10, 1 << 20, 5 << 20, 100} {
		for _, encoding := range []string{"", "gzip"} {
			n++
			name := strings.Repeat(string(rune('a'+n)), size)
			body := otlp.AppendRequest(nil, []*span.Span{{TraceID: span.TraceID{byte(n)}, SpanID: span.SpanID{1}, Name: name}})
			if encoding == "gzip" {
				body = gzipped(body)
			}
			rec := post(h, asProtobuf, encoding, io.MultiReader(bytes.NewReader(body))) // no Content-Length
			spans, err := st.Trace(t.Context(), store.DefaultWorkspace, span.TraceID{byte(n)})
			if rec.Code != 200 || err != nil || spans[0].Name != name {
				t.Fatalf("%d bytes, %q: status %d, %v", size, encoding, rec.Code, err)
			}
		}
	}
}
