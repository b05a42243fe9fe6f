package control_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver"
	"github.com/spanstead/spanstead/apiserver/control"
	"github.com/spanstead/spanstead/apiserver/internal/openapitest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
)

// server holds every exchange to the control API's document.
type server struct {
	t   *testing.T
	api *apiserver.Server
	doc *openapitest.Document
}

func newServer(t *testing.T) *server {
	t.Helper()
	return &server{t, apiserver.New(apiserver.Options{Store: storetest.New(t)}), openapitest.Load(t, control.OpenAPI)}
}

// do makes a request below the prefix, or anywhere for a path that begins with "/".
func (s *server) do(method, path, body string, header ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	own := !strings.HasPrefix(path, "/")
	if own {
		path = control.Prefix + path
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	s.api.Handler().ServeHTTP(rec, r)
	if own && rec.Code != http.StatusForbidden {
		s.doc.Check(s.t, r, []byte(body), rec)
	}
	return rec
}

// must makes a request and reads the answer of the wanted status.
func (s *server) must(status int, method, path, body string, header ...string) map[string]any {
	s.t.Helper()
	rec := s.do(method, path, body, header...)
	if rec.Code != status {
		s.t.Fatalf("%s %s %s: %d %s, want %d", method, path, body, rec.Code, rec.Body, status)
	}
	if rec.Body.Len() == 0 {
		return nil
	}
	var v map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &v); err != nil {
		s.t.Fatalf("%s: %v", rec.Body, err)
	}
	return v
}

// oneSpan is a request with one span of a service.
func oneSpan(id int, service string) string {
	return fmt.Sprintf(`{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":%q}}]},`+
		`"scopeSpans":[{"spans":[{"traceId":"%032x","spanId":"%016x","name":"op","startTimeUnixNano":"1000000000","endTimeUnixNano":"2000000000"}]}]}]}`, service, id, id)
}

const listWeb = `{"serviceName":"web","from":0,"to":10}`

// list is the number of traces that Mackerel shows to a key.
func (s *server) list(key string) int {
	s.t.Helper()
	return len(s.must(200, "POST", "/api/v0/traces", listWeb, "X-Api-Key", key)["results"].([]any))
}

func (s *server) send(workspace string, id int) {
	s.t.Helper()
	s.must(200, "POST", "/v1/traces", oneSpan(id, "web"), "X-Spanstead-Workspace", workspace)
}

func TestEveryRouteIsInTheDocument(t *testing.T) {
	s := newServer(t)
	doc := s.must(200, "GET", "openapi/control.json", "")
	described := map[string]bool{}
	for path, item := range doc["paths"].(map[string]any) {
		for method := range item.(map[string]any) {
			if method != "parameters" {
				described[strings.ToUpper(method)+" "+path] = true
			}
		}
	}
	served := map[string]bool{}
	for _, r := range control.New(control.Options{Double: s.api.Double()}).Routes() {
		served[r.Method+" "+r.Path] = true
	}
	if diff := cmp.Diff(served, described); diff != "" {
		t.Errorf("(-served +described):\n%s", diff)
	}
}

