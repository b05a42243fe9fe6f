package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/engine"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// dataDir is a closed data directory with three spans in two traces.
func dataDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	st, err := engine.Open(engine.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	cart := &span.Resource{Attributes: []span.KeyValue{{Key: "service.name", Value: span.String("cart")}}}
	mail := &span.Resource{Attributes: []span.KeyValue{{Key: "service.name", Value: span.String("mail")}}}
	spans := []*span.Span{
		{TraceID: span.TraceID{1}, SpanID: span.SpanID{1}, Name: "GET", StartTimeUnixNano: 1e9, EndTimeUnixNano: 5e9, Resource: cart,
			Attributes: []span.KeyValue{{Key: "code", Value: span.Int(500)}}},
		{TraceID: span.TraceID{1}, SpanID: span.SpanID{2}, ParentSpanID: span.SpanID{1}, Name: "SELECT", StartTimeUnixNano: 2e9, EndTimeUnixNano: 3e9, Resource: cart,
			Status: span.Status{Code: span.StatusError}},
		{TraceID: span.TraceID{2}, SpanID: span.SpanID{3}, Name: "send", StartTimeUnixNano: 3e9, EndTimeUnixNano: 3e9 + 5, Resource: mail},
	}
	if _, err := st.Append(t.Context(), engine.DefaultWorkspace, otlp.AppendRequest(nil, spans)); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestQuery(t *testing.T) {
	dir := dataDir(t)
	const root, child, send = `"spanId":"0100000000000000"`, `"spanId":"0200000000000000"`, `"spanId":"0300000000000000"`
	tests := []struct {
		args string
		want []string // a part of each line
	}{
		{"", []string{send, child, root}},
		{"--ascending --limit 2", []string{root, child}},
		{"--order duration --limit 1", []string{root}},
		{"--where name=SELECT", []string{child}},
		{"--where name!=SELECT", []string{send, root}},
		{"--where span.code>=400", []string{root}},
		{"--where span.code", []string{root}},
		{"--where !parent_span_id --where resource.service.name^=ca", []string{root}},
		{"--where name~^S", []string{child}},
		{"--where any.service.name*=ai", []string{send}},
		{"--from 1970-01-01T00:00:02Z --to 1970-01-01T00:00:03Z", []string{child}},
		{"trace 01000000000000000000000000000000", []string{root, child}},
		{"spans --ascending --offset 2", []string{send}},
		{"traces --order end --table", []string{"trace  ", "01000000000000000000000000000000  1970-01-01T00:00:01.000Z  4s        2      1       2        cart     GET", "mail     send"}},
		{"traces", []string{`"root_name":"send","root_service":"mail"`, `"root_name":"GET","root_service":"cart","start":"1970-01-01T00:00:01Z","duration_nano":4000000000,"spans":2,"errors":1,"matched":2`}},
		{"count --where status_code=2", []string{`{"count":1}`}},
		{"values", []string{`{"value":"cart","type":"string","count":2}`, `{"value":"mail","type":"string","count":1}`}},
		{"values name --limit 1", []string{`{"value":"GET","type":"string","count":1}`}},
		{"keys", []string{`{"scope":"span","key":"code","types":["int"]}`, `{"scope":"resource","key":"service.name","types":["string"]}`}},
		{"heatmap --step 1s --cells 1 --where resource.service.name=cart", []string{`"total":2`, `{"start":"1970-01-01T00:00:01Z","counts":[1]}`, `{"start":"1970-01-01T00:00:02Z","counts":[1]}`}},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if status := run(t.Context(), append([]string{"query", dir}, strings.Fields(tt.args)...), &stdout, &stderr); status != 0 {
				t.Fatalf("status %d, %s", status, &stderr)
			}
			lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("%d lines, want %d:\n%s", len(lines), len(tt.want), &stdout)
			}
			for i, want := range tt.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("line %d is %s\nwant %s", i, lines[i], want)
				}
			}
		})
	}
}

func TestQueryExplains(t *testing.T) {
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{"query", "--explain", "--where", "name=GET", dataDir(t)}, &stdout, &stderr)
	if status != 0 || !strings.Contains(stderr.String(), "1 rows matched, 1 assembled; ") || strings.Count(stdout.String(), "\n") != 1 {
		t.Errorf("status %d, %s%s", status, &stdout, &stderr)
	}
}

