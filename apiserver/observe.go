package apiserver

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

const requestIDHeader = "X-Request-Id"

// observe gives each request an id and a logger, logs its end, and answers a
// panic with status 500 when nothing was sent yet.
func (s *Server) observe(next http.Handler) http.Handler {
	log := s.opt.Log
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		id := requestID(r)
		w.Header().Set(requestIDHeader, id)
		own := log.With(slog.String("request", id))
		out := &recorder{ResponseWriter: w}
		r = r.WithContext(rest.WithDraining(rest.WithRequest(r.Context(), id, own), s.draining))
		defer func() {
			guard(out, own, recover())
			own.LogAttrs(r.Context(), slog.LevelDebug, "request", slog.String("method", r.Method),
				slog.String("path", r.URL.Path), slog.Int("status", out.status),
				slog.Int64("bytes", out.bytes), slog.Duration("took", time.Since(start)))
		}()
		next.ServeHTTP(out, r)
	})
}

// guard answers for a handler that panicked. An abort is passed on to net/http,
// which cuts the connection; so is a panic in the middle of an answer.
func guard(out *recorder, log *slog.Logger, panicked any) {
	if panicked == nil {
		return
	}
	if panicked == http.ErrAbortHandler {
		panic(panicked)
	}
	log.Error("panic", slog.Any("panic", panicked), slog.String("stack", string(debug.Stack())))
	if out.status != 0 {
		panic(http.ErrAbortHandler)
	}
	out.WriteHeader(http.StatusInternalServerError)
}

// requestID is the id that the client sent, if it is one to be logged without
// harm, and a new one otherwise.
func requestID(r *http.Request) string {
	if id := r.Header.Get(requestIDHeader); len(id) <= 128 && rest.WellFormed(id) {
		return id
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
