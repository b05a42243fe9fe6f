package mackerel

import (
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

const (
	page       = "https://mackerel.io/api-docs/entry/traces"
	ingestPage = "https://mackerel.io/docs/entry/tracing/overview"
	read       = "2026-11-21"

	maxIngest = 6 << 20 // the vendor's "6 MB"
)

// Routes is what the adapter serves.
func (a *Adapter) Routes() []rest.Route {
	return []rest.Route{
		{Method: http.MethodPost, Path: "/api/v0/traces", Handler: rest.Handle(a.listTraces, fail), Page: page, Read: read},
		{Method: http.MethodGet, Path: "/api/v0/traces/{traceId}", Handler: rest.Handle(a.getTrace, fail), Page: page, Read: read},
	}
}

// Fallbacks shapes what no route takes.
func (a *Adapter) Fallbacks() []rest.Fallback {
	return []rest.Fallback{{Prefix: "/api/v0/", NotFound: notFound, MethodNotAllowed: methodNotAllowed}}
}

// Ingest is where the vendor's exporters send spans.
func (a *Adapter) Ingest() []rest.Ingest {
	return []rest.Ingest{{
		Path: "/v1/traces", Workspace: ingestWorkspace, MaxBody: maxIngest, Page: ingestPage, Read: read,
	}}
}
