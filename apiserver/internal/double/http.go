package double

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/query"
)

// Handler takes note of every request to next, but for those below the control
// prefix.
func (d *Double) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.opt.Control != "" && strings.HasPrefix(r.URL.Path, d.opt.Control) {
			next.ServeHTTP(w, r)
			return
		}
		c := &call{d: d, started: time.Now()}
		r = r.WithContext(context.WithValue(r.Context(), callKey{}, c))
		if r.Body != nil && r.Body != http.NoBody {
			c.body = &countedBody{ReadCloser: r.Body}
			r.Body = c.body
		}
		out := &noting{ResponseWriter: w, call: c, request: r}
		defer c.end()
		next.ServeHTTP(out, r)
		out.done()
	})
}

// noting writes down what is answered.
type noting struct {
	http.ResponseWriter
	call    *call
	request *http.Request
}

// WriteHeader notes the status before the client can see it.
func (w *noting) WriteHeader(status int) {
	w.call.answered(w.request, status, w.Header())
	w.ResponseWriter.WriteHeader(status)
}

// Write notes what is written, before the client can see it.
func (w *noting) Write(b []byte) (int, error) {
	w.call.answered(w.request, http.StatusOK, w.Header())
	w.call.open.Wrote(b)
	return w.ResponseWriter.Write(b)
}

// done notes an answer for which nothing was written.
func (w *noting) done() {
	if !w.call.cut {
		w.call.answered(w.request, http.StatusOK, w.Header())
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (w *noting) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// wrapped is a vendor whose requests pass the Double.
type wrapped struct {
	d *Double
	rest.Vendor
}

// Wrap puts the Double in front of a vendor's routes. It is called before
// anything is served.
func (d *Double) Wrap(v rest.Vendor) rest.Adapter {
	d.vendors = append(d.vendors, v)
	if r, ok := v.(rest.Resetter); ok {
		d.resets = append(d.resets, r)
	}
	return &wrapped{d, v}
}

// Routes is the vendor's, each behind the Double.
func (w *wrapped) Routes() []rest.Route {
	routes := w.Vendor.Routes()
	for i := range routes {
		routes[i].Handler = w.d.guard(w.Vendor, routes[i].Path, routes[i].Handler)
	}
	return routes
}

// Fallbacks is the vendor's. Faults and credentials have no say there.
func (w *wrapped) Fallbacks() []rest.Fallback {
	f, ok := w.Vendor.(rest.FallbackAdapter)
	if !ok {
		return nil
	}
	list := f.Fallbacks()
	for i := range list {
		list[i].NotFound = w.note(list[i].NotFound)
		list[i].MethodNotAllowed = w.note(list[i].MethodNotAllowed)
	}
	return list
}

// note takes note of a request that only looks like one of the vendor's.
func (w *wrapped) note(next http.HandlerFunc) http.HandlerFunc {
	if next == nil {
		return nil
	}
	return func(out http.ResponseWriter, r *http.Request) {
		if c := callOf(r.Context()); c != nil {
			body := c.peek(r)
			c.vendor = w.Name()
			c.begin(r, nil, "", w.Workspace(r, body), body)
		}
		next(out, r)
	}
}

// guard is a route's handler behind the Double.
func (d *Double) guard(v rest.Vendor, route string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := callOf(r.Context())
		if c == nil {
			next(w, r)
			return
		}
		body := c.peek(r)
		decision := c.begin(r, v, route, v.Workspace(r, body), body)
		r = r.WithContext(rest.WithNow(r.Context(), c.now))
		if !wait(r.Context(), decision.Delay) {
			fail(v, w, r, context.Cause(r.Context()))
			return
		}
		if decision.Then.Ends() {
			d.refuse(w, r, v, &decision.Then)
			return
		}
		if err := d.authorize(v, r); err != nil {
			fail(v, w, r, err)
			return
		}
		serveBroken(w, r, &decision.Then, next)
	}
}

// wait waits, unless the request ends or the server stops before.
func wait(ctx context.Context, delay time.Duration) bool {
	if delay == 0 {
		return true
	}
	t := time.NewTimer(delay)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-rest.Draining(ctx):
		return true
	case <-ctx.Done():
		return false
	}
}

func isNotFound(err error) bool { return errors.Is(err, query.ErrNotFound) }
