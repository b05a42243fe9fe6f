package last9_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/last9"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// manySpans are n spans, one a second, of which each makes a trace of its own
// unless they are all of one.
func manySpans(n int, oneTrace bool) []*span.Span {
	var spans []*span.Span
	for i := range n {
		s := &span.Span{Name: "op", StartTimeUnixNano: uint64(1000+i) * 1e9, Resource: &span.Resource{}, Scope: &span.Scope{}}
		s.EndTimeUnixNano = s.StartTimeUnixNano + 1
		s.TraceID[0] = 7
		if !oneTrace {
			s.TraceID[14], s.TraceID[15] = byte(i>>8), byte(i)
		}
		s.SpanID = span.SpanID{1, 0, 0, 0, 0, 0, byte(i >> 8), byte(i)}
		spans = append(spans, s)
	}
	return spans
}

type answers struct {
	Traces []struct{ SpanId string }
	Data   struct {
		Result []struct {
			SpanId, Timestamp string
			SpanSets          []struct {
				Matched int
				Spans   []struct{ SpanID string }
			}
		}
	}
}

func TestDefaultLimits(t *testing.T) {
	s := newServer(t)
	s.append(manySpans(1100, true))
	const window = "?region=r&start=1&end=9000000000"
	var got answers
	s.ask(200, http.MethodPost, org+queryRange+window, nil, &got)
	if n := len(got.Data.Result); n != 100 {
		t.Errorf("query_range answers %d spans, want 100", n)
	}
	s.ask(200, http.MethodPost, org+queryRange+window+"&mode=trace", nil, &got)
	if n := len(got.Data.Result); n != 1100 {
		t.Errorf("a complete trace has %d spans, want 1100", n)
	}
	s.ask(200, http.MethodGet, org+"/cat/api/traces/07000000000000000000000000000000"+window, nil, &got)
	if n := len(got.Traces); n != 1000 {
		t.Errorf("the trace by id has %d spans, want 1000", n)
	}
	s.ask(200, http.MethodGet, org+"/cat/api/traces/07000000000000000000000000000000"+window+"&limit=5000", nil, &got)
	if n := len(got.Traces); n != 1100 {
		t.Errorf("the trace by id with a higher limit has %d spans, want 1100", n)
	}
	s.ask(200, http.MethodPost, org+search+window, nil, &got)
	if set := got.Data.Result[0].SpanSets[0]; set.Matched != 1100 || len(set.Spans) != 20 || set.Spans[0].SpanID != "0100000000000000" {
		t.Errorf("search: %d matched, %d shown, the first %v", set.Matched, len(set.Spans), set.Spans[0])
	}
	apart := newServer(t)
	apart.append(manySpans(150, false))
	apart.ask(200, http.MethodPost, org+search+window, nil, &got)
	if n := len(got.Data.Result); n != 100 {
		t.Errorf("search answers %d traces, want 100", n)
	}
}

// An answer of several pieces is one list all the same.
func TestLongAnswer(t *testing.T) {
	s := newServer(t)
	s.append(manySpans(1100, false))
	ids := s.spanIDs(queryRange, "start=1&end=9000000000&limit=2000&order=asc", nil)
	if len(ids) != 1100 || ids[0] != "0100000000000000" || ids[1099] != "010000000000044b" {
		t.Errorf("%d spans, from %s to %s", len(ids), ids[0], ids[len(ids)-1])
	}
}

// breaking is a store that fails after its first spans.
type breaking struct {
	broken
	spans []*span.Span
}

func (b breaking) Each(_ context.Context, _ string, _ query.Spans, fn func(*span.Span) bool) error {
	for _, s := range b.spans {
		if !fn(s) {
			return nil
		}
	}
	return errors.New("the disk is gone")
}

// A part of an answer is never taken for the whole: before anything was sent
// the error is answered, after that the connection is cut.
func TestBrokenOff(t *testing.T) {
	ask := func(n int) (status int, cut bool) {
		defer func() {
			cut = recover() == http.ErrAbortHandler
		}()
		a := last9.New(last9.Options{Store: breaking{spans: manySpans(n, false)}, Now: func() time.Time { return now }})
		target := org + queryRange + "?region=r&start=1&end=9000000000&limit=10000"
		rec := hostile(rest.NewRouter(a), http.MethodPost, target, `{"pipeline":[]}`, "Bearer t0ken")
		return rec.Code, false
	}
	if status, cut := ask(3); status != 500 || cut {
		t.Errorf("nothing sent yet: status %d, cut %v", status, cut)
	}
	if _, cut := ask(2000); !cut {
		t.Error("a part was sent and the connection was not cut")
	}
}

// The datasources' credentials lead spans to the organisation's workspace.
func TestIngestNamesTheWorkspace(t *testing.T) {
	in := last9.New(last9.Options{}).Ingest()
	if len(in) != 1 || in[0].Path != "/v1/traces" {
		t.Fatalf("ingest: %+v", in)
	}
	for name, c := range map[string]struct {
		user string
		want bool
	}{"acme": {"acme", true}, "none": {"", false}, "space": {"a b", false}} {
		req, err := http.NewRequest(http.MethodPost, "http://host/v1/traces", strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		if c.user != "" {
			req.SetBasicAuth(c.user, "spanstead")
		}
		if got, ok := in[0].Workspace(req); ok != c.want || ok && got != c.user {
			t.Errorf("%s: %q, %v", name, got, ok)
		}
	}
}
