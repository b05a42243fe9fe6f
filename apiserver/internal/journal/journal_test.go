package journal_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver/internal/journal"
)

// entry is a request to which every matcher has something to say.
func entry() journal.Entry {
	return journal.Entry{
		Vendor: "mackerel", Route: "/api/v0/traces", Workspace: "w", Method: "POST", Path: "/api/v0/traces",
		Query: url.Values{"page": {"2"}}, Header: http.Header{"X-Test": {"one", "two"}},
		Body: `{"serviceName": "cart", "from": 1, "order": {"column": "LATENCY", "direction": "DESC"}}`,
	}
}

// begun is a journal with that request, answered with 200 after a fault.
func begun(t *testing.T) *journal.Journal {
	t.Helper()
	j := journal.New(journal.Options{})
	o := j.Begin(entry())
	o.Fault("slow")
	o.Answer(200, http.Header{"Content-Type": {"application/json"}})
	o.Wrote([]byte(`{"results":`))
	o.Wrote([]byte(`[]}`))
	o.End(10, time.Millisecond)
	return j
}

func find(t *testing.T, j *journal.Journal, m journal.Match) []journal.Entry {
	t.Helper()
	found, err := j.Find(m, 0)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestMatchers has for each field a match that holds and some that do not, so
// that each is needed.
func TestMatchers(t *testing.T) {
	tests := []struct {
		name  string
		holds []journal.Match
		not   []journal.Match
	}{
		{"vendor", []journal.Match{{Vendor: "mackerel"}, {Vendor: "mack*"}}, []journal.Match{{Vendor: "lumos"}}},
		{"workspace", []journal.Match{{Workspace: "w"}, {Workspace: "*"}}, []journal.Match{{Workspace: "v"}, {Workspace: "default"}}},
		{"method", []journal.Match{{Method: "POST"}, {Method: "post"}}, []journal.Match{{Method: "GET"}}},
		{"route", []journal.Match{{Route: "/api/v0/traces"}, {Route: "/api/*"}}, []journal.Match{{Route: "/api/v0/traces/{traceId}"}}},
		{"path", []journal.Match{{Path: "/api/v0/traces"}, {Path: "*traces"}}, []journal.Match{{Path: "/api/v0/trace"}}},
		{"status", []journal.Match{{Status: "200"}, {Status: "2xx"}}, []journal.Match{{Status: "201"}, {Status: "4xx"}, {Status: "0"}}},
		{"query", []journal.Match{{Query: map[string]string{"page": "2"}}, {Query: map[string]string{"page": "*"}}},
			[]journal.Match{{Query: map[string]string{"page": "1"}}, {Query: map[string]string{"limit": "*"}}}},
		{"header", []journal.Match{{Header: map[string]string{"x-test": "two"}}, {Header: map[string]string{"X-Test": "o*"}}},
			[]journal.Match{{Header: map[string]string{"X-Test": "three"}}, {Header: map[string]string{"X-Other": "*"}}}},
		{"body", []journal.Match{{Body: `"cart"`}}, []journal.Match{{Body: `"web"`}}},
		{"JSON", []journal.Match{{JSON: json.RawMessage(`{"order":{"column":"LATENCY"},"serviceName":"cart"}`)}, {JSON: json.RawMessage(`{"from":1.0}`)}},
			[]journal.Match{{JSON: json.RawMessage(`{"order":{"column":"START_AT"}}`)}, {JSON: json.RawMessage(`{"to":1}`)}, {JSON: json.RawMessage(`[]`)}}},
		{"fault", []journal.Match{{Fault: "slow"}, {Fault: "s*"}}, []journal.Match{{Fault: "fast"}}},
		{"after", []journal.Match{{After: 0}}, []journal.Match{{After: 1}}},
		{"all fields together", []journal.Match{{Vendor: "mackerel", Method: "POST"}}, []journal.Match{{Vendor: "mackerel", Method: "GET"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := begun(t)
			for _, m := range tt.holds {
				if len(find(t, j, m)) != 1 {
					t.Errorf("%v does not match", m)
				}
			}
			for _, m := range tt.not {
				if len(find(t, j, m)) != 0 {
					t.Errorf("%v matches", m)
				}
			}
		})
	}
}

func TestEntryIsWhole(t *testing.T) {
	got := find(t, begun(t), journal.Match{})[0]
	want := entry()
	want.ID, want.Took, want.BodyBytes, want.Status, want.Faults = 1, time.Millisecond, 10, 200, []string{"slow"}
	want.ResponseHeader = http.Header{"Content-Type": {"application/json"}}
	want.Response, want.ResponseBytes = `{"results":[]}`, 14
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestARequestIsThereBeforeItsAnswer(t *testing.T) {
	j := journal.New(journal.Options{})
	o := j.Begin(entry())
	if found := find(t, j, journal.Match{Status: "0"}); len(found) != 1 {
		t.Errorf("%d requests", len(found))
	}
	o.Answer(404, http.Header{})
	o.Answer(200, http.Header{}) // only the first counts
	if found := find(t, j, journal.Match{Status: "404"}); len(found) != 1 {
		t.Errorf("%d requests", len(found))
	}
}

func TestNewestFirstAndLimit(t *testing.T) {
	j := journal.New(journal.Options{})
	for i := range 5 {
		e := entry()
		e.Workspace = fmt.Sprint(i % 2)
		j.Begin(e)
	}
	found, err := j.Find(journal.Match{}, 3)
	if err != nil || len(found) != 3 || found[0].ID != 5 || found[2].ID != 3 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestMatchesThatAreNone(t *testing.T) {
	for _, m := range []journal.Match{{Status: "x"}, {Status: "44xx"}, {Status: "-1"}, {Status: "xx"}, {JSON: json.RawMessage(`{`)}} {
		if _, err := journal.New(journal.Options{}).Find(m, 0); err == nil {
			t.Errorf("%v was taken", m)
		}
	}
}

func n(i int) *int { return &i }

func TestVerify(t *testing.T) {
	tests := []struct {
		name  string
		m     journal.Match
		times journal.Times
		ok    bool
		count int
	}{
		{"at least one by default", journal.Match{Vendor: "mackerel"}, journal.Times{}, true, 2},
		{"none by default", journal.Match{Vendor: "lumos"}, journal.Times{}, false, 0},
		{"exactly", journal.Match{}, journal.Times{Exactly: n(2)}, true, 2},
		{"exactly, too many", journal.Match{}, journal.Times{Exactly: n(1)}, false, 2},
		{"exactly, too few", journal.Match{}, journal.Times{Exactly: n(3)}, false, 2},
		{"never", journal.Match{Vendor: "lumos"}, journal.Times{Exactly: n(0)}, true, 0},
		{"at least", journal.Match{}, journal.Times{AtLeast: n(2)}, true, 2},
		{"at least, too few", journal.Match{}, journal.Times{AtLeast: n(3)}, false, 2},
		{"at most", journal.Match{}, journal.Times{AtMost: n(2)}, true, 2},
		{"at most, too many", journal.Match{}, journal.Times{AtMost: n(1)}, false, 2},
		{"between", journal.Match{}, journal.Times{AtLeast: n(1), AtMost: n(3)}, true, 2},
	}
	j := journal.New(journal.Options{})
	j.Begin(entry())
	j.Begin(entry())
	for _, tt := range tests {
		r, err := j.Verify(tt.m, tt.times)
		if err != nil || r.OK != tt.ok || r.Count != tt.count || (r.Message == "") != tt.ok {
			t.Errorf("%s: %+v, %v", tt.name, r, err)
		}
	}
}

func TestVerifyShowsTheNearest(t *testing.T) {
	j := journal.New(journal.Options{})
	far := entry()
	far.Vendor, far.Path, far.Route = "lumos", "/query/traces", "/query/traces"
	near := entry()
	near.Body = `{"serviceName":"web","order":{"column":"LATENCY"}}`
	j.Begin(far)
	j.Begin(near).Answer(200, http.Header{})
	j.Begin(far)
	r, err := j.Verify(journal.Match{
		Vendor: "mackerel", Path: "/api/v0/traces", JSON: json.RawMessage(`{"serviceName":"cart","order":{"column":"LATENCY"}}`),
	}, journal.Times{Exactly: n(1)})
	if err != nil {
		t.Fatal(err)
	}
	want := `want exactly 1 requests of vendor mackerel, path /api/v0/traces, JSON {"serviceName":"cart","order":{"column":"LATENCY"}}; got 0
The nearest other is #2 POST /api/v0/traces?page=2 (mackerel): 200
  body /serviceName: want "cart", got "web"
  its body: {"serviceName":"web","order":{"column":"LATENCY"}}`
	if diff := cmp.Diff(want, r.Message); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.Nearest == nil || r.Nearest.ID != 2 || len(r.Differences) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestVerifyShowsThoseThatAreTooMany(t *testing.T) {
	j := begun(t)
	r, err := j.Verify(journal.Match{Vendor: "mackerel"}, journal.Times{Exactly: n(0)})
	if err != nil || r.Nearest != nil || !strings.Contains(r.Message, "\n  #1 POST /api/v0/traces?page=2 (mackerel): 200") {
		t.Errorf("%+v, %v", r, err)
	}
	r, err = journal.New(journal.Options{}).Verify(journal.Match{}, journal.Times{})
	if err != nil || !strings.HasSuffix(r.Message, "There was no request at all.") {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestVerifyDoesNotShowOtherWorkspaces(t *testing.T) {
	j := begun(t)
	r, err := j.Verify(journal.Match{Workspace: "mine"}, journal.Times{})
	if err != nil || r.OK || r.Nearest != nil {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestSecretsAreTakenOut(t *testing.T) {
	const secret = "s3cr3t-value"
	e := entry()
	e.Header = http.Header{
		"Authorization": {"Bearer " + secret}, "X-Api-Key": {secret}, "Mackerel-Api-Key": {secret}, "X-Last9-Api-Token": {"Bearer " + secret},
		"Cookie": {"__lumos_session=" + secret, "theme " + secret}, "Proxy-Authorization": {"Basic " + secret}, "X-My-Secret": {secret + " x"}, "Accept": {"*/*"},
	}
	e.Query = url.Values{"access_token": {secret}, "api_key": {secret}, "pageToken": {"page-2"}, "total_tokens": {"7"}}
	e.Body = `{"refresh_token": "` + secret + `", "nested":{"Api-Key":"a\"` + secret + `"}, "pageToken":"page-2", "tokens":"7", "password":"` + secret
	j := journal.New(journal.Options{})
	o := j.Begin(e)
	h := http.Header{"Content-Type": {"application/json"}, "Set-Cookie": {"session=" + secret}}
	o.Answer(200, h)
	o.Wrote([]byte(`{"access_token":"` + secret[:4]))
	o.Wrote([]byte(secret[4:] + `","expires_at":1}`))
	got := find(t, j, journal.Match{})[0]
	text := fmt.Sprintf("%+v", got)
	if strings.Contains(text, secret) {
		t.Errorf("a secret is left:\n%s", text)
	}
	for _, kept := range []string{"Bearer [redacted]", "Basic [redacted]", "page-2", `"tokens":"7"`, "total_tokens:[7]", "*/*", `"expires_at":1`} {
		if !strings.Contains(text, kept) {
			t.Errorf("%s is gone:\n%s", kept, text)
		}
	}
	if h.Get("Set-Cookie") == journal.Redacted || e.Header.Get("X-Api-Key") != secret {
		t.Error("the request or the answer itself was changed")
	}
}

func TestBounds(t *testing.T) {
	t.Run("entries", func(t *testing.T) {
		j := journal.New(journal.Options{Entries: 3})
		for range 10 {
			j.Begin(entry())
		}
		other := entry()
		other.Workspace = "other"
		j.Begin(other)
		if found := find(t, j, journal.Match{Workspace: "w"}); len(found) != 3 || found[0].ID != 10 {
			t.Errorf("%d requests", len(found))
		}
		if j.Size() != 4 {
			t.Errorf("size %d", j.Size())
		}
	})
	t.Run("bytes", func(t *testing.T) {
		j := journal.New(journal.Options{Bytes: 10_000})
		for range 20 {
			e := entry()
			e.Body = strings.Repeat("x", 3000)
			j.Begin(e)
		}
		if found := find(t, j, journal.Match{}); len(found) != 2 {
			t.Errorf("%d requests", len(found))
		}
	})
	t.Run("bytes of answers", func(t *testing.T) {
		j := journal.New(journal.Options{Bytes: 10_000})
		for range 20 {
			o := j.Begin(entry())
			o.Answer(200, http.Header{"Content-Type": {"text/plain"}})
			o.Wrote([]byte(strings.Repeat("x", 3000)))
		}
		if found := find(t, j, journal.Match{}); len(found) != 2 {
			t.Errorf("%d requests", len(found))
		}
	})
	t.Run("one body", func(t *testing.T) {
		j := journal.New(journal.Options{Body: 10})
		o := j.Begin(entry())
		o.Answer(200, http.Header{"Content-Type": {"text/plain"}})
		o.Wrote([]byte("0123456789abc"))
		got := find(t, j, journal.Match{})[0]
		if len(got.Body) != 10 || !got.BodyCut || got.Response != "0123456789" || !got.ResponseCut || got.ResponseBytes != 13 {
			t.Errorf("%+v", got)
		}
		if found := find(t, j, journal.Match{JSON: json.RawMessage(`{}`)}); len(found) != 0 {
			t.Error("half a body matches JSON")
		}
	})
	t.Run("none", func(t *testing.T) {
		j := journal.New(journal.Options{Entries: -1})
		o := j.Begin(entry())
		o.Answer(200, http.Header{})
		o.Wrote([]byte("x"))
		o.Fault("f")
		o.Spans(1, 0)
		o.End(1, 1)
		if o.ID() != 0 || j.Size() != 0 {
			t.Error("a request was kept")
		}
	})
}

func TestAnswersThatAreNoTextAreNotKept(t *testing.T) {
	for _, h := range []http.Header{
		{}, {"Content-Type": {"application/x-protobuf"}}, {"Content-Type": {"text/plain"}, "Content-Encoding": {"gzip"}},
	} {
		j := journal.New(journal.Options{})
		o := j.Begin(entry())
		o.Answer(200, h)
		o.Wrote([]byte("bytes"))
		if got := find(t, j, journal.Match{})[0]; got.Response != "" || got.ResponseBytes != 5 {
			t.Errorf("%v: %+v", h, got)
		}
	}
}

func TestForget(t *testing.T) {
	j := journal.New(journal.Options{})
	a, b := entry(), entry()
	b.Workspace = "b"
	o := j.Begin(a)
	j.Begin(b)
	j.Forget("w")
	o.Wrote([]byte("late"))
	if found := find(t, j, journal.Match{}); len(found) != 1 || found[0].Workspace != "b" {
		t.Errorf("%+v", found)
	}
	j.Forget("")
	j.Begin(a)
	if found := find(t, j, journal.Match{}); len(found) != 1 || found[0].ID != 3 {
		t.Errorf("%+v: numbers are never given twice", found)
	}
}

func TestConcurrentUse(t *testing.T) {
	j := journal.New(journal.Options{Entries: 10})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				o := j.Begin(entry())
				o.Answer(200, http.Header{"Content-Type": {"text/plain"}})
				o.Wrote([]byte("x"))
				_, _ = j.Find(journal.Match{Vendor: "*"}, 0)
				_, _ = j.Verify(journal.Match{Vendor: "none"}, journal.Times{})
				o.End(1, 1)
			}
		})
	}
	wg.Wait()
	if found := find(t, j, journal.Match{}); len(found) != 10 {
		t.Errorf("%d requests", len(found))
	}
}
