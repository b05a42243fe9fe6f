// Package last9 answers Last9's Traces Query API from the store: queries and
// searches with JSON pipelines, one trace, heatmaps, labels, saved and recent
// searches, and the token exchange that the vendor's own client begins with.
//
// The organisation's slug in the path names the workspace. An Adapter keeps
// nothing between requests: saved and recent searches are documents of the
// store. It is safe for concurrent use.
package last9

import (
	_ "embed"
	"sync"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/store"
)

// OpenAPI describes the endpoints. The vendor publishes no such document; this
// one is the project's own.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Options say how an Adapter answers.
type Options struct {
	Store    store.Store // required
	Fidelity rest.Fidelity
	// Now is the time by which tokens expire and searches age; nil means time.Now.
	Now func() time.Time
	// Region is what the datasources name; "" means us-east-1. Requests may
	// name any region.
	Region string
}

// Adapter is Last9's API over a store.
type Adapter struct {
	opt Options
	// searches orders the changes to documents, each of which reads before it writes.
	searches sync.Mutex
}

// New makes an adapter.
func New(opt Options) *Adapter {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Region == "" {
		opt.Region = "us-east-1"
	}
	return &Adapter{opt: opt}
}

func (a *Adapter) observed() bool { return a.opt.Fidelity == rest.Observed }
