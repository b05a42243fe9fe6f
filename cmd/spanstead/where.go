package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// A condition is FIELD OP VALUE, or FIELD alone for "has it", or !FIELD.
//
// FIELD is an intrinsic field (name, duration_nano, ...) or an attribute with
// its scope in front: span. resource. scope. event. link. any. Attribute keys
// may hold anything but an operator's characters.

// operators maps what is written to what is asked; those of two characters
// come first.
var operators = []struct {
	text    string
	op      query.Op
	negated bool
}{
	{"!=", query.OpEq, true}, {"!~", query.OpRegexp, true}, {"<=", query.OpLe, false}, {">=", query.OpGe, false},
	{"*=", query.OpContains, false}, {"^=", query.OpPrefix, false}, {"$=", query.OpSuffix, false},
	{"=", query.OpEq, false}, {"<", query.OpLt, false}, {">", query.OpGt, false}, {"~", query.OpRegexp, false},
}

var attributeScopes = map[string]query.Scope{
	"span": query.ScopeSpan, "resource": query.ScopeResource, "scope": query.ScopeInstrumentation,
	"event": query.ScopeEvent, "link": query.ScopeLink, "any": query.ScopeAny,
}

// parseWhere reads one condition.
func parseWhere(text string) (query.Expr, error) {
	at, found := len(text), -1
	for i, o := range operators {
		if p := strings.Index(text, o.text); p > 0 && p < at {
			at, found = p, i
		}
	}
	if found < 0 {
		return parseExists(text)
	}
	o := operators[found]
	field, err := parseField(text[:at])
	if err != nil {
		return nil, err
	}
	value := strings.TrimSpace(text[at+len(o.text):])
	c, err := query.NewCompare(query.Compare{Field: field, Op: o.op, View: viewOf(o.op, value), Values: []span.Value{span.String(value)}})
	if err != nil {
		return nil, fmt.Errorf("condition %q: %w", text, err)
	}
	if o.negated {
		return query.Not{X: c}, nil
	}
	return c, nil
}

func parseExists(text string) (query.Expr, error) {
	name, negated := strings.CutPrefix(strings.TrimSpace(text), "!")
	field, err := parseField(name)
	if err != nil {
		return nil, err
	}
	if negated {
		return query.Not{X: query.Exists{Field: field}}, nil
	}
	return query.Exists{Field: field}, nil
}

// viewOf compares numbers as numbers and everything else as text.
func viewOf(op query.Op, value string) query.View {
	if _, isNumber := span.String(value).Number(); isNumber && op < query.OpContains {
		return query.Number
	}
	return query.Text
}

func parseField(text string) (query.Field, error) {
	text = strings.TrimSpace(text)
	if f := (query.Field{Scope: query.ScopeIntrinsic, Key: text}); slices.Contains(query.Intrinsics, f) {
		return f, nil
	}
	scope, key, ok := strings.Cut(text, ".")
	if s, known := attributeScopes[scope]; ok && known && key != "" {
		return query.Attr(s, key), nil
	}
	return query.Field{}, fmt.Errorf("field %q: want an intrinsic field, or span. resource. scope. event. link. or any. and a key", text)
}