func TestQueryRefusesFlags(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{}, {dir, "riddle"}, {dir, "trace"}, {dir, "trace", "x"}, {dir, "spans", "x"}, {dir, "values", "x"},
		{dir, "--order", "size"}, {dir, "--table"},
		{dir, "--where", "colour=red"}, {dir, "--where", "name~("}, {dir, "--from", "yesterday"},
		{dir, "--from", "1960-01-01T00:00:00Z"}, {dir, "--step", "0s"}, {dir, "values", "span."},
	} {
		var stdout, stderr bytes.Buffer
		if status := run(t.Context(), append([]string{"query"}, args...), &stdout, &stderr); status != 2 || stdout.Len() > 0 || stderr.Len() == 0 {
			t.Errorf("%v: status %d, stdout %q, stderr %q", args, status, &stdout, &stderr)
		}
	}
}

// TestQueryMakesNoStore where there is none.
func TestQueryMakesNoStore(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{dir, dir + "/none"} {
		if status, _, stderr := command(t, "query", d); status != 1 || !strings.Contains(stderr, d) {
			t.Errorf("status %d: %s", status, stderr)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestQueryCountsBytes: a trace takes less reading than all that there is.
func TestQueryCountsBytes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	must(t, "seed", "shop", "--spans", "5000", "--data", dir)
	read := func(args ...string) (sum int) {
		status, _, stderr := command(t, append([]string{"query", dir, "--explain"}, args...)...)
		for _, m := range regexp.MustCompile(`(\d+) bytes read`).FindAllStringSubmatch(stderr, -1) {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				t.Fatal(err)
			}
			sum += n
		}
		if status != 0 || sum == 0 {
			t.Fatalf("%v: status %d, %d bytes: %s", args, status, sum, stderr)
		}
		return sum
	}
	if some, all := read("count", "--where", "name contains cart"), read("spans", "--limit", "5000"); some*3 > all {
		t.Errorf("a count read %d bytes, all spans %d", some, all)
	}
}

func TestParseWhere(t *testing.T) {
	compare := func(f query.Field, op query.Op, view query.View, value string) query.Expr {
		return query.Cmp(f, op, view, span.String(value))
	}
	tests := map[string]query.Expr{
		"name=a=b":             compare(query.Name, query.OpEq, query.Text, "a=b"),
		" span.k != 1 ":        query.Not{X: compare(query.Attr(query.ScopeSpan, "k"), query.OpEq, query.Number, "1")},
		"span.k <= x":          compare(query.Attr(query.ScopeSpan, "k"), query.OpLe, query.Text, "x"),
		"event.a.b$=1":         compare(query.Attr(query.ScopeEvent, "a.b"), query.OpSuffix, query.Text, "1"),
		"resource.k":           query.Exists{Field: query.Attr(query.ScopeResource, "k")},
		"!link.k":              query.Not{X: query.Exists{Field: query.Attr(query.ScopeLink, "k")}},
		"duration_nano>1e9":    compare(query.DurationNano, query.OpGt, query.Number, "1e9"),
		"duration_nano < 1.5s": compare(query.DurationNano, query.OpLt, query.Number, "1500000000"),
		"start_time_unix_nano>=1970-01-01T00:00:01Z": compare(query.StartTimeUnixNano, query.OpGe, query.Number, "1000000000"),
		"kind = server":      compare(query.Kind, query.OpEq, query.Number, "2"),
		"status_code!=ERROR": query.Not{X: compare(query.StatusCode, query.OpEq, query.Number, "2")},
		"name contains a=b":  compare(query.Name, query.OpContains, query.Text, "a=b"),
		"name prefix  GET /": compare(query.Name, query.OpPrefix, query.Text, "GET /"),
		"any.k suffix x":     compare(query.Attr(query.ScopeAny, "k"), query.OpSuffix, query.Text, "x"),
		"span.k = contains":  compare(query.Attr(query.ScopeSpan, "k"), query.OpEq, query.Text, "contains"),
		"span.k exists":      query.Exists{Field: query.Attr(query.ScopeSpan, "k")},
		"span.k missing":     query.Not{X: query.Exists{Field: query.Attr(query.ScopeSpan, "k")}},
		"scope.k=":           compare(query.Attr(query.ScopeInstrumentation, "k"), query.OpEq, query.Text, ""),
	}
	for text, want := range tests {
		got, err := parseWhere(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b query.Compare) bool {
			return a.Field == b.Field && a.Op == b.Op && a.View == b.View && a.Values[0].Equal(b.Values[0])
		})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}
