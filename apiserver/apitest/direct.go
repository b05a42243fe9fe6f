package apitest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"sync"
)

// direct hands requests to a handler without a connection. An answer is whole
// before it is returned; one that breaks off is an error.
type direct struct{ handler http.Handler }

// RoundTrip calls the handler.
func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"
	in.Host = r.URL.Host
	if r.Host != "" {
		in.Host = r.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer func() { _ = in.Body.Close() }()
	out := &answer{header: http.Header{}}
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- errors.New("connection reset")
				return
			}
			done <- nil
		}()
		d.handler.ServeHTTP(out, in)
	}()
	select {
	case err := <-done:
		if err != nil {
			return nil, err
		}
	case <-r.Context().Done():
		<-done // the handler sees it too
		return nil, r.Context().Err()
	}
	return out.response(r), nil
}

// answer collects what a handler writes.
type answer struct {
	mu     sync.Mutex
	header http.Header
	sent   http.Header // as it was when the status was written
	status int
	body   bytes.Buffer
}

// Header is told at http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader is told at http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.status == 0 && status >= 200 {
		a.status, a.sent = status, a.header.Clone()
	}
}

// Write is told at http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.body.Write(b)
}

func (a *answer) response(r *http.Request) *http.Response {
	a.WriteHeader(http.StatusOK)
	return &http.Response{
		Status: http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.sent, Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()), Request: r,
	}
}
