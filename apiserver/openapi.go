package apiserver

import (
	"encoding/json"
	"net/http"

	"github.com/gorilla/mux"
	"gopkg.in/yaml.v3"

	"github.com/spanstead/spanstead/apiserver/control"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/last9"
	"github.com/spanstead/spanstead/apiserver/lumos"
	"github.com/spanstead/spanstead/apiserver/mackerel"
	"github.com/spanstead/spanstead/apiserver/sideseat"
	"github.com/spanstead/spanstead/apiserver/truefoundry"
)

// documents serves the vendors' OpenAPI documents: those that a vendor
// publishes as it publishes them, the others as written here.
type documents map[string][]byte // the name in the path to YAML

func vendorDocuments() documents {
	return documents{
		"last9":       last9.OpenAPI,
		"lumos":       lumos.OpenAPI,
		"mackerel":    mackerel.OpenAPI,
		"sideseat":    sideseat.OpenAPI,
		"truefoundry": truefoundry.OpenAPI,
	}
}

// Routes is one path for all of them.
func (d documents) Routes() []rest.Route {
	return []rest.Route{{
		Method: http.MethodGet, Path: control.Prefix + "openapi/{vendor}.json", Handler: d.serve,
		Page: "https://spec.openapis.org/oas/v3.1.0", Read: "2026-11-21",
	}}
}

func (d documents) serve(w http.ResponseWriter, r *http.Request) {
	document, ok := d[mux.Vars(r)["vendor"]]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	b, err := jsonOf(document)
	if err != nil {
		panic(err) // a document of ours
	}
	rest.WriteBody(w, http.StatusOK, "application/json", b)
}

// jsonOf turns a document in YAML into one in JSON.
func jsonOf(document []byte) ([]byte, error) {
	var tree any
	if err := yaml.Unmarshal(document, &tree); err != nil {
		return nil, err
	}
	return json.Marshal(tree)
}
