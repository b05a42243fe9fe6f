package sideseat_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/sideseat"
)

// recording is a request and what a real SideSeat 1.0.13 answered.
type recording struct {
	Name   string            `json:"name"`
	Method string            `json:"method"`
	Target string            `json:"target"`
	Header map[string]string `json:"header"`
	Body   string            `json:"body"`
	Status int               `json:"status"`
	Answer json.RawMessage   `json:"answer"`
}

func recordings(t testing.TB, path string) []recording {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []recording
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var r recording
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func (r *recording) send(h http.Handler) *httptest.ResponseRecorder {
	req := httptest.NewRequest(r.Method, r.Target, strings.NewReader(r.Body))
	for k, v := range r.Header {
		req.Header.Set(k, v)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

// TestRecordings loads the recorded input, in order, and asks what the real
// server was asked. Its README names what is not stable there: the order of
// rows that start at the same time, which of equal rows fall inside a page,
// the order of tags, the counts of filter options, and the times at which the
// server itself was asked or set up.
func TestRecordings(t *testing.T) {
	h := rest.NewRouter(sideseat.New(sideseat.Options{Store: storetest.New(t), Fidelity: rest.Observed}))
	for _, path := range []string{"testdata/recordings.jsonl"} {
		for _, r := range recordings(t, path) {
			t.Run(r.Name, func(t *testing.T) { r.check(t, h) })
		}
	}
}

func (r *recording) check(t *testing.T, h http.Handler) {
	rec := r.send(h)
	if rec.Code != r.Status {
		t.Fatalf("%s %s: status %d, want %d: %s", r.Method, r.Target, rec.Code, r.Status, rec.Body)
	}
	want, got := r.stable(t, r.Answer), r.stable(t, rec.Body.Bytes())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s %s (-want +got):\n%s", r.Method, r.Target, diff)
	}
}

// stable is an answer without what the real server does not keep stable.
func (r *recording) stable(t *testing.T, body []byte) any {
	t.Helper()
	if len(bytes.TrimSpace(body)) == 0 || string(body) == "null" {
		return nil
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return string(body)
	}
	top, ok := v.(map[string]any)
	if !ok {
		return v
	}
	sortTags(top)
	if rows, ok := top["data"].([]any); ok {
		top["data"] = r.stableRows(rows, top["meta"])
	}
	if options, ok := top["options"].(map[string]any); ok {
		for column, list := range options {
			options[column] = values(list)
		}
	}
	if meta, ok := top["metadata"].(map[string]any); ok && meta["total_messages"] == 0.0 {
		meta["start_time"] = "now"
	}
	if user, ok := top["user"].(map[string]any); ok {
		user["created_at"], user["updated_at"] = "then", "then"
	}
	return top
}

func sortTags(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			sortTags(e)
		}
	case map[string]any:
		for key, e := range v {
			if list, ok := e.([]any); ok && key == "tags" && len(list) > 0 {
				if _, ok := list[0].(string); ok {
					sort.Slice(list, func(i, j int) bool { return list[i].(string) < list[j].(string) })
				}
			}
			sortTags(e)
		}
	}
}

func values(list any) []string {
	var out []string
	for _, o := range list.([]any) {
		out = append(out, o.(map[string]any)["value"].(string))
	}
	sort.Strings(out)
	return out
}

// stableRows sorts rows that start at the same time by their ids. Of the rows
// at the end of a page that others have the same key as, only the key counts.
func (r *recording) stableRows(rows []any, meta any) []any {
	u, err := url.Parse(r.Target)
	if err != nil || len(rows) == 0 {
		return rows
	}
	column, _, _ := strings.Cut(u.Query().Get("order_by"), ":")
	key := func(row any) any {
		m := row.(map[string]any)
		if v, ok := m[column]; ok && column != "" {
			return v
		}
		if v, ok := m["start_time"]; ok {
			return v
		}
		return m["timestamp_start"]
	}
	if m := meta.(map[string]any); m["total_pages"].(float64) > 1 {
		edges := map[any]bool{}
		edges[extreme(rows, key, false)] = true
		edges[extreme(rows, key, true)] = true
		blank := make([]any, len(rows))
		for i, row := range rows {
			if k := key(row); edges[k] && shared(rows, k, key, m) {
				blank[i] = map[string]any{"key": k}
			}
		}
		for i, row := range blank {
			if row != nil {
				rows[i] = row
			}
		}
	}
	text := func(row any) string {
		m := row.(map[string]any)
		b, _ := json.Marshal([]any{m["start_time"], m["timestamp_start"], m["key"], m["trace_id"], m["span_id"]})
		return string(b)
	}
	sort.SliceStable(rows, func(i, j int) bool { return text(rows[i]) < text(rows[j]) })
	return rows
}

// shared reports whether a key may be that of rows on another page, too: equal
// keys inside the page are the sign that there are.
func shared(rows []any, k any, key func(any) any, meta map[string]any) bool {
	n := 0
	for _, row := range rows {
		if key(row) == k {
			n++
		}
	}
	return n > 1 || meta["limit"].(float64) == 1
}

func extreme(rows []any, key func(any) any, highest bool) any {
	out := key(rows[0])
	for _, row := range rows[1:] {
		k := key(row)
		if before(k, out) != highest && k != out {
			out = k
		}
	}
	return out
}

func before(a, b any) bool {
	if x, ok := a.(float64); ok {
		y, _ := b.(float64)
		return x < y
	}
	x, _ := a.(string)
	y, _ := b.(string)
	return x < y
}
