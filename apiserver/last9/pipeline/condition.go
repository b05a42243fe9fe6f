package pipeline

import (
	"maps"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/engine/query"
)

// scopeOf says how a stage reads field names: those of spans, or the columns
// of the table that an earlier stage made.
type scopeOf func(name string) (Field, error)

// condition reads a query. An empty object matches every span.
func condition(n *node, fields scopeOf) (query.Expr, error) {
	if n.kind != isObject {
		return nil, faultf("a condition is an object, got %v", n.kind)
	}
	switch len(n.members) {
	case 0:
		return query.Const(true), nil
	case 1:
		m := &n.members[0]
		e, err := clause(m.key, &m.value, fields)
		return e, atKey(err, m.key)
	}
	return nil, faultf("a condition has one operator, got %d: join them with $and", len(n.members))
}

func clause(op string, v *node, fields scopeOf) (query.Expr, error) {
	switch op {
	case "$and", "$or":
		return joined(op, v, fields)
	case "$not":
		return negated(v, fields)
	}
	o, ok := operators[op]
	if !ok {
		return nil, faultf("unknown operator, want one of %s", operatorNames())
	}
	return comparison(o, v, fields)
}

func operatorNames() string {
	names := append(slices.Sorted(maps.Keys(operators)), "$and", "$not", "$or")
	slices.Sort(names)
	return strings.Join(names, " ")
}

func joined(op string, v *node, fields scopeOf) (query.Expr, error) {
	parts, err := conditions(v, fields)
	if err != nil {
		return nil, err
	}
	if op == "$or" {
		return query.Or(parts), nil
	}
	return query.And(parts), nil
}

func conditions(v *node, fields scopeOf) ([]query.Expr, error) {
	if v.kind != isArray {
		return nil, faultf("want an array of conditions, got %v", v.kind)
	}
	parts := make([]query.Expr, len(v.list))
	for i := range v.list {
		e, err := condition(&v.list[i], fields)
		if err != nil {
			return nil, atIndex(err, i)
		}
		parts[i] = e
	}
	return parts, nil
}

// negated reads the one condition of $not, or an array of which all hold.
func negated(v *node, fields scopeOf) (query.Expr, error) {
	if v.kind == isObject {
		e, err := condition(v, fields)
		return query.Not{X: e}, err
	}
	parts, err := conditions(v, fields)
	switch {
	case err != nil:
		return nil, err
	case len(parts) == 0:
		return nil, faultf("there is nothing to negate")
	case len(parts) == 1:
		return query.Not{X: parts[0]}, nil
	}
	return query.Not{X: query.And(parts)}, nil
}

func comparison(o operator, v *node, fields scopeOf) (query.Expr, error) {
	if v.kind != isArray || len(v.list) != 2 {
		return nil, faultf(`an operator takes exactly 2 elements, ["field", "value"]`)
	}
	name, value := &v.list[0], &v.list[1]
	if name.kind != isString {
		return nil, atIndex(faultf("a field name is a string, got %v", name.kind), 0)
	}
	f, err := fields(name.text)
	if err != nil {
		return nil, atIndex(err, 0)
	}
	switch value.kind {
	case isString, isNumber, isBool:
	default:
		return nil, atIndex(faultf("a value is a string, a number or a boolean, got %v", value.kind), 1)
	}
	e, err := compare(f, o, operand{text: value.text, number: value.kind == isNumber})
	return e, atIndex(err, 1)
}
