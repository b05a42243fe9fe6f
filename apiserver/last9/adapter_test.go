package last9_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/last9"
	"github.com/spanstead/spanstead/apiserver/last9/pipeline"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

const org = "/api/v4/organizations/acme"

// server is an adapter over a store of its own.
type server struct {
	testing.TB
	store   store.Store
	handler http.Handler
	now     time.Time
}

func newServer(t testing.TB) *server {
	s := &server{TB: t, store: storetest.New(t), now: now}
	s.handler = rest.NewRouter(last9.New(last9.Options{Store: s.store, Now: func() time.Time { return s.now }}))
	return s
}

func (s *server) append(spans []*span.Span) {
	s.Helper()
	got, err := s.store.Append(s.Context(), store.DefaultWorkspace, otlp.AppendRequest(nil, spans))
	if err != nil || got.Rejected > 0 {
		s.Fatalf("append: %+v, %v", got, err)
	}
}

// ask sends a request with a token and decodes the answer, which has to be of
// the wanted status.
func (s *server) ask(want int, method, target string, body, answer any) {
	s.Helper()
	rec := s.send(method, target, body)
	if rec.Code != want {
		s.Fatalf("%s %s: status %d, want %d: %s", method, target, rec.Code, want, rec.Body)
	}
	if answer != nil {
		if err := json.Unmarshal(rec.Body.Bytes(), answer); err != nil {
			s.Fatalf("%s %s: %v: %s", method, target, err, rec.Body)
		}
	}
}

func (s *server) send(method, target string, body any) *httptest.ResponseRecorder {
	var r io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(body)
	default:
		b, err := json.Marshal(body)
		if err != nil {
			s.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req := httptest.NewRequest(method, target, r)
	req.Header.Set("X-LAST9-API-TOKEN", "Bearer t0ken")
	rec := httptest.NewRecorder()
	s.handler.ServeHTTP(rec, req)
	return rec
}

type rows struct {
	Data struct {
		Result []struct {
			TraceId, SpanId string
			TraceID         string `json:"traceID"`
			SpanSets        []struct{ Matched int }
		}
	}
}

func (s *server) spanIDs(path string, params string, pipe any) []string {
	s.Helper()
	var got rows
	s.ask(200, http.MethodPost, org+path+"?region=r&"+params, map[string]any{"pipeline": pipe}, &got)
	ids := []string{}
	for _, row := range got.Data.Result {
		ids = append(ids, row.SpanId+row.TraceID)
	}
	return ids
}

const (
	queryRange = "/cat/api/traces/v2/query_range/json"
	search     = "/cat/api/traces/v2/search/json"
)

func randomSpans(r *rand.Rand, n int) []*span.Span {
	var spans []*span.Span
	for i := range n {
		s := &span.Span{
			Name: fmt.Sprint("op-", r.IntN(5)), Kind: span.Kind(r.IntN(6)), Status: span.Status{Code: span.StatusCode(r.IntN(3))},
			StartTimeUnixNano: 1727083600_000000000 + uint64(r.Int64N(3600))*1e9 + uint64(r.IntN(3))*5e8,
			Attributes:        []span.KeyValue{{Key: "code", Value: span.Int(int64(200 + r.IntN(4)*100))}},
			Resource: &span.Resource{Attributes: []span.KeyValue{
				{Key: "service.name", Value: span.String(fmt.Sprint("svc-", r.IntN(4)))},
			}},
			Scope: &span.Scope{},
		}
		s.EndTimeUnixNano = s.StartTimeUnixNano + uint64(1+r.IntN(2_000_000_000))
		s.TraceID[0], s.TraceID[15] = 1, byte(r.IntN(40))
		s.SpanID = span.SpanID{1, 0, 0, 0, byte(i >> 16), byte(i >> 8), byte(i)}
		if r.IntN(2) == 0 {
			s.Attributes = append(s.Attributes, span.KeyValue{Key: "path", Value: span.String(fmt.Sprint("/api/v", r.IntN(3)))})
		}
		spans = append(spans, s)
	}
	return spans
}

var (
	someFields = []string{"code", "path", "service.name", "ServiceName", "SpanName", "SpanKind", "StatusCode", "attributes['path']", "resource.service.name", "ghost"}
	someOps    = []string{"$eq", "$neq", "$ieq", "$gt", "$gte", "$lt", "$lte", "$contains", "$notcontains", "$regex", "$notregex", "$containsWords"}
	someValues = []any{"200", 300, "500", "/api/v1", "svc-1", "SVC-2", "op-3", "SPAN_KIND_SERVER", "STATUS_CODE_ERROR", "", "v"}
)

func randomCondition(r *rand.Rand, depth int) map[string]any {
	if depth > 0 && r.IntN(2) == 0 {
		op := []string{"$and", "$or", "$not"}[r.IntN(3)]
		return map[string]any{op: []any{randomCondition(r, depth-1), randomCondition(r, depth-1)}}
	}
	return map[string]any{someOps[r.IntN(len(someOps))]: []any{someFields[r.IntN(len(someFields))], someValues[r.IntN(len(someValues))]}}
}

// Random pipelines answered over HTTP are what query.Match says over the slice.
func TestQueriesEqualMatch(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 0))
	s, spans := newServer(t), randomSpans(r, 300)
	s.append(spans)
	slices.SortFunc(spans, func(a, b *span.Span) int {
		return query.PositionOf(a, query.OrderStart).Compare(query.PositionOf(b, query.OrderStart))
	})
	for range 150 {
		pipe := []any{map[string]any{"type": "filter", "query": randomCondition(r, 3)}}
		text, err := json.Marshal(pipe)
		if err != nil {
			t.Fatal(err)
		}
		p, err := pipeline.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		from := 1727083600 + r.Int64N(1800)
		window := query.Range{From: uint64(from) * 1e9, To: uint64(from+1800) * 1e9}
		want, matched := []string{}, map[string]int{}
		for _, sp := range spans {
			if window.Contains(sp.StartTimeUnixNano) && query.Match(p.Filter, sp) {
				want = append(want, sp.SpanID.String())
				matched[sp.TraceID.String()]++
			}
		}
		params := fmt.Sprintf("start=%d&end=%d&order=asc&limit=1000", from, from+1800)
		if diff := cmp.Diff(want, s.spanIDs(queryRange, params, pipe)); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", text, diff)
		}
		checkSearch(s, params, pipe, matched)
	}
}

