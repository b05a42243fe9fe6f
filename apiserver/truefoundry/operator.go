package truefoundry

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/engine/query"
)

// class says which values an operator takes.
type class uint8

const (
	equality class = iota // one value
	order                 // one string or number
	between               // an array of two strings or two numbers
	listed                // an array
	contains              // one string
	arrays                // an array, compared with each element of an array
	presence              // whatever, since the schema requires a value
)

// operator is one of the nineteen. A negated one holds exactly where the other
// does not, so also for a span that has no value.
type operator struct {
	class   class
	op      query.Op
	negated bool
}

var operators = map[string]operator{
	"EQUAL":                  {equality, query.OpEq, false},
	"NOT_EQUAL":              {equality, query.OpEq, true},
	"GREATER_THAN":           {order, query.OpGt, false},
	"LESS_THAN":              {order, query.OpLt, false},
	"GREATER_THAN_EQUAL":     {order, query.OpGe, false},
	"LESS_THAN_EQUAL":        {order, query.OpLe, false},
	"BETWEEN":                {between, 0, false},
	"IN":                     {listed, query.OpEq, false},
	"NOT_IN":                 {listed, query.OpEq, true},
	"STRING_CONTAINS":        {contains, query.OpContains, false},
	"STRING_NOT_CONTAINS":    {contains, query.OpContains, true},
	"STRING_STARTS_WITH":     {contains, query.OpPrefix, false},
	"STRING_NOT_STARTS_WITH": {contains, query.OpPrefix, true},
	"STRING_ENDS_WITH":       {contains, query.OpSuffix, false},
	"STRING_NOT_ENDS_WITH":   {contains, query.OpSuffix, true},
	"ARRAY_HAS_ANY":          {arrays, query.OpEq, false},
	"ARRAY_HAS_NONE":         {arrays, query.OpEq, true},
	"PRESENT":                {presence, 0, false},
	"IS_NULL":                {presence, 0, true},
}

// takes says in words what a class of operators takes.
var takes = [...]string{
	equality: "a string, number or boolean",
	order:    "a string or number",
	between:  "an array of two strings or of two numbers, the lower one first",
	listed:   "an array",
	contains: "a string",
	arrays:   "an array",
	presence: "any value",
}

// accepts reports whether a value is of the operator's form.
func (c class) accepts(v *operand) bool {
	switch c {
	case equality:
		return !v.list && v.kind != none
	case order:
		return !v.list && v.kind&(text|number) != 0
	case between:
		return v.list && v.size() == 2 && v.kind != boolean
	case listed, arrays:
		return v.list
	case contains:
		return !v.list && v.kind == text
	}
	return true
}

// expr applies an operator to a target.
func (o operator) expr(t *target, v operand) query.Expr {
	var e query.Expr
	switch {
	case o.class == presence:
		if v.deny() {
			o.negated = !o.negated
		}
		e = t.present
	case v.size() == 0: // an empty array
		e = query.Const(false)
	case o.class == between:
		e = query.And{t.compare(query.OpGe, v.at(0), false), t.compare(query.OpLe, v.at(1), false)}
	default:
		e = t.compare(o.op, v, o.class == arrays)
	}
	if o.negated {
		return query.Not{X: e}
	}
	return e
}

// deny reports whether the value turns PRESENT and IS_NULL round: false, or "false".
func (v *operand) deny() bool {
	return !v.list && (v.kind == boolean && !v.bools[0] || v.kind == text && strings.EqualFold(v.texts[0], "false"))
}

// check reports why an operator does not go with a target and a value.
func (o operator) check(name string, t *target, v *operand) error {
	switch {
	case !slices.Contains(t.classes, o.class):
		return fmt.Errorf("operator %s does not go with %s", name, t.name)
	case !o.class.accepts(v):
		return fmt.Errorf("operator %s takes %s, got %v", name, takes[o.class], v)
	case o.class != presence && v.kind != none && v.kind&t.kinds == 0:
		return fmt.Errorf("%s is compared with %s, got %v", t.name, kindList(t.kinds), v)
	}
	return nil
}

func kindList(kinds kind) string {
	var names []string
	for _, k := range [...]kind{text, number, boolean} {
		if kinds&k != 0 {
			names = append(names, kindNames[k]+"s")
		}
	}
	return strings.Join(names, " or ")
}
