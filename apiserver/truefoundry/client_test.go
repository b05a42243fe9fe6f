package truefoundry_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/store"
)

// needed are the members of TraceSpan without which the vendor's SDKs refuse
// an answer; none of them may be null.
var needed = []string{
	"spanId", "traceId", "parentSpanId", "serviceName", "spanName", "spanKind", "scopeName", "scopeVersion", "timestamp",
	"durationNs", "statusCode", "statusMessage", "spanAttributes", "events", "createdBySubject",
}

// sdkPage is one exchange of an SDK, over a real connection.
func sdkPage(t *testing.T, url string, body map[string]any) (spans []map[string]any, next any) {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, url+"/api/svc/v1/spans/query", strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer tfy-token")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Fern-Language", "Python")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	var page struct {
		Data       []map[string]any
		Pagination map[string]any
	}
	if err != nil || res.StatusCode != 200 || json.Unmarshal(text, &page) != nil || page.Data == nil {
		t.Fatalf("%d %s, %v", res.StatusCode, text, err)
	}
	return page.Data, page.Pagination["nextPageToken"]
}

// TestClient drives the exchange of the vendor's SDKs: the first body has no
// endTime, later ones are the same with the token, and the end is a token that
// is absent, null or "".
func TestClient(t *testing.T) {
	st := storetest.New(t)
	for i := range 25 {
		load(t, st, store.DefaultWorkspace, named(fmt.Sprint("s", i), i))
	}
	srv := httptest.NewServer(rest.NewRouter(adapter(st)))
	defer srv.Close()
	body := map[string]any{"startTime": "1970-01-01T00:00:00.000Z", "dataRoutingDestination": "default", "includeFeedbacks": false,
		"limit": 10, "pageToken": nil}
	seen, pages := map[any]bool{}, 0
	for {
		spans, next := sdkPage(t, srv.URL, body)
		pages++
		for _, s := range spans {
			for _, key := range needed {
				if s[key] == nil {
					t.Errorf("%v has no %s", s["spanName"], key)
				}
			}
			if seen[s["spanId"]] {
				t.Errorf("%v came twice", s["spanName"])
			}
			seen[s["spanId"]] = true
			if _, ok := s["feedbacks"].([]any); !ok {
				t.Errorf("feedbacks: %v", s["feedbacks"])
			}
		}
		if next == nil || next == "" {
			break
		}
		if seen[next] {
			t.Fatalf("token %v came twice", next)
		}
		seen[next] = true
		body["pageToken"] = next
	}
	if pages != 3 || len(seen) != 25+2 {
		t.Errorf("%d pages, %d spans and tokens", pages, len(seen))
	}
}
