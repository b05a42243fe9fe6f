package sideseat_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/sideseat"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

var hostileValues = []string{
	"", "0", "-1", "1e999", "99999999999999999999", "\x00", "\xff\xfe", "%", "%zz", "null", "[]", "{}", "[[[[", strings.Repeat("[", 5000),
	strings.Repeat("a", 5000), "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "9999-12-31", "start_time:asc", ":", "true", "false",
	`[{"key":"start_time","op":"lte","value":"infinity"}]`, `[{"key":"duration_ms","op":"gt","value":-1e308}]`,
	`[{"key":"tags","op":"in","value":[]}]`, `[{"type":"null","column":"\u0000","operator":"is null"}]`, "ß\u202e", "' OR 1=1 --",
}

var hostilePaths = []string{
	"/traces", "/traces/filter-options", "/traces/%00", "/traces/aa", "/traces/aa/messages", "/traces/aa/spans", "/traces/aa/spans/%ff",
	"/spans", "/spans/filter-options", "/sessions", "/sessions/%2e%2e", "/sessions/x/messages", "/feed/spans", "/feed/messages", "/stats",
}

// TestHostile sends requests of nonsense to every path, in both fidelities. In
// observed fidelity the service's own 500 for a value that does not compare is
// an answer, too.
func TestHostile(t *testing.T) {
	c := chooser{rand.New(rand.NewPCG(3, 3))}
	keys := []string{
		"page", "limit", "order_by", "filters", "from_timestamp", "to_timestamp", "environment", "session_id", "user_id", "include_nongenai",
		"trace_id", "status_code", "cursor", "columns", "role", "include_raw_span", "environment[]", "start_time", "framework",
	}
	for _, f := range []rest.Fidelity{rest.Documented, rest.Observed} {
		st := storetest.New(t)
		load(t, st)
		h := rest.NewRouter(sideseat.New(sideseat.Options{Store: st, Fidelity: f}))
		for range 1500 {
			values := url.Values{}
			for range c.IntN(4) {
				values.Add(pick(c, keys...), pick(c, hostileValues...))
			}
			target := "/api/v1/project/" + pick(c, "default", "default", "x", "a%20b") + "/otel" + pick(c, hostilePaths...) + "?" + values.Encode()
			req := httptest.NewRequest(pick(c, "GET", "GET", "GET", "DELETE", "POST"), target, strings.NewReader(pick(c, hostileValues...)))
			req.Header.Set("Content-Type", pick(c, "application/json", "", "x/y; q=\"", "application/x-protobuf"))
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, req)
			if rec.Code >= 500 && !(f == rest.Observed && strings.Contains(rec.Body.String(), "Database operation failed")) {
				t.Fatalf("%s %s: %d %s", req.Method, target, rec.Code, rec.Body)
			}
		}
	}
}

// TestHostileExport sends nonsense to the way in.
func TestHostileExport(t *testing.T) {
	h := rest.NewRouter(sideseat.New(sideseat.Options{Store: storetest.New(t), Fidelity: rest.Observed}))
	for _, contentType := range []string{"application/json", "application/x-protobuf", ""} {
		for _, encoding := range []string{"", "gzip", "br"} {
			for _, body := range append(hostileValues, `{"resourceSpans":[null,5,{"resource":{},"scopeSpans":[null,{"spans":[null,{"traceId":5,"links":[{"traceId":"zz"}]}]}]}]}`) {
				req := httptest.NewRequest(http.MethodPost, "/otel/default/v1/traces", strings.NewReader(body))
				req.Header.Set("Content-Type", contentType)
				req.Header.Set("Content-Encoding", encoding)
				rec := httptest.NewRecorder()
				h.ServeHTTP(rec, req)
				if rec.Code >= 500 {
					t.Errorf("%s %s %.60q: %d %s", contentType, encoding, body, rec.Code, rec.Body)
				}
			}
		}
	}
}

func load(t testing.TB, st store.Store) {
	t.Helper()
	h := rest.NewRouter(sideseat.New(sideseat.Options{Store: st, Fidelity: rest.Observed}))
	for _, r := range recordings(t, "testdata/recordings.jsonl") {
		if r.Name < "040" {
			if rec := r.send(h); rec.Code != http.StatusOK {
				t.Fatalf("%s: %d %s", r.Name, rec.Code, rec.Body)
			}
		}
	}
}

// broken is a store that does not answer.
type broken struct {
	store.Store
	err error
}

func (b broken) ListWorkspaces(context.Context) ([]string, error) { return nil, b.err }
func (b broken) Each(context.Context, string, query.Spans, func(*span.Span) bool) error {
	return b.err
}
func (b broken) Spans(context.Context, string, query.Spans) (query.SpanPage, error) {
	return query.SpanPage{}, b.err
}
func (b broken) Traces(context.Context, string, query.Traces) (query.TracePage, error) {
	return query.TracePage{}, b.err
}
func (b broken) Trace(context.Context, string, span.TraceID) ([]*span.Span, error) {
	return nil, b.err
}
func (b broken) Count(context.Context, string, query.Count) (int, error) { return 0, b.err }

// TestStoreErrors: what the store says is not shown, but for its own state.
func TestStoreErrors(t *testing.T) {
	for err, want := range map[error]int{errors.New("disk /secret"): 500, query.ErrCorrupt: 500, query.ErrClosed: 503, query.ErrInvalid: 400} {
		h := rest.NewRouter(sideseat.New(sideseat.Options{Store: broken{err: err}}))
		for _, path := range []string{
			"/traces", "/traces/aa", "/traces/aa/messages", "/traces/filter-options", "/spans", "/sessions", "/sessions/x", "/feed/spans", "/sse",
			"/stats?from_timestamp=2025-01-01&to_timestamp=2025-01-02", "/traces?order_by=total_cost", "/spans?order_by=span_name",
		} {
			rec := get(h, "/api/v1/project/default/otel"+path)
			if rec.Code != want || strings.Contains(rec.Body.String(), "secret") {
				t.Errorf("%v: %s: %d %s", err, path, rec.Code, rec.Body)
			}
		}
	}
}
