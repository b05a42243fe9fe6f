package apiserver_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/openapitest"
	"github.com/spanstead/spanstead/apiserver/last9"
	"github.com/spanstead/spanstead/apiserver/lumos"
	"github.com/spanstead/spanstead/apiserver/mackerel"
	"github.com/spanstead/spanstead/apiserver/sideseat"
	"github.com/spanstead/spanstead/apiserver/truefoundry"
)

// question is what several vendors can be asked. The zero value of a field
// asks for everything; times are whole seconds, half open.
type question struct {
	from, to           time.Time // required
	service, namespace string
	name               string
	failed             bool
	leastMS, mostMS    int64  // duration of the span; 0 is no bound
	key, value         string // a span attribute that is this string
	number             *int64 // a span attribute that is this number, under key
}

// shown is a span as a vendor shows it. What it does not show is left zero.
type shown struct {
	TraceID, SpanID, Name, Service, Status string
	Start                                  time.Time
	Duration                               time.Duration
}

// view is a vendor's way of looking at a workspace. A method returns false
// when the vendor cannot be asked that.
type view struct {
	name  string
	exact time.Duration // to which times are shown
	// spans lists the spans that match, in whatever order.
	spans func(c *caller, q question) ([]shown, bool)
	// traces lists the ids of traces with a span that matches.
	traces func(c *caller, q question) ([]string, bool)
	// trace is all spans of a trace.
	trace func(c *caller, id string, q question) ([]shown, bool)
}

var views = []view{
	{"last9", time.Nanosecond, last9Spans, last9Traces, last9Trace},
	{"mackerel", time.Millisecond, nil, mackerelTraces, mackerelTrace},
	{"sideseat", time.Microsecond, sideseatSpans, sideseatTraces, sideseatTrace},
	{"truefoundry", time.Millisecond, truefoundrySpans, nil, truefoundryTrace},
	{"lumos", time.Nanosecond, lumosSpans, nil, nil},
}

// caller asks a handler about one workspace.
type caller struct {
	testing.TB
	handler   http.Handler
	workspace string
	loaded    map[string]*openapitest.Document // by the beginning of a path
}

// ask sends a request that is to be answered with 200, and reads the answer.
func (c *caller) ask(method, target string, body any, answer any) {
	c.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		c.Fatal(err)
	}
	r := httptest.NewRequest(method, target, strings.NewReader(string(text)))
	r.Header.Set("Content-Type", "application/json")
	switch {
	case strings.HasPrefix(target, "/api/v4/"):
		r.Header.Set("X-LAST9-API-TOKEN", "Bearer token")
	case strings.HasPrefix(target, "/api/v0/"):
		r.Header.Set("X-Api-Key", c.workspace)
	case target == "/query/traces":
		r.Header.Set("Authorization", "Bearer "+c.workspace)
	case strings.HasPrefix(target, "/api/svc/"):
		r.Header.Set("Authorization", "Bearer token")
	}
	rec := httptest.NewRecorder()
	c.handler.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		c.Fatalf("%s %s %s: %d %.500s", method, target, text, rec.Code, rec.Body)
	}
	if err := json.Unmarshal(rec.Body.Bytes(), answer); err != nil {
		c.Fatalf("%s %s: %v", method, target, err)
	}
	if rec.Body.Len() < maxValidated {
		c.validate(r, text, rec)
	}
}

// maxValidated bounds the answers that are held to the vendors' documents,
// which takes long.
const maxValidated = 100 << 10

// documents are the vendors' OpenAPI documents by the beginning of a path.
var documents = map[string][]byte{
	"/api/v4/": last9.OpenAPI, "/api/v0/": mackerel.OpenAPI, "/api/v1/": sideseat.OpenAPI,
	"/api/svc/": truefoundry.OpenAPI, "/query/": lumos.OpenAPI,
}

// validate holds an exchange to its vendor's document.
func (c *caller) validate(r *http.Request, body []byte, rec *httptest.ResponseRecorder) {
	c.Helper()
	for prefix, text := range documents {
		if !strings.HasPrefix(r.URL.Path, prefix) {
			continue
		}
		if c.loaded == nil {
			c.loaded = map[string]*openapitest.Document{}
		}
		if c.loaded[prefix] == nil {
			c.loaded[prefix] = openapitest.Load(c, text)
		}
		if err := c.loaded[prefix].Validate(c.Context(), r, body, rec); err != nil {
			c.Errorf("%s %s %s: %.1000v", r.Method, r.URL, body, err)
		}
	}
}

type object = map[string]any

// Last9.

func (c *caller) last9(path string) string {
	return "/api/v4/organizations/" + c.workspace + "/cat/api/traces" + path
}

