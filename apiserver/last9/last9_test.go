package last9_test

import (
	"testing"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/adaptertest"
	"github.com/spanstead/spanstead/apiserver/internal/openapitest"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/last9"
	"github.com/spanstead/spanstead/apiserver/store"
)

// now is the time of the archives, an hour after their spans.
var now = time.Date(2024, 9, 23, 11, 0, 0, 0, time.UTC)

func TestArchives(t *testing.T) {
	adaptertest.Run(t, adaptertest.Config{
		Check: openapitest.Load(t, last9.OpenAPI).Check,
		New: func(t *testing.T, st store.Store, a *adaptertest.Archive) rest.Adapter {
			fidelity, err := rest.ParseFidelity(a.Setting("fidelity"))
			if err != nil {
				t.Fatal(err)
			}
			return last9.New(last9.Options{
				Store: st, Fidelity: fidelity, Now: func() time.Time { return now },
			})
		},
	})
}

func TestReadme(t *testing.T) {
	adaptertest.CheckReadme(t, last9.New(last9.Options{}))
}
