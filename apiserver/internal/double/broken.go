package double

import (
	"bytes"
	"fmt"
	"math"
	"net"
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/faults"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// refuse carries out an effect that asks nothing of the adapter.
func (d *Double) refuse(w http.ResponseWriter, r *http.Request, v rest.Vendor, e *faults.Effect) {
	if e.Reset {
		if c := callOf(r.Context()); c != nil {
			c.cut = true
		}
		reset(w)
		return
	}
	err := errorOf(v, e)
	fail(v, withRetryAfter(w, e), r, err)
}

// retryAfter is an answer whose header of that name is as the fault says,
// whatever the adapter sets by itself.
type retryAfter struct {
	http.ResponseWriter
	effect *faults.Effect
}

func withRetryAfter(w http.ResponseWriter, e *faults.Effect) http.ResponseWriter {
	return &retryAfter{w, e}
}

// WriteHeader sets or removes the header.
func (w *retryAfter) WriteHeader(status int) {
	if after := w.effect.RetryAfter; after != nil {
		w.Header().Set("Retry-After", fmt.Sprint(int(math.Ceil(after.Seconds()))))
	} else {
		w.Header().Del("Retry-After")
	}
	w.ResponseWriter.WriteHeader(status)
}

// errorOf is the vendor's error that an effect names, or its known one of that
// status, or one with the status's own words.
func errorOf(v rest.Vendor, e *faults.Effect) *rest.Error {
	if e.Error != "" {
		return namedError(v, e.Error).Err
	}
	for _, known := range v.Errors() {
		if known.Err.Status == e.Status && known.Applies == nil {
			return known.Err
		}
	}
	return rest.Errorf(e.Status, "%s", http.StatusText(e.Status))
}

// reset ends the connection without an answer: with a TCP reset where there is
// a connection to be had, otherwise by cutting the stream.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	raw := conn
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		raw = t.NetConn()
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it the connection ends in order
	}
	_ = raw.Close()
}

// serveBroken lets the adapter answer, and breaks the answer as the effect says.
func serveBroken(w http.ResponseWriter, r *http.Request, e *faults.Effect, next http.HandlerFunc) {
	switch {
	case e.Truncate:
		out := &truncated{ResponseWriter: w}
		next(out, r)
		out.breakOff()
	case e.Malform:
		out := &malformed{ResponseWriter: w}
		next(out, r)
		out.finish()
	default:
		next(w, r)
	}
}

// breakAt is how much of an answer is looked at before it is broken.
const breakAt = 64 << 10

// truncated sends half of the beginning of an answer and cuts the connection.
type truncated struct {
	http.ResponseWriter
	status int
	buf    bytes.Buffer
}

// WriteHeader waits for the body.
func (w *truncated) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write collects, and does not return once there is enough.
func (w *truncated) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.buf.Write(b)
	if w.buf.Len() >= breakAt {
		w.breakOff()
	}
	return len(b), nil
}

// Flush breaks off an answer that is sent piece by piece.
func (w *truncated) Flush() {
	if w.buf.Len() > 0 {
		w.breakOff()
	}
}

func (w *truncated) breakOff() {
	if w.Header().Get("Content-Length") == "" || w.buf.Len() == 0 {
		// Without a length that is not reached, an answer could seem whole.
		w.Header().Set("Content-Length", fmt.Sprint(w.buf.Len()+1))
	}
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.ResponseWriter.WriteHeader(w.status)
	_, _ = w.ResponseWriter.Write(w.buf.Bytes()[:w.buf.Len()/2])
	_ = http.NewResponseController(w.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// malformed answers half of the body and bytes that no format knows.
type malformed struct {
	http.ResponseWriter
	status int
	buf    bytes.Buffer
	ended  bool
}

// WriteHeader waits for the body.
func (w *malformed) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write collects; what comes once there is enough is dropped.
func (w *malformed) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if !w.ended {
		w.buf.Write(b)
		if w.buf.Len() >= breakAt {
			w.finish()
		}
	}
	return len(b), nil
}

// Flush ends an answer that is sent piece by piece.
func (w *malformed) Flush() {
	if w.buf.Len() > 0 {
		w.finish()
		_ = http.NewResponseController(w.ResponseWriter).Flush()
	}
}

func (w *malformed) finish() {
	if w.ended {
		return
	}
	w.ended = true
	body := append(w.buf.Bytes()[:w.buf.Len()/2], 0x00, 0xff)
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.ResponseWriter.WriteHeader(w.status)
	_, _ = w.ResponseWriter.Write(body)
}
