package last9

import (
	"net/http"

	"github.com/gorilla/mux"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

const (
	page   = "https://last9.io/docs/traces-query-api/"
	client = "github.com/last9/last9-mcp-server"
	read   = "2026-11-21"

	base         = "/api/v4/organizations/{org}"
	prefix       = "/api/v4/"
	exchangePath = "/api/v4/oauth/access_token"
)

// Routes is what the adapter serves.
func (a *Adapter) Routes() []rest.Route {
	return []rest.Route{
		a.route(http.MethodPost, "/cat/api/traces/v2/query_range/json", a.queryRange, page),
		a.route(http.MethodPost, "/cat/api/traces/v2/search/json", a.search, page),
		a.route(http.MethodGet, "/cat/api/traces/{traceID}", a.trace, page),
		a.route(http.MethodPost, "/cat/api/traces/v2/heatmap/json", a.heatmap, page),
		a.route(http.MethodPost, "/cat/api/traces/v2/series/json", a.series, page),
		a.route(http.MethodPost, "/cat/api/traces/v2/label/json/{tagName:.+}/values", a.labelValues, page),
		a.route(http.MethodGet, "/traces/searches", a.listSaved, page),
		a.route(http.MethodPost, "/traces/searches", a.createSaved, page),
		a.route(http.MethodPut, "/traces/searches/{id}", a.updateSaved, page),
		a.route(http.MethodDelete, "/traces/searches/{id}", a.deleteSaved, page),
		a.route(http.MethodGet, "/traces/recent-searches", a.listRecent, page),
		a.route(http.MethodGet, "/cat/api/search/tags", a.tags, client),
		a.route(http.MethodGet, "/datasources", a.datasources, client),
		{Method: http.MethodPost, Path: exchangePath, Handler: rest.Handle(a.exchange, a.fail), Page: client, Read: read},
	}
}

// route is a path of an organisation, which only its tokens may ask.
func (a *Adapter) route(method, path string, fn func(http.ResponseWriter, *request) error, source string) rest.Route {
	handler := func(w http.ResponseWriter, r *http.Request) error {
		req, err := a.authorize(r)
		if err != nil {
			return err
		}
		return fn(w, req)
	}
	return rest.Route{Method: method, Path: base + path, Handler: rest.Handle(handler, a.fail), Page: source, Read: read}
}

// request is an authorized request.
type request struct {
	*http.Request
	org   string // the organisation's slug, which is the workspace
	owner string // who holds the token
	vars  map[string]string
}

func (a *Adapter) authorize(r *http.Request) (*request, error) {
	vars := mux.Vars(r)
	org := vars["org"]
	if !rest.WellFormed(org) {
		return nil, errNotFound
	}
	owner, err := checkToken(r.Header.Get(tokenHeader), org, rest.Now(r.Context(), a.opt.Now))
	if err != nil {
		return nil, err
	}
	return &request{r, org, owner, vars}, nil
}

// Fallbacks shapes what no route takes.
func (a *Adapter) Fallbacks() []rest.Fallback {
	return []rest.Fallback{{Prefix: prefix, NotFound: a.notFound, MethodNotAllowed: a.methodNotAllowed}}
}

// Ingest is where the vendor's exporters send spans.
func (a *Adapter) Ingest() []rest.Ingest {
	return []rest.Ingest{{Path: "/v1/traces", Workspace: ingestWorkspace, Page: page, Read: read}}
}

// ingestWorkspace is the user name of basic authentication, which the
// datasources say is the organisation's slug.
func ingestWorkspace(r *http.Request) (string, bool) {
	user, _, ok := r.BasicAuth()
	return user, ok && rest.WellFormed(user)
}
