package match_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver/internal/match"
)

func TestGlob(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "a/b", true},
		{"/a", "/a", true}, {"/a", "/a/b", false}, {"/a*", "/a/b", true}, {"*b", "/a/b", true}, {"*a", "/a/b", false},
		{"/a/*/c", "/a/b/c", true}, {"/a/*/c", "/a/c", false}, {"a*a", "a", false}, {"a**a", "aa", true},
		{"*x*y*", "1x2y3", true}, {"*x*y*", "1y2x3", false}, {"a.c", "abc", false},
	}
	for _, tt := range tests {
		if got := match.Glob(tt.pattern, tt.text); got != tt.want {
			t.Errorf("Glob(%q, %q) = %v", tt.pattern, tt.text, got)
		}
	}
}

func TestAny(t *testing.T) {
	if !match.Any([]string{"a", "bc"}, "b*") || match.Any([]string{"a", "bc"}, "c*") || match.Any(nil, "*") {
		t.Error("any")
	}
}

func TestMissing(t *testing.T) {
	tests := []struct {
		want, got string
		lines     []string
	}{
		{`{}`, `{"a":1}`, nil},
		{`{"a":1}`, `{"a":1.0,"b":2}`, nil},
		{`{"a":100}`, `{"a":1e2}`, nil},
		{`{"a":1}`, `{"a":2}`, []string{`/a: want 1, got 2`}},
		{`{"a":1}`, `{"a":"1"}`, []string{`/a: want 1, got "1"`}},
		{`{"a":null}`, `{"a":null}`, nil},
		{`{"a":null}`, `{}`, []string{`/a: want null, got nothing`}},
		{`{"a/b":true}`, `{"a/b":false}`, []string{`/a~1b: want true, got false`}},
		{`[1,{"a":2}]`, `[1,{"a":2,"b":3}]`, nil},
		{`[1]`, `[1,2]`, []string{`body: want an array of 1, got [1,2]`}},
		{`[1,2]`, `[1,3]`, []string{`/1: want 2, got 3`}},
		{`{"a":{}}`, `{"a":[]}`, []string{`/a: want an object, got []`}},
		{`"x"`, `{"a":1}`, []string{`body: want "x", got {"a":1}`}},
		{`1e999999999`, `1e999999998`, []string{`body: want 1e999999999, got 1e999999998`}},
	}
	for _, tt := range tests {
		want, err := match.ParseJSON([]byte(tt.want))
		if err != nil {
			t.Fatal(err)
		}
		got, err := match.ParseJSON([]byte(tt.got))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.lines, match.Missing(want, got)); diff != "" {
			t.Errorf("%s in %s (-want +got):\n%s", tt.want, tt.got, diff)
		}
	}
}

func TestParseJSONTakesOneValue(t *testing.T) {
	for _, text := range []string{"", "{", "{} {}", "nul"} {
		if _, err := match.ParseJSON([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
