package rest

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"
)

// Route is one line of an adapter's table.
type Route struct {
	Method  string
	Path    string // a template of gorilla/mux, from the root of the host
	Handler http.HandlerFunc
	Page    string // address or name of the vendor's page that documents it
	Read    string // the day that page was read, YYYY-MM-DD
}

// Adapter is a vendor's API as a table of routes.
type Adapter interface {
	Routes() []Route
}

// Fallback answers under a path prefix what no route takes. A nil handler
// means the plain answer: status 404 or 405 without a body.
type Fallback struct {
	Prefix           string
	NotFound         http.HandlerFunc
	MethodNotAllowed http.HandlerFunc
}

// FallbackAdapter is an Adapter that shapes the answers to unknown paths and
// methods below its prefixes. The longest prefix decides.
type FallbackAdapter interface {
	Adapter
	Fallbacks() []Fallback
}

// NewRouter mounts the adapters' routes on one router. Paths are taken as they
// are sent: no redirect for a trailing or a double slash. A wrong method gets
// 405 with the Allow header.
func NewRouter(adapters ...Adapter) *mux.Router {
	r := mux.NewRouter().SkipClean(true)
	var fallbacks []Fallback
	for _, a := range adapters {
		for _, route := range a.Routes() {
			// The path first: mux forgets a wrong method when a later route takes the
			// method and then not the path.
			r.Path(route.Path).Methods(route.Method).HandlerFunc(route.Handler)
		}
		if f, ok := a.(FallbackAdapter); ok {
			fallbacks = append(fallbacks, f.Fallbacks()...)
		}
	}
	slices.SortStableFunc(fallbacks, func(a, b Fallback) int { return len(b.Prefix) - len(a.Prefix) })
	r.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		answerWith(w, req, find(fallbacks, req).NotFound, http.StatusNotFound)
	})
	r.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Allow", strings.Join(methodsFor(r, req), ", "))
		answerWith(w, req, find(fallbacks, req).MethodNotAllowed, http.StatusMethodNotAllowed)
	})
	return r
}

func find(fallbacks []Fallback, req *http.Request) Fallback {
	for _, f := range fallbacks {
		if strings.HasPrefix(req.URL.Path, f.Prefix) {
			return f
		}
	}
	return Fallback{}
}

func answerWith(w http.ResponseWriter, req *http.Request, h http.HandlerFunc, status int) {
	if h == nil {
		w.WriteHeader(status)
		return
	}
	h(w, req)
}

// methodsFor lists the methods for which a route takes the request's path.
func methodsFor(r *mux.Router, req *http.Request) []string {
	var allowed []string
	for _, m := range []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut,
		http.MethodPatch, http.MethodDelete, http.MethodOptions,
	} {
		probe := req.Clone(req.Context())
		probe.Method = m
		var match mux.RouteMatch
		if r.Match(probe, &match) && match.MatchErr == nil {
			allowed = append(allowed, m)
		}
	}
	return allowed
}

// Handle makes a handler of a function that may fail. fail writes the error in
// the adapter's shape; it is called at most once, and only when fn has written
// nothing.
func Handle(fn func(http.ResponseWriter, *http.Request) error, fail func(http.ResponseWriter, *http.Request, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := fn(w, r); err != nil {
			fail(w, r, err)
		}
	}
}
