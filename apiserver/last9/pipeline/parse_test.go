package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver/last9/pipeline"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// labels are the attributes of a row as text.
func labels(row *span.Span) map[string]string {
	m := map[string]string{}
	for _, kv := range row.Attributes {
		m[kv.Key] = kv.Value.Text()
	}
	return m
}

func TestParsers(t *testing.T) {
	for _, c := range []struct {
		name, stage, text string
		want              map[string]string
	}{
		{"json keys", `"parser":"json"`, `{"a":"x","b":1.50,"c":null,"d":[1, 2],"e":{"f":true}}`,
			map[string]string{"a": "x", "b": "1.50", "c": "", "d": "[1, 2]", "e": `{"f":true}`}},
		{"json paths", `"parser":"json","labels":{"a.b":"ab","a":"","x.y":"xy","none.b":"n"}`, `{"a":{"b":"deep"},"x.y":"flat"}`,
			map[string]string{"ab": "deep", "a": `{"b":"deep"}`, "xy": "flat"}},
		{"json that is none", `"parser":"json"`, `{"a":`, map[string]string{}},
		{"json array", `"parser":"json"`, `["a"]`, map[string]string{}},
		{"logfmt", `"parser":"logfmt"`, ` a=1  b="x \"y\"\n" flag c= =lost d="open`,
			map[string]string{"a": "1", "b": "x \"y\"\n", "flag": "", "c": "", "d": "open"}},
		{"logfmt chosen", `"parser":"logfmt","labels":{"b":"renamed"}`, `a=1 b=2`, map[string]string{"renamed": "2"}},
		{"regexp", `"parser":"regexp","pattern":"(?P<a>[0-9]+)-(?P<b>[a-z]*)"`, `x 12-ab 13-cd`, map[string]string{"a": "12", "b": "ab"}},
		{"regexp without a match", `"parser":"regexp","pattern":"(?P<a>[0-9]+)"`, `none`, map[string]string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := withAttribute("text", span.String(c.text))
			rows := run(t, []byte(`[{"type":"parse","field":"text",`+c.stage+`}]`), []*span.Span{s})
			got := labels(rows[0])
			delete(got, "text")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("labels (-want +got):\n%s", diff)
			}
			if len(s.Attributes) != 1 {
				t.Errorf("the span itself was changed: %v", s.Attributes)
			}
		})
	}
}

func TestTransforms(t *testing.T) {
	s := withAttribute("text", span.String("a,b,,d"))
	s.Attributes = append(s.Attributes,
		span.KeyValue{Key: "list", Value: span.Array(span.String("x"), span.Int(2))},
		span.KeyValue{Key: "json", Value: span.String(`["p",{"q":1}]`)},
		span.KeyValue{Key: "é", Value: span.String("été")})
	for function, want := range map[string]string{
		`{"$split":["text",",",1]}`:                         "a",
		`{"$split":["text",",",4]}`:                         "d",
		`{"$split":["text",",",-1]}`:                        "d",
		`{"$split":["text",",",0]}`:                         "",
		`{"$split":["text",",",9]}`:                         "",
		`{"$concat":["text","none","é"]}`:                   "a,b,,dété",
		`{"$join":["/","text","none","é"]}`:                 "a,b,,d//été",
		`{"$replace_regex":["text","[a-b]","<$0>"]}`:        "<a>,<b>,,d",
		`{"$replace_regex":["text","(a),(b)","\\2\\1"]}`:    "ba,,d",
		`{"$length":["é"]}`:                                 "3",
		`{"$length":["list"]}`:                              "2",
		`{"$length":["none"]}`:                              "0",
		`{"$arrayElement":["list",2]}`:                      "2",
		`{"$arrayElement":["json",1]}`:                      "p",
		`{"$arrayElement":["json","-1"]}`:                   `{"q":1}`,
		`{"$arrayElement":["text",1]}`:                      "",
		`{"$split":["attributes['text']",",",2]}`:           "b",
		`{"$replace_regex":["resource.none","^$","empty"]}`: "empty",
	} {
		rows := run(t, []byte(`[{"type":"transform","transforms":[{"function":`+function+`,"as":"out"}]}]`), []*span.Span{s})
		if got := labels(rows[0])["out"]; got != want {
			t.Errorf("%s: got %q, want %q", function, got, want)
		}
	}
}

