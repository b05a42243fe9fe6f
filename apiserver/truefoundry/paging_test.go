package truefoundry_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/apiserver/truefoundry"
	"github.com/spanstead/spanstead/engine/span"
)

// walker reads all pages, as the vendor's SDKs do: the whole body again with
// the token, until that is absent, null or "".
type walker struct {
	testing.TB
	h       http.Handler
	seen    map[string]bool
	between func()
}

func (w *walker) walk(o object, next func(*answer) *string) (names []string) {
	w.Helper()
	for {
		a := ask(w, w.h, o)
		if a.status != 200 {
			w.Fatalf("%v: %d %s", o, a.status, a.body)
		}
		names = append(names, a.names()...)
		token := next(&a)
		if token == nil || *token == "" {
			return names
		}
		if w.seen[*token] {
			w.Fatalf("the token %s came twice", *token)
		}
		w.seen[*token] = true
		w.between()
		o = maps.Clone(o)
		o["pageToken"] = *token
	}
}

func forward(a *answer) *string  { return a.Pagination.NextPageToken }
func backward(a *answer) *string { return a.Pagination.PreviousPageToken }

// TestWalkWhileSpansArrive has spans arrive all over the time range, and the
// clock go on, between any two pages.
func TestWalkWhileSpansArrive(t *testing.T) {
	const seed = 5
	r := rand.New(rand.NewPCG(seed, 0))
	for _, direction := range []string{"asc", "desc"} {
		for _, limit := range []int{1, 2, 7, 100} {
			for _, fixed := range []bool{true, false} {
				t.Run(fmt.Sprint(direction, limit, fixed), func(t *testing.T) {
					st := storetest.New(t)
					clock := time.Unix(1000, 0)
					a := truefoundry.New(truefoundry.Options{Store: st, Now: func() time.Time { return clock }})
					made := 0
					arrive := func(n, until int) (names []string) {
						var spans []*span.Span
						for range n {
							made++
							s := named(fmt.Sprint("s", made), r.IntN(until))
							if r.IntN(3) == 0 { // many at the same time
								s.StartTimeUnixNano = 500e9
							}
							spans, names = append(spans, s), append(names, s.Name)
						}
						load(t, st, store.DefaultWorkspace, spans...)
						return names
					}
					first := arrive(40, 1000)
					w := &walker{t, rest.NewRouter(a), map[string]bool{}, func() {
						clock = clock.Add(time.Hour)
						if made < 100 { // or else a walk by one might never end
							arrive(3, 2000)
						}
					}}
					o := object{"limit": limit, "sortDirection": direction}
					if fixed {
						o["endTime"] = "1970-01-01T00:16:40Z"
					}
					checkOnce(t, first, w.walk(o, forward))
				})
			}
		}
	}
}

// checkOnce wants each name once among those that were got, and none twice.
func checkOnce(t *testing.T, want, got []string) {
	t.Helper()
	count := map[string]int{}
	for _, name := range got {
		if count[name]++; count[name] > 1 {
			t.Errorf("%s came %d times", name, count[name])
		}
	}
	for _, name := range want {
		if count[name] != 1 {
			t.Errorf("%s came %d times", name, count[name])
		}
	}
}

// TestWalkBack goes to the last page and back to the first one: the same pages,
// the other way round.
func TestWalkBack(t *testing.T) {
	st := storetest.New(t)
	for i := range 23 {
		load(t, st, store.DefaultWorkspace, named(fmt.Sprint("s", i), i/2))
	}
	h := rest.NewRouter(adapter(st))
	for _, direction := range []string{"asc", "desc"} {
		for _, limit := range []int{1, 5, 22, 23} {
			var pages, back [][]string
			o := object{"limit": limit, "sortDirection": direction}
			a := ask(t, h, o)
			if a.Pagination.PreviousPageToken != nil {
				t.Errorf("the first page has one before it: %s", a.body)
			}
			for pages = append(pages, a.names()); a.Pagination.NextPageToken != nil; pages = append(pages, a.names()) {
				o["pageToken"] = *a.Pagination.NextPageToken
				a = ask(t, h, o)
			}
			for back = append(back, a.names()); a.Pagination.PreviousPageToken != nil; back = append(back, a.names()) {
				o["pageToken"] = *a.Pagination.PreviousPageToken
				a = ask(t, h, o)
			}
			slices.Reverse(back)
			if d := cmp.Diff(pages, back); d != "" || len(pages) != (22+limit)/limit {
				t.Errorf("%s by %d: %d pages; and back (-forward +back):\n%s", direction, limit, len(pages), d)
			}
			if len(pages) > 1 && a.Pagination.NextPageToken == nil {
				t.Errorf("no way on from the first page: %s", a.body)
			}
		}
	}
}

// TestWalkBackWhileSpansArrive goes back from the last page.
func TestWalkBackWhileSpansArrive(t *testing.T) {
	st := storetest.New(t)
	var want []string
	for i := range 30 {
		load(t, st, store.DefaultWorkspace, named(fmt.Sprint("s", i), 10*i))
		want = append(want, fmt.Sprint("s", i))
	}
	made := 0
	w := &walker{t, rest.NewRouter(adapter(st)), map[string]bool{}, func() {
		made++
		load(t, st, store.DefaultWorkspace, named(fmt.Sprint("n", made), 17*made))
	}}
	var last string
	w.walk(object{"limit": 4}, func(a *answer) *string {
		if a.Pagination.NextPageToken != nil {
			last = *a.Pagination.NextPageToken
		}
		return a.Pagination.NextPageToken
	})
	checkOnce(t, want, w.walk(object{"limit": 4, "pageToken": last}, backward))
}

