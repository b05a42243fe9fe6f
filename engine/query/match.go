package query

import (
	"cmp"
	"strings"

	"github.com/spanstead/spanstead/engine/span"
)

// Match evaluates e over one span, slowly and obviously. It is the meaning of
// a filter: every faster way of answering is tested against it. A nil e holds.
func Match(e Expr, s *span.Span) bool {
	switch e := e.(type) {
	case nil:
		return true
	case Const:
		return bool(e)
	case And:
		for _, p := range e {
			if !Match(p, s) {
				return false
			}
		}
		return true
	case Or:
		for _, p := range e {
			if Match(p, s) {
				return true
			}
		}
		return false
	case Not:
		return !Match(e.X, s)
	case Exists:
		return len(AppendValues(nil, s, e.Field)) > 0
	case *Compare:
		return matchCompare(e, s)
	}
	return false
}

func matchCompare(c *Compare, s *span.Span) bool {
	values := AppendValues(nil, s, c.Field)
	if len(values) == 0 {
		return c.Missing
	}
	for _, v := range values {
		if c.Holds(v) {
			return true
		}
	}
	return false
}

// Holds reports whether one value of the field compares as c says. It is what
// the engine runs over the distinct values of a dictionary.
func (c *Compare) Holds(v span.Value) bool {
	if c.Member != "" {
		var ok bool
		if v, ok = v.Member(c.Member); !ok {
			return false
		}
	}
	return c.holdsAny(v)
}

func (c *Compare) holdsAny(v span.Value) bool {
	if c.Each && v.Type() == span.TypeArray {
		for _, e := range v.List() {
			if c.holdsAny(e.Value) {
				return true
			}
		}
		return false
	}
	for i := range c.Values {
		if c.holds(v, c.Values[i]) {
			return true
		}
	}
	return false
}

func (c *Compare) holds(v, want span.Value) bool {
	switch c.View {
	case Text:
		return c.holdsString(v.Text(), want.Text())
	case Number:
		return c.holdsNumber(v, want)
	}
	if v.Type() != want.Type() {
		return false
	}
	switch v.Type() {
	case span.TypeString:
		return c.holdsString(v.Str(), want.Str())
	case span.TypeInt, span.TypeDouble:
		return c.Op < OpContains && c.holdsNumber(v, want)
	}
	return c.Op == OpEq && v.Equal(want)
}

func (c *Compare) holdsNumber(v, want span.Value) bool {
	if v.Type() == span.TypeInt && want.Type() == span.TypeInt {
		return c.ordered(cmp.Compare(v.Int(), want.Int()))
	}
	a, ok := v.Number()
	b, ok2 := want.Number()
	if !ok || !ok2 || a != a || b != b { // NaN compares with nothing
		return false
	}
	return c.ordered(cmp.Compare(a, b))
}

func (c *Compare) holdsString(v, want string) bool {
	if c.Op == OpRegexp {
		return c.pattern.match(v)
	}
	if c.Fold {
		v, want = strings.ToLower(v), strings.ToLower(want)
	}
	switch c.Op {
	case OpContains:
		return strings.Contains(v, want)
	case OpPrefix:
		return strings.HasPrefix(v, want)
	case OpSuffix:
		return strings.HasSuffix(v, want)
	}
	return c.ordered(strings.Compare(v, want))
}

// ordered turns the sign of a comparison into the operator's answer.
func (c *Compare) ordered(sign int) bool {
	switch c.Op {
	case OpEq:
		return sign == 0
	case OpLt:
		return sign < 0
	case OpLe:
		return sign <= 0
	case OpGt:
		return sign > 0
	case OpGe:
		return sign >= 0
	}
	return false
}

// Literal is a text that occurs in every string for which c holds; "" when
// there is none to be named. It lets a dictionary be searched before c is run
// on its values.
func (c *Compare) Literal() string {
	if c.Fold || c.Each || c.Member != "" || c.View == Number || len(c.Values) != 1 {
		return ""
	}
	if c.View == Typed && c.Values[0].Type() != span.TypeString {
		return ""
	}
	switch c.Op {
	case OpEq, OpContains, OpPrefix, OpSuffix:
		return c.Values[0].Text()
	case OpRegexp:
		return c.pattern.literal
	}
	return ""
}
