// Package openapitest holds the exchanges of a test to an OpenAPI document:
// requests that were answered with success, and every answer whose status the
// document knows.
//
// A document that calls itself 3.1 and uses 3.0's nullable is read as it is
// meant: nullable: true adds the type null.
package openapitest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"gopkg.in/yaml.v3"
)

// Document is an OpenAPI document to hold exchanges to. It is safe for
// concurrent use.
type Document struct {
	router  routers.Router
	options *openapi3filter.Options
}

// Load reads a document in YAML or JSON and checks it. Its servers are left
// aside: requests go to the host of the test.
func Load(t testing.TB, text []byte) *Document {
	t.Helper()
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	nullable(tree)
	plain, err := yaml.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(plain)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &Document{router, optionsFor(doc)}
}

func optionsFor(doc *openapi3.T) *openapi3filter.Options {
	o := &openapi3filter.Options{
		MultiError:         true,
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		// The request was read; defaults are the adapter's work.
		SkipSettingDefaults: true,
	}
	if doc.IsOpenAPI31OrLater() {
		o.SchemaValidationOptions = append(o.SchemaValidationOptions, openapi3.EnableJSONSchema2020())
	}
	return o
}

// nullable turns 3.0's nullable into 3.1's type null, all over a document that
// says that it is 3.1.
func nullable(doc any) {
	root, ok := doc.(map[string]any)
	version, _ := root["openapi"].(string)
	if !ok || strings.HasPrefix(version, "3.0") {
		return
	}
	for key, v := range root {
		root[key] = widen(v)
	}
}

// widen returns the node to stand in a node's place.
func widen(node any) any {
	switch node := node.(type) {
	case []any:
		for i, v := range node {
			node[i] = widen(v)
		}
	case map[string]any:
		for key, v := range node {
			node[key] = widen(v)
		}
		if node["nullable"] != true {
			return node
		}
		delete(node, "nullable")
		return map[string]any{"anyOf": []any{node, map[string]any{"type": "null"}}}
	}
	return node
}

// Check holds one exchange to the document; body is what was sent. A request
// that was refused is not held to it, since it may be wrong on purpose.
func (d *Document) Check(t *testing.T, req *http.Request, body []byte, rec *httptest.ResponseRecorder) {
	t.Helper()
	if err := d.Validate(t.Context(), req, body, rec); err != nil {
		t.Errorf("%s %s: %v", req.Method, req.URL, err)
	}
}

// Validate is Check for where there is no *testing.T.
func (d *Document) Validate(ctx context.Context, req *http.Request, body []byte, rec *httptest.ResponseRecorder) error {
	req = req.Clone(ctx)
	req.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := d.router.FindRoute(req)
	if err != nil {
		if rec.Code == http.StatusNotFound || rec.Code == http.StatusMethodNotAllowed {
			return nil
		}
		return err
	}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route, Options: d.options}
	if rec.Code < 300 {
		if err := openapi3filter.ValidateRequest(ctx, in); err != nil {
			return err
		}
	}
	return openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in,
		Status:                 rec.Code,
		Header:                 rec.Header(),
		Body:                   io.NopCloser(bytes.NewReader(rec.Body.Bytes())),
		Options:                d.options,
	})
}