func TestWorkspaces(t *testing.T) {
	s := newServer(t)
	s.api.Double().SetGRPC("127.0.0.1:4317")
	w := s.must(201, "POST", "workspaces", `{"name":"t1"}`)
	vendors := w["vendors"].(map[string]any)
	want := map[string]any{
		"last9": map[string]any{"baseUrl": "http://example.com/api/v4/organizations/t1", "headers": map[string]any{"X-LAST9-API-TOKEN": "Bearer t1"},
			"params": map[string]any{"organization": "t1", "region": "us-east-1", "refreshToken": "t1"}},
		"mackerel": map[string]any{"baseUrl": "http://example.com", "headers": map[string]any{"X-Api-Key": "t1"}, "params": map[string]any{"apiKey": "t1"}},
		"sideseat": map[string]any{"baseUrl": "http://example.com/api/v1/project/t1/otel", "headers": map[string]any{}, "params": map[string]any{"project": "t1"}},
		"truefoundry": map[string]any{"baseUrl": "http://example.com", "headers": map[string]any{"Authorization": "Bearer t1"},
			"params": map[string]any{"token": "t1", "tracingProjectFqn": "t1"}},
		"lumos": map[string]any{"baseUrl": "http://example.com", "headers": map[string]any{"Authorization": "Bearer t1"}, "params": map[string]any{"token": "t1"}},
	}
	if diff := cmp.Diff(want, vendors); diff != "" {
		t.Errorf("vendors (-want +got):\n%s", diff)
	}
	headers := map[string]any{"X-Spanstead-Workspace": "t1"}
	wantOTLP := map[string]any{
		"http": map[string]any{"endpoint": "http://example.com", "url": "http://example.com/v1/traces", "headers": headers},
		"grpc": map[string]any{"endpoint": "http://127.0.0.1:4317", "headers": headers},
	}
	if diff := cmp.Diff(any(wantOTLP), w["otlp"]); diff != "" {
		t.Errorf("OTLP (-want +got):\n%s", diff)
	}
	s.send("t1", 1)
	if s.list("t1") != 1 || s.list("other") != 0 {
		t.Error("the span went elsewhere")
	}
	if got := s.must(200, "GET", "workspaces/t1", ""); got["spans"] != 1.0 {
		t.Errorf("%v", got)
	}
	if all := s.must(200, "GET", "workspaces", "")["workspaces"].([]any); len(all) != 2 {
		t.Errorf("%v", all)
	}
	made := s.must(201, "POST", "workspaces", "")["name"].(string)
	if !regexp.MustCompile("^t-[0-9a-f]{16}$").MatchString(made) {
		t.Errorf("made up %q", made)
	}
	s.must(409, "POST", "workspaces", `{"name":"t1"}`)
	s.must(204, "DELETE", "workspaces/t1", "")
	s.must(404, "DELETE", "workspaces/t1", "")
	s.must(404, "GET", "workspaces/t1", "")
	if s.list("t1") != 0 {
		t.Error("a deleted workspace is still there")
	}
	for _, name := range []string{"a b", "é", strings.Repeat("x", 65), "expired", "forbidden", "a/b"} {
		s.must(400, "POST", "workspaces", fmt.Sprintf(`{"name":%q}`, name))
	}
}

func TestResetOfEverything(t *testing.T) {
	s := newServer(t)
	s.must(201, "POST", "workspaces", `{"name":"t1"}`)
	s.send("default", 1)
	s.send("t1", 2)
	s.must(201, "POST", "/api/v4/organizations/default/traces/searches", savedSearch("mine"), "X-LAST9-API-TOKEN", "Bearer k")
	s.must(201, "POST", "faults", `{"then":{"status":500},"match":{"vendor":"lumos"}}`)
	s.must(200, "PUT", "clock", `{"mode":"frozen","time":"2026-01-01T00:00:00Z"}`)
	s.must(204, "POST", "reset", "")
	s.must(404, "GET", "workspaces/t1", "")
	if n := len(s.must(200, "GET", "requests", "")["requests"].([]any)); n != 0 {
		t.Errorf("%d requests", n)
	}
	if n := len(s.must(200, "GET", "faults", "")["faults"].([]any)); n != 0 {
		t.Errorf("%d faults", n)
	}
	if mode := s.must(200, "GET", "clock", "")["mode"]; mode != "real" {
		t.Errorf("clock %v", mode)
	}
	if s.list("default") != 0 {
		t.Error("spans are left")
	}
	searches := s.must(200, "GET", "/api/v4/organizations/default/traces/searches", "", "X-LAST9-API-TOKEN", "Bearer k")
	if n := len(searches["data"].([]any)); n != 0 {
		t.Errorf("%d saved searches", n)
	}
}

