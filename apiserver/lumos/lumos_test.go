package lumos_test

import (
	"testing"

	"github.com/spanstead/spanstead/apiserver/internal/adaptertest"
	"github.com/spanstead/spanstead/apiserver/internal/openapitest"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/lumos"
	"github.com/spanstead/spanstead/apiserver/store"
)

func TestArchives(t *testing.T) {
	adaptertest.Run(t, adaptertest.Config{
		Check: openapitest.Load(t, lumos.OpenAPI).Check,
		New: func(t *testing.T, st store.Store, _ *adaptertest.Archive) rest.Adapter {
			return lumos.New(lumos.Options{Store: st})
		},
	})
}
