package mackerel_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/apiserver/internal/adaptertest"
	"github.com/spanstead/spanstead/apiserver/internal/openapitest"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/mackerel"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

func TestArchives(t *testing.T) {
	adaptertest.Run(t, adaptertest.Config{
		Check: openapitest.Load(t, mackerel.OpenAPI).Check,
		New: func(_ *testing.T, st store.Store, _ *adaptertest.Archive) rest.Adapter {
			return mackerel.New(mackerel.Options{Store: st})
		},
	})
}

func TestReadme(t *testing.T) {
	adaptertest.CheckReadme(t, mackerel.New(mackerel.Options{}))
}

// ask sends a request with a good key and returns the status and the message
// of its error, if it is one.
func ask(t *testing.T, st store.Store, method, target, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("X-Api-Key", "key")
	rec := httptest.NewRecorder()
	rest.NewRouter(mackerel.New(mackerel.Options{Store: st})).ServeHTTP(rec, r)
	var answer struct{ Error struct{ Message string } }
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%q: %v", rec.Body, err)
	}
	return rec.Code, answer.Error.Message
}

// seen is a store that notes the question.
type seen struct {
	store.Store
	asked query.Traces
}

func (s *seen) Traces(_ context.Context, _ string, q query.Traces) (query.TracePage, error) {
	s.asked = q
	return query.TracePage{}, nil
}

func TestDefaults(t *testing.T) {
	var s seen
	if status, _ := ask(t, &s, http.MethodPost, "/api/v0/traces", `{"serviceName":"s","from":2,"to":3}`); status != 200 {
		t.Fatalf("status %d", status)
	}
	q := s.asked
	if q.Limit != 20 || q.Offset != 0 || q.Order != query.OrderStart || !q.Descending || q.MinDuration != 0 || q.MaxDuration != 0 ||
		q.Range != (query.Range{From: 2e9, To: 3e9 + 1}) {
		t.Errorf("%+v", q)
	}
}

func TestPerPageLimits(t *testing.T) {
	for _, perPage := range []int{1, 100} {
		var s seen
		body := fmt.Sprintf(`{"serviceName":"s","from":2,"to":3,"page":3,"perPage":%d}`, perPage)
		if status, _ := ask(t, &s, http.MethodPost, "/api/v0/traces", body); status != 200 || s.asked.Limit != perPage || s.asked.Offset != 2*perPage {
			t.Errorf("perPage %d: status %d, limit %d, offset %d", perPage, status, s.asked.Limit, s.asked.Offset)
		}
	}
}

// failing is a store that does not answer.
type failing struct {
	store.Store
	err error
}

func (f failing) Traces(context.Context, string, query.Traces) (query.TracePage, error) {
	return query.TracePage{}, f.err
}

func (f failing) Trace(context.Context, string, span.TraceID) ([]*span.Span, error) {
	return nil, f.err
}

func TestStoreErrors(t *testing.T) {
	tests := []struct {
		err    error
		status int
		shown  bool
	}{
		{errors.New("secret place"), 500, false}, {query.ErrCorrupt, 500, false}, {query.ErrClosed, 503, true}, {query.ErrInvalid, 400, true},
	}
	for _, tt := range tests {
		st := failing{err: tt.err}
		for _, target := range []string{"POST /api/v0/traces", "GET /api/v0/traces/0123456789abcdef0123456789abcdef"} {
			method, path, _ := strings.Cut(target, " ")
			status, message := ask(t, st, method, path, `{"serviceName":"s","from":0,"to":1}`)
			if status != tt.status || strings.Contains(message, tt.err.Error()) != tt.shown {
				t.Errorf("%s: %v: %d %q, want %d", target, tt.err, status, message, tt.status)
			}
		}
	}
}

func TestBodyTooLarge(t *testing.T) {
	if status, _ := ask(t, storetest.New(t), http.MethodPost, "/api/v0/traces", strings.Repeat(" ", 2<<20)); status != 413 {
		t.Errorf("status %d, want 413", status)
	}
}

func FuzzList(f *testing.F) {
	for _, s := range []string{
		`{"serviceName":"s","from":0,"to":1}`, `{"serviceName":"s","from":0,"to":1,"order":{"column":"LATENCY","direction":null}}`,
		`{"serviceName":"s","from":0,"to":1,"attributes":[{"key":"k","value":"1","operator":"GTE","type":"int"}]}`,
		`{"serviceName":"s","from":-1e18,"to":1e300}`, `[`,
	} {
		f.Add(s)
	}
	st := storetest.New(f)
	f.Fuzz(func(t *testing.T, body string) {
		status, message := ask(t, st, http.MethodPost, "/api/v0/traces", body)
		if status != 200 && (status != 400 && status != 413 || message == "") {
			t.Errorf("status %d, %q", status, message)
		}
	})
}
