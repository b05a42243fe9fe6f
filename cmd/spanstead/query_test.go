package main

import (
	"bytes"
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
		{"--by-duration --limit 1", []string{root}},
		{"--where name=SELECT", []string{child}},
		{"--where name!=SELECT", []string{send, root}},
		{"--where span.code>=400", []string{root}},
		{"--where span.code", []string{root}},
		{"--where !parent_span_id --where resource.service.name^=ca", []string{root}},
		{"--where name~^S", []string{child}},
		{"--where any.service.name*=ai", []string{send}},
		{"--from 1970-01-01T00:00:02Z --to 1970-01-01T00:00:03Z", []string{child}},
		{"--ask trace --id 01000000000000000000000000000000", []string{root, child}},
		{"--ask traces", []string{`"root_name":"send","root_service":"mail"`, `"root_name":"GET","root_service":"cart","start":"1970-01-01T00:00:01Z","duration_nano":4000000000,"spans":2,"errors":1,"matched":2`}},
		{"--ask count --where status_code=2", []string{`{"count":1}`}},
		{"--ask values", []string{`{"value":"cart","type":"string","count":2}`, `{"value":"mail","type":"string","count":1}`}},
		{"--ask values --field name --limit 1", []string{`{"value":"GET","type":"string","count":1}`}},
		{"--ask keys", []string{`{"scope":"span","key":"code","types":["int"]}`, `{"scope":"resource","key":"service.name","types":["string"]}`}},
		{"--ask heatmap --step 1s --cells 1 --where resource.service.name=cart", []string{`"total":2`, `{"start":"1970-01-01T00:00:01Z","counts":[1]}`, `{"start":"1970-01-01T00:00:02Z","counts":[1]}`}},
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
	if status != 0 || !strings.Contains(stderr.String(), "1 rows matched, 1 assembled") || strings.Count(stdout.String(), "\n") != 1 {
		t.Errorf("status %d, %s%s", status, &stdout, &stderr)
	}
}

func TestQueryRefusesFlags(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{}, {dir + "/none"}, {dir, "extra"}, {dir, "--ask", "riddle"}, {dir, "--ask", "trace"}, {dir, "--id", "x"},
		{dir, "--where", "colour=red"}, {dir, "--where", "name~("}, {dir, "--from", "yesterday"},
		{dir, "--from", "1960-01-01T00:00:00Z"}, {dir, "--step", "0s"}, {dir, "--field", "span."},
	} {
		var stdout, stderr bytes.Buffer
		if status := run(t.Context(), append([]string{"query"}, args...), &stdout, &stderr); status != 2 || stdout.Len() > 0 || stderr.Len() == 0 {
			t.Errorf("%v: status %d, stdout %q, stderr %q", args, status, &stdout, &stderr)
		}
	}
}

func TestParseWhere(t *testing.T) {
	compare := func(f query.Field, op query.Op, view query.View, value string) query.Expr {
		return query.Cmp(f, op, view, span.String(value))
	}
	tests := map[string]query.Expr{
		"name=a=b":          compare(query.Name, query.OpEq, query.Text, "a=b"),
		" span.k != 1 ":     query.Not{X: compare(query.Attr(query.ScopeSpan, "k"), query.OpEq, query.Number, "1")},
		"span.k <= x":       compare(query.Attr(query.ScopeSpan, "k"), query.OpLe, query.Text, "x"),
		"event.a.b$=1":      compare(query.Attr(query.ScopeEvent, "a.b"), query.OpSuffix, query.Text, "1"),
		"resource.k":        query.Exists{Field: query.Attr(query.ScopeResource, "k")},
		"!link.k":           query.Not{X: query.Exists{Field: query.Attr(query.ScopeLink, "k")}},
		"duration_nano>1e9": compare(query.DurationNano, query.OpGt, query.Number, "1e9"),
		"scope.k=":          compare(query.Attr(query.ScopeInstrumentation, "k"), query.OpEq, query.Text, ""),
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
