package lumos

import (
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

const (
	page = "https://docs.alerty.ai (Query traces)"
	read = "2026-11-21"
)

// Routes is what the adapter serves.
func (a *Adapter) Routes() []rest.Route {
	return []rest.Route{
		{Method: http.MethodPost, Path: "/query/traces", Handler: rest.Handle(a.queryTraces, fail), Page: page, Read: read},
	}
}

// Fallbacks shapes what no route takes.
func (a *Adapter) Fallbacks() []rest.Fallback {
	return []rest.Fallback{{Prefix: "/query/traces", NotFound: notFound, MethodNotAllowed: methodNotAllowed}}
}
