// Package control serves the paths under /_spanstead/: whether the server lives
// and can be asked, and all that a test can do with it from any language. What
// it does is told in docs/testing.md and, for programs, in openapi.yaml, which
// is served as openapi/control.json.
//
// An Adapter holds no state but its options and is safe for concurrent use.
package control

import (
	"context"
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/double"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// Prefix is where all of the paths begin.
const Prefix = "/_spanstead/"

// Options say what the answers are taken from.
type Options struct {
	// Health lists what is wrong with the store, nothing while it can do its
	// work. It is called for each request, so it is to be quick; nil means
	// always healthy.
	Health func(ctx context.Context) []string
	// Ready returns an error until the server can answer questions; nil means
	// at once. What is not healthy is not ready.
	Ready func(ctx context.Context) error
	// Double is what a test can do with the server; without it only health and
	// readiness are told.
	Double *double.Double
}

// Adapter is the control API.
type Adapter struct{ opt Options }

// New makes an adapter.
func New(opt Options) *Adapter { return &Adapter{opt} }

const (
	page = "docs/testing.md"
	read = "2026-11-21"
)

// Routes is what the adapter serves.
func (a *Adapter) Routes() []rest.Route {
	routes := []rest.Route{
		{Method: http.MethodGet, Path: Prefix + "health", Handler: a.health, Page: "README.md", Read: read},
		{Method: http.MethodGet, Path: Prefix + "ready", Handler: a.ready, Page: "README.md", Read: read},
	}
	if a.opt.Double == nil {
		return routes
	}
	get, post, put, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	return append(routes,
		route(get, "openapi/control.json", a.document),
		route(get, "metrics", a.metrics),
		route(post, "reset", a.reset),
		route(get, "workspaces", a.listWorkspaces),
		route(post, "workspaces", a.createWorkspace),
		route(get, "workspaces/{name}", a.getWorkspace),
		route(del, "workspaces/{name}", a.deleteWorkspace),
		route(get, "fixtures", a.listFixtures),
		route(post, "fixtures", a.loadFixtures),
		route(post, "fixtures/otlp", a.loadOTLP),
		route(get, "snapshots", a.listSnapshots),
		route(post, "snapshots", a.takeSnapshot),
		route(post, "snapshots/{name}/restore", a.restoreSnapshot),
		route(del, "snapshots/{name}", a.dropSnapshot),
		route(get, "clock", a.getClock),
		route(put, "clock", a.setClock),
		route(post, "clock/advance", a.advanceClock),
		route(get, "requests", a.listRequests),
		route(del, "requests", a.forgetRequests),
		route(post, "requests/find", a.findRequests),
		route(post, "requests/count", a.countRequests),
		route(post, "requests/verify", a.verifyRequests),
		route(get, "faults", a.listFaults),
		route(post, "faults", a.addFault),
		route(del, "faults", a.clearFaults),
		route(get, "faults/errors", a.knownErrors),
		route(del, "faults/{name}", a.removeFault),
	)
}

// foreign refuses what a page of another site makes a browser send.
var foreign = http.NewCrossOriginProtection()

func route(method, path string, fn func(http.ResponseWriter, *http.Request) error) rest.Route {
	guarded := func(w http.ResponseWriter, r *http.Request) error {
		if err := foreign.Check(r); err != nil {
			return rest.Errorf(http.StatusForbidden, "%v", err)
		}
		w.Header().Set("Cache-Control", "no-store")
		return fn(w, r)
	}
	return rest.Route{Method: method, Path: Prefix + path, Handler: rest.Handle(guarded, fail), Page: page, Read: read}
}

type state struct {
	Status   string   `json:"status"`
	Problems []string `json:"problems,omitempty"`
}

func (a *Adapter) health(w http.ResponseWriter, r *http.Request) {
	answer(w, "ok", "unhealthy", a.problems(r))
}

func (a *Adapter) ready(w http.ResponseWriter, r *http.Request) {
	problems := a.problems(r)
	if a.opt.Ready != nil {
		if err := a.opt.Ready(r.Context()); err != nil {
			problems = append(problems, err.Error())
		}
	}
	answer(w, "ready", "not ready", problems)
}

func (a *Adapter) problems(r *http.Request) []string {
	if a.opt.Health == nil {
		return nil
	}
	return a.opt.Health(r.Context())
}

// answer tells the problems in full: who reads these paths runs the server.
func answer(w http.ResponseWriter, good, bad string, problems []string) {
	w.Header().Set("Cache-Control", "no-store")
	if len(problems) > 0 {
		rest.WriteJSON(w, http.StatusServiceUnavailable, state{bad, problems})
		return
	}
	rest.WriteJSON(w, http.StatusOK, state{Status: good})
}
