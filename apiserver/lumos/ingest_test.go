package lumos_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/lumos"
	"github.com/spanstead/spanstead/apiserver/otlphttp"
	"github.com/spanstead/spanstead/engine/otlp"
	engine "github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// TestIngest sends one request with resources of several organisations and of
// none, with the header and without.
func TestIngest(t *testing.T) {
	of := func(id byte, attributes ...span.KeyValue) *span.Span {
		return &span.Span{TraceID: span.TraceID{1}, SpanID: span.SpanID{id}, Name: "s", Resource: &span.Resource{Attributes: attributes}}
	}
	organization := func(v span.Value) span.KeyValue {
		return span.KeyValue{Key: "alerty.organizationId", Value: v}
	}
	body := otlp.AppendRequest(nil, []*span.Span{
		of(1, organization(span.String("a"))), of(2, organization(span.String("b"))), of(3), of(4, organization(span.Int(7))),
		of(5, organization(span.String("not well formed"))), of(6, organization(span.String("a"))),
	})
	for header, want := range map[string]map[string]int{
		"":       {"a": 2, "b": 1, "default": 3},
		"header": {"a": 2, "b": 1, "header": 3},
		"b":      {"a": 2, "b": 4},
		"nobody": {"a": 2, "b": 1, "default": 3},
	} {
		st := storetest.New(t)
		for _, w := range []string{"a", "b", "header"} {
			if err := st.CreateWorkspace(t.Context(), w); err != nil {
				t.Fatal(err)
			}
		}
		h := rest.NewRouter(otlphttp.New(otlphttp.Options{Store: st, Ingest: lumos.New(lumos.Options{Store: st}).Ingest()}))
		r := httptest.NewRequest(http.MethodPost, "/v1/traces", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/x-protobuf")
		if header != "" {
			r.Header.Set("X-Alerty-OrganizationId", header)
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != http.StatusOK || rec.Body.Len() > 0 {
			t.Errorf("%q: %d %q", header, rec.Code, rec.Body)
		}
		got := map[string]int{}
		for _, w := range []string{"a", "b", "header", "default"} {
			n, err := st.Count(t.Context(), w, engine.Count{})
			if err != nil {
				t.Fatal(err)
			}
			if n > 0 {
				got[w] = n
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("header %q (-want +got):\n%s", header, diff)
		}
	}
}
