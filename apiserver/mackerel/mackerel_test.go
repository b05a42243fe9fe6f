package mackerel_test

import (
	"testing"

	"github.com/spanstead/spanstead/apiserver/internal/adaptertest"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/mackerel"
	"github.com/spanstead/spanstead/apiserver/store"
)

func TestArchives(t *testing.T) {
	adaptertest.Run(t, adaptertest.Config{
		New: func(_ *testing.T, st store.Store, _ *adaptertest.Archive) rest.Adapter {
			return mackerel.New(mackerel.Options{Store: st})
		},
	})
}
