package apiserver

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/fixtures"
)

// hostile makes requests that nobody should send.
type hostile struct{ *rand.Rand }

var texts = []string{
	"", "0", "-1", "1", "99999999999999999999", "1e308", "-9223372036854775808", "0.5", "NaN", "null", "true", "2024-01-01T00:00:00Z",
	"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2024-01-01", "1718802000", "0123456789abcdef0123456789abcdef", "\x00", "\xff\xfe",
	"é\u202e", "a b", "'\"", "../../etc/passwd", "%", "%zz", "{}", "[]", `{"$and":[{"$regex":["x","(a{0,900}){10}"]}]}`, "start_time:desc",
	strings.Repeat("x", 5000), "service.name", "default", "(a+)+$", "100ms", "-5s", "attributes['", "asc", "Duration", "EQ", "IN", "trace", "span",
	`[{"key":"duration_ms","op":"gt","value":-1e308}]`, `[{"type":"number","column":"total_cost","operator":">=","value":1e308}]`, "application/json",
	"gzip", "zstd, gzip", "Bearer ", "Basic Og==",
}

var keys = []string{
	"pipeline", "type", "query", "$and", "$or", "$not", "$eq", "$regex", "filter", "filters", "key", "op", "operator", "value", "column",
	"serviceName", "from", "to", "attributes", "page", "perPage", "order", "start_time", "end_time", "limit", "service_name", "trace_ids",
	"startTime", "endTime", "tracingProjectFqn", "pageToken", "sortDirection", "name", "source", "refresh_token", "resourceSpans", "scopeSpans",
	"spans", "traceId", "spanId", "resource", "kvlistValue", "arrayValue", "values", "spanFieldName", "spanAttributeKey", "gatewayRequestMetadataKey",
}

var parameters = []string{
	"region", "start", "end", "limit", "mode", "order", "direction", "minDuration", "maxDuration", "span_limit", "time_resolution_sec", "buckets",
	"page", "order_by", "from_timestamp", "to_timestamp", "filters", "include_nongenai", "environment", "session_id", "include_raw_span",
	"user_id", "environment[]", "cursor", "trace_id", "status_code", "observation_type", "role", "query_source",
}

// good are bodies that some route takes; hostile ones are made of them, too.
var good = []string{
	`{"pipeline":[{"type":"filter","query":{"$and":[{"$eq":["service.name","checkout"]},{"$gte":["Duration","1000"]}]}},{"type":"parse","parser":"json","labels":{"a":"b"}},{"type":"aggregate","aggregates":[{"function":{"$quantile":[0.9,"Duration"]},"as":"q"}],"groupby":{"ServiceName":"s"}}]}`,
	`{"pipeline":[{"type":"transform","transforms":[{"function":{"$split":["SpanName"," ",1]},"as":"x"}]},{"type":"window_aggregate","function":{"$count":[]},"as":"n","window":["5","minutes"]}]}`,
	`{"name":"n","pipeline":[],"mode":"span","shared":false,"query_source":"manual"}`,
	`{"refresh_token":"a.b.c"}`,
	`{"serviceName":"checkout","serviceNamespace":"shop","from":0,"to":9000000000,"attributes":[{"key":"http.route","value":"/","operator":"STARTS_WITH","type":"string"}],"order":{"column":"LATENCY","direction":null},"page":2,"perPage":3}`,
	`{"tracingProjectFqn":"default","startTime":"2024-01-01T00:00:00Z","filters":[{"spanFieldName":"durationInMs","operator":"BETWEEN","value":[1,2]},{"spanAttributeKey":"a","operator":"IN","value":["x"]},{"gatewayRequestMetadataKey":"k","operator":"EQUAL","value":"v"}],"limit":5,"includeFeedbacks":true,"pageToken":null}`,
	`{"start_time":"2024-01-01T00:00:00Z","end_time":"2027-01-01T00:00:00Z","service_name":"checkout","span_name":"x","limit":3}`,
	`{"trace_ids":["0123456789abcdef0123456789abcdef"]}`,
	`{"resourceSpans":[{"resource":{"attributes":[{"key":"alerty.organizationId","value":{"stringValue":"a"}}]},"scopeSpans":[{"scope":{"name":"s"},"spans":[{"traceId":"0123456789abcdef0123456789abcdef","spanId":"0123456789abcdef","kind":2,"startTimeUnixNano":"1","attributes":[{"key":"k","value":{"kvlistValue":{"values":[{"key":"x","value":{"doubleValue":"NaN"}}]}}}],"events":[{"name":"e"}],"links":[{"traceId":"0123456789abcdef0123456789abcdef","spanId":"0123456789abcdef"}]}]}]}]}`,
}

