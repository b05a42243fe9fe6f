// Package control serves the paths under /_spanstead/ that speak of the server
// itself: whether it lives, and whether it can be asked.
package control

import (
	"context"
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// Prefix is where all of the paths begin.
const Prefix = "/_spanstead/"

// Options say what the answers are taken from.
type Options struct {
	// Health returns an error while the store cannot do its work. It is called
	// for each request, so it is to be quick; nil means always healthy.
	Health func(ctx context.Context) error
	// Ready returns an error until the server can answer questions; nil means
	// at once. What is not healthy is not ready.
	Ready func(ctx context.Context) error
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
	Status string `json:"status"`
	Error  string `json:"error,omitempty"`
}

func (a *Adapter) health(w http.ResponseWriter, r *http.Request) {
	answer(w, "ok", "unhealthy", ask(r, a.opt.Health))
}

func (a *Adapter) ready(w http.ResponseWriter, r *http.Request) {
	err := ask(r, a.opt.Health)
	if err == nil {
		err = ask(r, a.opt.Ready)
	}
	answer(w, "ready", "not ready", err)
}

func ask(r *http.Request, fn func(context.Context) error) error {
	if fn == nil {
		return nil
	}
	return fn(r.Context())
}

// answer tells the error's own words: who reads these paths runs the server.
func answer(w http.ResponseWriter, good, bad string, err error) {
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		rest.WriteJSON(w, http.StatusServiceUnavailable, state{bad, err.Error()})
		return
	}
	rest.WriteJSON(w, http.StatusOK, state{Status: good})
}
