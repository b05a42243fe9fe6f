package rest

import (
	"context"
	"log/slog"
	"net/http"
)

type requestKey struct{}

type request struct {
	id  string
	log *slog.Logger
}

// WithRequest gives a context the request's id and a logger that carries it.
func WithRequest(ctx context.Context, id string, log *slog.Logger) context.Context {
	return context.WithValue(ctx, requestKey{}, request{id, log})
}

type drainKey struct{}

// WithDraining gives a context the channel that is closed when the server
// takes no more requests.
func WithDraining(ctx context.Context, draining <-chan struct{}) context.Context {
	return context.WithValue(ctx, drainKey{}, draining)
}

// Draining is closed when the server takes no more requests and waits for
// those that run. An answer without an end, such as a stream of events, ends
// then. It is nil, which blocks for ever, outside of a server.
func Draining(ctx context.Context) <-chan struct{} {
	c, _ := ctx.Value(drainKey{}).(<-chan struct{})
	return c
}

// RequestID is the id of the request being served, "" outside of one.
func RequestID(ctx context.Context) string {
	req, _ := ctx.Value(requestKey{}).(request)
	return req.id
}

// Logger is the logger of the request being served; one that drops everything
// outside of one.
func Logger(ctx context.Context) *slog.Logger {
	if req, ok := ctx.Value(requestKey{}).(request); ok && req.log != nil {
		return req.log
	}
	return slog.New(slog.DiscardHandler)
}

// LogUnknown logs an error that is the server's fault, with the request's id,
// and nothing for one that is the client's. It is called where the error is
// answered, so that each is logged once.
func LogUnknown(r *http.Request, err error) {
	if Status(err) < http.StatusInternalServerError {
		return
	}
	Logger(r.Context()).LogAttrs(r.Context(), slog.LevelError, "request failed",
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Any("error", err))
}
