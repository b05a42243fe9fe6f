// Package otlphttp takes spans in over OTLP/HTTP: protobuf or JSON, plain or
// compressed, on /v1/traces and wherever else a vendor has its exporters send.
//
// A request is read whole, up to a limit that counts the inflated bytes, and
// handed to the store as the protobuf that it is; nothing is decoded here. The
// answer is in the request's own encoding. The statuses are those of the OTLP
// specification: 400, 413 and 415 tell the exporter to drop the data, 503 with
// Retry-After to send it again.
package otlphttp

import (
	"net/http"
	"slices"

	"github.com/spanstead/spanstead/apiserver/internal/intake"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/store"
)

// Path is the path that OTLP itself names.
const Path = "/v1/traces"

// Options say how a Receiver takes spans in.
type Options struct {
	Store store.Store // required
	// MaxBody bounds a request's bytes after decompression; 0 means 64 MiB.
	MaxBody int64
	// MaxInFlight bounds the bytes of all requests that are held at one time;
	// past it a request is told to come back. 0 means four times MaxBody, and
	// at least 64 MiB.
	MaxInFlight int64
	// Ingest lists the vendors' addresses. Path is served without any.
	Ingest []rest.Ingest
}

// DefaultMaxBody is the limit that MaxBody zero stands for.
const DefaultMaxBody = 64 << 20

// Receiver is an Adapter that takes spans in. It is safe for concurrent use.
type Receiver struct {
	opt    Options
	budget budget
}

// New makes a receiver.
func New(opt Options) *Receiver {
	if opt.MaxBody == 0 {
		opt.MaxBody = DefaultMaxBody
	}
	if opt.MaxInFlight == 0 {
		opt.MaxInFlight = max(4*opt.MaxBody, 64<<20)
	}
	v := &Receiver{opt: opt}
	v.budget.free.Store(opt.MaxInFlight)
	return v
}

const (
	specification = "https://opentelemetry.io/docs/specs/otlp/"
	read          = "2026-11-21"
)

// Routes has one route for each distinct path.
func (v *Receiver) Routes() []rest.Route {
	routes := []rest.Route{{
		Method: http.MethodPost, Path: Path, Handler: v.handler(Path), Page: specification, Read: read,
	}}
	for _, in := range v.opt.Ingest {
		if !slices.ContainsFunc(routes, func(r rest.Route) bool { return r.Path == in.Path }) {
			routes = append(routes, rest.Route{
				Method: http.MethodPost, Path: in.Path, Handler: v.handler(in.Path), Page: in.Page, Read: in.Read,
			})
		}
	}
	return routes
}

func (v *Receiver) handler(path string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		enc, err := encodingOf(r)
		if err != nil {
			enc.fail(w, r, err)
			return
		}
		answer, err := v.export(r, enc, intake.Find(v.opt.Ingest, path, r))
		if err != nil {
			enc.fail(w, r, err)
			return
		}
		enc.succeed(w, answer)
	}
}

func (v *Receiver) export(r *http.Request, enc encoding, to intake.Target) (store.Appended, error) {
	limit := v.opt.MaxBody
	if to.MaxBody > 0 {
		limit = min(limit, to.MaxBody)
	}
	body, err := v.readBody(r, limit)
	defer v.release(body) // the store keeps nothing of it
	if err != nil {
		return store.Appended{}, err
	}
	otlp, err := enc.protobuf(body.data)
	if err != nil {
		return store.Appended{}, err
	}
	return to.Append(r.Context(), v.opt.Store, otlp)
}
