package apitest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/spanstead/spanstead/apiserver/apitest"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// plainList is one request that Mackerel answers.
func plainList(w *apitest.Workspace) (*http.Response, string, error) {
	return try(w, "mackerel", "POST", w.Server().URL+"/api/v0/traces", listOf("web"))
}

// TestStatusInTheVendorsOwnBody has each vendor answer 503 and 418.
func TestStatusInTheVendorsOwnBody(t *testing.T) {
	srv := apitest.Start(t)
	srv.Append(spanOf(1, "web", 0))
	tests := []struct{ vendor, method, url, body, unavailable string }{
		{"last9", "GET", srv.Last9().BaseURL + "/datasources", "", `{"error":{"code":"SERVICE_UNAVAILABLE","message":"Service Unavailable"}}`},
		{"mackerel", "POST", srv.URL + "/api/v0/traces", listOf("web"), `{"error":{"message":"Service Unavailable"}}`},
		{"sideseat", "GET", srv.SideSeat().BaseURL + "/traces", "", `{"error":"service_unavailable","code":"SERVICE_UNAVAILABLE","message":"Service Unavailable"}`},
		{"truefoundry", "POST", srv.URL + "/api/svc/v1/spans/query", "{}", `"statusCode":503`},
		{"lumos", "POST", srv.URL + "/query/traces", "{}", `{"code":1503,"description":"Service Unavailable"}`},
		{"otlp", "POST", srv.URL + "/v1/traces", "{}", `{"code":14,`},
	}
	for _, tt := range tests {
		t.Run(tt.vendor, func(t *testing.T) {
			remove := srv.Fault(apitest.Fault{Vendor: tt.vendor, Status: 503})
			code, body := ask(t, srv.Workspace, tt.vendor, tt.method, tt.url, tt.body)
			if code != 503 || !strings.Contains(strings.ReplaceAll(body, ": ", ":"), tt.unavailable) {
				t.Errorf("%d %s, want %s", code, body, tt.unavailable)
			}
			remove()
			srv.Fault(apitest.Fault{Name: "odd", Vendor: tt.vendor, Status: 418})
			if code, body := ask(t, srv.Workspace, tt.vendor, tt.method, tt.url, tt.body); code != 418 || body == "" {
				t.Errorf("%d %s", code, body)
			}
			srv.Fault(apitest.Fault{Name: "odd", Vendor: tt.vendor, Status: 418, Sequence: []bool{false}})
			if code, body := ask(t, srv.Workspace, tt.vendor, tt.method, tt.url, tt.body); code == 418 || code == 503 {
				t.Errorf("without the faults: %d %s", code, body)
			}
		})
	}
}

