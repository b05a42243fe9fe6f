package sideseat_test

import (
	"testing"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/adaptertest"
	"github.com/spanstead/spanstead/apiserver/internal/openapitest"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/sideseat"
	"github.com/spanstead/spanstead/apiserver/store"
)

func TestArchives(t *testing.T) {
	adaptertest.Run(t, adaptertest.Config{
		Check: openapitest.Load(t, sideseat.OpenAPI).Check,
		New: func(t *testing.T, st store.Store, a *adaptertest.Archive) rest.Adapter {
			fidelity, err := rest.ParseFidelity(a.Setting("fidelity"))
			if err != nil {
				t.Fatal(err)
			}
			now, err := time.Parse(time.RFC3339, "2025-01-27T00:00:00Z")
			if err != nil {
				t.Fatal(err)
			}
			return sideseat.New(sideseat.Options{Store: st, Fidelity: fidelity, Now: func() time.Time { return now }})
		},
	})
}

func TestReadme(t *testing.T) {
	for _, f := range []rest.Fidelity{rest.Documented, rest.Observed} {
		adaptertest.CheckReadme(t, sideseat.New(sideseat.Options{Fidelity: f}))
	}
}