func (h hostile) text() string { return texts[h.IntN(len(texts))] }

// value is JSON of random form, now and then one that nests too deep or
// breaks off.
func (h hostile) value(depth int) string {
	switch n := h.IntN(12); {
	case depth > 4 || n < 3:
		return fmt.Sprintf("%q", h.text())
	case n < 5:
		return []string{"0", "-1", "1e999", "18446744073709551616", "0.5", "true", "null", "100"}[h.IntN(8)]
	case n < 7:
		return "[" + h.value(depth+1) + "," + h.value(depth+1) + "]"
	case n == 7 && depth > 2:
		return strings.Repeat("[", 200)
	}
	var members []string
	for range h.IntN(5) {
		members = append(members, fmt.Sprintf("%q:%s", keys[h.IntN(len(keys))], h.value(depth+1)))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// spoilt is a good body with one place of it replaced.
func (h hostile) spoilt() string {
	var tree any
	if err := json.Unmarshal([]byte(good[h.IntN(len(good))]), &tree); err != nil {
		panic(err)
	}
	b, err := json.Marshal(h.spoil(tree, 0))
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (h hostile) spoil(tree any, depth int) any {
	if depth > 0 && h.IntN(3) == 0 {
		var v any
		if json.Unmarshal([]byte(h.value(2)), &v) != nil {
			return h.text()
		}
		return v
	}
	switch tree := tree.(type) {
	case map[string]any:
		for key := range tree { // one of them, whichever comes first
			if h.IntN(len(tree)) == 0 {
				tree[key] = h.spoil(tree[key], depth+1)
			}
		}
	case []any:
		if len(tree) > 0 {
			i := h.IntN(len(tree))
			tree[i] = h.spoil(tree[i], depth+1)
		}
	}
	return tree
}

func (h hostile) body() []byte {
	var b []byte
	switch h.IntN(5) {
	case 0:
		b = []byte(h.value(0))
	case 1:
		b = []byte(h.text())
	case 2: // protobuf, or nearly
		b, _ = otlp.JSONToProto(nil, []byte(good[len(good)-1]))
	default:
		b = []byte(h.spoilt())
	}
	for range h.IntN(4) * h.IntN(2) {
		if len(b) > 0 {
			b[h.IntN(len(b))] = byte(h.Uint32())
		}
	}
	if h.IntN(20) == 0 {
		b = b[:h.IntN(len(b)+1)]
	}
	return b
}

var variable = regexp.MustCompile(`\{[^}]*\}`)

// path fills in a route's variables.
func (h hostile) path(template string) string {
	return variable.ReplaceAllStringFunc(template, func(string) string {
		if h.IntN(2) == 0 {
			return "default"
		}
		return url.PathEscape(strings.ReplaceAll(h.text()+"x", "/", "_"))
	})
}

func (h hostile) parameters() string {
	q := url.Values{}
	for range h.IntN(6) {
		q.Add(parameters[h.IntN(len(parameters))], h.text())
	}
	if h.IntN(4) > 0 {
		q.Set("region", "us-east-1")
		q.Set("start", "1718802000")
		q.Set("end", "1718888400")
	}
	if h.IntN(4) == 0 {
		q.Set("time_resolution_sec", "3600")
		q.Set("buckets", "20")
	}
	raw := q.Encode()
	if h.IntN(20) == 0 {
		raw += "&%zz=%&;=\xff"
	}
	return raw
}

func (h hostile) request(method, template string) *http.Request {
	path := h.path(template)
	body := h.body()
	header := http.Header{}
	for name, value := range map[string]string{
		"X-Api-Key": "key", "X-LAST9-API-TOKEN": "Bearer token", "Content-Type": "application/json",
	} {
		if h.IntN(8) > 0 {
			header.Set(name, value)
		}
	}
	if strings.HasSuffix(template, "v1/traces") && h.IntN(3) == 0 {
		header.Set("Content-Type", "application/x-protobuf")
	}
	if !strings.Contains(path, "/otel") || h.IntN(2) == 0 {
		header.Set("Authorization", "Bearer token")
	}
	if h.IntN(10) == 0 {
		header.Set("Content-Encoding", "gzip")
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write(bytes.Repeat(body, 1+h.IntN(50)))
		_ = z.Close()
		body = packed.Bytes()
	}
	if h.IntN(10) == 0 {
		names := []string{"Content-Type", "Content-Encoding", "Authorization", "X-Api-Key", "X-Request-Id", "X-LAST9-API-TOKEN",
			"Cookie", "Mackerel-Api-Key", "X-Alerty-OrganizationId", "TFY-Tracing-Project", "If-None-Match", "Range"}
		header.Set(names[h.IntN(len(names))], h.text())
	}
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	r.URL.RawQuery = h.parameters()
	r.Header = header
	return r
}

// hostilePerRoute is how many requests each route gets in each fidelity: few
// in short runs, and SPANSTEAD_HOSTILE where that is set.
func hostilePerRoute(t *testing.T) int {
	if text := os.Getenv("SPANSTEAD_HOSTILE"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if testing.Short() {
		return 50
	}
	return 400
}

// TestHostileRequests sends every route requests that nobody should send: none
// is answered with a fault of ours, none takes long, and every one is answered
// over a connection, too.
func TestHostileRequests(t *testing.T) {
	const seed = 1
	each := hostilePerRoute(t)
	for _, fidelity := range []Fidelity{Documented, Observed} {
		st := storetest.New(t)
		s := New(Options{Store: st, Fidelity: fidelity, MaxIngest: 1 << 20})
		fill(t, st)
		web := httptest.NewServer(s.Handler())
		err := s.router.Walk(func(route *mux.Route, _ *mux.Router, _ []*mux.Route) error {
			template, err := route.GetPathTemplate()
			if err != nil {
				return err
			}
			methods, err := route.GetMethods()
			if err != nil {
				return err
			}
			h := hostile{rand.New(rand.NewPCG(seed, 0))}
			for i := range each {
				place := fmt.Sprintf("seed %d, request %d of fidelity %v", seed, i, fidelity)
				r := h.request(methods[0], template)
				if i%100 == 0 && !strings.HasSuffix(template, "/sse") {
					overConnection(t, web.Listener.Addr().String(), r, place)
					continue
				}
				send(t, s, r, strings.HasSuffix(template, "/sse"), place)
			}
			return nil
		})
		web.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// fill gives the store something to be asked for.
func fill(t *testing.T, st store.Writer) {
	t.Helper()
	for _, name := range []string{"shop", "agents"} {
		scenario, err := fixtures.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		spans := fixtures.New(scenario, fixtures.Options{Start: time.Unix(1718802000, 0), Spans: 150}).All()
		if _, err := st.Append(t.Context(), store.DefaultWorkspace, otlp.AppendRequest(nil, spans)); err != nil {
			t.Fatal(err)
		}
	}
}

// send calls the handler. A stream's client is gone from the start. What takes
// more than a second is tried again, since the machine may have had other
// things to do.
func send(t *testing.T, s *Server, r *http.Request, stream bool, place string) {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	var rec *httptest.ResponseRecorder
	took := time.Hour
	for try := 0; try < 3 && took > time.Second; try++ {
		r.Body = io.NopCloser(bytes.NewReader(body))
		in := r
		if stream {
			in = r.WithContext(gone{t.Context()})
		}
		rec = httptest.NewRecorder()
		began := time.Now()
		s.Handler().ServeHTTP(rec, in)
		took = time.Since(began)
	}
	if faulty(rec.Code, rec.Body.String()) || took > time.Second {
		t.Errorf("%s %s: %d after %v: %.300s (%s)\n%.2000q", r.Method, r.URL, rec.Code, took, rec.Body, place, body)
	}
}

// faulty reports whether an answer is a fault of ours. SideSeat's own fault,
// which is reproduced where its service is, is none.
func faulty(status int, body string) bool {
	return status >= 500 && !strings.Contains(body, "Database operation failed")
}

// overConnection writes a request with all that net/http's client would not
// send, and wants an answer.
func overConnection(t *testing.T, addr string, r *http.Request, place string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s?%s HTTP/1.1\r\nHost: spanstead.test\r\nConnection: close\r\nContent-Length: %d\r\n", r.Method, r.URL.EscapedPath(), r.URL.RawQuery, len(body))
	for name, values := range r.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", name, values[0])
	}
	b.WriteString("\r\n")
	b.Write(body)
	if _, err := conn.Write(b.Bytes()); err != nil {
		t.Fatalf("%s %s: %v (%s)", r.Method, r.URL, err, place)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		t.Errorf("%s %s: no answer: %v (%s)", r.Method, r.URL, err, place)
		return
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil || faulty(res.StatusCode, string(answer)) {
		t.Errorf("%s %s: %d, %v: %.300s (%s)", r.Method, r.URL, res.StatusCode, err, answer, place)
	}
}

// gone is the context of a client that has left.
type gone struct{ context.Context }

// Err says so.
func (gone) Err() error { return context.Canceled }

// Done is closed.
func (gone) Done() <-chan struct{} { return closed }

var closed = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
