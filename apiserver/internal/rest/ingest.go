package rest

import "net/http"

// Ingest is an address at which a vendor takes OTLP over HTTP. Several vendors
// may share one: the first whose Workspace says ok decides where the spans go,
// and the default workspace takes what none of them claims.
type Ingest struct {
	Path string // a template of gorilla/mux
	// Workspace reads the request's headers and path, never its body.
	Workspace func(r *http.Request) (workspace string, ok bool)
	Page      string
	Read      string
}

// IngestAdapter is an Adapter whose vendor takes spans in.
type IngestAdapter interface {
	Adapter
	Ingest() []Ingest
}