// TestEveryKnownError has each vendor answer each of its errors by name.
func TestEveryKnownError(t *testing.T) {
	const start = `"startTime":"2026-06-01T00:00:00Z"`
	want := map[string]struct {
		status int
		part   string
	}{
		"last9.unauthorized":             {401, "Authorization token is required"},
		"last9.token_expired":            {401, "Authorization token is expired"},
		"last9.forbidden":                {403, "Forbidden"},
		"last9.not_found":                {404, "Not Found"},
		"last9.region_required":          {400, "region query parameter is required"},
		"last9.invalid_token":            {400, "invalid access token"},
		"last9.otlp_config_missing":      {500, "ERR_S3_CONFIG_MISSING"},
		"mackerel.unauthorized":          {401, "authentication failed"},
		"mackerel.forbidden":             {403, "permission"},
		"mackerel.rate_limited":          {429, "too many requests"},
		"mackerel.not_found":             {404, "not found"},
		"sideseat.unauthorized":          {401, "API_KEY_INVALID"},
		"sideseat.invalid_project":       {400, "INVALID_PROJECT_ID"},
		"sideseat.database":              {500, "Database operation failed"},
		"sideseat.page_token_expired":    {400, "INVALID_CURSOR"},
		"truefoundry.unauthorized":       {401, "Authorization is required"},
		"truefoundry.token_expired":      {401, "the token has expired"},
		"truefoundry.forbidden":          {403, "may not read"},
		"truefoundry.page_token_expired": {400, "INVALID_PAGE_TOKEN"},
		"lumos.forbidden":                {403, "1403"},
		"lumos.internal":                 {500, "1500"},
		"otlp.unauthorized":              {401, "credential"},
		"otlp.forbidden":                 {403, "may not"},
		"otlp.rate_limited":              {429, "too many requests"},
		"otlp.bad_data":                  {400, "decoded"},
		"otlp.unavailable":               {503, "Unavailable"},
	}
	srv := apitest.Start(t)
	if known := srv.KnownErrors(); len(known) != len(want) {
		t.Errorf("known: %v", known)
	}
	for _, name := range srv.KnownErrors() {
		vendor, _, _ := strings.Cut(name, ".")
		w := srv.NewWorkspace(t)
		w.Fault(apitest.Fault{Error: name})
		method, url, body := "POST", srv.URL+"/api/v0/traces", listOf("web")
		switch vendor {
		case "last9":
			method, url, body = "GET", w.Last9().BaseURL+"/datasources", ""
		case "sideseat":
			method, url, body = "GET", w.SideSeat().BaseURL+"/feed/spans?cursor=MTox", ""
		case "truefoundry":
			url, body = srv.URL+"/api/svc/v1/spans/query", fmt.Sprintf(`{"tracingProjectFqn":%q,%s,"pageToken":"x"}`, w.Name, start)
		case "lumos":
			url, body = srv.URL+"/query/traces", "{}"
		case "otlp":
			url, body = srv.URL+"/v1/traces", "{}"
		}
		code, text := ask(t, w, vendor, method, url, body)
		if code != want[name].status || !strings.Contains(text, want[name].part) {
			t.Errorf("%s: %d %s, want %d with %q", name, code, text, want[name].status, want[name].part)
		}
		w.Verify(apitest.Match{Vendor: vendor, Fault: "fault-*"}, apitest.Exactly(1))
	}
}

// TestPageTokenExpires has a client turn pages: the first is answered, the
// second is not.
func TestPageTokenExpires(t *testing.T) {
	srv := apitest.Start(t, apitest.Options{Now: at.Add(time.Hour)})
	for i := range 4 {
		srv.Append(spanOf(byte(i+1), "web", i))
	}
	srv.Fault(apitest.Fault{Error: "truefoundry.page_token_expired", First: 1})
	page := func(token string) (int, string) {
		body := fmt.Sprintf(`{"tracingProjectFqn":"default","startTime":%q,"limit":2%s}`, at.Format(time.RFC3339), token)
		return ask(t, srv.Workspace, "truefoundry", "POST", srv.URL+"/api/svc/v1/spans/query", body)
	}
	_, first := page("")
	var answer struct {
		Pagination struct{ NextPageToken string }
	}
	if err := json.Unmarshal([]byte(first), &answer); err != nil || answer.Pagination.NextPageToken == "" {
		t.Fatal(first)
	}
	next := fmt.Sprintf(`,"pageToken":%q`, answer.Pagination.NextPageToken)
	if code, body := page(next); code != 400 || !strings.Contains(body, "INVALID_PAGE_TOKEN") {
		t.Errorf("%d %s", code, body)
	}
	if code, body := page(next); code != 200 {
		t.Errorf("once it is over: %d %s", code, body)
	}
}

// TestStatusThatTheVendorKnows is answered in the words that it has for it.
func TestStatusThatTheVendorKnows(t *testing.T) {
	srv := apitest.Start(t)
	srv.Fault(apitest.Fault{Vendor: "mackerel", Status: 429})
	if res, body, err := plainList(srv.Workspace); err != nil || res.StatusCode != 429 || !strings.Contains(body, "at most 1 request per second") {
		t.Errorf("%v %s, %v", res, body, err)
	}
}