// checkSearch holds a search against the number of matching spans of each trace.
func checkSearch(s *server, params string, pipe any, matched map[string]int) {
	s.Helper()
	var got rows
	s.ask(200, http.MethodPost, org+search+"?region=r&"+params, map[string]any{"pipeline": pipe}, &got)
	found := map[string]int{}
	for _, t := range got.Data.Result {
		found[t.TraceID] = t.SpanSets[0].Matched
	}
	if diff := cmp.Diff(matched, found); diff != "" {
		s.Fatalf("search %v (-want +got):\n%s", pipe, diff)
	}
}

// A window that is cut into chunks which share their boundary second gives
// each span once: the range is half open.
func TestChunksShareNoSpan(t *testing.T) {
	s, spans := newServer(t), randomSpans(rand.New(rand.NewPCG(22, 0)), 300)
	s.append(spans)
	seen := map[string]int{}
	for from := 1727083600; from < 1727083600+3602; from += 300 {
		for _, id := range s.spanIDs(queryRange, fmt.Sprintf("start=%d&end=%d&limit=1000", from, from+300), nil) {
			seen[id]++
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("span %s comes %d times", id, n)
		}
	}
	if len(seen) != len(spans) {
		t.Errorf("%d spans of %d", len(seen), len(spans))
	}
}

// The cells of a heatmap hold every span once, whatever the resolution.
func TestHeatmapCountsEverySpan(t *testing.T) {
	s, spans := newServer(t), randomSpans(rand.New(rand.NewPCG(23, 0)), 300)
	s.append(spans)
	for _, resolution := range []int{1, 60, 7200} {
		for _, buckets := range []int{1, 20, 1024} {
			var got struct {
				Data []struct {
					Timestamp time.Time
					Values    [][2]float64
				}
			}
			s.ask(200, http.MethodPost, fmt.Sprintf("%s/cat/api/traces/v2/heatmap/json?region=r&start=1727083600&end=1727087300&time_resolution_sec=%d&buckets=%d", org, resolution, buckets), map[string]any{}, &got)
			total := 0.0
			for _, point := range got.Data {
				if point.Timestamp.Unix()%int64(resolution) != 0 || len(point.Values) > buckets {
					t.Errorf("%d by %d: cell %v with %d values", resolution, buckets, point.Timestamp, len(point.Values))
				}
				for _, v := range point.Values {
					total += v[1]
				}
			}
			if total != float64(len(spans)) {
				t.Errorf("%d by %d: %v spans of %d", resolution, buckets, total, len(spans))
			}
		}
	}
}

type searches struct{ Data []savedSearch }

