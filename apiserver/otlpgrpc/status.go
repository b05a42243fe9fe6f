package otlpgrpc

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/query"
)

// responseOf says what the store took; the partial success is left unset when
// it took everything, as the specification asks.
func responseOf(a store.Appended) []byte {
	if a.Rejected == 0 && a.Message == "" {
		return nil
	}
	b, err := proto.Marshal(&collector.ExportTraceServiceResponse{
		PartialSuccess: &collector.ExportTracePartialSuccess{
			RejectedSpans: int64(a.Rejected), ErrorMessage: strings.ToValidUTF8(a.Message, "\uFFFD"),
		},
	})
	if err != nil {
		panic(err) // a message of ours, in UTF-8
	}
	return b
}

// statusOf turns an error of the store into a status. What can pass carries a
// RetryInfo: without one an exporter drops the data on ResourceExhausted.
func (s *service) statusOf(ctx context.Context, err error) error {
	text := strings.ToValidUTF8(err.Error(), "\uFFFD")
	switch {
	case errors.Is(err, query.ErrInvalid):
		return status.Error(codes.InvalidArgument, text)
	case errors.Is(err, query.ErrFull):
		return retryable(codes.ResourceExhausted, text, 30*time.Second)
	case errors.Is(err, query.ErrReadOnly):
		return retryable(codes.Unavailable, text, 30*time.Second)
	case errors.Is(err, query.ErrClosed):
		return retryable(codes.Unavailable, text, 2*time.Second)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(err).Err()
	}
	s.opt.Log.LogAttrs(ctx, slog.LevelError, "export failed", slog.Any("error", err))
	return status.Error(codes.Internal, "internal error")
}

func retryable(code codes.Code, text string, after time.Duration) error {
	s, err := status.New(code, text).WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
	if err != nil {
		panic(err) // only for code OK
	}
	return s.Err()
}
