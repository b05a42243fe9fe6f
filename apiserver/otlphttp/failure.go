package otlphttp

import (
	"errors"
	"net/http"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/query"
)

// failure is an error as OTLP/HTTP tells it.
type failure struct {
	status     int
	code       codes.Code
	message    string
	retryAfter int // seconds; 0 without the header
}

// How long an exporter is asked to wait: for room to be made, and for a store
// to be opened again or another request to end.
const (
	retryFull = 30
	retrySoon = 2
)

func failureOf(err error) failure {
	f := failure{status: rest.Status(err), code: codes.Internal, message: strings.ToValidUTF8(rest.Message(err), "\uFFFD")}
	switch {
	case errors.Is(err, query.ErrFull):
		f.code, f.retryAfter = codes.ResourceExhausted, retryFull
	case errors.Is(err, query.ErrReadOnly):
		f.code, f.retryAfter = codes.Unavailable, retryFull
	case errors.Is(err, query.ErrClosed):
		f.code, f.retryAfter = codes.Unavailable, retrySoon
	case errors.Is(err, errBusy):
		f.status, f.code, f.retryAfter = http.StatusServiceUnavailable, codes.Unavailable, retrySoon
		f.message = err.Error()
	case f.status == http.StatusRequestEntityTooLarge, f.status == http.StatusTooManyRequests:
		f.code = codes.ResourceExhausted
	case f.status == http.StatusUnauthorized:
		f.code = codes.Unauthenticated
	case f.status == http.StatusForbidden:
		f.code = codes.PermissionDenied
	case f.status == rest.StatusClientGone:
		f.code = codes.Canceled
	case f.status == http.StatusServiceUnavailable:
		f.code, f.retryAfter = codes.Unavailable, retrySoon
	case f.status < http.StatusInternalServerError:
		f.code = codes.InvalidArgument
	}
	return f
}
