// Package send exports spans over OTLP, as its specification says an exporter
// does: HTTP with protobuf, or gRPC; what may be repeated is repeated, after the
// time that the server names or with growing pauses; what a server refuses for
// good is an error, and what it leaves out of a request is counted.
//
// A Sender sends one request at a time and is for one goroutine.
package send

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// ErrRefused is wrapped by the error for a request that the server did not take
// and that is not to be sent again.
var ErrRefused = errors.New("refused")

// Options say where spans go. URL is required.
type Options struct {
	// URL is http:// or https:// with a base address or the whole path, or
	// grpc:// or grpcs:// with host and port.
	URL string
	// Header goes with every request.
	Header http.Header
	// Plain sends requests without compression.
	Plain bool
	// Timeout bounds one attempt; 0 means 10 seconds.
	Timeout time.Duration
	// GiveUp bounds how long a request is repeated; 0 means 5 minutes.
	GiveUp time.Duration

	// Now and Wait take the place of the clock in tests.
	Now  func() time.Time
	Wait func(ctx context.Context, d time.Duration) error
	// Retrying, if not nil, is told of every failed attempt that is repeated.
	Retrying func(err error, pause time.Duration)
}

// Answer is what a server said of a request that it took.
type Answer struct {
	Rejected int    // spans
	Message  string // why, or a warning
}

// Sender sends requests to one server.
type Sender struct {
	opt    Options
	export exporter
}

// exporter makes one attempt.
type exporter interface {
	attempt(ctx context.Context, request []byte) (Answer, *failure)
	close() error
}

// failure is an attempt that did not succeed.
type failure struct {
	err   error
	again bool          // it may be repeated
	after time.Duration // not before, if the server said so
}

// New makes a sender. It does not connect before the first request.
func New(opt Options) (*Sender, error) {
	u, err := url.Parse(opt.URL)
	if err != nil {
		return nil, err
	}
	if u.Host == "" {
		return nil, fmt.Errorf("%q: want http://, https://, grpc:// or grpcs:// and a host", opt.URL)
	}
	if opt.Timeout == 0 {
		opt.Timeout = 10 * time.Second
	}
	if opt.GiveUp == 0 {
		opt.GiveUp = 5 * time.Minute
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Wait == nil {
		opt.Wait = wait
	}
	s := &Sender{opt: opt}
	switch u.Scheme {
	case "http", "https":
		s.export = newHTTP(u, opt)
	case "grpc", "grpcs":
		s.export, err = newGRPC(u, opt)
	default:
		err = fmt.Errorf("%q: scheme %q is not http, https, grpc or grpcs", opt.URL, u.Scheme)
	}
	return s, err
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

const (
	firstPause = time.Second
	mostPause  = 30 * time.Second
)

// Send sends a protobuf-encoded ExportTraceServiceRequest and returns when the
// server has taken it, refused it (ErrRefused), or failed for longer than
// Options.GiveUp.
func (s *Sender) Send(ctx context.Context, request []byte) (Answer, error) {
	begin, pause := s.opt.Now(), firstPause
	for {
		attempt, cancel := context.WithTimeout(ctx, s.opt.Timeout)
		answer, failed := s.export.attempt(attempt, request)
		cancel()
		switch {
		case failed == nil:
			return answer, nil
		case ctx.Err() != nil:
			return Answer{}, ctx.Err()
		case !failed.again:
			return Answer{}, fmt.Errorf("%s: %w: %w", s.opt.URL, ErrRefused, failed.err)
		}
		// Half of the pause is chance, so that many clients do not return at once.
		d := max(failed.after, pause/2+rand.N(pause/2+1))
		pause = min(2*pause, mostPause)
		if s.opt.Now().Add(d).Sub(begin) > s.opt.GiveUp {
			return Answer{}, fmt.Errorf("%s: given up after %v: %w", s.opt.URL, s.opt.Now().Sub(begin).Round(time.Millisecond), failed.err)
		}
		if s.opt.Retrying != nil {
			s.opt.Retrying(failed.err, d)
		}
		if err := s.opt.Wait(ctx, d); err != nil {
			return Answer{}, err
		}
	}
}

// Close closes connections.
func (s *Sender) Close() error { return s.export.close() }

// parseAnswer reads an ExportTraceServiceResponse. What cannot be read is no
// failure: the server has taken the spans.
func parseAnswer(b []byte) Answer {
	var r collector.ExportTraceServiceResponse
	if proto.Unmarshal(b, &r) != nil {
		return Answer{}
	}
	p := r.GetPartialSuccess()
	return Answer{Rejected: int(p.GetRejectedSpans()), Message: strings.ToValidUTF8(p.GetErrorMessage(), "\uFFFD")}
}
