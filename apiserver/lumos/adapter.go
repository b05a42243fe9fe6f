// Package lumos answers the trace query of Lumos (api.alerty.ai) from the store.
//
// An Adapter holds no state but its options and is safe for concurrent use.
package lumos

import (
	_ "embed"

	"github.com/spanstead/spanstead/apiserver/store"
)

// OpenAPI is the vendor's own description of the endpoint, as its page gives it.
//
//go:embed openapi.yaml
var OpenAPI []byte

// Options say how an Adapter answers.
type Options struct {
	Store store.Store // required
}

// Adapter is Lumos's API over a store.
type Adapter struct{ opt Options }

// New makes an adapter.
func New(opt Options) *Adapter { return &Adapter{opt} }
