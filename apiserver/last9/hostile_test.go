package last9_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/last9"
)

// endpoints are all that the adapter serves, with their variables filled in.
func endpoints(a *last9.Adapter) []rest.Route {
	routes := a.Routes()
	for i := range routes {
		routes[i].Path = strings.NewReplacer(
			"{org}", "acme", "{traceID}", "0af7651916cd43dd8448eb211c80319c", "{tagName:.+}", "service.name", "{id}", "none",
		).Replace(routes[i].Path)
	}
	return routes
}

var (
	hostileTexts = []string{
		"", "0", "1", "-1", "1.5", "1e9", "99999999999999999999", "9223372036854775807", "NaN", "true", "null", "\x00", "\xff\xfe",
		"é\u202e", strings.Repeat("a", 5000), "'", "\"", "%", "../..", "asc", "span", "2", "100ms", "-5s", "1727083606", "$eq",
		"(a+)+$", "(?:a{0,999}){9}", "attributes['", "resource.", "Duration", "Timestamp", "SpanKind", "events['k']",
	}
	hostileKeys = []string{
		"type", "query", "pipeline", "$and", "$or", "$not", "$eq", "$gt", "$regex", "$containsWords", "labels", "parser", "pattern", "as",
		"function", "aggregates", "groupby", "window", "transforms", "name", "mode", "shared", "query_source", "refresh_token", "field", "$count", "$quantile", "$split",
	}
	hostileWords = []any{
		"filter", "where", "parse", "select", "transform", "aggregate", "window_aggregate", "json", "logfmt", "regexp", "span", "trace", "manual", "minutes",
		nil, true, 0, -1, 1e300, 0.5, json.Number("123456789012345678901234567890"),
	}
)

