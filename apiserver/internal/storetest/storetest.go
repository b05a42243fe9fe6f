// Package storetest makes the store that the adapters' tests run against. A
// test is not to depend on which store that is.
package storetest

import (
	"testing"

	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine"
)

// New returns an empty store for one test: the engine, in memory. It is closed
// with the test.
func New(t testing.TB) store.Store {
	t.Helper()
	st, err := engine.Open(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}
