package span

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestObject(t *testing.T) {
	tests := []struct {
		name string
		v    Value
		want string // of the entries, in JSON
		ok   bool
	}{
		{"kvlist", KVList(KeyValue{"b", Int(1)}, KeyValue{"a", String("x")}), `{"b":1,"a":"x"}`, true},
		{"text", String(" \n{\"b\": 1, \"a\": \"\\u00e9\"} "), `{"a":"é","b":1}`, true},
		{"last of equal keys", String(`{"a":1,"a":2}`), `{"a":2}`, true},
		{"all types", String(`{"a":[1,2.5,true,null,{"b":"c"}],"n":-0.5e1,"i":9223372036854775808}`),
			`{"a":[1,2.5,true,null,{"b":"c"}],"i":9223372036854776000,"n":-5}`, true},
		{"past all numbers", String(`{"a":1e999}`), `{"a":"1e999"}`, true},
		{"empty", String(`{}`), `{}`, true},
		{"more behind it", String(`{"a":1} {}`), "", false},
		{"cut short", String(`{"a":1`), "", false},
		{"array", String(`[{"a":1}]`), "", false},
		{"words", String(`a: 1`), "", false},
		{"nothing", String(""), "", false},
		{"too deep for the reader", String(strings.Repeat(`{"a":`, 20_000)), "", false},
		{"number", Int(1), "", false},
	}
	for _, tt := range tests {
		entries, ok := tt.v.Object()
		got := ""
		if ok {
			got = string(AppendJSONObject(nil, entries))
		}
		if d := cmp.Diff(tt.want, got); ok != tt.ok || d != "" {
			t.Errorf("%s: %v (-want +got):\n%s", tt.name, ok, d)
		}
	}
}

func TestMember(t *testing.T) {
	tests := []struct {
		v    Value
		key  string
		want Value
		ok   bool
	}{
		{KVList(KeyValue{"a", Int(1)}, KeyValue{"a", Int(2)}), "a", Int(2), true},
		{KVList(KeyValue{"a", Value{}}), "a", Value{}, false},
		{String(`{"a":"x"}`), "a", String("x"), true},
		{String(`{"\u0061":"x"}`), "a", String("x"), true},
		{String(`{"b":"a"}`), "a", Value{}, false},
		{String(`{"a":null}`), "a", Value{}, false},
		{String(`a`), "a", Value{}, false},
		{Bool(true), "a", Value{}, false},
	}
	for _, tt := range tests {
		if got, ok := tt.v.Member(tt.key); ok != tt.ok || !got.Equal(tt.want) {
			t.Errorf("%s of %s: %v %v, want %v %v", tt.key, tt.v.Text(), got.Text(), ok, tt.want.Text(), tt.ok)
		}
	}
}
