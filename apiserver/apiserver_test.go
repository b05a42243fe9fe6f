package apiserver_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/apiserver"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// broken is a store whose reading fails.
type broken struct {
	store.Store
	fail func() error
}

func (b *broken) Traces(context.Context, string, query.Traces) (query.TracePage, error) {
	return query.TracePage{}, b.fail()
}

func (b *broken) Each(_ context.Context, _ string, _ query.Spans, fn func(*span.Span) bool) error {
	for range 2000 {
		fn(&span.Span{Resource: &span.Resource{}, Scope: &span.Scope{}})
	}
	return b.fail()
}

func do(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

const list = `{"serviceName":"s","from":0,"to":1}`

func TestUnknownErrorIsLoggedOnceAndNotShown(t *testing.T) {
	var log bytes.Buffer
	h := apiserver.New(apiserver.Options{
		Store: &broken{storetest.New(t), func() error { return errors.New("secret place") }},
		Log:   slog.New(slog.NewTextHandler(&log, nil)),
	}).Handler()
	rec := do(h, http.MethodPost, "/api/v0/traces", list, "X-Api-Key", "k", "X-Request-Id", "my-id")
	if rec.Code != http.StatusInternalServerError || strings.Contains(rec.Body.String(), "secret") {
		t.Errorf("answer %d %s", rec.Code, rec.Body)
	}
	if rec.Header().Get("X-Request-Id") != "my-id" {
		t.Errorf("request id %q", rec.Header().Get("X-Request-Id"))
	}
	if n := strings.Count(log.String(), "secret place"); n != 1 || !strings.Contains(log.String(), "request=my-id") {
		t.Errorf("logged %d times:\n%s", n, &log)
	}
}

func TestPanicIsAnsweredAndLogged(t *testing.T) {
	var log bytes.Buffer
	h := apiserver.New(apiserver.Options{
		Store: &broken{storetest.New(t), func() error { panic("our bug") }},
		Log:   slog.New(slog.NewTextHandler(&log, nil)),
	}).Handler()
	rec := do(h, http.MethodPost, "/api/v0/traces", list, "X-Api-Key", "k")
	if rec.Code != http.StatusInternalServerError || !strings.Contains(log.String(), "our bug") {
		t.Errorf("answer %d, log:\n%s", rec.Code, &log)
	}
}

// TestLongAnswerThatFailsIsCut has the store fail after part of a list was
// sent: the client is to see a broken answer and not a shorter list.
func TestLongAnswerThatFailsIsCut(t *testing.T) {
	srv := httptest.NewServer(apiserver.New(apiserver.Options{
		Store: &broken{storetest.New(t), func() error { return errors.New("disk") }},
	}).Handler())
	defer srv.Close()
	r, err := http.NewRequest(http.MethodPost, srv.URL+"/query/traces", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer t")
	res, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("the answer was read to its end")
	}
}

func TestUnmatched(t *testing.T) {
	h := apiserver.New(apiserver.Options{Store: storetest.New(t)}).Handler()
	tests := []struct {
		method, target string
		status         int
		allow, body    string
	}{
		{"GET", "/nothing", 404, "", ""},
		{"GET", "/v1/traces", 405, "POST", ""},
		{"POST", "/v1/traces/", 404, "", ""},
		{"POST", "//v1/traces", 404, "", ""},
		{"POST", "/_spanstead/health", 405, "GET", ""},
		{"PUT", "/api/v0/traces/x", 405, "GET", `{"error":{"message":"method PUT is not allowed here"}}`},
		{"GET", "/query/traces", 405, "POST", `{"code":1405,"description":"method GET is not allowed here"}`},
	}
	for _, tt := range tests {
		rec := do(h, tt.method, tt.target, "")
		body := strings.TrimSpace(rec.Body.String())
		if rec.Code != tt.status || rec.Header().Get("Allow") != tt.allow || body != tt.body {
			t.Errorf("%s %s: %d, Allow %q, %s; want %d, %q, %s", tt.method, tt.target,
				rec.Code, rec.Header().Get("Allow"), body, tt.status, tt.allow, tt.body)
		}
	}
}

func TestRequestIDThatIsNoneIsReplaced(t *testing.T) {
	h := apiserver.New(apiserver.Options{Store: storetest.New(t)}).Handler()
	for _, id := range []string{"", "two words", strings.Repeat("x", 129)} {
		if got := do(h, "GET", "/_spanstead/health", "", "X-Request-Id", id).Header().Get("X-Request-Id"); len(got) != 16 {
			t.Errorf("id %q became %q", id, got)
		}
	}
}

func TestServes(t *testing.T) {
	s := apiserver.New(apiserver.Options{Store: storetest.New(t)})
	tests := []struct {
		method, target string
		want           bool
	}{
		{"POST", "/v1/traces", true}, {"GET", "/v1/traces", false}, {"POST", "/api/v0/traces?x=1", true},
		{"GET", "/api/v0/traces/any", true}, {"GET", "/nothing", false},
	}
	for _, tt := range tests {
		if got := s.Serves(httptest.NewRequest(tt.method, tt.target, nil)); got != tt.want {
			t.Errorf("%s %s: %v, want %v", tt.method, tt.target, got, tt.want)
		}
	}
}
