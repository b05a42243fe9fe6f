package query

import (
	"errors"
	"testing"

	"github.com/spanstead/spanstead/engine/span"
)

func TestCompareMember(t *testing.T) {
	object := span.KVList(
		span.KeyValue{Key: "a", Value: span.String("Xy")},
		span.KeyValue{Key: "n", Value: span.Int(5)},
		span.KeyValue{Key: "l", Value: span.Array(span.String("p"), span.String("q"))})
	s := &span.Span{Attributes: []span.KeyValue{{Key: "o", Value: object}, {Key: "t", Value: span.String(`{"a": "Xy"}`)}}}
	tests := []struct {
		key string
		c   Compare
		ok  bool
	}{
		{"o", Compare{Member: "a", Op: OpEq, Values: []span.Value{span.String("Xy")}}, true},
		{"t", Compare{Member: "a", Op: OpEq, Values: []span.Value{span.String("z"), span.String("Xy")}}, true},
		{"t", Compare{Member: "a", Op: OpEq, Values: []span.Value{span.String("xY")}, Fold: true}, true},
		{"o", Compare{Member: "a", Op: OpPrefix, Values: []span.Value{span.String("y")}}, false},
		{"o", Compare{Member: "n", Op: OpEq, Values: []span.Value{span.Int(5)}}, true},
		{"o", Compare{Member: "l", Op: OpEq, Values: []span.Value{span.String("q")}, Each: true}, true},
		{"o", Compare{Member: "l", Op: OpEq, Values: []span.Value{span.String("q")}}, false},
		{"o", Compare{Member: "none", Op: OpPrefix, Values: []span.Value{span.String("")}}, false},
		{"o", Compare{Member: "none", Op: OpPrefix, Values: []span.Value{span.String("")}, Missing: true}, false},
		{"none", Compare{Member: "a", Op: OpPrefix, Values: []span.Value{span.String("")}, Missing: true}, true},
	}
	for i, tt := range tests {
		tt.c.Field, tt.c.View = Attr(ScopeSpan, tt.key), Text
		e, err := NewCompare(tt.c)
		if err != nil {
			t.Fatal(err)
		}
		if got := Match(e, s); got != tt.ok || e.Literal() != "" {
			t.Errorf("%d: %v, literal %q", i, got, e.Literal())
		}
	}
}

func TestMemberRefused(t *testing.T) {
	one := []span.Value{span.String("x")}
	for _, c := range []Compare{
		{Field: Name, View: Text, Member: "a", Values: one},
		{Field: Attr(ScopeSpan, "k"), Member: "a", Values: one},
		{Field: Attr(ScopeSpan, "k"), View: Number, Member: "a", Values: one},
	} {
		if _, err := NewCompare(c); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