func hostileValue(r *rand.Rand, depth int) any {
	switch n := r.IntN(8); {
	case depth > 0 && n < 3:
		m := map[string]any{}
		for range r.IntN(5) {
			m[pick(r, hostileKeys)] = hostileValue(r, depth-1)
		}
		return m
	case depth > 0 && n < 5:
		list := []any{}
		for range r.IntN(4) {
			list = append(list, hostileValue(r, depth-1))
		}
		return list
	case n == 7:
		return pick(r, hostileTexts)
	}
	return pick(r, hostileWords)
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// hostileBody is mostly JSON of the grammar's words in the wrong places.
func hostileBody(r *rand.Rand) string {
	switch r.IntN(12) {
	case 0:
		return strings.Repeat(pick(r, []string{"[", `{"a":`, `{"$not":`}), r.IntN(3000))
	case 1:
		return pick(r, hostileTexts)
	case 2:
		return `{"pipeline":` + strings.Repeat(`[{"type":"filter","query":{"$and":`, 10) + "]"
	}
	v := hostileValue(r, 5)
	if r.IntN(3) > 0 {
		v = map[string]any{"pipeline": []any{map[string]any{"type": pick(r, hostileWords[:7]), "query": v, "labels": hostileValue(r, 2), "parser": pick(r, hostileWords[7:10])}}}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "{}"
	}
	if r.IntN(10) == 0 {
		b[r.IntN(len(b))] = byte(r.Uint32())
	}
	return string(b)
}

func hostileQuery(r *rand.Rand) string {
	q := url.Values{"region": {"r"}, "start": {"1727080000"}, "end": {"1727090000"}, "time_resolution_sec": {"60"}, "buckets": {"20"}}
	for range r.IntN(3) {
		q.Set(pick(r, []string{"region", "start", "end", "limit", "order", "direction", "mode", "span_limit", "minDuration", "maxDuration",
			"time_resolution_sec", "buckets", "query_source"}), pick(r, hostileTexts))
	}
	return q.Encode()
}

// No request gets an answer that is the server's fault, or takes long.
func TestHostileRequests(t *testing.T) {
	const seed = 77
	r := rand.New(rand.NewPCG(seed, 0))
	for _, fidelity := range []rest.Fidelity{rest.Documented, rest.Observed} {
		st := storetest.New(t)
		a := last9.New(last9.Options{Store: st, Fidelity: fidelity, Now: func() time.Time { return now }})
		s := &server{TB: t, store: st, handler: rest.NewRouter(a)}
		s.append(randomSpans(r, 20))
		for _, e := range endpoints(a) {
			for range 700 {
				body, target := hostileBody(r), e.Path+"?"+hostileQuery(r)
				token := "Bearer t0ken"
				if r.IntN(20) == 0 {
					token = pick(r, []string{"", "Bearer", "Bearer a.b.c", "Bearer \x01", "Basic x", "Bearer eyJhbGciOiJub25lIn0.bnVsbA.", "bearer x"})
				}
				rec, took := timed(func() *httptest.ResponseRecorder { return hostile(s.handler, e.Method, target, body, token) })
				if rec.Code >= 500 || took > time.Second || !json.Valid(rec.Body.Bytes()) {
					t.Fatalf("seed %d: %s %s: %d after %v: %q\n%.300s", seed, e.Method, target, rec.Code, took, body, rec.Body)
				}
			}
		}
	}
}

// timed says how long a request takes: the least of three, if the first takes
// long, since the machine may have had other things to do.
func timed(send func() *httptest.ResponseRecorder) (rec *httptest.ResponseRecorder, took time.Duration) {
	for range 3 {
		began := time.Now()
		rec = send()
		if d := time.Since(began); took == 0 || d < took {
			took = d
		}
		if took <= time.Second {
			break
		}
	}
	return rec, took
}

func hostile(h http.Handler, method, target, body, token string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	req.Header.Set("X-LAST9-API-TOKEN", token)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

// Expensive questions within the bounds are answered soon all the same.
func TestExpensiveRequestsEndSoon(t *testing.T) {
	s := newServer(t)
	spans := randomSpans(rand.New(rand.NewPCG(5, 0)), 20)
	spans[0].Name = strings.Repeat("a", 30_000)
	s.append(spans)
	for name, stages := range map[string]string{
		"regex":   `{"type":"filter","query":{"$regex":["SpanName","(a?){30}a{30}b"]}}`,
		"words":   `{"type":"filter","query":{"$containsWords":["SpanName","` + strings.Repeat("w ", 64) + `"]}}`,
		"many or": `{"type":"filter","query":{"$or":[` + strings.Repeat(`{"$eq":["a","b"]},`, 5000) + `{"$eq":["a","c"]}]}}`,
		"json":    `{"type":"parse","parser":"json","field":"SpanName"},{"type":"transform","transforms":[{"function":{"$split":["SpanName","a",1]},"as":"x"}]}`,
	} {
		rec, took := timed(func() *httptest.ResponseRecorder {
			return s.send(http.MethodPost, org+queryRange+"?region=r&start=1&end=9000000000", `{"pipeline":[`+stages+`]}`)
		})
		if rec.Code != 200 || took > time.Second {
			t.Errorf("%s: %d after %v: %.200s", name, rec.Code, took, rec.Body)
		}
	}
	rec := s.send(http.MethodPost, org+queryRange+"?region=r&start=1&end=2", strings.Repeat(" ", 2<<20))
	if rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body of 2 MiB: %d", rec.Code)
	}
}

func FuzzRequest(f *testing.F) {
	for i, body := range []string{
		`{"pipeline":[{"type":"filter","query":{"$and":[{"$eq":["service.name","api-gateway"]}]}}]}`,
		`{"name":"Error Traces","pipeline":[],"mode":"trace","shared":false}`, `{"refresh_token":"a.b.c"}`, `{}`, ``,
		`{"pipeline":[{"type":"parse","parser":"logfmt"},{"type":"aggregate","aggregates":[{"function":{"$count":[]},"as":"n"}]}]}`,
	} {
		f.Add(uint8(i), "region=r&start=1&end=9000000000&limit=5&order=asc&mode=trace&minDuration=1ms", body, "Bearer t0ken")
	}
	st := storetest.New(f)
	a := last9.New(last9.Options{Store: st, Now: func() time.Time { return now }})
	s := &server{TB: f, store: st, handler: rest.NewRouter(a)}
	s.append(randomSpans(rand.New(rand.NewPCG(6, 0)), 10))
	list := endpoints(a)
	f.Fuzz(func(t *testing.T, endpoint uint8, rawQuery, body, token string) {
		e := list[int(endpoint)%len(list)]
		req := httptest.NewRequest(e.Method, e.Path, strings.NewReader(body))
		req.URL.RawQuery = rawQuery
		req.Header.Set("X-LAST9-API-TOKEN", token)
		rec := httptest.NewRecorder()
		s.handler.ServeHTTP(rec, req)
		configMissing := rec.Code == 500 && strings.Contains(token+body, "no-otlp-config")
		if rec.Code >= 500 && !configMissing || !json.Valid(rec.Body.Bytes()) {
			t.Errorf("%s %s?%s: %d: %s", e.Method, e.Path, rawQuery, rec.Code, rec.Body)
		}
	})
}

// Every error of a store comes out in the vendor's shape, and says nothing of
// what went wrong within.
func TestStoreErrors(t *testing.T) {
	for _, c := range storeErrors {
		a := last9.New(last9.Options{Store: broken{err: c.err}, Now: func() time.Time { return now }})
		for _, e := range endpoints(a) {
			if strings.Contains(e.Path, "oauth") || strings.Contains(e.Path, "datasources") {
				continue // they do not ask the store
			}
			body := `{"name":"n","pipeline":[],"mode":"span"}`
			rec := hostile(rest.NewRouter(a), e.Method, e.Path+"?region=r&start=1&end=2&time_resolution_sec=1&buckets=1", body, "Bearer t")
			if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.message) || strings.Contains(rec.Body.String(), "secret") {
				t.Errorf("%v: %s %s: %d %s", c.err, e.Method, e.Path, rec.Code, rec.Body)
			}
		}
	}
}