func last9Window(q question) url.Values {
	return url.Values{"region": {"r"}, "start": {fmt.Sprint(q.from.Unix())}, "end": {fmt.Sprint(q.to.Unix())}, "order": {"asc"}}
}

func last9Pipeline(q question) object {
	all := []any{}
	is := func(operator, field string, value any) {
		all = append(all, object{operator: []any{field, value}})
	}
	if q.service != "" {
		is("$eq", "resource.service.name", q.service)
	}
	if q.namespace != "" {
		is("$eq", "resources['service.namespace']", q.namespace)
	}
	if q.name != "" {
		is("$eq", "SpanName", q.name)
	}
	if q.failed {
		is("$eq", "StatusCode", "STATUS_CODE_ERROR")
	}
	if q.leastMS > 0 {
		is("$gte", "Duration", q.leastMS*1e6)
	}
	if q.mostMS > 0 {
		is("$lte", "Duration", q.mostMS*1e6)
	}
	if q.number != nil {
		is("$eq", "attributes['"+q.key+"']", fmt.Sprint(*q.number))
	} else if q.key != "" {
		is("$eq", "attributes['"+q.key+"']", q.value)
	}
	return object{"pipeline": []any{object{"type": "filter", "query": object{"$and": all}}}}
}

type last9Row struct {
	TraceId, SpanId, SpanName, ServiceName, StatusCode string //nolint:revive // the vendor's names
	Timestamp                                          time.Time
	Duration                                           time.Duration
}

func (r last9Row) shown() shown {
	return shown{r.TraceId, r.SpanId, r.SpanName, r.ServiceName, strings.TrimPrefix(r.StatusCode, "STATUS_CODE_"), r.Timestamp, r.Duration}
}

const last9Limit = 10_000

func last9Spans(c *caller, q question) ([]shown, bool) {
	window := last9Window(q)
	window.Set("limit", fmt.Sprint(last9Limit))
	var answer struct{ Data struct{ Result []last9Row } }
	c.ask(http.MethodPost, c.last9("/v2/query_range/json?"+window.Encode()), last9Pipeline(q), &answer)
	var list []shown
	for _, row := range answer.Data.Result {
		list = append(list, row.shown())
	}
	return list, len(list) < last9Limit // what is cut says nothing
}

func last9Traces(c *caller, q question) ([]string, bool) {
	window := last9Window(q)
	window.Set("limit", fmt.Sprint(last9Limit))
	var answer struct {
		Data struct {
			Result []struct {
				TraceID  string
				SpanSets []struct{ Matched int }
			}
		}
	}
	c.ask(http.MethodPost, c.last9("/v2/search/json?"+window.Encode()), last9Pipeline(q), &answer)
	var list []string
	for _, t := range answer.Data.Result {
		list = append(list, t.TraceID)
	}
	return list, true
}

func last9Trace(c *caller, id string, q question) ([]shown, bool) {
	window := last9Window(q)
	window.Set("limit", "100000")
	var answer struct{ Traces []last9Row }
	c.ask(http.MethodGet, c.last9("/"+id+"?"+window.Encode()), nil, &answer)
	var list []shown
	for _, row := range answer.Traces {
		list = append(list, row.shown())
	}
	return list, true
}

// Mackerel lists the traces of one service of one namespace.

func mackerelBody(q question) (object, bool) {
	if q.service == "" || q.namespace == "" || q.leastMS > 0 || q.mostMS > 0 { // its latency is that of the trace
		return nil, false
	}
	body := object{"serviceName": q.service, "serviceNamespace": q.namespace, "from": q.from.Unix(), "to": q.to.Unix(), "perPage": 100}
	if q.name != "" {
		body["spanName"] = q.name
	}
	if q.failed {
		body["statusCode"] = "ERROR"
	}
	if q.number != nil {
		body["attributes"] = []any{object{"key": q.key, "value": fmt.Sprint(*q.number), "operator": "EQ", "type": "int"}}
	} else if q.key != "" {
		body["attributes"] = []any{object{"key": q.key, "value": q.value, "operator": "EQ", "type": "string"}}
	}
	return body, true
}

func mackerelTraces(c *caller, q question) ([]string, bool) {
	body, ok := mackerelBody(q)
	if !ok {
		return nil, false
	}
	var list []string
	for page := 1; ; page++ {
		body["page"] = page
		var answer struct {
			Results     []struct{ TraceID string }
			HasNextPage bool
		}
		c.ask(http.MethodPost, "/api/v0/traces?", body, &answer)
		for _, t := range answer.Results {
			list = append(list, t.TraceID)
		}
		if !answer.HasNextPage {
			return list, true
		}
	}
}

