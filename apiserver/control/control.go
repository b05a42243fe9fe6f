// Package control serves the paths under /_spanstead/ that speak of the server
// itself: whether it lives, and whether it can be asked.
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

const read = "2026-11-21"

// Routes is what the adapter serves.
func (a *Adapter) Routes() []rest.Route {
	return []rest.Route{
		{Method: http.MethodGet, Path: Prefix + "health", Handler: a.health, Page: "README.md", Read: read},
		{Method: http.MethodGet, Path: Prefix + "ready", Handler: a.ready, Page: "README.md", Read: read},
	}
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