func TestResetOfOneWorkspace(t *testing.T) {
	s := newServer(t)
	for _, name := range []string{"a", "b"} {
		s.must(201, "POST", "workspaces", fmt.Sprintf(`{"name":%q}`, name))
		s.send(name, 1)
		s.must(201, "POST", "faults", fmt.Sprintf(`{"name":"f","then":{"status":500},"match":{"vendor":"lumos","workspace":%q}}`, name))
		s.must(200, "PUT", "clock", fmt.Sprintf(`{"workspace":%q,"mode":"frozen","time":"2026-01-01T00:00:00Z"}`, name))
	}
	s.must(204, "POST", "reset", `{"workspace":"a"}`)
	for name, want := range map[string]int{"a": 0, "b": 1} {
		if n := len(s.must(200, "GET", "requests?workspace="+name, "")["requests"].([]any)); n != want {
			t.Errorf("%s: %d requests", name, n)
		}
		if n := len(s.must(200, "GET", "faults?workspace="+name, "")["faults"].([]any)); n != want {
			t.Errorf("%s: %d faults", name, n)
		}
		if own := s.must(200, "GET", "clock?workspace="+name, "")["own"]; own != (want == 1) {
			t.Errorf("%s: a clock of its own: %v", name, own)
		}
		if n := s.list(name); n != want {
			t.Errorf("%s: %d traces", name, n)
		}
	}
	s.must(404, "POST", "reset", `{"workspace":"nobody"}`)
}

func TestFixtures(t *testing.T) {
	s := newServer(t)
	if n := len(s.must(200, "GET", "fixtures", "")["scenarios"].([]any)); n < 4 {
		t.Errorf("%d scenarios", n)
	}
	s.must(201, "POST", "workspaces", `{"name":"t1"}`)
	got := s.must(200, "POST", "fixtures", `{"scenario":"shop","spans":300,"seed":7,"workspace":"t1","end":"2026-01-02T00:00:00Z"}`)
	if n := got["spans"].(float64); n < 200 || n > 500 || got["workspace"] != "t1" {
		t.Errorf("%v", got)
	}
	own := "services:\n  web:\n    operations:\n      home: {kind: server}\ntraffic: {entries: [{call: web.home}]}\n"
	body, err := json.Marshal(map[string]any{"yaml": own, "spans": 10, "start": "2026-01-01T00:00:00Z", "duration": "1h"})
	if err != nil {
		t.Fatal(err)
	}
	if n := s.must(200, "POST", "fixtures", string(body))["spans"]; n != 10.0 {
		t.Errorf("%v spans", n)
	}
	for _, body := range []string{
		"", "{}", `{"scenario":"none"}`, `{"scenario":"shop","yaml":"x"}`, `{"yaml":"services: 1"}`, `{"scenario":"shop","spans":-1}`,
		`{"scenario":"shop","spans":10000001}`, `{"scenario":"shop","duration":"-1h"}`, `{"scenario":"shop","colour":1}`,
	} {
		s.must(400, "POST", "fixtures", body)
	}
	s.must(404, "POST", "fixtures", `{"scenario":"shop","workspace":"nobody"}`)
}

func TestFixturesFromOTLP(t *testing.T) {
	s := newServer(t)
	if got := s.must(200, "POST", "fixtures/otlp", oneSpan(1, "web")+"\n"+oneSpan(2, "web")+"\n"); got["spans"] != 2.0 {
		t.Errorf("%v", got)
	}
	if got := s.must(200, "POST", "fixtures/otlp", `{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"no ids"}]}]}]}`); got["rejected"] != 1.0 || got["message"] == nil {
		t.Errorf("%v", got)
	}
	for _, body := range []string{oneSpan(3, "web") + "{", `{"resourceSpans":1}`, "\xff\xff\xff"} {
		s.must(400, "POST", "fixtures/otlp", body)
	}
	s.must(404, "POST", "fixtures/otlp?workspace=nobody", "{}")
	if n := s.list("default"); n != 2 {
		t.Errorf("%d traces", n)
	}
}

