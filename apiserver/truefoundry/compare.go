package truefoundry

import (
	"math"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// compare makes the filter that holds when the target compares as op says with
// any of the operand's values; each looks into arrays.
type compare func(op query.Op, v operand, each bool) query.Expr

// must makes a comparison that is known to be right.
func must(c query.Compare) *query.Compare {
	e, err := query.NewCompare(c)
	if err != nil {
		panic(err) // the tables of this package make no such thing
	}
	return e
}

// attribute compares values of the operand's own type; ints and doubles are
// one type.
func attribute(f query.Field) compare {
	return func(op query.Op, v operand, each bool) query.Expr {
		switch v.kind {
		case number:
			return compareNumbers(f, op, v.numbers, each)
		case boolean:
			values := make([]span.Value, len(v.bools))
			for i, b := range v.bools {
				values[i] = span.Bool(b)
			}
			return must(query.Compare{Field: f, Op: op, Values: values, Each: each})
		}
		return must(query.Compare{Field: f, Op: op, Values: v.strings(), Each: each})
	}
}

// elements compares each element of an array, whatever the operator.
func elements(f query.Field) compare {
	return func(op query.Op, v operand, _ bool) query.Expr { return attribute(f)(op, v, true) }
}

// compareNumbers compares doubles with the numbers and ints with the ints that
// come to the same.
func compareNumbers(f query.Field, op query.Op, numbers []float64, each bool) query.Expr {
	if op != query.OpEq {
		return query.Or{
			must(query.Compare{Field: f, Op: op, Values: []span.Value{span.Double(numbers[0])}, Each: each}),
			compareInts(f, op, numbers[0]),
		}
	}
	var values []span.Value
	for _, n := range numbers {
		values = append(values, span.Double(n))
		if i := int64(n); n == math.Trunc(n) && n >= math.MinInt64 && n < math.MaxInt64 {
			values = append(values, span.Int(i))
		}
	}
	return must(query.Compare{Field: f, Op: op, Values: values, Each: each})
}

// compareInts orders ints against a number that need not be one.
func compareInts(f query.Field, op query.Op, n float64) query.Expr {
	bound := math.Floor(n) // i > n just when i > floor(n), i <= n when i <= floor(n)
	if op == query.OpGe || op == query.OpLt {
		bound = math.Ceil(n)
	}
	upward := op == query.OpGt || op == query.OpGe
	switch {
	case bound >= math.MaxInt64 && upward, bound < math.MinInt64 && !upward:
		return query.Const(false)
	case bound >= math.MaxInt64:
		return query.Cmp(f, query.OpLe, query.Typed, span.Int(math.MaxInt64))
	case bound < math.MinInt64:
		return query.Cmp(f, query.OpGe, query.Typed, span.Int(math.MinInt64))
	}
	return query.Cmp(f, op, query.Typed, span.Int(int64(bound)))
}
