package truefoundry_test

import (
	"testing"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/adaptertest"
	"github.com/spanstead/spanstead/apiserver/internal/openapitest"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/apiserver/truefoundry"
)

// now is the time of every test, a day after the first spans.
var now = time.Date(2025, 3, 13, 0, 0, 0, 0, time.UTC)

func adapter(st store.Store) *truefoundry.Adapter {
	return truefoundry.New(truefoundry.Options{Store: st, Now: func() time.Time { return now }, Seed: []byte("test")})
}

func TestArchives(t *testing.T) {
	adaptertest.Run(t, adaptertest.Config{
		Check: openapitest.Load(t, truefoundry.OpenAPI).Check,
		New: func(_ *testing.T, st store.Store, _ *adaptertest.Archive) rest.Adapter {
			return adapter(st)
		},
	})
}
