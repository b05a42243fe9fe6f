package rest

import "net/http"

// Ingest is an address at which a vendor takes OTLP over HTTP. Several vendors
// may share one: the first whose Workspace says ok decides where the spans go,
// and the default workspace takes what none of them claims.
type Ingest struct {
	Path string // a template of gorilla/mux
	// Workspace reads the request's headers and path, never its body.
	Workspace func(r *http.Request) (workspace string, ok bool)
	// Attribute, if not "", is the resource attribute that names the workspace
	// of a resource's spans; Workspace's counts for those without it. It also
	// counts in requests that no vendor claims.
	Attribute string
	// MaxBody is the vendor's own limit on a request's bytes after
	// decompression; 0 means none.
	MaxBody int64
	Page    string
	Read    string
}

// IngestAdapter is an Adapter whose vendor takes spans in.
type IngestAdapter interface {
	Adapter
	Ingest() []Ingest
}
