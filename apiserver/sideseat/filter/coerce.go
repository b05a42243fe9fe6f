package filter

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// compile checks that a literal can meet a column and brings it to the
// column's type. exact keeps the fraction of a number that is compared with
// whole ones; otherwise it is rounded, half away from zero, as the service
// does. The error wraps ErrFault.
func compile(c *column, o op, v literal, exact bool) (*Condition, error) {
	out := &Condition{column: c, op: o}
	if o == opNull || o == opNotNull {
		return out, nil
	}
	if (o == opIn || o == opNotIn) && len(v.list) == 0 {
		return nil, nil // an empty list is no filter
	}
	if c.kind == kindTags && (o == opIn || o == opNotIn) {
		return nil, fmt.Errorf("column %s: a list: %w", c.name, ErrOperator)
	}
	if c.kind != kindText && c.kind != kindTags && c.kind != kindEachTag && (o == opContains || o == opPrefix || o == opSuffix) {
		return nil, fmt.Errorf("column %s: part of a number: %w", c.name, ErrOperator)
	}
	operands := []literal{v}
	if o == opIn || o == opNotIn {
		operands = v.list
	}
	for _, l := range operands {
		if err := out.operand(l, exact); err != nil {
			return nil, fmt.Errorf("column %s: %w", c.name, err)
		}
	}
	return out, nil
}

func (c *Condition) operand(l literal, exact bool) error {
	switch c.column.kind {
	case kindText, kindTags, kindEachTag:
		text, err := l.asText(exact)
		c.texts = append(c.texts, text)
		return err
	case kindTime:
		t, err := l.asTime()
		c.ints = append(c.ints, t)
		return err
	}
	scale, limit := 1.0, 9.2e18
	if c.column.kind == kindMicros {
		scale, limit = 1e6, 1e18
	}
	f, err := l.asNumber()
	if err != nil {
		return err
	}
	f *= scale
	if exact && f != math.Trunc(f) {
		return c.fraction(f)
	}
	if f = math.Round(f); math.Abs(f) >= limit {
		if exact {
			return c.beyond(f)
		}
		return fmt.Errorf("%v is out of range: %w", f/scale, ErrFault)
	}
	c.ints = append(c.ints, int64(f))
	return nil
}

// fraction turns a comparison with a number between two whole ones into one
// with a whole one.
func (c *Condition) fraction(f float64) error {
	if math.Abs(f) >= 9e15 {
		return c.beyond(f)
	}
	switch c.op {
	case opLt, opLe:
		c.op, c.ints = opLe, []int64{int64(math.Floor(f))}
	case opGt, opGe:
		c.op, c.ints = opGe, []int64{int64(math.Ceil(f))}
	case opEq:
		c.decide(false)
	case opNe:
		c.decide(true)
	}
	return nil // one of a list that nothing equals
}

// beyond is a comparison with a number that no column reaches.
func (c *Condition) beyond(f float64) error {
	switch c.op {
	case opEq:
		c.decide(false)
	case opNe:
		c.decide(true)
	case opLt, opLe:
		c.decide(f > 0)
	case opGt, opGe:
		c.decide(f < 0)
	}
	return nil
}

func (c *Condition) decide(b bool) { c.always = &b }

func (l literal) asText(exact bool) (string, error) {
	switch {
	case l.kind == 's':
		return l.text, nil
	case l.kind == 'n' && exact:
		return l.text, nil
	case l.kind == 'n':
		return doubleText(l.number), nil
	case l.kind == 'b' && exact:
		return strconv.FormatBool(l.truth), nil
	}
	return "", fmt.Errorf("a text is not true or false: %w", ErrFault)
}

// doubleText writes a number without an exponent, and a whole one without a
// point, as the service does.
func doubleText(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (l literal) asNumber() (float64, error) {
	switch l.kind {
	case 'n':
		return l.number, nil
	case 'b':
		if l.truth {
			return 1, nil
		}
		return 0, nil
	case 's':
		f, err := strconv.ParseFloat(strings.TrimSpace(l.text), 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return 0, fmt.Errorf("%.40q is no number: %w", l.text, ErrFault)
		}
		return f, nil
	}
	return 0, ErrFault
}

// asTime reads a time as the service's database does: with or without a time
// of day and a fraction; an offset is allowed and has no effect.
func (l literal) asTime() (int64, error) {
	if l.kind != 's' {
		return 0, fmt.Errorf("no time: %w", ErrFault)
	}
	s := strings.TrimSpace(l.text)
	switch s {
	case "epoch":
		return 0, nil
	case "infinity":
		return math.MaxInt64, nil
	case "-infinity":
		return math.MinInt64, nil
	}
	s = strings.TrimSuffix(strings.Replace(s, "T", " ", 1), "Z")
	if len(s) > 10 {
		if i := strings.LastIndexAny(s, "+-"); i > 10 {
			s = s[:i]
		}
	}
	for _, layout := range []string{"2006-01-02 15:04:05.999999999", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixMicro(), nil
		}
	}
	return 0, fmt.Errorf("%.40q is no time: %w", l.text, ErrFault)
}
