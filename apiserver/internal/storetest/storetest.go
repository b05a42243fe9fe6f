// Package storetest makes the store that the adapters' tests run against. A
// test is not to depend on which store that is.
package storetest

import (
	"testing"

	"github.com/spanstead/spanstead/apiserver/internal/oraclestore"
	"github.com/spanstead/spanstead/apiserver/store"
)

// New returns an empty store for one test.
func New(t testing.TB) store.Store {
	t.Helper()
	return oraclestore.New()
}