func TestSnapshots(t *testing.T) {
	s := newServer(t)
	s.must(201, "POST", "workspaces", `{"name":"t1"}`)
	s.send("t1", 1)
	s.must(201, "POST", "faults", `{"name":"f","then":{"status":500},"schedule":{"first":1},"match":{"vendor":"lumos"}}`)
	s.must(200, "PUT", "clock", `{"mode":"frozen","time":"2026-01-01T00:00:00Z"}`)
	save := func(name string) {
		s.must(201, "POST", "/api/v4/organizations/t1/traces/searches", savedSearch(name), "X-LAST9-API-TOKEN", "Bearer k")
	}
	save("kept")
	taken := s.must(201, "POST", "snapshots", `{"name":"base"}`)
	if taken["spans"] != 1.0 || taken["workspaces"] != 2.0 || taken["taken"] != "2026-01-01T00:00:00Z" {
		t.Errorf("%v", taken)
	}
	s.send("t1", 2)
	s.send("default", 3)
	save("lost")
	s.must(204, "DELETE", "faults", "")
	s.must(200, "POST", "clock/advance", `{"by":"1h"}`)
	s.must(201, "POST", "workspaces", `{"name":"t2"}`)
	s.must(200, "POST", "snapshots/base/restore", "")
	if n := len(s.must(200, "GET", "requests", "")["requests"].([]any)); n != 0 {
		t.Errorf("%d requests", n)
	}
	s.must(404, "GET", "workspaces/t2", "")
	if s.list("t1") != 1 || s.list("default") != 0 {
		t.Error("spans are not what they were")
	}
	searches := s.must(200, "GET", "/api/v4/organizations/t1/traces/searches", "", "X-LAST9-API-TOKEN", "Bearer k")
	if text := fmt.Sprint(searches); !strings.Contains(text, "kept") || strings.Contains(text, "lost") {
		t.Errorf("saved searches: %v", searches)
	}
	if c := s.must(200, "GET", "clock", ""); c["now"] != "2026-01-01T00:00:00Z" || c["mode"] != "frozen" {
		t.Errorf("clock %v", c)
	}
	if n := len(s.must(200, "GET", "faults", "")["faults"].([]any)); n != 1 {
		t.Errorf("%d faults", n)
	}
	made := s.must(201, "POST", "snapshots", "")["name"].(string)
	s.must(201, "POST", "snapshots", `{"name":"base","workspace":"t1"}`) // in its place
	if n := len(s.must(200, "GET", "snapshots", "")["snapshots"].([]any)); n != 2 {
		t.Errorf("%d snapshots", n)
	}
	s.must(204, "DELETE", "snapshots/"+made, "")
	s.must(404, "DELETE", "snapshots/"+made, "")
	s.must(404, "POST", "snapshots/"+made+"/restore", "")
	s.must(404, "POST", "snapshots", `{"workspace":"nobody"}`)
	s.must(400, "POST", "snapshots", `{"name":"a/b"}`)
}

func savedSearch(name string) string {
	return fmt.Sprintf(`{"name":%q,"pipeline":[{"type":"filter","query":{"$and":[{"$eq":["service.name","web"]}]}}],"mode":"span","shared":true}`, name)
}

