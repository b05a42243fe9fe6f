package double

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/spanstead/spanstead/apiserver/internal/faults"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// Interceptor does for calls of OTLP over gRPC what guard does for requests.
// v is the vendor that takes spans in and path where it does so over HTTP: the
// call's metadata are taken for the headers of a request to there. A call
// whose connection is to be reset, or whose answer is to be broken, ends with
// status Unavailable or Internal, since its connection is shared.
func (d *Double) Interceptor(v rest.Vendor, path string) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		c := &call{d: d, started: time.Now()}
		r := requestOf(ctx, path)
		decision := c.begin(r, v, info.FullMethod, v.Workspace(r, nil), nil)
		ctx = rest.WithNow(context.WithValue(ctx, callKey{}, c), c.now)
		defer c.end()
		answer, err := d.intercept(ctx, v, r, &decision, func() (any, error) { return next(ctx, req) })
		c.answered(r, httpStatus(status.Code(err)), http.Header{"Grpc-Status": {status.Code(err).String()}})
		return answer, err
	}
}

func (d *Double) intercept(ctx context.Context, v rest.Vendor, r *http.Request, decision *faults.Decision, next func() (any, error)) (any, error) {
	if !wait(ctx, decision.Delay) {
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	e := &decision.Then
	switch {
	case e.Reset:
		return nil, status.Error(codes.Unavailable, "connection reset")
	case e.Ends():
		return nil, grpcError(errorOf(v, e), e.RetryAfter)
	}
	if err := d.authorize(v, r); err != nil {
		return nil, grpcError(err, nil)
	}
	answer, err := next()
	if err == nil && (e.Truncate || e.Malform) {
		return nil, status.Error(codes.Internal, "the answer is broken")
	}
	return answer, err
}

// requestOf is the call as a request over HTTP.
func requestOf(ctx context.Context, path string) *http.Request {
	r := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: path}, Header: http.Header{}}
	md, _ := metadata.FromIncomingContext(ctx)
	for name, values := range md {
		for _, v := range values {
			r.Header.Add(name, v)
		}
	}
	return r.WithContext(ctx)
}

// grpcCodes are the statuses of OTLP over HTTP as codes of gRPC.
var grpcCodes = map[int]codes.Code{
	http.StatusBadRequest: codes.InvalidArgument, http.StatusUnauthorized: codes.Unauthenticated,
	http.StatusForbidden: codes.PermissionDenied, http.StatusNotFound: codes.Unimplemented,
	http.StatusRequestEntityTooLarge: codes.ResourceExhausted, http.StatusTooManyRequests: codes.ResourceExhausted,
	http.StatusBadGateway: codes.Unavailable, http.StatusServiceUnavailable: codes.Unavailable,
	http.StatusGatewayTimeout: codes.Unavailable,
}

func grpcError(err error, retryAfter *time.Duration) error {
	code, ok := grpcCodes[rest.Status(err)]
	if !ok {
		code = codes.Internal
	}
	s := status.New(code, err.Error())
	if retryAfter == nil {
		return s.Err()
	}
	s, derr := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(*retryAfter)})
	if derr != nil {
		panic(derr) // only for code OK
	}
	return s.Err()
}

func httpStatus(code codes.Code) int {
	switch code {
	case codes.OK:
		return http.StatusOK
	case codes.ResourceExhausted:
		return http.StatusTooManyRequests
	case codes.Canceled:
		return rest.StatusClientGone
	}
	for status, c := range grpcCodes {
		if c == code && status != http.StatusBadGateway && status != http.StatusGatewayTimeout {
			return status
		}
	}
	return http.StatusInternalServerError
}
