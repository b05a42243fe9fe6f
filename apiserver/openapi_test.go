package apiserver

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/spanstead/spanstead/apiserver/internal/openapitest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
)

// TestDocumentsAreServed: each vendor's document is what its folder has, in
// JSON, and valid.
func TestDocumentsAreServed(t *testing.T) {
	h := New(Options{Store: storetest.New(t)}).Handler()
	get := func(name string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/_spanstead/openapi/"+name+".json", nil))
		return rec
	}
	for name, document := range vendorDocuments() {
		rec := get(name)
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Header())
		}
		var got struct{ Paths map[string]any }
		if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var want struct{ Paths map[string]any }
		if err := yaml.Unmarshal(document, &want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(got.Paths) == 0 || len(got.Paths) != len(want.Paths) {
			t.Errorf("%s: %d paths, want %d", name, len(got.Paths), len(want.Paths))
		}
		openapitest.Load(t, rec.Body.Bytes())
	}
	for _, name := range []string{"", "nobody", "../last9"} {
		if rec := get(name); rec.Code != http.StatusNotFound {
			t.Errorf("%q: %d", name, rec.Code)
		}
	}
}

func TestJSONOf(t *testing.T) {
	got, err := jsonOf([]byte("a: [x, '1', true, null, 1.5]\n'200': &r {k: v}\nc: {<<: *r, d: 1}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"200":{"k":"v"},"a":["x","1",true,null,1.5],"c":{"d":1,"k":"v"}}`; string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, bad := range []string{"a: [", "a: .nan"} {
		if _, err := jsonOf([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
