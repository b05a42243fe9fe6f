package apitest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	mackerel "github.com/mackerelio/mackerel-client-go"

	"github.com/spanstead/spanstead/apiserver/apitest"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// slowest is the code under test: it asks the vendor for the slowest trace.
func slowest(baseURL, apiKey, service string, from, to time.Time) (string, error) {
	client, err := mackerel.NewClientWithOptions(apiKey, baseURL, false)
	if err != nil {
		return "", err
	}
	got, err := client.ListTraces(&mackerel.ListTracesParam{
		ServiceName: service, From: from.Unix(), To: to.Unix(),
		Order: mackerel.TraceOrder{
			Column: mackerel.ToPtr(mackerel.TraceOrderColumnLATENCY), Direction: mackerel.ToPtr(mackerel.OrderDirectionDESC),
		},
	})
	if err != nil || len(got.Results) == 0 {
		return "", err
	}
	return got.Results[0].Title, nil
}

// checkout is a span that took so long.
func checkout(id byte, name string, took time.Duration) *span.Span {
	start := uint64(at.UnixNano())
	return &span.Span{
		TraceID: span.TraceID{15: id}, SpanID: span.SpanID{7: id}, Name: name,
		StartTimeUnixNano: start, EndTimeUnixNano: start + uint64(took),
		Resource: &span.Resource{Attributes: []span.KeyValue{{Key: "service.name", Value: span.String("checkout")}}},
	}
}

// exampleT stands for the testing.T that examples have none of.
type exampleT struct {
	testing.TB
	cleanups []func()
}

func (t *exampleT) Helper()                  {}
func (t *exampleT) Cleanup(fn func())        { t.cleanups = append(t.cleanups, fn) }
func (t *exampleT) Context() context.Context { return context.Background() }
func (t *exampleT) Error(args ...any)        { fmt.Println(args...) }
func (t *exampleT) Fatal(args ...any)        { panic(fmt.Sprint(args...)) }

// run is a test.
func run(test func(t testing.TB)) {
	t := &exampleT{}
	defer func() {
		for _, fn := range slices.Backward(t.cleanups) {
			fn()
		}
	}()
	test(t)
}

// A test starts a server, gives it spans, and points the code under test at it.
func ExampleStart() {
	run(func(t testing.TB) {
		srv := apitest.Start(t)
		srv.Append(checkout(1, "GET /cart", 20*time.Millisecond), checkout(2, "POST /pay", 900*time.Millisecond))

		name, err := slowest(srv.Mackerel().BaseURL, srv.Mackerel().APIKey, "checkout", at, at.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(name)
	})
	// Output: POST /pay
}

// Every request is written down; Verify holds them to a number and shows the
// nearest one when it is wrong.
func ExampleWorkspace_Verify() {
	run(func(t testing.TB) {
		srv := apitest.Start(t)
		if _, err := slowest(srv.Mackerel().BaseURL, srv.Mackerel().APIKey, "checkout", at, at.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		srv.Verify(apitest.Match{Vendor: "mackerel", JSON: `{"serviceName": "checkout"}`}, apitest.Exactly(1))
		srv.Verify(apitest.Match{Vendor: "mackerel", JSON: `{"serviceName": "cart"}`}, apitest.AtLeast(1)) // fails the test
	})
	// Output:
	// want at least 1 requests of vendor mackerel, workspace default, JSON {"serviceName": "cart"}; got 0
	// The nearest other is #1 POST /api/v0/traces (mackerel): 200
	//   body /serviceName: want "cart", got "checkout"
	//   its body: {"serviceName":"checkout","from":1780315200,"to":1780315260,"order":{"column":"LATENCY","direction":"DESC"}}
}

// A fault lets requests go wrong as the vendor would have them: here the first
// two are refused for being too many.
func ExampleWorkspace_Fault() {
	run(func(t testing.TB) {
		srv := apitest.Start(t)
		srv.Fault(apitest.Fault{Error: "mackerel.rate_limited", First: 2, RetryAfter: time.Second})
		for range 3 {
			res, err := list1(srv)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Println(res.Status, res.Header.Get("Retry-After"))
		}
	})
	// Output:
	// 429 Too Many Requests 1
	// 429 Too Many Requests 1
	// 200 OK
}

// list1 makes a request by hand.
func list1(srv *apitest.Server) (*http.Response, error) {
	r, err := http.NewRequest(http.MethodPost, srv.URL+"/api/v0/traces", strings.NewReader(`{"serviceName":"checkout","from":0,"to":1}`))
	if err != nil {
		return nil, err
	}
	r.Header = srv.Header("mackerel")
	res, err := srv.Client().Do(r)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res, err
}

// Tests that run in parallel on one server take a workspace each.
func ExampleServer_NewWorkspace() {
	srv, err := apitest.New(apitest.Options{}) // in TestMain, say
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = srv.Close() }()
	run(func(t testing.TB) {
		a, b := srv.NewWorkspace(t), srv.NewWorkspace(t)
		a.Append(checkout(1, "GET /cart", time.Millisecond))
		fmt.Println(a.Oracle().Count(query.Count{}), b.Oracle().Count(query.Count{}))
	})
	// Output: 1 0
}

// The oracle says what the answer to a filter must be, so that a test needs no
// numbers of its own.
func ExampleWorkspace_Oracle() {
	run(func(t testing.TB) {
		srv := apitest.Start(t, apitest.Options{Scenario: "shop", Seed: 1, Spans: 2000, Now: at})
		failed := query.Cmp(query.StatusCode, query.OpEq, query.Typed, span.Int(int64(span.StatusError)))
		want := srv.Oracle().Match(failed)
		got, err := srv.Store().Count(t.Context(), srv.Name, query.Count{Filter: failed})
		fmt.Println(got == len(want), got > 0, err)
	})
	// Output: true true <nil>
}
