package sideseat

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gorilla/mux"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/store"
)

const (
	page    = "https://sideseat.ai/docs (Traces API)"
	service = "SideSeat 1.0.13"
	read    = "2026-11-21"

	base   = "/api/v1/project/{project}/otel"
	ingest = "/otel/{project}/v1/traces"
)

// Routes is what the adapter serves.
func (a *Adapter) Routes() []rest.Route {
	routes := []rest.Route{
		a.route(http.MethodGet, "/traces", a.listTraces, page),
		a.route(http.MethodDelete, "/traces", a.deleteTraces, service),
		a.route(http.MethodGet, "/traces/filter-options", a.traceOptions, page),
		a.route(http.MethodGet, "/traces/{trace}", a.getTrace, page),
		a.route(http.MethodGet, "/traces/{trace}/messages", a.traceMessages, page),
		a.route(http.MethodGet, "/traces/{trace}/spans", a.traceSpans, service),
		a.route(http.MethodGet, "/traces/{trace}/spans/{span}", a.getSpan, service),
		a.route(http.MethodGet, "/traces/{trace}/spans/{span}/messages", a.spanMessages, service),
		a.route(http.MethodGet, "/spans", a.listSpans, service),
		a.route(http.MethodGet, "/spans/filter-options", a.spanOptions, service),
		a.route(http.MethodGet, "/sessions", a.listSessions, service),
		a.route(http.MethodGet, "/sessions/filter-options", a.sessionOptions, service),
		a.route(http.MethodGet, "/sessions/{session}", a.getSession, service),
		a.route(http.MethodGet, "/sessions/{session}/messages", a.sessionMessages, service),
		a.route(http.MethodGet, "/feed/spans", a.feedSpans, service),
		a.route(http.MethodGet, "/feed/messages", a.feedMessages, service),
		a.route(http.MethodGet, "/stats", a.stats, service),
		a.route(http.MethodGet, "/sse", a.stream, service),
		a.plain("/api/v1/health", a.health),
		a.plain("/api/v1/users/me", a.me),
		a.plain("/api/v1/projects", a.projects),
	}
	if a.observed() {
		return append(routes, rest.Route{Method: http.MethodPost, Path: ingest, Handler: rest.Handle(a.export, a.fail), Page: service, Read: read})
	}
	return append(routes, a.route(http.MethodDelete, "/traces/{trace}", a.deleteTrace, page))
}

// Ingest is where SideSeat's exporters send spans, in documented fidelity; in
// observed the adapter takes them in itself.
func (a *Adapter) Ingest() []rest.Ingest {
	if a.observed() {
		return nil
	}
	return []rest.Ingest{{
		Path: ingest, Page: service, Read: read,
		Workspace: func(r *http.Request) (string, bool) {
			project := mux.Vars(r)["project"]
			return project, validProject(project)
		},
	}}
}

// request is a checked request to a project.
type request struct {
	*http.Request
	project string
	vars    map[string]string
	query   params
}

func (a *Adapter) route(method, path string, fn func(http.ResponseWriter, *request) error, source string) rest.Route {
	handler := func(w http.ResponseWriter, r *http.Request) error {
		req, err := a.check(r)
		if err != nil {
			return err
		}
		return fn(w, req)
	}
	return rest.Route{Method: method, Path: base + path, Handler: rest.Handle(handler, a.fail), Page: source, Read: read}
}

func (a *Adapter) plain(path string, fn func(http.ResponseWriter, *http.Request) error) rest.Route {
	return rest.Route{Method: http.MethodGet, Path: path, Handler: rest.Handle(fn, a.fail), Page: service, Read: read}
}

// check looks at what every path of a project has in common.
func (a *Adapter) check(r *http.Request) (*request, error) {
	if err := a.authorize(r); err != nil {
		return nil, err
	}
	vars := mux.Vars(r)
	req := &request{Request: r, project: vars["project"], vars: vars}
	if err := a.checkProject(r.Context(), req.project); err != nil {
		return nil, err
	}
	var err error
	req.query, err = parseParams(r.URL.RawQuery)
	return req, err
}

// authorize: the service without authentication still checks a credential that
// it is shown, and knows none. The page knows no credentials.
func (a *Adapter) authorize(r *http.Request) error {
	scheme, _, credential := strings.Cut(r.Header.Get("Authorization"), " ")
	if a.observed() && credential && (scheme == "Bearer" || scheme == "Basic") {
		return errAPIKey
	}
	return nil
}

func (a *Adapter) checkProject(ctx context.Context, project string) error {
	if !validProject(project) {
		return errProjectID
	}
	if !a.observed() || project == store.DefaultWorkspace {
		return nil
	}
	names, err := a.opt.Store.ListWorkspaces(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(names, project) {
		return notFound("PROJECT_NOT_FOUND", "Project not found: "+project)
	}
	return nil
}

func validProject(name string) bool {
	for _, c := range name {
		if !unicode.IsLetter(c) && !unicode.IsNumber(c) && c != '-' && c != '_' {
			return false
		}
	}
	return name != "" && len(name) <= 64 && utf8.ValidString(name)
}
