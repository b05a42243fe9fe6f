package truefoundry

import (
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

const (
	page       = "https://www.truefoundry.com/docs/api-reference/traces/get-filtered-spans-data-with-detailed-attributes"
	ingestPage = "https://www.truefoundry.com/docs/tracing"
	read       = "2026-11-21"
)

// Routes is what the adapter serves.
func (a *Adapter) Routes() []rest.Route {
	return []rest.Route{
		{Method: http.MethodPost, Path: "/api/svc/v1/spans/query", Handler: rest.Handle(a.querySpans, fail), Page: page, Read: read},
	}
}

// Fallbacks shapes what no route takes.
func (a *Adapter) Fallbacks() []rest.Fallback {
	return []rest.Fallback{{Prefix: "/api/svc/", NotFound: notFound, MethodNotAllowed: methodNotAllowed}}
}

// Ingest is where the vendor's exporters send spans.
func (a *Adapter) Ingest() []rest.Ingest {
	return []rest.Ingest{
		{Path: "/api/otel/v1/traces", Workspace: ingestWorkspace, Page: ingestPage, Read: read},
		{Path: "/api/tracing/v1/traces", Workspace: ingestWorkspace, Page: ingestPage, Read: read},
	}
}

// projectHeaders name the tracing project of spans that come in; the first
// that is there counts.
var projectHeaders = [...]string{"TFY-Tracing-Project", "X-TFY-TRACING-PROJECT-FQN"}

func ingestWorkspace(r *http.Request) (string, bool) {
	for _, h := range projectHeaders {
		if fqn := r.Header.Get(h); fqn != "" {
			return fqn, true
		}
	}
	return "", false
}
