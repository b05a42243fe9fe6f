// Package adaptertest runs an adapter's cases, which are text archives in its
// testdata folder.
//
// An archive holds, in this order of meaning:
//
//	settings        lines "key: value", read by the test with Archive.Setting
//	spans.json      OTLP in JSON, loaded into the default workspace
//	spans@NAME.json the same, into a workspace of that name, which is created
//	NAME.request    a raw HTTP request: "POST /path", headers, empty line, body
//	NAME.response   the answer wanted to it: "200 OK", headers, empty line, body
//
// Requests run in the order in which they stand, against one store. Of a
// response the status, the headers that are listed and the body are compared:
// JSON by structure with numbers as they are written, anything else as text.
// With -update the responses are rewritten.
package adaptertest

import (
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
)

var update = flag.Bool("update", false, "rewrite the wanted responses in testdata")

// Updating reports whether the test was told to rewrite its wanted answers.
func Updating() bool { return *update }

// Config says how an adapter is tested.
type Config struct {
	Glob string // the archives; "" means testdata/*.txtar
	// New makes the adapter over a store that holds the archive's spans.
	New func(t *testing.T, st store.Store, a *Archive) rest.Adapter
	// Check, if set, looks at each exchange beside the comparison, such as
	// against an OpenAPI document. body is the request's.
	Check func(t *testing.T, req *http.Request, body []byte, rec *httptest.ResponseRecorder)
}

// Run runs every archive as a subtest of its name, and every request of it as
// a subtest of that.
func Run(t *testing.T, c Config) {
	if c.Glob == "" {
		c.Glob = "testdata/*.txtar"
	}
	paths, err := filepath.Glob(c.Glob)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives at %s (%v)", c.Glob, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { c.run(t, path) })
	}
}

func (c *Config) run(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a := ParseArchive(data)
	st := storetest.New(t)
	Load(t, st, a)
	handler := rest.NewRouter(c.New(t, st, a))
	ran := 0
	for i := 0; i < len(a.Files); i++ {
		name, ok := strings.CutSuffix(a.Files[i].Name, ".request")
		if !ok {
			continue
		}
		want := a.File(name + ".response")
		if want == nil {
			a.Files = slices.Insert(a.Files, i+1, File{Name: name + ".response"})
			want = &a.Files[i+1]
		}
		ran++
		t.Run(name, func(t *testing.T) { c.exchange(t, handler, a.Files[i].Data, want) })
	}
	if ran == 0 {
		t.Error("the archive has no request")
	}
	if got := a.Format(); *update && !bytes.Equal(got, data) {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *Config) exchange(t *testing.T, handler http.Handler, request []byte, response *File) {
	m, err := parseMessage(request)
	if err != nil {
		t.Fatal(err)
	}
	req, err := m.request()
	if err != nil {
		t.Fatal(err)
	}
	want, err := parseMessage(response.Data)
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, req)
	if c.Check != nil {
		c.Check(t, req, m.body, rec)
	}
	got := responseOf(rec, want.header)
	if *update {
		response.Data = append(got.format(), '\n')
		return
	}
	if status, err := want.status(); err != nil || status != rec.Code {
		t.Errorf("status %d, want %q (%s)", rec.Code, want.first, rec.Body)
	}
	for _, h := range want.header {
		if v := rec.Header().Get(h.name); v != h.value {
			t.Errorf("header %s: %q, want %q", h.name, v, h.value)
		}
	}
	if diff := cmp.Diff(want.tree(), got.tree()); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

// Load appends the spans of an archive to a store.
func Load(t testing.TB, st store.Store, a *Archive) {
	t.Helper()
	for _, f := range a.Files {
		name, isJSON := strings.CutSuffix(f.Name, ".json")
		name, isSpans := strings.CutPrefix(name, "spans")
		if !isJSON || !isSpans {
			continue
		}
		workspace := store.DefaultWorkspace
		if strings.HasPrefix(name, "@") {
			workspace = name[1:]
			if err := st.CreateWorkspace(t.Context(), workspace); err != nil {
				t.Fatal(err)
			}
		}
		Append(t, st, workspace, f.Data)
	}
}

// Append appends spans given as OTLP in JSON; one that is rejected fails the test.
func Append(t testing.TB, st store.Store, workspace string, otlpJSON []byte) {
	t.Helper()
	request, err := otlp.JSONToProto(nil, otlpJSON)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := st.Append(t.Context(), workspace, request)
	if err != nil || answer.Rejected > 0 {
		t.Fatalf("append to %s: %+v, %v", workspace, answer, err)
	}
}
