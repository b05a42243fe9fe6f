package control

import (
	_ "embed"
	"encoding/json"
	"net/http"

	"gopkg.in/yaml.v3"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// OpenAPI describes the control API.
//
//go:embed openapi.yaml
var OpenAPI []byte

func (a *Adapter) document(w http.ResponseWriter, _ *http.Request) error {
	var doc any
	if err := yaml.Unmarshal(OpenAPI, &doc); err != nil {
		return err
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	rest.WriteBody(w, http.StatusOK, "application/json", b)
	return nil
}

func (a *Adapter) metrics(w http.ResponseWriter, r *http.Request) error {
	rest.WriteBody(w, http.StatusOK, "text/plain; version=0.0.4; charset=utf-8", a.opt.Double.Metrics(r.Context()))
	return nil
}