func TestClock(t *testing.T) {
	s := newServer(t)
	s.must(201, "POST", "workspaces", `{"name":"t1"}`)
	c := s.must(200, "PUT", "clock", `{"workspace":"t1","mode":"frozen","time":"2026-01-01T00:00:00Z"}`)
	if c["now"] != "2026-01-01T00:00:00Z" || c["mode"] != "frozen" || c["own"] != true {
		t.Errorf("%v", c)
	}
	if c := s.must(200, "POST", "clock/advance", `{"workspace":"t1","by":"90s"}`); c["now"] != "2026-01-01T00:01:30Z" {
		t.Errorf("%v", c)
	}
	if c := s.must(200, "PUT", "clock", `{"workspace":"t1","mode":"frozen"}`); c["now"] != "2026-01-01T00:01:30Z" {
		t.Errorf("frozen where it is: %v", c)
	}
	if c := s.must(200, "GET", "clock", ""); c["mode"] != "real" || c["own"] != false {
		t.Errorf("the server's: %v", c)
	}
	if c := s.must(200, "PUT", "clock", `{"mode":"offset","offset":"-1h0m0s"}`); c["offset"] != "-1h0m0s" {
		t.Errorf("%v", c)
	}
	s.must(200, "PUT", "clock", `{"mode":"real"}`)
	for _, body := range []string{"", `{"mode":"late"}`, `{"mode":"real","time":"2026-01-01T00:00:00Z"}`, `{"mode":"frozen","offset":"1s"}`, `{"mode":"offset","offset":5}`, `{"mode":"offset","offset":"soon"}`} {
		s.must(400, "PUT", "clock", body)
	}
	s.must(400, "POST", "clock/advance", `{}`)
	for _, r := range [][3]string{{"PUT", "clock", `{"workspace":"nobody","mode":"real"}`}, {"POST", "clock/advance", `{"workspace":"nobody","by":"1s"}`}, {"GET", "clock?workspace=nobody", ""}} {
		s.must(404, r[0], r[1], r[2])
	}
}

// TestClockIsTheAdapters has a token expire because time passes.
func TestClockIsTheAdapters(t *testing.T) {
	s := newServer(t)
	token := s.must(200, "POST", "/api/v4/oauth/access_token", `{"refresh_token":"default"}`)["access_token"].(string)
	ask := func() int {
		return s.do("GET", "/api/v4/organizations/default/datasources", "", "X-LAST9-API-TOKEN", "Bearer "+token).Code
	}
	if code := ask(); code != 200 {
		t.Errorf("status %d", code)
	}
	s.must(200, "POST", "clock/advance", `{"by":"25h"}`)
	if code := ask(); code != 401 {
		t.Errorf("a day later: %d", code)
	}
}

