// Package otlpgrpc takes spans in over OTLP/gRPC.
//
// The server's codec leaves messages as they are: the bytes of an Export
// request go to the store without being decoded to objects. Requests may be
// compressed with gzip.
package otlpgrpc

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // registers the compressor by name
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/spanstead/spanstead/apiserver/internal/intake"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/store"
)

// Options say how a server takes spans in.
type Options struct {
	Store store.Store // required
	// MaxMessage bounds a request's bytes after decompression; 0 means 64 MiB.
	MaxMessage int
	// Ingest lists the vendors' addresses. A call is taken for a request to
	// /v1/traces whose headers are its metadata.
	Ingest []rest.Ingest
	// Log takes the errors that are the server's own fault; nil drops them.
	Log *slog.Logger
	// Server is further options, such as interceptors and TLS.
	Server []grpc.ServerOption
}

// DefaultMaxMessage is the limit that MaxMessage zero stands for.
const DefaultMaxMessage = 64 << 20

// NewServer makes a server with the trace service on it.
func NewServer(opt Options) *grpc.Server {
	if opt.MaxMessage == 0 {
		opt.MaxMessage = DefaultMaxMessage
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	s := grpc.NewServer(append([]grpc.ServerOption{
		grpc.ForceServerCodecV2(rawCodec{}), grpc.MaxRecvMsgSize(opt.MaxMessage),
	}, opt.Server...)...)
	s.RegisterService(&serviceDesc, &service{opt})
	return s
}

type service struct{ opt Options }

// exporter is what serviceDesc needs of its service.
type exporter interface {
	export(ctx context.Context, request []byte) ([]byte, error)
}

var serviceDesc = grpc.ServiceDesc{
	ServiceName: collector.TraceService_ServiceDesc.ServiceName,
	HandlerType: (*exporter)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Export", Handler: handleExport}},
	Metadata:    collector.TraceService_ServiceDesc.Metadata,
}

func handleExport(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
	var request frame
	if err := decode(&request); err != nil {
		return nil, err
	}
	defer request.free()
	export := func(ctx context.Context, _ any) (any, error) {
		response, err := srv.(exporter).export(ctx, request.data)
		if err != nil {
			return nil, err
		}
		return &frame{data: response}, nil
	}
	if interceptor == nil {
		return export(ctx, nil)
	}
	info := &grpc.UnaryServerInfo{Server: srv, FullMethod: collector.TraceService_Export_FullMethodName}
	return interceptor(ctx, nil, info, export)
}

// export answers a panic below it with an error: it is a bug of ours, and no
// reason to end the process.
func (s *service) export(ctx context.Context, request []byte) (_ []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.opt.Log.LogAttrs(ctx, slog.LevelError, "panic", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			err = status.Error(codes.Internal, "internal error")
		}
	}()
	to := s.target(ctx)
	if to.MaxBody > 0 && int64(len(request)) > to.MaxBody {
		return nil, status.Errorf(codes.ResourceExhausted, "request is larger than %d bytes", to.MaxBody)
	}
	answer, err := to.Append(ctx, s.opt.Store, request)
	if err != nil {
		return nil, s.statusOf(ctx, err)
	}
	return responseOf(answer), nil
}

const path = "/v1/traces"

func (s *service) target(ctx context.Context) intake.Target {
	r := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: path}, Header: http.Header{}}
	md, _ := metadata.FromIncomingContext(ctx)
	for name, values := range md {
		for _, v := range values {
			r.Header.Add(name, v)
		}
	}
	return intake.Find(s.opt.Ingest, path, r.WithContext(ctx))
}