func TestRetryAfter(t *testing.T) {
	srv := apitest.Start(t)
	for _, tt := range []struct {
		fault apitest.Fault
		want  string
	}{
		{apitest.Fault{Error: "mackerel.rate_limited"}, ""},
		{apitest.Fault{Error: "mackerel.rate_limited", RetryAfter: 1500 * time.Millisecond}, "2"},
		{apitest.Fault{Vendor: "mackerel", Status: 503, RetryAfter: time.Minute}, "60"},
	} {
		remove := srv.Fault(tt.fault)
		res, _, err := plainList(srv.Workspace)
		if err != nil || res.Header.Get("Retry-After") != tt.want || res.StatusCode < 400 {
			t.Errorf("%+v: %v, %v", tt.fault, res, err)
		}
		remove()
	}
	// The receiver of spans asks for a pause by itself; a fault without one does not.
	remove := srv.Fault(apitest.Fault{Vendor: "otlp", Status: 503})
	defer remove()
	res, _, err := try(srv.Workspace, "otlp", "POST", srv.URL+"/v1/traces", "{}")
	if err != nil || res.Header.Get("Retry-After") != "" || res.StatusCode != 503 {
		t.Errorf("%v, %v", res, err)
	}
}

func TestConnectionReset(t *testing.T) {
	for name, opt := range map[string]apitest.Options{"plain": {}, "TLS": {TLS: true}, "no listener": {NoListener: true}} {
		t.Run(name, func(t *testing.T) {
			srv := apitest.Start(t, opt)
			remove := srv.Fault(apitest.Fault{Name: "cut", Vendor: "mackerel", Reset: true})
			_, _, err := plainList(srv.Workspace)
			if err == nil || name != "no listener" && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%v, want a reset connection", err)
			}
			srv.Verify(apitest.Match{Fault: "cut", Status: "0"}, apitest.AtLeast(1))
			remove()
			if res, _, err := plainList(srv.Workspace); err != nil || res.StatusCode != 200 {
				t.Errorf("%v, %v", res, err)
			}
		})
	}
}

func TestTruncatedAnswer(t *testing.T) {
	for _, opt := range []apitest.Options{{}, {TLS: true}} {
		srv := apitest.Start(t, opt)
		for i := range 200 { // the list of Lumos is longer than what is looked at
			srv.Append(spanOf(byte(i+1), "web", i))
		}
		srv.Fault(apitest.Fault{Truncate: true})
		for _, vendor := range []string{"mackerel", "lumos"} {
			url, body := srv.URL+"/api/v0/traces", listOf("web")
			if vendor == "lumos" {
				url, body = srv.URL+"/query/traces", `{"limit":200}`
			}
			res, part, err := try(srv.Workspace, vendor, "POST", url, body)
			if res == nil || res.StatusCode != 200 || !errors.Is(err, io.ErrUnexpectedEOF) || part == "" || json.Valid([]byte(part)) {
				t.Errorf("%s: %v, %v, %.50q", vendor, res, err, part)
			}
		}
		if _, _, err := try(srv.Workspace, "otlp", "POST", srv.URL+"/v1/traces", "", "Content-Type", "application/x-protobuf"); err == nil {
			t.Error("an answer without a body is whole")
		}
	}
}

func TestMalformedAnswer(t *testing.T) {
	srv := apitest.Start(t)
	for i := range 200 {
		srv.Append(spanOf(byte(i+1), "web", i))
	}
	srv.Fault(apitest.Fault{Malform: true})
	for _, vendor := range []string{"mackerel", "lumos"} {
		url, body := srv.URL+"/api/v0/traces", listOf("web")
		if vendor == "lumos" {
			url, body = srv.URL+"/query/traces", `{"limit":200}`
		}
		res, text, err := try(srv.Workspace, vendor, "POST", url, body)
		if err != nil || res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/json" || json.Valid([]byte(text)) || len(text) < 10 {
			t.Errorf("%s: %v, %v, %.50q", vendor, res, err, text)
		}
	}
	client := otlptracehttp.NewClient(otlptracehttp.WithEndpointURL(srv.OTLP().URL), otlptracehttp.WithRetry(otlptracehttp.RetryConfig{}))
	if err := client.UploadTraces(t.Context(), []*trace.ResourceSpans{{}}); err == nil {
		t.Error("an exporter takes an answer that is no protobuf")
	}
}

