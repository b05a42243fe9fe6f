// Package mackerel answers the traces API of Mackerel (api.mackerelio.com)
// from the store.
//
// An Adapter is safe for concurrent use; its only state is that of the rate limit.
package mackerel

import (
	_ "embed"
	"time"

	"github.com/spanstead/spanstead/apiserver/store"
)

// OpenAPI describes the endpoints. The vendor publishes no such document; this
// one is the project's own.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Options say how an Adapter answers.
type Options struct {
	Store store.Store      // required
	Now   func() time.Time // for the rate limit; nil means time.Now
	// RateLimit refuses a second list request of the same key within a second,
	// as the vendor does. It is off by default: the vendor's own client retries
	// at once and for ever.
	RateLimit bool
}

// Adapter is Mackerel's traces API over a store.
type Adapter struct {
	opt     Options
	limiter limiter
}

// New makes an adapter.
func New(opt Options) *Adapter {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Adapter{opt: opt}
}
