// Package truefoundry answers TrueFoundry's question for spans from the store,
// and names the addresses at which its exporters send them.
//
// The tracing project, or else the data routing destination, names the
// workspace. A request becomes one query.Spans: the store filters, the adapter
// only reads the request and writes the answer. Page tokens hold a place in
// the order of the spans, the end of the time range and a digest of the
// question, signed; an Adapter keeps nothing between requests and is safe for
// concurrent use.
package truefoundry

import (
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"time"

	"github.com/spanstead/spanstead/apiserver/store"
)

// OpenAPI is the vendor's own description of the endpoint, as its page gives it.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Options say how an Adapter answers.
type Options struct {
	Store store.Store      // required
	Now   func() time.Time // the end of a question without one; nil means time.Now
	// Seed is what the key that signs page tokens is made of. Adapters with the
	// same seed take each other's tokens; nil means a random one, so that tokens
	// end with the adapter.
	Seed []byte
}

// Adapter is TrueFoundry's API over a store.
type Adapter struct {
	opt Options
	key [sha256.Size]byte
}

// New makes an adapter.
func New(opt Options) *Adapter {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Seed == nil {
		opt.Seed = []byte(rand.Text())
	}
	return &Adapter{opt: opt, key: sha256.Sum256(append([]byte("truefoundry page token\x00"), opt.Seed...))}
}
