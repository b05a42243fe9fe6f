package truefoundry_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/query"
)

func FuzzQuery(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"startTime":"2025-03-12T00:00:09.872Z","tracingProjectFqn":"p","limit":1}`,
		`{"startTime":"1970-01-01","dataRoutingDestination":"default","filters":[{"spanFieldName":"durationInMs","operator":"BETWEEN","value":[1,2]}]}`,
		`{"startTime":"1970-01-01","dataRoutingDestination":"d","filters":[{"spanAttributeKey":"k","operator":"IN","value":["a"]},{"gatewayRequestMetadataKey":"k","operator":"STRING_CONTAINS","value":"a"}]}`,
		`{"startTime":"1970-01-01","dataRoutingDestination":"d","pageToken":"AAAA"}`, `[`, `{"startTime":null}`,
	} {
		f.Add(s)
	}
	st := storetest.New(f)
	load(f, st, store.DefaultWorkspace, named("a", 1), named("b", 2))
	h := rest.NewRouter(adapter(st))
	f.Fuzz(func(t *testing.T, body string) {
		got := post(t, h, body)
		if got.status != 200 && got.status != 400 && got.status != 413 {
			t.Errorf("status %d", got.status)
		}
		if q, err := truefoundryParse(body); err == nil && query.Check(q.Filter) != nil {
			t.Errorf("the filter is not well formed: %v", query.Check(q.Filter))
		} else if got.status == 200 && err != nil {
			t.Errorf("answered and not read: %v", err)
		}
	})
}

func FuzzToken(f *testing.F) {
	st := storetest.New(f)
	load(f, st, store.DefaultWorkspace, named("a", 1), named("b", 2))
	h := rest.NewRouter(adapter(st))
	first := ask(f, h, object{"limit": 1})
	f.Add(*first.Pagination.NextPageToken)
	f.Add("AQAAAA==")
	f.Fuzz(func(t *testing.T, token string) {
		want := 400
		if token == "" || token == *first.Pagination.NextPageToken {
			want = 200
		}
		if got := ask(t, h, object{"pageToken": token}); got.status != want {
			t.Errorf("status %d, want %d", got.status, want)
		}
	})
}

var (
	hostileKeys = []string{"startTime", "endTime", "traceIds", "spanIds", "parentSpanIds", "createdBySubjectTypes", "createdBySubjectSlugs",
		"applicationNames", "limit", "sortDirection", "pageToken", "tracingProjectFqn", "dataRoutingDestination", "filters", "includeFeedbacks",
		"spanFieldName", "spanAttributeKey", "gatewayRequestMetadataKey", "operator", "value"}
	hostileWords = []any{"", "desc", "user", "EQUAL", "BETWEEN", "IN", "STRING_CONTAINS", "ARRAY_HAS_ANY", "PRESENT", "spanName", "durationInMs", "feedbacks",
		"2025-03-12T00:00:09.872Z", "9999-12-31T23:59:59Z", "0000-01-01", "k", "\x00", "é\u202e\ufffd", strings.Repeat("a", 5000), "default", "AAAA",
		nil, true, false, 0, -1, 200, 1.5, 1e300, -1e300, 9.3e18, json.Number("123456789012345678901234567890")}
)

func hostileValue(r *rand.Rand, depth int) any {
	switch n := r.IntN(6); {
	case depth > 0 && n == 0:
		o := object{}
		for range r.IntN(5) {
			o[pick(r, hostileKeys)] = hostileValue(r, depth-1)
		}
		return o
	case depth > 0 && n < 3:
		list := []any{}
		for range r.IntN(4) {
			list = append(list, hostileValue(r, depth-1))
		}
		return list
	}
	return pick(r, hostileWords)
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// hostileBody is mostly the words of a request in the wrong places.
func hostileBody(r *rand.Rand) string {
	if r.IntN(12) == 0 {
		return strings.Repeat(pick(r, []string{"[", `{"filters":[`, `{"value":`}), r.IntN(3000))
	}
	o := object{"startTime": "1970-01-01T00:00:00Z", "dataRoutingDestination": "default"}
	for range r.IntN(3) {
		o[pick(r, hostileKeys[:15])] = hostileValue(r, 2)
	}
	if r.IntN(2) == 0 {
		var filters []object
		for range r.IntN(4) {
			filters = append(filters, object{pick(r, hostileKeys[15:18]): pick(r, hostileWords), "operator": pick(r, hostileWords[3:9]), "value": hostileValue(r, 2)})
		}
		o["filters"] = filters
	}
	b, err := json.Marshal(o)
	if err != nil {
		return "{}"
	}
	if r.IntN(8) == 0 {
		b[r.IntN(len(b))] = byte(r.Uint32())
	}
	return string(b)
}

// TestHostileRequests has no request answered with a fault of the server, or late.
func TestHostileRequests(t *testing.T) {
	const seed = 11
	r := random{rand.New(rand.NewPCG(seed, 0))}
	st := storetest.New(t)
	for i := range 50 {
		load(t, st, store.DefaultWorkspace, r.span(i))
	}
	h := rest.NewRouter(adapter(st))
	good := 0
	for range 10_000 {
		body := hostileBody(r.Rand)
		start := time.Now()
		got := post(t, h, body)
		if took := time.Since(start); got.status >= 500 || took > time.Second {
			t.Fatalf("seed %d: %d after %v: %q", seed, got.status, took, body)
		}
		if got.status == 200 {
			good++
		}
	}
	if good < 500 {
		t.Errorf("only %d requests were answered", good)
	}
}