func TestDelay(t *testing.T) {
	srv := apitest.Start(t)
	const delay = 60 * time.Millisecond
	took := func() time.Duration {
		begin := time.Now()
		if res, _, err := plainList(srv.Workspace); err != nil || res.StatusCode != 200 {
			t.Fatal(res, err)
		}
		return time.Since(begin)
	}
	remove := srv.Fault(apitest.Fault{Delay: delay})
	if d := took(); d < delay {
		t.Errorf("fixed: %v", d)
	}
	remove()
	remove = srv.Fault(apitest.Fault{DelayMedian: delay, DelaySigma: 0.01})
	if d := took(); d < delay/2 {
		t.Errorf("drawn: %v", d)
	}
	remove()
	if d := srv.Requests(apitest.Match{})[0].Took; d < delay/2 {
		t.Errorf("the journal says %v", d)
	}
}

// TestDelayEndsWithTheRequestAndTheServer has faults that would last minutes.
func TestDelayEndsWithTheRequestAndTheServer(t *testing.T) {
	srv, err := apitest.New(apitest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	srv.Fault(apitest.Fault{Delay: 5 * time.Minute})
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	arrived := func(n int) {
		for len(srv.Requests(apitest.Match{Path: "/api/v0/traces"})) < n {
			<-look.C
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "POST", srv.URL+"/api/v0/traces", strings.NewReader(listOf("web")))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := srv.Client().Do(r)
		ended <- err
	}()
	arrived(1)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	go func() {
		_, _, err := plainList(srv.Workspace)
		ended <- err
	}()
	arrived(2)
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
	<-ended
}

// TestStaleReads goes through all that a vendor's answers are made of, by a
// clock that stands: spans are seen once it has moved far enough.
func TestStaleReads(t *testing.T) {
	srv := apitest.Start(t, apitest.Options{Now: at.Add(time.Hour)})
	w := srv.NewWorkspace(t)
	w.Freeze(at.Add(time.Hour))
	w.Append(spanOf(9, "old", 0))
	w.Fault(apitest.Fault{Stale: 10 * time.Second})
	w.Append(spanOf(1, "web", 0))
	check := func(when string, want bool) {
		t.Helper()
		for vendor, there := range everyVendor(t, w) {
			if there != want {
				t.Errorf("%s: %s sees %v", when, vendor, there)
			}
		}
		if n := list(t, w, "old"); n != 1 {
			t.Errorf("%s: the span from before the fault is gone", when)
		}
	}
	check("at once", false)
	w.Advance(9 * time.Second)
	check("too soon", false)
	w.Append(spanOf(1, "web", 0)) // sent again, it is not new
	w.Advance(time.Second)
	check("in time", true)
	w.Append(spanOf(1, "web", 0)) // nor is it now
	check("sent again", true)
	w.Append(spanOf(2, "web", 1))
	if n := list(t, w, "web"); n != 1 {
		t.Errorf("%d traces, the newer one is not yet to be seen", n)
	}
	if n := w.Oracle().Count(query.Count{}); n != 3 {
		t.Errorf("%d spans are stored", n)
	}
	w.Reset()
	w.Freeze(at.Add(time.Hour))
	w.Append(spanOf(1, "web", 0))
	check2 := list(t, w, "web")
	if check2 != 1 {
		t.Errorf("%d traces after a reset", check2)
	}
}

// TestStaleReadsOfOneVendor has one vendor lag behind the others.
func TestStaleReadsOfOneVendor(t *testing.T) {
	srv := apitest.Start(t, apitest.Options{Now: at.Add(time.Hour)})
	srv.Fault(apitest.Fault{Vendor: "mackerel", Route: "/api/v0/traces", Stale: time.Minute})
	srv.Append(spanOf(1, "web", 0))
	want := all(true)
	want["mackerel"] = false
	for vendor, there := range everyVendor(t, srv.Workspace) {
		if there != want[vendor] {
			t.Errorf("%s sees %v", vendor, there)
		}
	}
	id := span.TraceID{15: 1}.String()
	if code, _ := ask(t, srv.Workspace, "mackerel", "GET", srv.URL+"/api/v0/traces/"+id, ""); code != 200 {
		t.Errorf("one trace: %d", code)
	}
}

func TestFaultsByHeader(t *testing.T) {
	srv := apitest.Start(t)
	srv.Fault(apitest.Fault{Header: map[string]string{"X-Attempt": "1"}, Status: 502})
	for attempt, want := range map[string]int{"1": 502, "2": 200} {
		if code, body := ask(t, srv.Workspace, "mackerel", "POST", srv.URL+"/api/v0/traces", listOf("web"), "X-Attempt", attempt); code != want {
			t.Errorf("attempt %s: %d %s", attempt, code, body)
		}
	}
}

// TestExportersComeBack has official exporters retry what a fault refused.
func TestExportersComeBack(t *testing.T) {
	srv := apitest.Start(t)
	soon := struct{ first, most time.Duration }{time.Millisecond, 10 * time.Millisecond}
	overHTTP, err := otlptracehttp.New(t.Context(), otlptracehttp.WithEndpointURL(srv.OTLP().URL), otlptracehttp.WithRetry(
		otlptracehttp.RetryConfig{Enabled: true, InitialInterval: soon.first, MaxInterval: soon.most, MaxElapsedTime: time.Minute}))
	if err != nil {
		t.Fatal(err)
	}
	overGRPC, err := otlptracegrpc.New(t.Context(), otlptracegrpc.WithEndpoint(srv.GRPC), otlptracegrpc.WithInsecure(), otlptracegrpc.WithRetry(
		otlptracegrpc.RetryConfig{Enabled: true, InitialInterval: soon.first, MaxInterval: soon.most, MaxElapsedTime: time.Minute}))
	if err != nil {
		t.Fatal(err)
	}
	srv.Fault(apitest.Fault{Vendor: "otlp", Route: "/v1/traces", First: 2, Status: 503})
	send(t, overHTTP)
	srv.Fault(apitest.Fault{Vendor: "otlp", Route: "/opentelemetry*", First: 2, Error: "otlp.unavailable"})
	send(t, overGRPC)
	srv.Verify(apitest.Match{Vendor: "otlp", Status: "503"}, apitest.Exactly(4))
	srv.Verify(apitest.Match{Vendor: "otlp", Status: "200"}, apitest.Exactly(2))
	if n := srv.Oracle().Count(query.Count{}); n != 2 {
		t.Errorf("%d spans", n)
	}
}

func TestFaultsOverGRPC(t *testing.T) {
	srv := apitest.Start(t)
	conn, err := grpc.NewClient(srv.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	export := func(md ...string) error {
		_, err := collector.NewTraceServiceClient(conn).Export(metadata.AppendToOutgoingContext(t.Context(), md...), &collector.ExportTraceServiceRequest{})
		return err
	}
	for _, tt := range []struct {
		fault apitest.Fault
		want  codes.Code
	}{
		{apitest.Fault{Reset: true}, codes.Unavailable},
		{apitest.Fault{Truncate: true}, codes.Internal},
		{apitest.Fault{Malform: true}, codes.Internal},
		{apitest.Fault{Status: 503}, codes.Unavailable},
		{apitest.Fault{Status: 500}, codes.Internal},
		{apitest.Fault{Error: "otlp.unauthorized"}, codes.Unauthenticated},
		{apitest.Fault{Error: "otlp.forbidden"}, codes.PermissionDenied},
		{apitest.Fault{Error: "otlp.bad_data"}, codes.InvalidArgument},
		{apitest.Fault{Error: "otlp.rate_limited", RetryAfter: 3 * time.Second}, codes.ResourceExhausted},
		{apitest.Fault{Delay: time.Millisecond}, codes.OK},
	} {
		remove := srv.Fault(tt.fault)
		err := export()
		if status.Code(err) != tt.want {
			t.Errorf("%+v: %v", tt.fault, err)
		}
		if tt.fault.RetryAfter > 0 {
			info, ok := status.Convert(err).Details()[0].(*errdetails.RetryInfo)
			if !ok || info.RetryDelay.AsDuration() != tt.fault.RetryAfter {
				t.Errorf("details %v", status.Convert(err).Details())
			}
		}
		remove()
	}
	for credential, want := range map[string]codes.Code{"expired": codes.Unauthenticated, "forbidden": codes.PermissionDenied, "fine": codes.OK} {
		if err := export("authorization", "Bearer "+credential); status.Code(err) != want {
			t.Errorf("%s: %v", credential, err)
		}
	}
}

// TestCredentialsThatAreRefused needs no setting up.
func TestCredentialsThatAreRefused(t *testing.T) {
	srv := apitest.Start(t)
	for _, tt := range []struct {
		vendor, header, value string
		want                  int
	}{
		{"last9", "X-LAST9-API-TOKEN", "Bearer expired", 401},
		{"last9", "X-LAST9-API-TOKEN", "Bearer forbidden", 403},
		{"mackerel", "X-Api-Key", "expired", 401},
		{"mackerel", "X-Api-Key", "forbidden", 403},
		{"truefoundry", "Authorization", "Bearer expired", 401},
		{"truefoundry", "Authorization", "Bearer forbidden", 403},
		{"lumos", "Authorization", "Bearer expired", 403},
		{"lumos", "Authorization", "Bearer forbidden", 403},
		{"sideseat", "Authorization", "Bearer expired", 401},
		{"otlp", "Authorization", "Bearer expired", 401},
		{"otlp", "Mackerel-Api-Key", "forbidden", 403},
		{"otlp", "Authorization", "Basic YWNtZTpleHBpcmVk", 401}, // acme:expired
	} {
		if code, body := askAs(t, srv, tt.vendor, tt.header, tt.value); code != tt.want {
			t.Errorf("%s %s: %d %s, want %d", tt.vendor, tt.value, code, body, tt.want)
		}
	}
}

// askAs makes a request that is fine but for its credentials.
func askAs(t *testing.T, srv *apitest.Server, vendor, header, value string) (int, string) {
	t.Helper()
	url := map[string]string{
		"last9": srv.Last9().BaseURL + "/datasources", "mackerel": srv.URL + "/api/v0/traces", "sideseat": srv.SideSeat().BaseURL + "/traces",
		"truefoundry": srv.URL + "/api/svc/v1/spans/query", "lumos": srv.URL + "/query/traces", "otlp": srv.URL + "/v1/traces",
	}[vendor]
	method, body := "POST", "{}"
	switch vendor {
	case "last9", "sideseat":
		method, body = "GET", ""
	case "mackerel":
		body = listOf("web")
	case "truefoundry":
		body = `{"tracingProjectFqn":"default","startTime":"2026-06-01T00:00:00Z"}`
	}
	return ask(t, srv.Workspace, vendor, method, url, body, header, value)
}

func TestExactCredentials(t *testing.T) {
	srv := apitest.Start(t, apitest.Options{Auth: []string{"right", "other"}, Now: at.Add(time.Hour)})
	for _, tt := range []struct {
		vendor, header, scheme string
		want                   int
	}{
		{"last9", "X-LAST9-API-TOKEN", "Bearer ", 401}, {"mackerel", "X-Api-Key", "", 401}, {"truefoundry", "Authorization", "Bearer ", 401},
		{"lumos", "Authorization", "Bearer ", 403}, {"sideseat", "Authorization", "Bearer ", 401},
		{"otlp", "Authorization", "Bearer ", 401}, {"otlp", "Mackerel-Api-Key", "", 401},
	} {
		for credential, want := range map[string]int{"right": 200, "other": 200, "wrong": tt.want} {
			if code, body := askAs(t, srv, tt.vendor, tt.header, tt.scheme+credential); code != want {
				t.Errorf("%s %s: %d %s, want %d", tt.vendor, credential, code, body, want)
			}
		}
	}
	if code, body := ask(t, srv.Workspace, "otlp", "POST", srv.URL+"/v1/traces", "{}"); code != 401 {
		t.Errorf("spans without a credential: %d %s", code, body)
	}
}

// TestProtobufIsAnsweredInProtobuf has a fault answer in the request's own encoding.
func TestProtobufIsAnsweredInProtobuf(t *testing.T) {
	srv := apitest.Start(t)
	srv.Fault(apitest.Fault{Vendor: "otlp", Status: 503})
	res, _, err := try(srv.Workspace, "otlp", "POST", srv.URL+"/v1/traces", string(otlp.AppendRequest(nil, nil)), "Content-Type", "application/x-protobuf")
	if err != nil || res.StatusCode != 503 || res.Header.Get("Content-Type") != "application/x-protobuf" {
		t.Errorf("%v, %v", res, err)
	}
}
