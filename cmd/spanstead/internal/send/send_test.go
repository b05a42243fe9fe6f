package send

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// clock is time that only waiting moves.
type clock struct {
	now   time.Time
	waits []time.Duration
}

func (c *clock) wait(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	c.waits = append(c.waits, d)
	return ctx.Err()
}

func newSender(t *testing.T, opt Options) (*Sender, *clock) {
	t.Helper()
	c := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	opt.Now, opt.Wait = func() time.Time { return c.now }, c.wait
	s, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, c
}

func encode(t *testing.T, m proto.Message) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// httpServer answers with one handler after another, the last one for good.
func httpServer(t *testing.T, answers ...http.HandlerFunc) *httptest.Server {
	t.Helper()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers[min(int(n.Add(1)), len(answers))-1](w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func fail(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		http.Error(w, "because", code)
	}
}

func TestHTTP(t *testing.T) {
	answer := encode(t, &collector.ExportTraceServiceResponse{PartialSuccess: &collector.ExportTracePartialSuccess{RejectedSpans: 3, ErrorMessage: "too old"}})
	for _, plain := range []bool{false, true} {
		var got string
		srv := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
			body := io.Reader(r.Body)
			if r.Header.Get("Content-Encoding") == "gzip" {
				z, err := gzip.NewReader(r.Body)
				if err != nil {
					t.Error(err)
				}
				body = z
			}
			b, err := io.ReadAll(body)
			if err != nil {
				t.Error(err)
			}
			got = strings.Join([]string{r.Method, r.URL.Path, r.Header.Get("Content-Type"), r.Header.Get("X-Key"), string(b)}, " ")
			_, _ = w.Write(answer)
		})
		s, _ := newSender(t, Options{URL: srv.URL + "/base/", Plain: plain, Header: http.Header{"X-Key": {"k"}}})
		a, err := s.Send(t.Context(), []byte("request"))
		if err != nil || a != (Answer{3, "too old"}) {
			t.Errorf("%+v, %v", a, err)
		}
		if want := "POST /base/v1/traces application/x-protobuf k request"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestHTTPRepeats(t *testing.T) {
	ok := func(http.ResponseWriter, *http.Request) {}
	srv := httpServer(t, fail(503, "Retry-After", "7"), fail(429, "Retry-After", "Sun, 01 Mar 2026 12:01:00 GMT"), fail(502), fail(504), ok)
	s, c := newSender(t, Options{URL: srv.URL})
	if _, err := s.Send(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if len(c.waits) != 4 || c.waits[0] != 7*time.Second || c.waits[1] != 53*time.Second {
		t.Errorf("waited %v", c.waits)
	}
	for i, d := range c.waits[2:] {
		if pause := firstPause << (i + 2); d < pause/2 || d > pause {
			t.Errorf("pause %d: %v, want half of %v to all of it", i+2, d, pause)
		}
	}
}

func TestHTTPRefused(t *testing.T) {
	for _, code := range []int{400, 401, 404, 413, 500, 501} {
		srv := httpServer(t, fail(code, "Retry-After", "1"))
		s, c := newSender(t, Options{URL: srv.URL})
		_, err := s.Send(t.Context(), nil)
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "because") || len(c.waits) > 0 {
			t.Errorf("%d: %v, waited %v", code, err, c.waits)
		}
	}
}

func TestHTTPGivesUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close() // nobody listens there
	retries := 0
	s, c := newSender(t, Options{URL: "http://" + l.Addr().String(), GiveUp: time.Minute, Retrying: func(error, time.Duration) { retries++ }})
	begin := c.now
	_, err = s.Send(t.Context(), nil)
	if err == nil || errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "given up") {
		t.Error(err)
	}
	if took := c.now.Sub(begin); took > time.Minute || took < 15*time.Second || retries != len(c.waits) {
		t.Errorf("after %v and %d retries", took, retries)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Send(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// grpcServer answers with one error after another, then well.
type grpcServer struct {
	collector.UnimplementedTraceServiceServer
	errs []error
	key  []string
	size int
}

func (s *grpcServer) Export(ctx context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	s.key, s.size = md.Get("x-key"), len(r.GetResourceSpans())
	if len(s.errs) > 0 {
		err := s.errs[0]
		s.errs = s.errs[1:]
		return nil, err
	}
	return &collector.ExportTraceServiceResponse{PartialSuccess: &collector.ExportTracePartialSuccess{RejectedSpans: 1}}, nil
}

func startGRPC(t *testing.T, s *grpcServer) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer()
	collector.RegisterTraceServiceServer(srv, s)
	go func() {
		if err := srv.Serve(l); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(srv.Stop)
	return "grpc://" + l.Addr().String()
}

func exhausted(t *testing.T, after time.Duration) error {
	t.Helper()
	s, err := status.New(codes.ResourceExhausted, "slow down").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
	if err != nil {
		t.Fatal(err)
	}
	return s.Err()
}

func TestGRPC(t *testing.T) {
	srv := &grpcServer{errs: []error{status.Error(codes.Unavailable, "not yet"), exhausted(t, 9*time.Second)}}
	s, c := newSender(t, Options{URL: startGRPC(t, srv), Header: http.Header{"X-Key": {"k"}}})
	a, err := s.Send(t.Context(), []byte{0x0a, 0, 0x0a, 0})
	if err != nil || a.Rejected != 1 || srv.size != 2 {
		t.Errorf("%+v, %v, %d resources", a, err, srv.size)
	}
	if d := cmp.Diff([]string{"k"}, srv.key); d != "" || len(c.waits) != 2 || c.waits[1] != 9*time.Second {
		t.Errorf("%s waited %v", d, c.waits)
	}
}

func TestGRPCRefused(t *testing.T) {
	for _, code := range []codes.Code{codes.InvalidArgument, codes.Unauthenticated, codes.Unimplemented, codes.Internal, codes.ResourceExhausted} {
		srv := &grpcServer{errs: []error{status.Error(code, "because")}}
		s, c := newSender(t, Options{URL: startGRPC(t, srv), Plain: true})
		_, err := s.Send(t.Context(), nil)
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "because") || len(c.waits) > 0 {
			t.Errorf("%v: %v, waited %v", code, err, c.waits)
		}
	}
}

func TestNewRefusesURLs(t *testing.T) {
	for _, url := range []string{"", "localhost:4318", "ftp://host", "grpc://host/path", "http://", "%"} {
		if _, err := New(Options{URL: url}); err == nil {
			t.Errorf("%q was taken", url)
		}
	}
}
