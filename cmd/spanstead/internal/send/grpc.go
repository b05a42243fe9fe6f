package send

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// grpcExporter is OTLP/gRPC.
type grpcExporter struct {
	conn *grpc.ClientConn
	opt  Options
}

func newGRPC(u *url.URL, opt Options) (*grpcExporter, error) {
	if strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("%q: a gRPC address has no path", opt.URL)
	}
	creds := insecure.NewCredentials()
	if u.Scheme == "grpcs" {
		creds = credentials.NewTLS(&tls.Config{})
	}
	calls := []grpc.CallOption{grpc.ForceCodecV2(bytesCodec{})}
	if !opt.Plain {
		calls = append(calls, grpc.UseCompressor(gzip.Name))
	}
	conn, err := grpc.NewClient(u.Host, grpc.WithTransportCredentials(creds), grpc.WithDefaultCallOptions(calls...))
	return &grpcExporter{conn, opt}, err
}

func (g *grpcExporter) close() error { return g.conn.Close() }

func (g *grpcExporter) attempt(ctx context.Context, request []byte) (Answer, *failure) {
	for name, values := range g.opt.Header {
		for _, v := range values {
			ctx = metadata.AppendToOutgoingContext(ctx, strings.ToLower(name), v)
		}
	}
	var answer []byte
	if err := g.conn.Invoke(ctx, collector.TraceService_Export_FullMethodName, &request, &answer); err != nil {
		return Answer{}, failureOf(err)
	}
	return parseAnswer(answer), nil
}

// passing are the codes after which OTLP lets a client try again.
// ResourceExhausted is one only where the server says when.
var passing = []codes.Code{codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss}

func failureOf(err error) *failure {
	s := status.Convert(err)
	f := &failure{err: err, again: slices.Contains(passing, s.Code())}
	for _, d := range s.Details() {
		if retry, ok := d.(*errdetails.RetryInfo); ok {
			f.after = max(retry.GetRetryDelay().AsDuration(), time.Duration(0))
			f.again = f.again || s.Code() == codes.ResourceExhausted
		}
	}
	return f
}

// bytesCodec moves messages that are encoded already.
type bytesCodec struct{}

// Name is that of the codec whose messages these are.
func (bytesCodec) Name() string { return "proto" }

// Marshal gives out the bytes behind v.
func (bytesCodec) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("send: message of type %T", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(*b)}, nil
}

// Unmarshal copies the bytes to what v points to.
func (bytesCodec) Unmarshal(data mem.BufferSlice, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("send: message of type %T", v)
	}
	*b = data.Materialize()
	return nil
}
