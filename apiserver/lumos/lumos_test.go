package lumos_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/apiserver/internal/adaptertest"
	"github.com/spanstead/spanstead/apiserver/internal/openapitest"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/lumos"
	"github.com/spanstead/spanstead/apiserver/store"
	engine "github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

func TestArchives(t *testing.T) {
	adaptertest.Run(t, adaptertest.Config{
		Check: openapitest.Load(t, lumos.OpenAPI).Check,
		New: func(t *testing.T, st store.Store, _ *adaptertest.Archive) rest.Adapter {
			return lumos.New(lumos.Options{Store: st})
		},
	})
}

func TestReadme(t *testing.T) {
	adaptertest.CheckReadme(t, lumos.New(lumos.Options{}))
}

// query asks an adapter and returns the status and the list, if it is one.
func query(t *testing.T, opt lumos.Options, body string) (int, []map[string]any) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/query/traces", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer token")
	rec := httptest.NewRecorder()
	rest.NewRouter(lumos.New(opt)).ServeHTTP(rec, r)
	var list []map[string]any
	if rec.Code == http.StatusOK {
		if err := json.Unmarshal(rec.Body.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
	}
	return rec.Code, list
}

// manySpans is a store that answers with as many spans as it is asked for.
type manySpans struct{ store.Store }

func (manySpans) Each(_ context.Context, _ string, q engine.Spans, fn func(*span.Span) bool) error {
	for i := range min(q.Limit, 2000) {
		s := &span.Span{Name: strconv.Itoa(i), Resource: &span.Resource{}, Scope: &span.Scope{}}
		if !fn(s) {
			break
		}
	}
	return nil
}

func TestLimitDefault(t *testing.T) {
	if status, list := query(t, lumos.Options{Store: manySpans{}}, `{}`); status != 200 || len(list) != 100 {
		t.Errorf("status %d, %d spans; want 100", status, len(list))
	}
}

// TestLongAnswer is sent in pieces and is one list all the same.
func TestLongAnswer(t *testing.T) {
	status, list := query(t, lumos.Options{Store: manySpans{}}, `{"limit":2000}`)
	if status != 200 || len(list) != 2000 || list[1999]["span_name"] != "1999" {
		t.Errorf("status %d, %d spans", status, len(list))
	}
}

// failing is a store that does not answer.
type failing struct {
	store.Store
	err error
}

func (f failing) Each(context.Context, string, engine.Spans, func(*span.Span) bool) error {
	return f.err
}

func TestStoreErrors(t *testing.T) {
	for err, want := range map[error]int{
		errors.New("disk"): 500, engine.ErrCorrupt: 500, engine.ErrClosed: 503, engine.ErrInvalid: 400,
	} {
		if status, _ := query(t, lumos.Options{Store: failing{err: err}}, `{}`); status != want {
			t.Errorf("%v: status %d, want %d", err, status, want)
		}
	}
}

func TestBodyTooLarge(t *testing.T) {
	if status, _ := query(t, lumos.Options{Store: manySpans{}}, strings.Repeat(" ", 2<<20)); status != 413 {
		t.Errorf("status %d, want 413", status)
	}
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{`{}`, `{"limit":1}`, `{"start_time":"2023-01-01T00:00:00Z","end_time":null}`, `{"service_name":"\u0000"}`, `[`} {
		f.Add(s)
	}
	st := storetest.New(f)
	f.Fuzz(func(t *testing.T, body string) {
		if status, _ := query(t, lumos.Options{Store: st}, body); status != 200 && status != 400 && status != 413 {
			t.Errorf("status %d", status)
		}
	})
}