// savedSearch is a saved or a recent search.
type savedSearch struct {
	ID, Name, Mode string
	ExecutedAt     time.Time `json:"executed_at"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
	Pipeline       json.RawMessage
}

func (s *server) recent() (got searches) {
	s.Helper()
	s.ask(200, http.MethodGet, org+"/traces/recent-searches", nil, &got)
	return got
}

// Recent searches are kept seven days on the server's clock, the same search once.
func TestRecentSearchesAreKeptSevenDays(t *testing.T) {
	s := newServer(t)
	one := []any{map[string]any{"type": "filter", "query": map[string]any{"$eq": []string{"a", "1"}}}}
	s.spanIDs(queryRange, "start=1&end=2", one)
	s.now = now.Add(time.Hour)
	s.spanIDs(search, "start=1&end=2", nil)
	if got := s.recent(); len(got.Data) != 2 || got.Data[0].Mode != "trace" || !got.Data[1].ExecutedAt.Equal(now) {
		t.Fatalf("recent searches: %+v", got)
	}
	s.now = now.Add(7*24*time.Hour - 1)
	if got := s.recent(); len(got.Data) != 2 {
		t.Errorf("a moment before seven days: %+v", got)
	}
	s.now = now.Add(7 * 24 * time.Hour)
	if got := s.recent(); len(got.Data) != 1 || got.Data[0].Mode != "trace" {
		t.Errorf("after seven days: %+v", got)
	}
	s.spanIDs(search, "start=5&end=9", nil) // the same question of another time
	s.now = s.now.Add(7*24*time.Hour - time.Hour)
	if got := s.recent(); len(got.Data) != 1 {
		t.Errorf("a search that was run again: %+v", got)
	}
}

// The store holds no more recent searches than it has to, and drops what is gone.
func TestRecentSearchesAreBounded(t *testing.T) {
	s := newServer(t)
	for i := range 230 {
		s.now = now.Add(time.Duration(i) * time.Second)
		s.spanIDs(queryRange, "start=1&end=2", []any{map[string]any{"type": "filter", "query": map[string]any{"$eq": []string{"n", fmt.Sprint(i)}}}})
	}
	if got := s.recent(); len(got.Data) != 200 || !strings.Contains(string(got.Data[0].Pipeline), `"229"`) {
		t.Errorf("%d recent searches, the first %+v", len(got.Data), got.Data[0])
	}
	s.now = now.Add(30 * 24 * time.Hour)
	s.spanIDs(queryRange, "start=1&end=2", nil)
	docs, err := s.store.ListDocuments(t.Context(), "acme", "last9.recent-searches/acme")
	if err != nil || len(docs) != 1 {
		t.Errorf("%d documents are left, %v", len(docs), err)
	}
}

// Saved searches outlive the adapter: they are the store's. Times are the clock's.
func TestSavedSearchesAreTheStores(t *testing.T) {
	s := newServer(t)
	in := map[string]any{"name": "a", "pipeline": []any{}, "mode": "span"}
	s.ask(201, http.MethodPost, org+"/traces/searches", in, nil)
	s.ask(201, http.MethodPost, org+"/traces/searches", in, nil)
	var list searches
	s.handler = rest.NewRouter(last9.New(last9.Options{Store: s.store, Now: func() time.Time { return s.now }}))
	s.ask(200, http.MethodGet, org+"/traces/searches", nil, &list)
	if len(list.Data) != 2 || list.Data[0].ID == list.Data[1].ID {
		t.Fatalf("two equal searches: %+v", list)
	}
	s.now = now.Add(time.Minute)
	s.ask(200, http.MethodPut, org+"/traces/searches/"+url.PathEscape(list.Data[0].ID), map[string]any{"mode": "trace"}, nil)
	s.ask(200, http.MethodGet, org+"/traces/searches", nil, &list)
	if d := list.Data[0]; d.Mode != "trace" || d.Name != "a" || !d.CreatedAt.Equal(now) || !d.UpdatedAt.Equal(s.now) {
		t.Errorf("after the change: %+v", d)
	}
	again := newServer(t)
	var first searches
	again.ask(201, http.MethodPost, org+"/traces/searches", in, nil)
	again.ask(200, http.MethodGet, org+"/traces/searches", nil, &first)
	if !slices.ContainsFunc(list.Data, func(d savedSearch) bool { return d.ID == first.Data[0].ID }) {
		t.Errorf("the same request at the same time has another id: %s", first.Data[0].ID)
	}
}

// A workspace that exists has spans and searches of its own.
func TestOrganizationsAreSeparate(t *testing.T) {
	s := newServer(t)
	if err := s.store.CreateWorkspace(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	s.append(randomSpans(rand.New(rand.NewPCG(24, 0)), 5))
	if got := s.spanIDs(queryRange, "start=1&end=9000000000", nil); len(got) != 0 {
		t.Errorf("acme sees the spans of the default workspace: %v", got)
	}
	var got rows
	s.ask(200, http.MethodPost, "/api/v4/organizations/other"+queryRange+"?region=r&start=1&end=9000000000", map[string]any{}, &got)
	if len(got.Data.Result) != 5 {
		t.Errorf("a name that nobody created sees %d of 5 spans", len(got.Data.Result))
	}
}

// Requests at the same time neither race nor lose a saved search.
func TestConcurrentRequests(t *testing.T) {
	s := newServer(t)
	s.append(randomSpans(rand.New(rand.NewPCG(25, 0)), 50))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 5 {
				s.send(http.MethodPost, org+"/traces/searches", map[string]any{"name": "same", "pipeline": []any{}, "mode": "span"})
				s.send(http.MethodPost, org+queryRange+"?region=r&start=1&end=9000000000", map[string]any{
					"pipeline": []any{map[string]any{"type": "filter", "query": map[string]any{"$eq": []string{"k", fmt.Sprint(i, j)}}}},
				})
			}
		})
	}
	wg.Wait()
	var list searches
	s.ask(200, http.MethodGet, org+"/traces/searches", nil, &list)
	if len(list.Data) != 40 || len(s.recent().Data) != 40 {
		t.Errorf("%d saved and %d recent searches, want 40 of each", len(list.Data), len(s.recent().Data))
	}
}