func TestRequests(t *testing.T) {
	s := newServer(t)
	s.send("default", 1)
	s.list("secret-key")
	s.do("GET", "/api/v0/nothing", "", "X-Api-Key", "secret-key")
	s.do("GET", "/nothing?token=secret-key", "")
	all := s.must(200, "GET", "requests", "")
	if text := fmt.Sprint(all); strings.Contains(text, "secret-key") {
		t.Errorf("a key is shown: %s", text)
	}
	var got []string
	for _, r := range all["requests"].([]any) {
		r := r.(map[string]any)
		got = append(got, fmt.Sprintf("%v %v %v %v %v", r["vendor"], r["method"], r["path"], r["route"], r["status"]))
	}
	want := []string{" GET /nothing  404", "mackerel GET /api/v0/nothing  404", "mackerel POST /api/v0/traces /api/v0/traces 200", "otlp POST /v1/traces /v1/traces 200"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for query, want := range map[string]int{
		"vendor=mackerel": 2, "method=POST": 2, "path=/v1/*": 1, "route=/api/v0/traces": 1, "status=404": 2, "status=2xx": 2,
		"body=serviceName": 1, "workspace=default": 4, "workspace=other": 0, "after=2": 2, "limit=1": 1, "fault=*": 0,
	} {
		if n := len(s.must(200, "GET", "requests?"+query, "")["requests"].([]any)); n != want {
			t.Errorf("%s: %d requests, want %d", query, n, want)
		}
	}
	for match, want := range map[string]float64{
		`{}`: 4, `{"json":{"serviceName":"web"}}`: 1, `{"json":{"serviceName":"cart"}}`: 0, `{"status":404}`: 2, `{"status":"4xx"}`: 2,
		`{"headers":{"x-api-key":"*"}}`: 2, `{"query":{"token":"*"}}`: 1,
	} {
		if n := s.must(200, "POST", "requests/count", `{"match":`+match+`}`)["count"]; n != want {
			t.Errorf("%s: %v requests, want %v", match, n, want)
		}
		if n := len(s.must(200, "POST", "requests/find", `{"match":`+match+`}`)["requests"].([]any)); float64(n) != want {
			t.Errorf("%s: found %v requests, want %v", match, n, want)
		}
	}
	for _, query := range []string{"limit=x", "limit=10001", "after=-1", "status=x", "colour=red"} {
		s.must(400, "GET", "requests?"+query, "")
	}
	for _, body := range []string{`{"match":{"status":"x"}}`, `{"match":{"status":{}}}`, `{"match":{"colour":1}}`} {
		s.must(400, "POST", "requests/count", body)
		s.must(400, "POST", "requests/verify", body)
		s.must(400, "POST", "requests/find", body)
	}
	s.must(204, "DELETE", "requests", "")
	if n := s.must(200, "POST", "requests/count", "")["count"]; n != 0.0 {
		t.Errorf("%v requests are left", n)
	}
	s.must(404, "DELETE", "requests?workspace=nobody", "")
}

func TestVerify(t *testing.T) {
	s := newServer(t)
	s.list("k")
	ok := s.must(200, "POST", "requests/verify", `{"match":{"vendor":"mackerel","json":{"serviceName":"web"}},"exactly":1}`)
	if ok["ok"] != true || ok["count"] != 1.0 {
		t.Errorf("%v", ok)
	}
	no := s.must(409, "POST", "requests/verify", `{"match":{"vendor":"mackerel","json":{"serviceName":"cart"}},"atLeast":1,"atMost":2}`)
	if no["ok"] != false || fmt.Sprint(no["differences"]) != `[body /serviceName: want "cart", got "web"]` || no["nearest"].(map[string]any)["path"] != "/api/v0/traces" {
		t.Errorf("%v", no)
	}
}

func TestFaults(t *testing.T) {
	s := newServer(t)
	full := `{"name":"all","match":{"vendor":"mackerel","workspace":"default","method":"POST","route":"/api/*","path":"*","headers":{"x-a":"b"}},` +
		`"schedule":{"percent":50,"seed":3},"then":{"delay":{"median":"1ms","sigma":0.5,"max":"2ms"},"error":"mackerel.rate_limited","retryAfter":"2s"}}`
	added := s.must(201, "POST", "faults", full)
	var want map[string]any
	if err := json.Unmarshal([]byte(full), &want); err != nil {
		t.Fatal(err)
	}
	want["matched"], want["applied"] = 0.0, 0.0
	if diff := cmp.Diff(want, added); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i, then := range []string{`{"delay":{"fixed":"1ms"}}`, `{"connection":"reset"}`, `{"body":"truncated"}`, `{"body":"malformed"}`, `{"staleFor":"5s"}`, `{"status":503}`} {
		f := s.must(201, "POST", "faults", fmt.Sprintf(`{"name":"f%d","then":%s,"schedule":{"sequence":[false,true],"repeat":true}}`, i, then))
		got, err := json.Marshal(f["then"])
		if err != nil || string(got) != then {
			t.Errorf("%s came back as %s", then, got)
		}
	}
	if n := len(s.must(200, "GET", "faults", "")["faults"].([]any)); n != 7 {
		t.Errorf("%d faults", n)
	}
	s.must(404, "DELETE", "faults/all", "") // it is of a workspace
	s.must(204, "DELETE", "faults/all?workspace=default", "")
	s.must(204, "DELETE", "faults/f0", "")
	s.must(204, "DELETE", "faults", "")
	s.must(201, "POST", "faults", `{"name":"once","schedule":{"first":1},"then":{"error":"mackerel.rate_limited"}}`)
	if rec := s.do("POST", "/api/v0/traces", listWeb, "X-Api-Key", "k"); rec.Code != 429 {
		t.Errorf("status %d", rec.Code)
	}
	s.list("k")
	once := s.must(200, "GET", "faults", "")["faults"].([]any)[0].(map[string]any)
	if once["matched"] != 2.0 || once["applied"] != 1.0 || once["match"].(map[string]any)["vendor"] != "mackerel" {
		t.Errorf("%v", once)
	}
	if n := len(s.must(200, "GET", "faults/errors", "")["errors"].([]any)); n < 20 {
		t.Errorf("%d known errors", n)
	}
	for _, body := range []string{
		"", `{}`, `{"then":{}}`, `{"then":{"status":200}}`, `{"then":{"connection":"slow"}}`, `{"then":{"body":"odd"}}`, `{"then":{"error":"mackerel.no"}}`,
		`{"then":{"error":"lumos.forbidden"},"match":{"vendor":"mackerel"}}`, `{"then":{"status":500},"match":{"vendor":"none"}}`,
		`{"then":{"status":500},"schedule":{"first":1,"every":2}}`, `{"then":{"delay":{"fixed":"1 day"}}}`, `{"then":{"status":500},"if":1}`,
	} {
		s.must(400, "POST", "faults", body)
	}
	s.must(404, "POST", "faults", `{"then":{"status":500},"match":{"workspace":"nobody"}}`)
}

func TestMetrics(t *testing.T) {
	s := newServer(t)
	s.send("default", 1)
	s.list("k")
	s.do("GET", "/nothing", "")
	rec := s.do("GET", "metrics", "")
	if rec.Code != 200 || rec.Header().Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	for _, line := range []string{
		`spanstead_requests_total{vendor="",route="",status="404"} 1`,
		`spanstead_requests_total{vendor="mackerel",route="/api/v0/traces",status="200"} 1`,
		`spanstead_request_duration_seconds_bucket{vendor="mackerel",le="+Inf"} 1`,
		`spanstead_request_duration_seconds_count{vendor="otlp"} 1`,
		`spanstead_received_spans_total{outcome="accepted"} 1`,
		`spanstead_received_spans_total{outcome="rejected"} 0`,
		`spanstead_faults_applied_total 0`, `spanstead_store_up 1`, `spanstead_workspaces 1`, `spanstead_spans 1`, `spanstead_journal_requests 3`, `spanstead_faults 0`,
	} {
		if !strings.Contains("\n"+rec.Body.String(), "\n"+line+"\n") {
			t.Errorf("no line %s in\n%s", line, rec.Body)
		}
	}
	checkExposition(t, rec.Body.Bytes())
}

var sample = regexp.MustCompile(`^([a-z_]+)(\{[a-z]+="([^"\\]|\\.)*"(,[a-z]+="([^"\\]|\\.)*")*\})? [0-9.e+-]+$`)

// checkExposition holds a text to Prometheus's format: each sample after the
// help and the type of its family, and no family twice.
func checkExposition(t *testing.T, text []byte) {
	t.Helper()
	families, family := map[string]bool{}, ""
	for line := range bytes.Lines(text) {
		line := strings.TrimSuffix(string(line), "\n")
		if name, ok := strings.CutPrefix(line, "# HELP "); ok {
			family, _, _ = strings.Cut(name, " ")
			if families[family] {
				t.Errorf("family %s twice", family)
			}
			families[family] = true
			continue
		}
		if strings.HasPrefix(line, "# TYPE "+family+" ") {
			continue
		}
		m := sample.FindStringSubmatch(line)
		if m == nil || !strings.HasPrefix(m[1], family) {
			t.Errorf("line %q in family %s", line, family)
		}
	}
}

func TestOtherSitesAreRefused(t *testing.T) {
	s := newServer(t)
	s.send("default", 1)
	if rec := s.do("POST", "reset", "", "Origin", "https://evil.example"); rec.Code != http.StatusForbidden {
		t.Errorf("status %d", rec.Code)
	}
	if rec := s.do("POST", "reset", "", "Sec-Fetch-Site", "cross-site"); rec.Code != http.StatusForbidden {
		t.Errorf("status %d", rec.Code)
	}
	if s.list("k") != 1 {
		t.Error("the reset was done")
	}
}
