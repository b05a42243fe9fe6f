package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/spanstead/spanstead/engine/query"
)

// Error is a request that is refused. Its message may be shown to the client.
type Error struct {
	Status  int    // HTTP status
	Code    string // the adapter's own word for it; "" if it has none
	Field   string // what of the request is wrong, such as "order.column"; may be ""
	Message string
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Errorf makes an Error without code and field.
func Errorf(status int, format string, args ...any) *Error {
	return &Error{Status: status, Message: fmt.Sprintf(format, args...)}
}

// StatusClientGone is written when the client went away before the answer;
// nobody reads it but the log.
const StatusClientGone = 499

// Status is the HTTP status that an error comes down to; 500 for one that
// nobody foresaw, which is to be given to LogUnknown.
func Status(err error) int {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Status
	case errors.Is(err, query.ErrInvalid):
		return http.StatusBadRequest
	case errors.Is(err, query.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, query.ErrFull), errors.Is(err, query.ErrReadOnly), errors.Is(err, query.ErrClosed):
		return http.StatusServiceUnavailable
	case errors.Is(err, context.Canceled):
		return StatusClientGone
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Known reports whether an error's text is meant for clients: an Error, or
// one that the store names as the question's own fault or as its own state.
func Known(err error) bool { return Status(err) < http.StatusInternalServerError || isState(err) }

func isState(err error) bool {
	return errors.Is(err, query.ErrFull) || errors.Is(err, query.ErrReadOnly) || errors.Is(err, query.ErrClosed)
}

// Message is what a client is told: the error's own words when Known,
// otherwise the bare name of the status. Errors of the store are logged as
// unknown ones by LogUnknown.
func Message(err error) string {
	if Known(err) {
		return err.Error()
	}
	return http.StatusText(Status(err))
}
