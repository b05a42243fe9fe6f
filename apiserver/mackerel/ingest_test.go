package mackerel_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/mackerel"
	"github.com/spanstead/spanstead/apiserver/otlphttp"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// TestIngest sends spans as the vendor's users do: the key names the
// workspace, and 6 MB is the most.
func TestIngest(t *testing.T) {
	of := func(name string) []byte {
		return otlp.AppendRequest(nil, []*span.Span{{TraceID: span.TraceID{1}, SpanID: span.SpanID{1}, Name: name}})
	}
	tests := []struct {
		name, header, key string
		body              []byte
		status            int
		into              string
	}{
		{"key", "Mackerel-Api-Key", "acme", of("s"), 200, "acme"},
		{"key that nobody has", "Mackerel-Api-Key", "nobody", of("s"), 200, "default"},
		{"no key", "X-Other", "acme", of("s"), 200, "default"},
		{"malformed key", "Mackerel-Api-Key", "a b", of("s"), 200, "default"},
		{"too large", "Mackerel-Api-Key", "acme", of(strings.Repeat("x", 6<<20)), 413, ""},
		{"too large for others", "X-Other", "acme", of(strings.Repeat("x", 6<<20)), 200, "default"},
	}
	for _, tt := range tests {
		st := storetest.New(t)
		if err := st.CreateWorkspace(t.Context(), "acme"); err != nil {
			t.Fatal(err)
		}
		h := rest.NewRouter(otlphttp.New(otlphttp.Options{Store: st, Ingest: mackerel.New(mackerel.Options{Store: st}).Ingest()}))
		r := httptest.NewRequest(http.MethodPost, "/v1/traces", bytes.NewReader(tt.body))
		r.Header.Set("Content-Type", "application/x-protobuf")
		r.Header.Set(tt.header, tt.key)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != tt.status {
			t.Errorf("%s: %d %s", tt.name, rec.Code, rec.Body)
		}
		for _, w := range []string{"acme", "default"} {
			want := 0
			if w == tt.into {
				want = 1
			}
			if n, err := st.Count(t.Context(), w, query.Count{}); err != nil || n != want {
				t.Errorf("%s: %d spans in %s, want %d (%v)", tt.name, n, w, want, err)
			}
		}
	}
}
