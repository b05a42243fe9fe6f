package apiserver_test

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/spanstead/spanstead/apiserver"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

// walk reads a list page by page until its end, a few items a page, and calls
// between after each page but the last. It returns the names of the items.
type walk func(c *caller, between func()) []string

// lists are all lists that come in pages, and how they are ordered: a list
// with marks goes on behind the last item that was shown, one with numbers
// counts from its front at the time of each request.
var lists = []struct {
	name       string
	marks      bool // tokens, cursors or windows
	descending bool
	walk       walk
}{
	{"mackerel, START_AT ASC", false, false, mackerelWalk("START_AT", "ASC")},
	{"mackerel, START_AT DESC", false, true, mackerelWalk("START_AT", "DESC")},
	{"mackerel, LATENCY ASC", false, false, mackerelWalk("LATENCY", "ASC")},
	{"mackerel, LATENCY DESC", false, true, mackerelWalk("LATENCY", "DESC")},
	{"sideseat, traces, start_time:asc", false, false, sideseatWalk("/traces", "start_time:asc", "trace_name")},
	{"sideseat, traces, start_time:desc", false, true, sideseatWalk("/traces", "start_time:desc", "trace_name")},
	{"sideseat, traces, end_time:asc", false, false, sideseatWalk("/traces", "end_time:asc", "trace_name")},
	{"sideseat, traces, duration_ms:desc", false, true, sideseatWalk("/traces", "duration_ms:desc", "trace_name")},
	{"sideseat, spans, start_time:asc", false, false, sideseatWalk("/spans", "start_time:asc", "span_name")},
	{"sideseat, spans, start_time:desc", false, true, sideseatWalk("/spans", "start_time:desc", "span_name")},
	{"sideseat, sessions, start_time:asc", false, false, sideseatWalk("/sessions", "start_time:asc", "session_id")},
	{"sideseat, sessions, start_time:desc", false, true, sideseatWalk("/sessions", "start_time:desc", "session_id")},
	{"sideseat, feed of spans", true, true, feedWalk("/feed/spans", "span_id")},
	{"sideseat, feed of messages", true, true, feedWalk("/feed/messages", "span_id")},
	{"truefoundry, asc", true, false, truefoundryWalk("asc")},
	{"truefoundry, desc", true, true, truefoundryWalk("desc")},
	{"last9, windows of time", true, false, last9Walk},
}

const (
	firstItems = 11
	pageItems  = 3
)

// nameOf is what everything about trace i is called, and its span id.
func nameOf(i int) string { return fmt.Sprintf("%016x", 1000+i) }

// arriving is a store with one trace a second and more of them to come. Later
// traces take longer.
type arriving struct {
	store store.Store
	next  map[bool]int // by whether they are newer than all others
	t     *testing.T
}

func (a *arriving) append(i int) {
	a.t.Helper()
	s := &span.Span{Name: nameOf(i), Kind: span.KindClient, Scope: &span.Scope{}}
	binary.BigEndian.PutUint64(s.TraceID[:], uint64(1000+i))
	binary.BigEndian.PutUint64(s.SpanID[:], uint64(1000+i))
	s.StartTimeUnixNano = uint64(began.Add(time.Duration(i) * time.Second).UnixNano())
	s.EndTimeUnixNano = s.StartTimeUnixNano + uint64(1000+i)*1e6
	text := func(key, value string) span.KeyValue { return span.KeyValue{Key: key, Value: span.String(value)} }
	s.Resource = &span.Resource{Attributes: []span.KeyValue{text("service.name", "s")}}
	s.Attributes = []span.KeyValue{
		text("session.id", nameOf(i)), text("gen_ai.operation.name", "chat"), text("gen_ai.request.model", "m"),
		text("gen_ai.input.messages", `[{"role":"user","parts":[{"type":"text","content":"`+nameOf(i)+`"}]}]`),
	}
	if answer, err := a.store.Append(a.t.Context(), store.DefaultWorkspace, otlp.AppendRequest(nil, []*span.Span{s})); err != nil || answer.Accepted != 1 {
		a.t.Fatalf("%+v, %v", answer, err)
	}
}

// arrive appends one more trace, newer or older than all before.
func (a *arriving) arrive(newer bool) {
	a.next[newer]++
	if newer {
		a.append(100 + a.next[newer])
	} else {
		a.append(-a.next[newer])
	}
}

// TestPagesWhileSpansArrive walks every list while newer traces arrive, then
// while older ones do. Where a list goes on behind a mark, each item that was
// there at the start is shown exactly once. Where it counts from its front,
// that holds while traces arrive at its end; one that arrives at its front
// pushes the others back, so that the last item of a page is the first of the
// next, and nothing is left out.
func TestPagesWhileSpansArrive(t *testing.T) {
	for _, list := range lists {
		for _, newer := range []bool{true, false} {
			name := list.name + ", older arrive"
			if newer {
				name = list.name + ", newer arrive"
			}
			t.Run(name, func(t *testing.T) {
				a := &arriving{storetest.New(t), map[bool]int{}, t}
				for i := range firstItems {
					a.append(i)
				}
				c := &caller{TB: t, handler: apiserver.New(apiserver.Options{Store: a.store}).Handler(), workspace: store.DefaultWorkspace}
				pages := 1
				shown := list.walk(c, func() {
					pages++
					a.arrive(newer)
				})
				if pages < 4 {
					t.Fatalf("%d pages", pages)
				}
				atFront := newer == list.descending
				want := firstNames()
				if list.descending {
					slices.Reverse(want)
				}
				checkWalk(t, want, shown, !list.marks && atFront)
			})
		}
	}
}

