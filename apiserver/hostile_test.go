package apiserver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/spanstead/spanstead/apiserver/internal/storetest"
)

// hostile makes requests that nobody should send.
type hostile struct{ *rand.Rand }

var texts = []string{
	"", "0", "-1", "1", "99999999999999999999", "1e308", "-9223372036854775808", "0.5", "NaN", "null", "true",
	"2024-01-01T00:00:00Z", "1718802000", "0123456789abcdef0123456789abcdef", "\x00", "\xff\xfe", "é\u202e", "a b", "'\"", "../../etc/passwd",
	"%", "{}", "[]", `{"$and":[{"$regex":["x","(a{0,900}){10}"]}]}`, "start_time:desc", strings.Repeat("x", 5000), "service.name", "default",
}

var keys = []string{
	"pipeline", "type", "query", "$and", "$or", "$not", "$eq", "$regex", "filter", "filters", "key", "op", "operator", "value", "column",
	"serviceName", "from", "to", "attributes", "page", "perPage", "order", "start_time", "end_time", "limit", "service_name", "trace_ids",
	"startTime", "endTime", "tracingProjectFqn", "pageToken", "sortDirection", "name", "source", "refresh_token",
}

var parameters = []string{
	"region", "start", "end", "limit", "mode", "order", "direction", "minDuration", "maxDuration", "span_limit", "time_resolution_sec", "buckets",
	"page", "order_by", "from_timestamp", "to_timestamp", "filters", "include_nongenai", "environment", "session_id", "include_raw_span",
}

func (h hostile) text() string { return texts[h.IntN(len(texts))] }

// json is a value of random form, now and then one that nests too deep or
// breaks off.
func (h hostile) json(depth int) string {
	switch n := h.IntN(12); {
	case depth > 4 || n < 3:
		return fmt.Sprintf("%q", h.text())
	case n < 5:
		return []string{"0", "-1", "1e999", "18446744073709551616", "0.5", "true", "null", "100"}[h.IntN(8)]
	case n < 7:
		return "[" + h.json(depth+1) + "," + h.json(depth+1) + "]"
	case n == 7 && depth > 2:
		return strings.Repeat("[", 200)
	}
	var members []string
	for range h.IntN(5) {
		members = append(members, fmt.Sprintf("%q:%s", keys[h.IntN(len(keys))], h.json(depth+1)))
	}
	return "{" + strings.Join(members, ",") + "}"
}

var variable = regexp.MustCompile(`\{[^}]*\}`)

func (h hostile) request(method, template string) *http.Request {
	path := variable.ReplaceAllStringFunc(template, func(string) string {
		if h.IntN(2) == 0 {
			return "default"
		}
		return url.PathEscape(strings.ReplaceAll(h.text()+"x", "/", "_"))
	})
	q := url.Values{}
	for range h.IntN(6) {
		q.Add(parameters[h.IntN(len(parameters))], h.text())
	}
	if h.IntN(4) > 0 {
		q.Set("region", "us-east-1")
		q.Set("start", "1718802000")
		q.Set("end", "1718888400")
	}
	r := httptest.NewRequest(method, path+"?"+q.Encode(), strings.NewReader(h.json(0)))
	for name, value := range map[string]string{
		"X-Api-Key": "key", "X-LAST9-API-TOKEN": "Bearer token", "Content-Type": "application/json",
	} {
		if h.IntN(8) > 0 {
			r.Header.Set(name, value)
		}
	}
	if !strings.Contains(path, "/otel") || h.IntN(2) == 0 {
		r.Header.Set("Authorization", "Bearer token")
	}
	if h.IntN(10) == 0 {
		r.Header.Set([]string{"Content-Type", "Content-Encoding", "Authorization"}[h.IntN(3)], h.text())
	}
	return r
}

// TestHostileRequests sends every route requests that nobody should send: none
// is answered with a fault of ours, and none takes long.
func TestHostileRequests(t *testing.T) {
	const seed, each = 1, 300
	for _, fidelity := range []Fidelity{Documented, Observed} {
		s := New(Options{Store: storetest.New(t), Fidelity: fidelity})
		err := s.router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
			template, err := route.GetPathTemplate()
			if err != nil {
				return err
			}
			methods, err := route.GetMethods()
			if err != nil || strings.HasSuffix(template, "/sse") { // has no end
				return err
			}
			h := hostile{rand.New(rand.NewPCG(seed, 0))}
			for i := range each {
				h.send(t, s, methods[0], template, fmt.Sprintf("seed %d, request %d of fidelity %v", seed, i, fidelity))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (h hostile) send(t *testing.T, s *Server, method, template, place string) {
	t.Helper()
	r := h.request(method, template)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	rec := httptest.NewRecorder()
	s.Handler().ServeHTTP(rec, r.WithContext(ctx))
	if rec.Code >= 500 || ctx.Err() != nil {
		t.Errorf("%s %s: %d %.300s (%v; %s)", method, r.URL, rec.Code, rec.Body, ctx.Err(), place)
	}
}