func mackerelTrace(c *caller, id string, _ question) ([]shown, bool) {
	var answer struct {
		Spans []struct {
			TraceID, SpanID, Name string
			StartTime, EndTime    time.Time
			Status                struct{ Code string }
			Resource              struct {
				Attributes []struct {
					Key   string
					Value struct{ StringValue string }
				}
			}
		}
	}
	c.ask(http.MethodGet, "/api/v0/traces/"+id, nil, &answer)
	var list []shown
	for _, s := range answer.Spans {
		service := ""
		for _, a := range s.Resource.Attributes {
			if a.Key == "service.name" {
				service = a.Value.StringValue
			}
		}
		list = append(list, shown{s.TraceID, s.SpanID, s.Name, service, strings.ToUpper(s.Status.Code), s.StartTime, s.EndTime.Sub(s.StartTime)})
	}
	return list, true
}

// SideSeat knows no services, and no attributes but those of generative AI.

func (c *caller) sideseat(path string) string {
	return "/api/v1/project/" + c.workspace + "/otel" + path
}

func sideseatParams(q question) (url.Values, bool) {
	if q.service != "" || q.namespace != "" || q.key != "" {
		return nil, false
	}
	return url.Values{
		"from_timestamp": {q.from.Format(time.RFC3339)}, "to_timestamp": {q.to.Add(-time.Microsecond).Format(time.RFC3339Nano)},
		"limit": {"500"}, "order_by": {"start_time:asc"},
	}, true
}

type sideseatSpan struct {
	TraceID    string    `json:"trace_id"`
	SpanID     string    `json:"span_id"`
	Name       string    `json:"span_name"`
	Status     *string   `json:"status_code"`
	Start      time.Time `json:"timestamp_start"`
	DurationMS int64     `json:"duration_ms"`
	Raw        struct {
		Resource struct{ Attributes object }
		Start    json.Number `json:"start_time_unix_nano"`
		End      json.Number `json:"end_time_unix_nano"`
	} `json:"raw_span"`
}

func (s *sideseatSpan) shown() shown {
	status := "UNSET"
	if s.Status != nil {
		status = *s.Status
	}
	service, _ := s.Raw.Resource.Attributes["service.name"].(string)
	return shown{s.TraceID, s.SpanID, s.Name, service, status, s.Start, time.Duration(s.DurationMS) * time.Millisecond}
}

// sideseatPages walks all pages of a list.
func sideseatPages[T any](c *caller, target string, params url.Values) []T {
	var all []T
	for page := 1; ; page++ {
		params.Set("page", fmt.Sprint(page))
		var answer struct {
			Data []T
			Meta struct {
				TotalItems int `json:"total_items"`
				TotalPages int `json:"total_pages"`
			}
		}
		c.ask(http.MethodGet, target+"?"+params.Encode(), nil, &answer)
		all = append(all, answer.Data...)
		if page >= answer.Meta.TotalPages {
			if len(all) != answer.Meta.TotalItems {
				c.Errorf("%s: %d items, %d in all", target, len(all), answer.Meta.TotalItems)
			}
			return all
		}
	}
}

func sideseatSpans(c *caller, q question) ([]shown, bool) {
	params, ok := sideseatParams(q)
	if !ok {
		return nil, false
	}
	conditions := []object{}
	if q.name != "" {
		conditions = append(conditions, object{"key": "span_name", "op": "eq", "value": q.name})
	}
	if q.failed {
		conditions = append(conditions, object{"key": "status_code", "op": "eq", "value": "ERROR"})
	}
	if q.leastMS > 0 {
		conditions = append(conditions, object{"key": "duration_ms", "op": "gte", "value": q.leastMS})
	}
	if q.mostMS > 0 { // its durations are whole milliseconds, cut
		conditions = append(conditions, object{"key": "duration_ms", "op": "lt", "value": q.mostMS})
	}
	text, err := json.Marshal(conditions)
	if err != nil {
		c.Fatal(err)
	}
	params.Set("filters", string(text))
	params.Set("include_raw_span", "true")
	var list []shown
	for _, s := range sideseatPages[sideseatSpan](c, c.sideseat("/spans"), params) {
		list = append(list, s.shown())
	}
	return list, true
}

func sideseatTraces(c *caller, q question) ([]string, bool) {
	params, ok := sideseatParams(q)
	if !ok || q.failed || q.leastMS > 0 || q.mostMS > 0 { // its filters on traces know no status, and the trace's duration
		return nil, false
	}
	params.Set("include_nongenai", "true")
	if q.name != "" {
		text, err := json.Marshal([]object{{"key": "trace_name", "op": "eq", "value": q.name}})
		if err != nil {
			c.Fatal(err)
		}
		params.Set("filters", string(text))
	}
	var list []string
	for _, t := range sideseatPages[struct {
		TraceID string `json:"trace_id"`
	}](c, c.sideseat("/traces"), params) {
		list = append(list, t.TraceID)
	}
	return list, true
}

