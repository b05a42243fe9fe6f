// Package filter is SideSeat's filter grammar: the documented form
// {key, op, value} and the form of its service {type, column, operator, value}.
//
// Parse reads either into Conditions. Holds evaluates one over a derived span;
// Plan turns it into an expression for the store. What a column means, and how
// a literal of one type meets a column of another, is told in coerce.go, after
// the service's own database. Everything is pure and safe for concurrent use.
package filter

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/apiserver/sideseat/derive"
)

// Max is how many conditions one request may have.
const Max = 50

// ErrFault is a literal that the column's type cannot be compared with.
var ErrFault = errors.New("the value cannot be compared with the column")

// ErrOperator is an ErrFault of the operator, whatever the literal.
var ErrOperator = fmt.Errorf("the operator does not apply: %w", ErrFault)

// op is what a condition asks.
type op uint8

const (
	opEq op = iota
	opNe
	opLt
	opLe
	opGt
	opGe
	opContains
	opPrefix
	opSuffix
	opIn
	opNotIn
	opNull
	opNotNull
)

// kind is a column's type.
type kind uint8

const (
	kindText kind = iota
	kindInt
	kindMicros // dollars, kept in millionths
	kindTime   // microseconds
	kindTags   // the JSON text of a list
	kindEachTag
)

// literal is the value of a condition, by its JSON type.
type literal struct {
	kind   byte // s string, n number, b bool, l list; 0 for none
	text   string
	number float64
	truth  bool
	list   []literal
}

// Condition is one checked filter over one column.
type Condition struct {
	column *column
	op     op
	texts  []string // operands of a text column
	ints   []int64  // operands of a number or time column
	always *bool    // decided without looking at the column, which must not be null
	fault  error    // wraps ErrFault
}

// Fault is an error that wraps ErrFault when the value cannot be compared with
// what the column holds. Such a condition is not to be evaluated; the service
// fails as soon as it comes upon a value that is not null.
func (c *Condition) Fault() error { return c.fault }

// Present is the condition that the column of c is not null.
func (c *Condition) Present() *Condition { return &Condition{column: c.column, op: opNotNull} }

// Row is what a condition is evaluated over.
type Row struct {
	*derive.Span
	TraceID, SpanID string // as they are shown
}

// Holds evaluates a condition. A null column holds for "is null" alone.
func (c *Condition) Holds(r *Row) bool {
	switch c.op {
	case opNull:
		return c.column.null(r)
	case opNotNull:
		return !c.column.null(r)
	}
	if c.column.null(r) {
		return false
	}
	if c.always != nil {
		return *c.always
	}
	switch c.column.kind {
	case kindText, kindTags:
		return c.holdsText(*c.column.text(r))
	case kindEachTag:
		return c.holdsTags(r.Tags)
	}
	return c.holdsInt(c.column.int(r))
}

func (c *Condition) holdsTags(tags []string) bool {
	positive := *c
	switch c.op {
	case opNe:
		positive.op = opEq
	case opNotIn:
		positive.op = opIn
	}
	any := slices.ContainsFunc(tags, positive.holdsText)
	return any != (c.op == opNe || c.op == opNotIn)
}

func (c *Condition) holdsText(v string) bool {
	switch c.op {
	case opIn:
		return slices.Contains(c.texts, v)
	case opNotIn:
		return !slices.Contains(c.texts, v)
	case opContains:
		return strings.Contains(v, c.texts[0])
	case opPrefix:
		return strings.HasPrefix(v, c.texts[0])
	case opSuffix:
		return strings.HasSuffix(v, c.texts[0])
	}
	return ordered(c.op, strings.Compare(v, c.texts[0]))
}

func (c *Condition) holdsInt(v int64) bool {
	switch c.op {
	case opIn:
		return slices.Contains(c.ints, v)
	case opNotIn:
		return !slices.Contains(c.ints, v)
	}
	switch {
	case v < c.ints[0]:
		return ordered(c.op, -1)
	case v > c.ints[0]:
		return ordered(c.op, 1)
	}
	return ordered(c.op, 0)
}

func ordered(o op, sign int) bool {
	switch o {
	case opEq:
		return sign == 0
	case opNe:
		return sign != 0
	case opLt:
		return sign < 0
	case opLe:
		return sign <= 0
	case opGt:
		return sign > 0
	case opGe:
		return sign >= 0
	}
	return false
}
