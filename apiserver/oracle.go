package apiserver

import (
	"github.com/spanstead/spanstead/apiserver/internal/oraclestore"
	"github.com/spanstead/spanstead/apiserver/store"
)

// NewOracle returns an empty store in memory that answers by looking at every
// span: the definition of the right answer, at its own slow pace.
func NewOracle() store.Store { return oraclestore.New() }