func sideseatTrace(c *caller, id string, _ question) ([]shown, bool) {
	var list []shown
	for _, s := range sideseatPages[sideseatSpan](c, c.sideseat("/traces/"+id+"/spans"), url.Values{"limit": {"500"}, "include_raw_span": {"true"}}) {
		list = append(list, s.shown())
	}
	return list, true
}

// TrueFoundry.

func truefoundryBody(c *caller, q question) object {
	body := object{
		"tracingProjectFqn": c.workspace, "startTime": q.from.Format(time.RFC3339), "endTime": q.to.Add(-1).Format(time.RFC3339Nano),
		"limit": 1000, "sortDirection": "asc",
	}
	filters := []object{}
	field := func(name, operator string, value any) {
		filters = append(filters, object{"spanFieldName": name, "operator": operator, "value": value})
	}
	if q.service != "" {
		body["applicationNames"] = []string{q.service}
	}
	if q.name != "" {
		field("spanName", "EQUAL", q.name)
	}
	if q.failed {
		field("spanStatusCode", "EQUAL", "ERROR")
	}
	if q.leastMS > 0 {
		field("durationInMs", "GREATER_THAN_EQUAL", q.leastMS)
	}
	if q.mostMS > 0 {
		field("durationInMs", "LESS_THAN_EQUAL", q.mostMS)
	}
	if q.number != nil {
		filters = append(filters, object{"spanAttributeKey": q.key, "operator": "EQUAL", "value": *q.number})
	} else if q.key != "" {
		filters = append(filters, object{"spanAttributeKey": q.key, "operator": "EQUAL", "value": q.value})
	}
	body["filters"] = filters
	return body
}

func truefoundryPages(c *caller, body object) []shown {
	var list []shown
	for {
		var answer struct {
			Data []struct {
				TraceID, SpanID, SpanName, ServiceName, StatusCode string
				Timestamp                                          time.Time
				DurationNs                                         time.Duration
			}
			Pagination struct{ NextPageToken string }
		}
		c.ask(http.MethodPost, "/api/svc/v1/spans/query", body, &answer)
		for _, s := range answer.Data {
			list = append(list, shown{s.TraceID, s.SpanID, s.SpanName, s.ServiceName, s.StatusCode, s.Timestamp, s.DurationNs})
		}
		if answer.Pagination.NextPageToken == "" {
			return list
		}
		body["pageToken"] = answer.Pagination.NextPageToken
	}
}

func truefoundrySpans(c *caller, q question) ([]shown, bool) {
	if q.namespace != "" {
		return nil, false
	}
	return truefoundryPages(c, truefoundryBody(c, q)), true
}

func truefoundryTrace(c *caller, id string, q question) ([]shown, bool) {
	body := truefoundryBody(c, question{from: q.from, to: q.to})
	body["traceIds"] = []string{id}
	return truefoundryPages(c, body), true
}

// Lumos.

func lumosSpans(c *caller, q question) ([]shown, bool) {
	if q.namespace != "" || q.failed || q.leastMS > 0 || q.mostMS > 0 || q.key != "" {
		return nil, false
	}
	var answer []struct {
		TraceID   string        `json:"trace_id"`
		SpanID    string        `json:"span_id"`
		Name      string        `json:"span_name"`
		Service   string        `json:"service_name"`
		Status    string        `json:"status_code"`
		Timestamp time.Time     `json:"timestamp"`
		Duration  time.Duration `json:"duration"`
	}
	c.ask(http.MethodPost, "/query/traces", object{
		"start_time": q.from.Format(time.RFC3339), "end_time": q.to.Format(time.RFC3339),
		"service_name": q.service, "span_name": q.name, "limit": 1_000_000,
	}, &answer)
	var list []shown
	for _, s := range answer {
		list = append(list, shown{s.TraceID, s.SpanID, s.Name, s.Service, strings.ToUpper(s.Status), s.Timestamp, s.Duration})
	}
	return list, true
}

// spanIDs are the spans' ids, sorted.
func spanIDs(list []shown) []string {
	ids := make([]string, len(list))
	for i, s := range list {
		ids[i] = s.TraceID + "/" + s.SpanID
	}
	slices.Sort(ids)
	return ids
}

// traceIDs are the ids of the spans' traces, sorted.
func traceIDs(list []shown) []string {
	ids := map[string]bool{}
	for _, s := range list {
		ids[s.TraceID] = true
	}
	return slices.Sorted(maps.Keys(ids))
}