// TestSpansDeletedOnTheWay leaves an empty page without tokens.
func TestSpansDeletedOnTheWay(t *testing.T) {
	st := storetest.New(t)
	a, b := named("a", 1), named("b", 2)
	load(t, st, store.DefaultWorkspace, a, b)
	h := rest.NewRouter(adapter(st))
	first := ask(t, h, object{"limit": 1})
	if _, err := st.DeleteTraces(t.Context(), store.DefaultWorkspace, []span.TraceID{a.TraceID}); err != nil {
		t.Fatal(err)
	}
	got := ask(t, h, object{"limit": 1, "pageToken": *first.Pagination.NextPageToken})
	if got.status != 200 || len(got.Data) > 0 || got.Pagination.NextPageToken != nil || got.Pagination.PreviousPageToken != nil {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// firstToken is that of a first page with more after it.
func firstToken(t *testing.T, h http.Handler, o object) string {
	t.Helper()
	a := ask(t, h, o)
	if a.Pagination.NextPageToken == nil {
		t.Fatalf("no token: %s", a.body)
	}
	return *a.Pagination.NextPageToken
}

func TestForgedTokens(t *testing.T) {
	st := storetest.New(t)
	load(t, st, store.DefaultWorkspace, named("a", 1), named("b", 2))
	h := rest.NewRouter(adapter(st))
	token := firstToken(t, h, object{"limit": 1})
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		t.Fatalf("%s is not base64: %v", token, err)
	}
	forged := []string{token + "\n", "\n" + token, token + "AAAA", token[:len(token)-4], strings.TrimRight(token, "="), " ", "null",
		base64.StdEncoding.EncodeToString(make([]byte, len(raw)))}
	for i := range raw {
		other := slices.Clone(raw)
		other[i] ^= 1
		forged = append(forged, base64.StdEncoding.EncodeToString(other))
	}
	for i := range token {
		if other := token[:i] + "A" + token[i+1:]; other != token {
			forged = append(forged, other)
		}
	}
	for _, f := range forged {
		if got := ask(t, h, object{"limit": 1, "pageToken": f}); got.status != 400 || !strings.Contains(got.Message, "pageToken") {
			t.Errorf("%q: %d %s", f, got.status, got.body)
		}
	}
	if got := ask(t, h, object{"limit": 1, "pageToken": token}); got.status != 200 {
		t.Errorf("the true one: %d %s", got.status, got.body)
	}
}

// TestTokensOfOtherQueries changes one thing at a time between two pages.
func TestTokensOfOtherQueries(t *testing.T) {
	st := storetest.New(t)
	load(t, st, store.DefaultWorkspace, named("a", 1), named("b", 2))
	if err := st.CreateWorkspace(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	h := rest.NewRouter(adapter(st))
	token := firstToken(t, h, object{"limit": 1})
	filter := []object{{"spanAttributeKey": "k", "operator": "IS_NULL", "value": true}}
	for _, change := range []object{
		{"startTime": "1970-01-01T00:00:01Z"}, {"endTime": "2025-01-01"}, {"sortDirection": "asc"}, {"traceIds": []string{"a"}},
		{"spanIds": []string{"a"}}, {"parentSpanIds": []string{""}}, {"createdBySubjectTypes": []string{"user"}},
		{"createdBySubjectSlugs": []string{"a"}}, {"applicationNames": []string{""}}, {"filters": filter},
		{"tracingProjectFqn": "w"}, {"dataRoutingDestination": "w"},
	} {
		change["pageToken"] = token
		if got := ask(t, h, change); got.status != 400 || !strings.Contains(got.Message, "another query") {
			t.Errorf("%v: %d %s", change, got.status, got.body)
		}
	}
	for _, change := range []object{{}, {"limit": 5}, {"includeFeedbacks": true}, {"filters": nil}, {"endTime": nil}} {
		change["pageToken"] = token
		if got := ask(t, h, change); got.status != 200 || len(got.Data) != 1 {
			t.Errorf("%v: %d %s", change, got.status, got.body)
		}
	}
}

func TestTokensOfOtherSeeds(t *testing.T) {
	st := storetest.New(t)
	load(t, st, store.DefaultWorkspace, named("a", 1), named("b", 2))
	token := firstToken(t, rest.NewRouter(adapter(st)), object{"limit": 1})
	for seed, want := range map[string]int{"test": 200, "other": 400, "": 400} {
		a := truefoundry.New(truefoundry.Options{Store: st, Seed: []byte(seed)})
		if got := ask(t, rest.NewRouter(a), object{"pageToken": token}); got.status != want {
			t.Errorf("seed %q: %d, want %d", seed, got.status, want)
		}
	}
	one, two := truefoundry.New(truefoundry.Options{Store: st}), truefoundry.New(truefoundry.Options{Store: st})
	token = firstToken(t, rest.NewRouter(one), object{"limit": 1})
	if got := ask(t, rest.NewRouter(two), object{"pageToken": token}); got.status != 400 {
		t.Errorf("two adapters without a seed take each other's tokens: %d", got.status)
	}
}