func firstNames() (names []string) {
	for i := range firstItems {
		names = append(names, nameOf(i))
	}
	return names
}

// checkWalk looks at the items that were there at the start. With repeats, the
// last of each page comes again.
func checkWalk(t *testing.T, want, shown []string, repeats bool) {
	t.Helper()
	if repeats {
		var pushed []string
		for at := 0; at < len(want); at += pageItems - 1 { // each page begins with the last of the one before
			pushed = append(pushed, want[at:min(at+pageItems, len(want))]...)
			if at+pageItems >= len(want) {
				break
			}
		}
		want = pushed
	}
	got := slices.DeleteFunc(slices.Clone(shown), func(name string) bool { return !slices.Contains(want, name) })
	if !slices.Equal(got, want) {
		t.Errorf("shown %v, want %v", got, want)
	}
}

// TestProjectsWhileWorkspacesAreCreated pins the same of SideSeat's projects,
// which are in the order of their names.
func TestProjectsWhileWorkspacesAreCreated(t *testing.T) {
	for _, before := range []bool{false, true} {
		st := storetest.New(t)
		create := func(name string) {
			if err := st.CreateWorkspace(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range firstNames() {
			create(name)
		}
		c := &caller{TB: t, handler: apiserver.New(apiserver.Options{Store: st}).Handler()}
		pages := 0
		shown := numbered(c, "/api/v1/projects", url.Values{}, "id", func() {
			pages++
			if before {
				create(fmt.Sprintf("%016x", 900-pages))
			} else {
				create(fmt.Sprintf("z%d", pages))
			}
		})
		checkWalk(t, append(firstNames(), store.DefaultWorkspace), shown, before)
	}
}

func mackerelWalk(column, direction string) walk {
	return func(c *caller, between func()) (names []string) {
		for page := 1; ; page++ {
			var answer struct {
				Results     []struct{ Title string }
				HasNextPage bool
			}
			c.ask(http.MethodPost, "/api/v0/traces?", object{
				"serviceName": "s", "from": 0, "to": 1 << 33, "page": page, "perPage": pageItems,
				"order": object{"column": column, "direction": direction},
			}, &answer)
			for _, r := range answer.Results {
				names = append(names, r.Title)
			}
			if !answer.HasNextPage {
				return names
			}
			between()
		}
	}
}

func sideseatWalk(path, order, key string) walk {
	return func(c *caller, between func()) []string {
		return numbered(c, c.sideseat(path), url.Values{"order_by": {order}}, key, between)
	}
}

func numbered(c *caller, target string, params url.Values, key string, between func()) (names []string) {
	for page := 1; ; page++ {
		params.Set("page", fmt.Sprint(page))
		params.Set("limit", fmt.Sprint(pageItems))
		var answer struct {
			Data []object
			Meta struct {
				TotalPages int `json:"total_pages"`
			}
		}
		c.ask(http.MethodGet, target+"?"+params.Encode(), nil, &answer)
		for _, row := range answer.Data {
			names = append(names, row[key].(string))
		}
		if page >= answer.Meta.TotalPages {
			return names
		}
		between()
	}
}

func feedWalk(path, key string) walk {
	return func(c *caller, between func()) (names []string) {
		params := url.Values{"limit": {fmt.Sprint(pageItems)}}
		for {
			var answer struct {
				Data       []object
				Pagination struct {
					NextCursor string `json:"next_cursor"`
					HasMore    bool   `json:"has_more"`
				}
			}
			c.ask(http.MethodGet, c.sideseat(path)+"?"+params.Encode(), nil, &answer)
			for _, row := range answer.Data {
				names = append(names, row[key].(string))
			}
			if !answer.Pagination.HasMore || len(answer.Data) == 0 {
				return names
			}
			params.Set("cursor", answer.Pagination.NextCursor)
			between()
		}
	}
}

func truefoundryWalk(direction string) walk {
	return func(c *caller, between func()) (names []string) {
		body := object{"tracingProjectFqn": c.workspace, "startTime": "2024-01-01T00:00:00Z", "limit": pageItems, "sortDirection": direction}
		for {
			var answer struct {
				Data       []struct{ SpanName string }
				Pagination struct{ NextPageToken string }
			}
			c.ask(http.MethodPost, "/api/svc/v1/spans/query", body, &answer)
			for _, s := range answer.Data {
				names = append(names, s.SpanName)
			}
			if answer.Pagination.NextPageToken == "" {
				return names
			}
			body["pageToken"] = answer.Pagination.NextPageToken
			between()
		}
	}
}

// last9Walk cuts the time into windows that share their boundary second, as
// the vendor's client does; there are no pages.
func last9Walk(c *caller, between func()) (names []string) {
	for from := began; from.Before(began.Add(firstItems * time.Second)); from = from.Add(pageItems * time.Second) {
		if from != began {
			between()
		}
		spans, _ := last9Spans(c, question{from: from, to: from.Add(pageItems * time.Second)})
		for _, s := range spans {
			names = append(names, s.Name)
		}
	}
	return names
}
