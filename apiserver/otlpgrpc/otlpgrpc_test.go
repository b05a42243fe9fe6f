package otlpgrpc_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/otlpgrpc"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/query"
)

func dial(t *testing.T, opt otlpgrpc.Options) (collector.TraceServiceClient, *grpc.ClientConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := otlpgrpc.NewServer(opt)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return collector.NewTraceServiceClient(conn), conn
}

func requestOf(spans ...*trace.Span) *collector.ExportTraceServiceRequest {
	return &collector.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{{
		ScopeSpans: []*trace.ScopeSpans{{Spans: spans}},
	}}}
}

func spanOf(id byte) *trace.Span {
	return &trace.Span{TraceId: bytes.Repeat([]byte{id}, 16), SpanId: bytes.Repeat([]byte{id}, 8), Name: "s"}
}

func count(t *testing.T, st store.Reader, workspace string) int {
	t.Helper()
	n, err := st.Count(t.Context(), workspace, query.Count{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestExport(t *testing.T) {
	st := storetest.New(t)
	c, _ := dial(t, otlpgrpc.Options{Store: st})
	for i, opts := range [][]grpc.CallOption{nil, {grpc.UseCompressor(gzip.Name)}} {
		res, err := c.Export(t.Context(), requestOf(spanOf(byte(i+1))), opts...)
		if err != nil || res.PartialSuccess != nil {
			t.Errorf("%d: %v, %v", i, res, err)
		}
	}
	if n := count(t, st, store.DefaultWorkspace); n != 2 {
		t.Errorf("%d spans, want 2", n)
	}
}

func TestPartialSuccess(t *testing.T) {
	st := storetest.New(t)
	c, _ := dial(t, otlpgrpc.Options{Store: st})
	res, err := c.Export(t.Context(), requestOf(spanOf(1), &trace.Span{Name: "no ids"}))
	if err != nil {
		t.Fatal(err)
	}
	p := res.GetPartialSuccess()
	if p.GetRejectedSpans() != 1 || p.GetErrorMessage() == "" || count(t, st, store.DefaultWorkspace) != 1 {
		t.Errorf("%v, %d spans", p, count(t, st, store.DefaultWorkspace))
	}
}

func TestWorkspaceFromMetadata(t *testing.T) {
	st := storetest.New(t)
	if err := st.CreateWorkspace(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	c, _ := dial(t, otlpgrpc.Options{Store: st, Ingest: []rest.Ingest{{Path: "/v1/traces", MaxBody: 100, Workspace: someKey}}})
	ctx := metadata.AppendToOutgoingContext(t.Context(), "some-key", "w")
	if _, err := c.Export(ctx, requestOf(spanOf(1))); err != nil {
		t.Fatal(err)
	}
	if n := count(t, st, "w"); n != 1 {
		t.Errorf("%d spans in the workspace, want 1", n)
	}
	big := spanOf(2)
	big.Name = strings.Repeat("x", 100)
	if _, err := c.Export(ctx, requestOf(big)); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("past the vendor's limit: %v", err)
	}
}

func someKey(r *http.Request) (string, bool) { return r.Header.Get("Some-Key"), true }

type failing struct {
	store.Store
	err error
}

func (f failing) Append(context.Context, string, []byte) (store.Appended, error) {
	return store.Appended{}, fmt.Errorf("place: %w", f.err)
}

func TestStoreErrors(t *testing.T) {
	tests := []struct {
		err   error
		code  codes.Code
		retry time.Duration
	}{
		{query.ErrInvalid, codes.InvalidArgument, 0},
		{query.ErrFull, codes.ResourceExhausted, 30 * time.Second},
		{query.ErrReadOnly, codes.Unavailable, 30 * time.Second},
		{query.ErrClosed, codes.Unavailable, 2 * time.Second},
		{context.Canceled, codes.Canceled, 0},
		{io.ErrShortWrite, codes.Internal, 0},
	}
	for _, tt := range tests {
		t.Run(tt.err.Error(), func(t *testing.T) {
			var log bytes.Buffer
			c, _ := dial(t, otlpgrpc.Options{Store: failing{err: tt.err}, Log: slog.New(slog.NewTextHandler(&log, nil))})
			_, err := c.Export(t.Context(), requestOf(spanOf(1)))
			s := status.Convert(err)
			var retry time.Duration
			for _, d := range s.Details() {
				if info, ok := d.(*errdetails.RetryInfo); ok {
					retry = info.RetryDelay.AsDuration()
				}
			}
			if s.Code() != tt.code || retry != tt.retry {
				t.Errorf("%v, retry in %v; want %v, %v", s, retry, tt.code, tt.retry)
			}
			internal := tt.code == codes.Internal
			if strings.Contains(s.Message(), "place") == internal || strings.Contains(log.String(), "place") != internal {
				t.Errorf("message %q, log %q", s.Message(), &log)
			}
		})
	}
}

// panicking is a store with a bug.
type panicking struct{ store.Store }

func (panicking) Append(context.Context, string, []byte) (store.Appended, error) { panic("our bug") }

func TestPanicEndsTheCallAlone(t *testing.T) {
	var log bytes.Buffer
	c, _ := dial(t, otlpgrpc.Options{Store: panicking{}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for range 2 {
		if _, err := c.Export(t.Context(), requestOf(spanOf(1))); status.Code(err) != codes.Internal {
			t.Errorf("%v, want Internal", err)
		}
	}
	if !strings.Contains(log.String(), "our bug") {
		t.Errorf("log: %s", &log)
	}
}

func TestTooLarge(t *testing.T) {
	st := storetest.New(t)
	c, _ := dial(t, otlpgrpc.Options{Store: st, MaxMessage: 1000})
	big := spanOf(1)
	big.Name = strings.Repeat("x", 100_000)
	for _, opts := range [][]grpc.CallOption{nil, {grpc.UseCompressor(gzip.Name)}} {
		if _, err := c.Export(t.Context(), requestOf(big), opts...); status.Code(err) != codes.ResourceExhausted {
			t.Errorf("%v, want ResourceExhausted", err)
		}
	}
	if n := count(t, st, store.DefaultWorkspace); n != 0 {
		t.Errorf("%d spans were stored", n)
	}
}

// raw sends bytes as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error)   { return v.([]byte), nil }
func (raw) Unmarshal(b []byte, v any) error { *v.(*[]byte) = b; return nil }
func (raw) Name() string                    { return "proto" }

func TestBytesThatAreNoRequest(t *testing.T) {
	_, conn := dial(t, otlpgrpc.Options{Store: storetest.New(t)})
	var answer []byte
	err := conn.Invoke(t.Context(), collector.TraceService_Export_FullMethodName, []byte("\xff\xff"), &answer, grpc.ForceCodec(raw{}))
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("%v, want InvalidArgument", err)
	}
	err = conn.Invoke(t.Context(), "/some.Service/Method", []byte{}, &answer, grpc.ForceCodec(raw{}))
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("%v, want Unimplemented", err)
	}
}
