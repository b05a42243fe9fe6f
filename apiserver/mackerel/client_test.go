package mackerel_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	client "github.com/mackerelio/mackerel-client-go"

	"github.com/spanstead/spanstead/apiserver/internal/adaptertest"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/mackerel"
	"github.com/spanstead/spanstead/apiserver/store"
)

// serve starts an adapter over the spans of an archive and returns the
// vendor's own client for it.
func serve(t *testing.T, archive, key string) *client.Client {
	t.Helper()
	data, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	st := storetest.New(t)
	adaptertest.Load(t, st, adaptertest.ParseArchive(data))
	return serveStore(t, mackerel.Options{Store: st}, key)
}

func serveStore(t *testing.T, opt mackerel.Options, key string) *client.Client {
	t.Helper()
	srv := httptest.NewServer(rest.NewRouter(mackerel.New(opt)))
	t.Cleanup(srv.Close)
	c, err := client.NewClientWithOptions(key, srv.URL, false)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func param() *client.ListTracesParam {
	return &client.ListTracesParam{
		ServiceName: "shoppingcart", ServiceNamespace: client.ToPtr("shop"), From: 1718802000, To: 1718888400,
	}
}

func TestClientListTraces(t *testing.T) {
	p := param()
	p.Environment, p.Version = client.ToPtr("production"), client.ToPtr("1.4.0")
	p.SpanName, p.StatusCode = client.ToPtr("POST /cart"), client.ToPtr(client.ListTracesParamStatusCodeError)
	p.MinLatencyMillis, p.MaxLatencyMillis = client.ToPtr(int64(1000)), client.ToPtr(int64(5000))
	p.Attributes = []client.TraceAttributeFilter{{Key: "http.status_code", Value: "500",
		Operator: client.TraceAttributeOperatorEQ, Type: client.TraceAttributeValueTypeInt}}
	p.Order.Column = client.ToPtr(client.TraceOrderColumnLATENCY)
	got, err := serve(t, "testdata/list.txtar", "key").ListTraces(p)
	if err != nil {
		t.Fatal(err)
	}
	want := &client.ListTracesResponse{Results: []*client.ListTracesResult{{
		TraceID: "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1", ServiceName: "shoppingcart", ServiceNamespace: "shop",
		Environment: "production", Title: "GET /api/users", TraceStartAt: 1718802000, TraceLatencyMillis: 2500,
		ServiceStartAt: 1718802000, ServiceLatencyMillis: 1234,
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestClientListTracesSeq has the iterator walk all pages, of one trace each.
func TestClientListTracesSeq(t *testing.T) {
	p := param()
	p.PerPage = client.ToPtr(1)
	var got []string
	for r, err := range serve(t, "testdata/list.txtar", "key").ListTracesSeq(t.Context(), p) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.TraceID[:2])
	}
	if diff := cmp.Diff([]string{"c1", "b1", "a1"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestClientGetTrace(t *testing.T) {
	got, err := serve(t, "testdata/get.txtar", "key").GetTrace("0123456789abcdef0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Spans) != 6 {
		t.Fatalf("%d spans, want 6", len(got.Spans))
	}
	s := got.Spans[1]
	if want := time.UnixMilli(1752069783234); !s.EndTime.Equal(want) || s.Kind != client.SpanKindClient {
		t.Errorf("end %v, kind %v, want %v and client", s.EndTime, s.Kind, want)
	}
	want := map[string]*client.AttributeValue{
		"string": {ValueType: "string", StringValue: "text"}, "empty string": {ValueType: "string"},
		"true": {ValueType: "bool", BoolValue: true}, "false": {ValueType: "bool"},
		"int": {ValueType: "int", IntValue: 9007199254740993}, "zero": {ValueType: "int"},
		"double": {ValueType: "double", DoubleValue: 1.5}, "nan": {ValueType: "double"},
		"array": {ValueType: "array", ArrayValue: []*client.AttributeValue{
			{ValueType: "int", IntValue: 10}, {ValueType: "int", IntValue: 20}}},
		"empty array": {ValueType: "array", ArrayValue: []*client.AttributeValue{}},
		"kvlist": {ValueType: "kvlist", KvlistValue: map[string]*client.AttributeValue{
			"en": {ValueType: "string", StringValue: "success"}}},
		"empty kvlist": {ValueType: "kvlist", KvlistValue: map[string]*client.AttributeValue{}},
		"bytes":        {ValueType: "bytes", BytesValue: []byte{1, 2, 3}},
		"empty":        {ValueType: "empty"},
	}
	values := map[string]*client.AttributeValue{}
	for _, a := range s.Attributes {
		values[a.Key] = a.Value
	}
	if diff := cmp.Diff(want, values); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestClientErrors(t *testing.T) {
	list := func(c *client.Client, change func(*client.ListTracesParam)) error {
		p := param()
		change(p)
		_, err := c.ListTraces(p)
		return err
	}
	get := func(c *client.Client, id string) error { _, err := c.GetTrace(id); return err }
	good, bad := serve(t, "testdata/list.txtar", "key"), serve(t, "testdata/list.txtar", "")
	tests := []struct {
		name   string
		err    error
		status int
	}{
		{"list without key", list(bad, func(*client.ListTracesParam) {}), 401},
		{"list page 0", list(good, func(p *client.ListTracesParam) { p.Page = client.ToPtr(0) }), 400},
		{"get without key", get(bad, "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"), 403},
		{"get malformed id", get(good, "a1"), 400},
		{"get unknown id", get(good, "ffffffffffffffffffffffffffffffff"), 404},
	}
	for _, tt := range tests {
		var e *client.APIError
		if !errors.As(tt.err, &e) || e.StatusCode != tt.status || e.Message == "" {
			t.Errorf("%s: %v, want an API error of status %d with a message", tt.name, tt.err, tt.status)
		}
	}
}

func TestRateLimit(t *testing.T) {
	now := time.Unix(1718802000, 0)
	c := serveStore(t, mackerel.Options{Store: storetest.New(t), Now: func() time.Time { return now }, RateLimit: true}, "key")
	status := func() int {
		var e *client.APIError
		if _, err := c.ListTraces(param()); errors.As(err, &e) {
			return e.StatusCode
		}
		return 200
	}
	got := []int{status(), status()}
	now = now.Add(time.Second)
	got = append(got, status())
	if diff := cmp.Diff([]int{200, 429, 200}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPagesWhileSpansArrive walks pages in ascending order while newer traces
// arrive: each trace that was there at the start comes exactly once. In the
// default order, newest first, page numbers cannot do that.
func TestPagesWhileSpansArrive(t *testing.T) {
	st := storetest.New(t)
	for i := range 10 {
		appendTrace(t, st, i)
	}
	c := serveStore(t, mackerel.Options{Store: st}, "key")
	p := &client.ListTracesParam{ServiceName: "s", From: 0, To: 1 << 32, PerPage: client.ToPtr(3)}
	p.Order.Direction = client.ToPtr(client.OrderDirectionASC)
	var got []string
	for r, err := range c.ListTracesSeq(t.Context(), p) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Title)
		if len(got) == 3 {
			appendTrace(t, st, 10)
		}
	}
	want := []string{"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9", "t10"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func appendTrace(t *testing.T, st store.Store, i int) {
	t.Helper()
	name, err := json.Marshal(fmt.Sprintf("t%d", i))
	if err != nil {
		t.Fatal(err)
	}
	adaptertest.Append(t, st, store.DefaultWorkspace, fmt.Appendf(nil, `{"resourceSpans":[{"resource":{"attributes":[
		{"key":"service.name","value":{"stringValue":"s"}}]},"scopeSpans":[{"spans":[{"traceId":"%032x","spanId":"%016x",
		"name":%s,"startTimeUnixNano":"%d","endTimeUnixNano":"%d"}]}]}]}`, i+1, i+1, name, (i+1)*1e9, (i+1)*1e9+5))
}
