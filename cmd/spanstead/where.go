package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// A condition is FIELD OP VALUE, or FIELD alone for "has it", or !FIELD for
// "has it not".
//
// FIELD is an intrinsic field (name, duration_nano, ...) or an attribute with
// its scope in front: span. resource. scope. event. link. any. Attribute keys
// may hold anything but an operator's characters. OP is one of operators or,
// with a space on both sides, of operatorWords; the words exists and missing
// take no value. A value that is a number is compared as one, anything else as
// text; see parseValue for what else an intrinsic field takes. != and !~ hold
// for a span without the field.

// whereUsage describes the flag that takes a condition.
const whereUsage = "`condition` on a span, such as 'resource.service.name = cart', 'span.http.status_code >= 500',\n" +
	"'duration_nano > 250ms', 'name contains cart' or 'parent_span_id missing'; all of several hold\n" +
	"(operators = != < <= > >= ~ !~ contains prefix suffix exists missing)"

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

// operatorWords are operators that are spelled out.
var operatorWords = map[string]query.Op{"contains": query.OpContains, "prefix": query.OpPrefix, "suffix": query.OpSuffix}

var attributeScopes = map[string]query.Scope{
	"span": query.ScopeSpan, "resource": query.ScopeResource, "scope": query.ScopeInstrumentation,
	"event": query.ScopeEvent, "link": query.ScopeLink, "any": query.ScopeAny,
}

// parseWhere reads one condition.
func parseWhere(text string) (query.Expr, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	word, value, _ := strings.Cut(strings.TrimSpace(rest), " ")
	if op, ok := operatorWords[word]; ok {
		return newCondition(name, op, false, value)
	}
	switch strings.TrimSpace(rest) {
	case "exists":
		return parseExists(name)
	case "missing":
		return parseExists("!" + name)
	}
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
	return newCondition(text[:at], o.op, o.negated, text[at+len(o.text):])
}

func newCondition(name string, op query.Op, negated bool, value string) (query.Expr, error) {
	field, err := parseField(name)
	if err != nil {
		return nil, err
	}
	value = parseValue(field, strings.TrimSpace(value))
	c, err := query.NewCompare(query.Compare{Field: field, Op: op, View: viewOf(op, value), Values: []span.Value{span.String(value)}})
	if err != nil {
		return nil, fmt.Errorf("condition on %q: %w", field.Key, err)
	}
	if negated {
		return query.Not{X: c}, nil
	}
	return c, nil
}

// parseValue turns what people write for an intrinsic field into its number:
// 250ms, a time as in RFC 3339, SERVER, ERROR. Anything else stays as it is.
func parseValue(f query.Field, value string) string {
	switch f {
	case query.DurationNano:
		if d, err := time.ParseDuration(value); err == nil {
			return strconv.FormatInt(d.Nanoseconds(), 10)
		}
	case query.StartTimeUnixNano, query.EndTimeUnixNano:
		if t, err := time.Parse(time.RFC3339, value); err == nil {
			return strconv.FormatInt(t.UnixNano(), 10)
		}
	case query.Kind:
		for k := span.KindUnspecified; k <= span.KindConsumer; k++ {
			if strings.EqualFold(k.String(), value) {
				return strconv.Itoa(int(k))
			}
		}
	case query.StatusCode:
		for c := span.StatusUnset; c <= span.StatusError; c++ {
			if strings.EqualFold(c.String(), value) {
				return strconv.Itoa(int(c))
			}
		}
	}
	return value
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
