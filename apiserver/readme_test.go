package apiserver

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorilla/mux"
	"gopkg.in/yaml.v3"

	"github.com/spanstead/spanstead/apiserver/control"
	"github.com/spanstead/spanstead/apiserver/internal/adaptertest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/otlphttp"
)

func TestReadme(t *testing.T) {
	adaptertest.CheckReadme(t, vendorDocuments())
	adaptertest.CheckReadme(t, otlphttp.New(otlphttp.Options{}))
}

// TestEveryPathIsNamed: what the router serves, in either fidelity, a README
// names as `METHOD path`, or the control API's document.
func TestEveryPathIsNamed(t *testing.T) {
	paths, err := filepath.Glob("*/README.md")
	if err != nil || len(paths) < 5 {
		t.Fatalf("%q, %v", paths, err)
	}
	var all strings.Builder
	for _, path := range append(paths, "README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	var document struct {
		Paths map[string]map[string]any
	}
	if err := yaml.Unmarshal(control.OpenAPI, &document); err != nil {
		t.Fatal(err)
	}
	for _, fidelity := range []Fidelity{Documented, Observed} {
		s := New(Options{Store: storetest.New(t), Fidelity: fidelity})
		routes := 0
		err := s.router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
			template, err := route.GetPathTemplate()
			if err != nil {
				return err
			}
			methods, err := route.GetMethods()
			if err != nil {
				return err
			}
			for _, m := range methods {
				routes++
				_, isControl := document.Paths[template][strings.ToLower(m)]
				if !isControl && !strings.Contains(all.String(), "`"+m+" "+template+"`") {
					t.Errorf("nothing names %s %s", m, template)
				}
			}
			return nil
		})
		if err != nil || routes < 40 {
			t.Errorf("%d routes, %v", routes, err)
		}
	}
}
