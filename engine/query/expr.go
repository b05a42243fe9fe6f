// Package query is the language in which every question to the store is asked:
// filter expressions, the questions themselves with their answers, and Match,
// the slow and obvious evaluator that says what each filter means.
//
// Expressions are immutable once built and may be shared by goroutines. The
// package knows spans and nothing of files, segments or vendors: an adapter
// builds a Query from a vendor's request, the engine answers it, and the
// answer is right when it equals Match over all spans.
package query

import (
	"errors"
	"fmt"

	"github.com/spanstead/spanstead/engine/span"
)

// The errors on which callers decide.
var (
	// ErrInvalid: the question itself is wrong or beyond a bound.
	ErrInvalid = errors.New("invalid query")
	// ErrNotFound: the named trace, workspace or document is not there.
	ErrNotFound = errors.New("not found")
	// ErrCorrupt: stored bytes are not what was written; no answer is given.
	ErrCorrupt = errors.New("corrupt data")
	// ErrFull: no room to write; nothing of the request was stored.
	ErrFull = errors.New("storage full")
	// ErrReadOnly: the store takes no writes until it is opened again.
	ErrReadOnly = errors.New("store is read-only")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store is closed")
)

// Expr is a filter over one span. Its forms are And, Or, Not, Exists, *Compare
// and Const; nil stands for Const(true) wherever an Expr is taken.
type Expr interface{ expr() }

// And holds when every part does; an empty And holds.
type And []Expr

// Or holds when at least one part does; an empty Or does not.
type Or []Expr

// Not holds when X does not.
type Not struct{ X Expr }

// Const always holds, or never.
type Const bool

// Exists holds when the span has at least one value for the field.
type Exists struct{ Field Field }

// Compare holds when any of the field's values compares as Op says with any of
// Values. When the span has no value for the field, it is Missing that counts.
// Build one with NewCompare or Cmp, which check it.
type Compare struct {
	Field  Field
	Op     Op
	View   View
	Values []span.Value // one; any number for OpEq, which holds for any of them
	Fold   bool         // without regard to case (Unicode lower case), strings only
	// Each looks into arrays: an array's elements are compared, not the array.
	Each bool
	// Member looks into objects: what is compared is the member of that key of
	// a kvlist or of a string that holds a JSON object (span.Value.Member). A
	// value without it does not compare. It needs View Text, and an attribute.
	Member string
	// Missing is the result for a span that has no value for the field.
	Missing bool

	pattern *pattern // OpRegexp
}

func (And) expr()      {}
func (Or) expr()       {}
func (Not) expr()      {}
func (Const) expr()    {}
func (Exists) expr()   {}
func (*Compare) expr() {}

// Op is how a field's value is compared with the given one.
type Op uint8

// The operators. OpEq with several values is "in". Negated forms are Not.
const (
	OpEq Op = iota
	OpLt
	OpLe
	OpGt
	OpGe
	OpContains
	OpPrefix
	OpSuffix
	OpRegexp // unanchored, RE2 syntax, bounded: see CompileRegexp
)

var opNames = [...]string{"=", "<", "<=", ">", ">=", "contains", "prefix", "suffix", "regexp"}

// String is the operator's name in an explained plan.
func (o Op) String() string {
	if int(o) >= len(opNames) {
		return "invalid"
	}
	return opNames[o]
}

// View is how a value is seen before it is compared.
type View uint8

const (
	// Typed compares only values of the operand's own type. Order is defined
	// for strings (bytewise), ints and doubles; contains, prefix, suffix and
	// regexp for strings.
	Typed View = iota
	// Text compares span.Value.Text of both, bytewise.
	Text
	// Number compares span.Value.Number of both; a value that is not a number
	// does not match. Two ints are compared exactly.
	Number
)

var viewNames = [...]string{"typed", "text", "number"}

// String is the view's name in an explained plan.
func (v View) String() string {
	if int(v) >= len(viewNames) {
		return "invalid"
	}
	return viewNames[v]
}

// Bounds on an expression; beyond them a question is refused.
const (
	MaxDepth  = 64
	MaxNodes  = 10_000
	MaxValues = 100_000
)

// NewCompare checks c, prepares its pattern, and returns it for use as an
// Expr. The error wraps ErrInvalid.
func NewCompare(c Compare) (*Compare, error) {
	if c.Op > OpRegexp || c.View > Number || c.Field.Scope > ScopeAny {
		return nil, fmt.Errorf("%w: unknown operator, view or scope", ErrInvalid)
	}
	if c.Op != OpEq && len(c.Values) != 1 {
		return nil, fmt.Errorf("%w: operator %v takes one value, got %d", ErrInvalid, c.Op, len(c.Values))
	}
	if c.Op >= OpContains && c.View == Number {
		return nil, fmt.Errorf("%w: operator %v does not compare numbers", ErrInvalid, c.Op)
	}
	if c.Member != "" && (c.View != Text || c.Field.Scope == ScopeIntrinsic) {
		return nil, fmt.Errorf("%w: a member is compared as text, and of an attribute", ErrInvalid)
	}
	if c.Op == OpRegexp {
		p, err := compilePattern(c.Values[0].Text(), c.Fold)
		if err != nil {
			return nil, err
		}
		c.pattern = p
	}
	return &c, nil
}

// Cmp is NewCompare for a comparison that is known to be right, in tests and
// constant filters; it panics on one that is not.
func Cmp(f Field, op Op, view View, values ...span.Value) *Compare {
	c, err := NewCompare(Compare{Field: f, Op: op, View: view, Values: values})
	if err != nil {
		panic(err)
	}
	return c
}

// Check reports whether e is well formed and within the bounds on depth, nodes
// and values. Every question checks its filter; the error wraps ErrInvalid.
func Check(e Expr) error {
	nodes, values := 0, 0
	return check(e, 0, &nodes, &values)
}

func check(e Expr, depth int, nodes, values *int) error {
	if *nodes++; depth > MaxDepth || *nodes > MaxNodes {
		return fmt.Errorf("%w: filter nests deeper than %d or has more than %d parts", ErrInvalid, MaxDepth, MaxNodes)
	}
	var parts []Expr
	switch e := e.(type) {
	case nil, Const, Exists:
		return nil
	case And:
		parts = e
	case Or:
		parts = e
	case Not:
		parts = []Expr{e.X}
	case *Compare:
		return checkCompare(e, values)
	default:
		return fmt.Errorf("%w: unknown expression %T", ErrInvalid, e)
	}
	for _, p := range parts {
		if err := check(p, depth+1, nodes, values); err != nil {
			return err
		}
	}
	return nil
}

func checkCompare(c *Compare, values *int) error {
	if *values += len(c.Values); *values > MaxValues {
		return fmt.Errorf("%w: more than %d values in a filter", ErrInvalid, MaxValues)
	}
	if c.Op == OpRegexp && c.pattern == nil {
		return fmt.Errorf("%w: a regexp comparison that NewCompare did not make", ErrInvalid)
	}
	return nil
}