// A replacement that would grow without bound is cut.
func TestReplacementIsBounded(t *testing.T) {
	s := withAttribute("text", span.String(strings.Repeat("a", 40_000)))
	with := strings.Repeat("$0", 100)
	rows := run(t, []byte(fmt.Sprintf(`[{"type":"transform","transforms":[{"function":{"$replace_regex":["text","a*",%q]},"as":"out"}]}]`, with)), []*span.Span{s})
	if got := len(labels(rows[0])["out"]); got > 64<<10 {
		t.Errorf("the outcome has %d bytes", got)
	}
}

func TestFieldNames(t *testing.T) {
	for name, want := range map[string]query.Field{
		"service.name":                         query.Attr(query.ScopeAny, "service.name"),
		"resource.service.name":                query.ServiceName,
		"span.http.method":                     query.Attr(query.ScopeSpan, "http.method"),
		"attributes['a'b']":                    query.Attr(query.ScopeSpan, "a'b"),
		"resources['k']":                       query.Attr(query.ScopeResource, "k"),
		"events['exception.type']":             query.Attr(query.ScopeEvent, "exception.type"),
		"Duration":                             query.DurationNano,
		"duration":                             query.Attr(query.ScopeAny, "duration"),
		"resource.":                            query.Attr(query.ScopeAny, "resource."),
		"span.Duration":                        query.Attr(query.ScopeSpan, "Duration"),
		"ResourceAttributes['service.name']":   query.ServiceName,
		"SpanAttributes['http.response.body']": query.Attr(query.ScopeSpan, "http.response.body"),
	} {
		f, err := pipeline.ParseField(name)
		if err != nil || f.Query != want {
			t.Errorf("%s is %+v, %v; want %+v", name, f.Query, err, want)
		}
	}
	for _, name := range []string{"", "attributes[k]", `attributes["k"]`, "attributes['k'", "events['']"} {
		if f, err := pipeline.ParseField(name); err == nil {
			t.Errorf("%q is taken as %+v", name, f.Query)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `[]`, `[{"type":"filter","query":{}}]`,
		`[{"type":"filter","query":{"$and":[{"$eq":["service.name","api-gateway"]},{"$not":[{"$gte":["http.status_code","500"]}]}]}}]`,
		`[{"type":"where","query":{"$containsWords":["SpanKind","a b"]}},{"type":"parse","parser":"json","labels":{"a.b":"c"}}]`,
		`[{"type":"parse","parser":"regexp","pattern":"(?P<a>x)"},{"type":"transform","transforms":[{"function":{"$split":["a","b",1]},"as":["c"]}]}]`,
		`[{"type":"select","labels":{"Duration":"d"}},{"type":"window_aggregate","function":{"$quantile":[0.9,"d"]},"as":"q","window":["5","minutes"]}]`,
		`[{"type":"aggregate","aggregates":[{"function":{"$apdex_score":[0.5,"Duration"]},"as":"a"}],"groupby":{"SpanKind":"k"}},{"type":"filter","query":{"$gt":["a",0.5]}}]`,
	} {
		f.Add([]byte(seed))
	}
	s := withAttribute("a", span.String(`{"a":{"b":1}} k="v"`))
	s.StartTimeUnixNano, s.EndTimeUnixNano, s.Name = 5, 7, "GET /x"
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := pipeline.Parse(text)
		if err != nil {
			return
		}
		if err := query.Check(p.Filter); err != nil {
			t.Errorf("%q gives a filter that no store takes: %v", text, err)
		}
		query.Match(p.Filter, s)
		r := p.Start(query.Range{From: 0, To: 1}, func(*span.Span) bool { return true })
		for range 2 {
			if more, err := r.Push(s); err != nil || !more {
				return
			}
		}
		_ = r.Close() // it may report that a bound was passed
	})
}
