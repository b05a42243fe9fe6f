package mackerel

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// environmentKeys are the resource attributes that name the environment; the
// first that a span has counts.
var environmentKeys = [...]string{"deployment.environment.name", "deployment.environment"}

// fingerprintKey is the attribute of a span, or of one of its events, that
// issueFingerprint is compared with.
const fingerprintKey = "mackerel.issue.fingerprint"

// filterOf is the condition that one span of a listed trace meets.
func filterOf(req *listRequest) (query.Expr, error) {
	all := query.And(serviceOf(req))
	if req.Environment != nil {
		all = append(all, environmentIs(*req.Environment))
	}
	if req.Version != nil {
		all = append(all, is(resource("service.version"), *req.Version))
	}
	if req.SpanName != nil {
		all = append(all, is(query.Name, *req.SpanName))
	}
	if req.IssueFingerprint != nil {
		all = append(all, fingerprintIs(*req.IssueFingerprint))
	}
	if req.TraceID != nil {
		id, err := parseTraceID(*req.TraceID)
		if err != nil {
			return nil, err
		}
		all = append(all, is(query.TraceID, id.String()))
	}
	if req.StatusCode != nil {
		code, ok := statusCodes[*req.StatusCode]
		if !ok {
			return nil, invalid("statusCode %.40q: want OK or ERROR", *req.StatusCode)
		}
		all = append(all, query.Cmp(query.StatusCode, query.OpEq, query.Typed, span.Int(int64(code))))
	}
	return appendAttributes(all, req)
}

var statusCodes = map[string]span.StatusCode{"OK": span.StatusOK, "ERROR": span.StatusError}

func appendAttributes(all query.And, req *listRequest) (query.Expr, error) {
	for i := range req.Attributes {
		e, err := req.Attributes[i].expr(query.ScopeSpan)
		if err != nil {
			return nil, invalid("attributes[%d]: %v", i, err)
		}
		all = append(all, e)
	}
	for i := range req.ResourceAttributes {
		e, err := req.ResourceAttributes[i].expr(query.ScopeResource)
		if err != nil {
			return nil, invalid("resourceAttributes[%d]: %v", i, err)
		}
		all = append(all, e)
	}
	return all, nil
}

func parseTraceID(s string) (span.TraceID, error) {
	id, err := span.ParseTraceID(s)
	if err != nil {
		return id, invalid("traceId %.40q: want 32 hexadecimal digits", s)
	}
	return id, nil
}

func resource(key string) query.Field { return query.Attr(query.ScopeResource, key) }

// is compares a text; a missing attribute is as good as an empty one.
func is(f query.Field, want string) query.Expr {
	c := query.Cmp(f, query.OpEq, query.Typed, span.String(want))
	c.Missing = want == ""
	return c
}

func environmentIs(want string) query.Expr {
	newer, older := resource(environmentKeys[0]), resource(environmentKeys[1])
	return query.Or{
		query.And{query.Exists{Field: newer}, is(newer, want)},
		query.And{query.Not{X: query.Exists{Field: newer}}, is(older, want)},
	}
}

func fingerprintIs(want string) query.Expr {
	value := span.String(want)
	return query.Or{
		query.Cmp(query.Attr(query.ScopeSpan, fingerprintKey), query.OpEq, query.Typed, value),
		query.Cmp(query.Attr(query.ScopeEvent, fingerprintKey), query.OpEq, query.Typed, value),
	}
}

// operators says which operators a type of attribute takes.
var operators = map[string]string{
	"string": "EQ NEQ STARTS_WITH",
	"int":    "EQ GT GTE LT LTE",
	"double": "EQ GT GTE LT LTE",
	"bool":   "EQ NEQ",
}

var ops = map[string]query.Op{
	"EQ": query.OpEq, "GT": query.OpGt, "GTE": query.OpGe, "LT": query.OpLt, "LTE": query.OpLe,
	"STARTS_WITH": query.OpPrefix,
}

// expr compares attributes of the wanted type only; a span without one of that
// type does not match, whatever the operator.
func (f *attributeFilter) expr(scope query.Scope) (query.Expr, error) {
	if f.Key == nil || *f.Key == "" || f.Value == nil || f.Operator == nil || f.Type == nil {
		return nil, fmt.Errorf("key, value, operator and type are required")
	}
	allowed, ok := operators[*f.Type]
	if !ok {
		return nil, fmt.Errorf("type %.40q: want one of string, int, double, bool", *f.Type)
	}
	if !contains(allowed, *f.Operator) {
		return nil, fmt.Errorf("operator %.40q: want one of %s for type %s",
			*f.Operator, strings.ReplaceAll(allowed, " ", ", "), *f.Type)
	}
	value, err := parseValue(*f.Type, *f.Value)
	if err != nil {
		return nil, err
	}
	field := query.Attr(scope, *f.Key)
	if *f.Operator == "NEQ" {
		return differs(field, value), nil
	}
	return query.Cmp(field, ops[*f.Operator], query.Typed, value), nil
}

func contains(words, word string) bool {
	for w := range strings.SplitSeq(words, " ") {
		if w == word {
			return true
		}
	}
	return false
}

func parseValue(typ, text string) (span.Value, error) {
	switch typ {
	case "string":
		return span.String(text), nil
	case "bool":
		if text == "true" || text == "false" {
			return span.Bool(text == "true"), nil
		}
	case "int":
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return span.Int(i), nil
		}
	case "double":
		if d, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(d) && !math.IsInf(d, 0) {
			return span.Double(d), nil
		}
	}
	return span.Value{}, fmt.Errorf("value %.40q is not of type %s", text, typ)
}

// differs holds for a value of the same type that is another one. A bool that
// differs is the other bool; a string that differs is any string but that.
func differs(f query.Field, v span.Value) query.Expr {
	if v.Type() == span.TypeBool {
		return query.Cmp(f, query.OpEq, query.Typed, span.Bool(!v.Bool()))
	}
	return query.And{
		query.Cmp(f, query.OpPrefix, query.Typed, span.String("")),
		query.Not{X: query.Cmp(f, query.OpEq, query.Typed, v)},
	}
}
