package filter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Grammar says which forms of a filter are read.
type Grammar uint8

const (
	// Both reads the page's form and the service's.
	Both Grammar = iota
	// Service reads the service's form alone.
	Service
)

// TooMany is more than Max conditions.
type TooMany struct{}

// Error is the service's message.
func (TooMany) Error() string { return fmt.Sprintf("Maximum %d filters allowed", Max) }

// UnknownColumn is a column that the list cannot be filtered by.
type UnknownColumn struct{ Name string }

// Error is the service's message.
func (e UnknownColumn) Error() string { return "Cannot filter by column: " + e.Name }

// Parse reads the filters parameter. The error is a *SyntaxError, a TooMany or
// an UnknownColumn. A value that the column's type cannot be compared with is
// a condition with a Fault.
func Parse(text string, g Grammar, columns Set) ([]*Condition, error) {
	raws, err := scanAll(text, g)
	if err != nil {
		return nil, err
	}
	if len(raws) > Max {
		return nil, TooMany{}
	}
	for _, r := range raws {
		if !columns.Has(r.column) {
			return nil, UnknownColumn{r.column}
		}
	}
	var out []*Condition
	for _, r := range raws {
		c := columns[r.column]
		if r.page && c.kind == kindTags {
			each := *c
			each.kind, each.null = kindEachTag, func(r *Row) bool { return len(r.Tags) == 0 }
			c = &each
		}
		cond, err := compile(c, r.op, r.value, r.page)
		if err != nil {
			cond = &Condition{column: c, op: r.op, fault: err}
		}
		if cond != nil {
			out = append(out, cond)
		}
	}
	return out, nil
}

// raw is a condition before its column is known.
type raw struct {
	column string
	op     op
	value  literal
	page   bool // in the page's form
}

func scanAll(text string, g Grammar) ([]raw, error) {
	s := &scanner{text: text}
	if s.end() {
		return nil, s.failAt(len(text), "EOF while parsing a value")
	}
	if s.text[s.at] != '[' {
		return nil, s.notAList()
	}
	s.at++
	var out []raw
	for {
		switch c := s.peek(); {
		case s.end():
			return nil, s.fail("EOF while parsing a list")
		case c == ']' && len(out) == 0:
			s.at++
			return out, s.rest()
		}
		r, err := s.condition(g)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
		more, err := s.separator(']', "a list")
		if err != nil {
			return nil, err
		}
		if !more {
			return out, s.rest()
		}
	}
}

func (s *scanner) rest() error {
	if !s.end() {
		return s.failAt(s.at+1, "trailing characters")
	}
	return nil
}

func (s *scanner) notAList() error {
	from := s.at
	if s.text[s.at] == '{' {
		return s.failAt(from, "invalid type: map, expected a sequence")
	}
	n, err := s.value(1)
	if err != nil {
		return err
	}
	return s.fail("invalid type: %s, expected a sequence", n.describe())
}

func (s *scanner) condition(g Grammar) (raw, error) {
	if s.text[s.at] == '[' {
		return raw{}, s.listedCondition()
	}
	n, err := s.value(1)
	if err != nil {
		return raw{}, err
	}
	if n.kind != 'o' {
		return raw{}, s.fail("invalid type: %s, expected internally tagged enum Filter", n.describe())
	}
	if n.get("type") == nil {
		if g == Both && n.get("key") != nil {
			return s.page(&n)
		}
		return raw{}, s.fail("missing field `type`")
	}
	return s.service(&n)
}

// listedCondition finds fault with a condition that is a list: the service
// looks into its first element for a type.
func (s *scanner) listedCondition() error {
	if s.at++; s.peek() == ']' {
		s.at++
		return s.fail("missing field `type`")
	}
	n, err := s.value(2)
	if err != nil {
		return err
	}
	if err := s.checkType(&n); err != nil {
		return err
	}
	return s.failNext("invalid length 0, expected struct variant Filter::%s", n.text)
}

// form is one type of the service's grammar.
type form struct {
	name  string
	words []string
	ops   []op
	value string // what the value is; "" for none
}

var forms = []form{
	{"datetime", []string{">", "<", ">=", "<="}, []op{opGt, opLt, opGe, opLe}, "a string"},
	{"string", []string{"=", "contains", "starts_with", "ends_with"}, []op{opEq, opContains, opPrefix, opSuffix}, "a string"},
	{"number", []string{"=", ">", "<", ">=", "<="}, []op{opEq, opGt, opLt, opGe, opLe}, "f64"},
	{"string_options", []string{"any of", "none of"}, []op{opIn, opNotIn}, "a sequence"},
	{"boolean", []string{"=", "<>"}, []op{opEq, opNe}, "a boolean"},
	{"null", []string{"is null", "is not null"}, []op{opNull, opNotNull}, ""},
}

func formNames() []string {
	var names []string
	for _, f := range forms {
		names = append(names, f.name)
	}
	return names
}

func oneOf(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = "`" + w + "`"
	}
	if len(quoted) == 2 {
		return quoted[0] + " or " + quoted[1]
	}
	return "one of " + strings.Join(quoted, ", ")
}

// checkType refuses an unknown type where it is read.
func (s *scanner) checkType(n *node) error {
	if n.kind != 's' {
		return s.failAt(n.at(), "invalid type: %s, expected variant identifier", n.describe())
	}
	if !slices.Contains(formNames(), n.text) {
		return s.fail("unknown variant `%s`, expected %s", n.text, oneOf(formNames()))
	}
	return nil
}

// service reads {type, column, operator, value}; faults come in the order in
// which the fields stand, then missing ones.
func (s *scanner) service(n *node) (raw, error) {
	f := forms[slices.Index(formNames(), n.get("type").text)]
	r := raw{}
	seen := map[string]bool{}
	for i := range n.fields {
		key, v := n.fields[i].key, &n.fields[i].value
		if key != "column" && key != "operator" && (key != "value" || f.value == "") {
			continue
		}
		if seen[key] {
			return raw{}, s.failNext("duplicate field `%s`", key)
		}
		seen[key] = true
		if err := s.serviceField(&r, f, key, v); err != nil {
			return raw{}, err
		}
	}
	for _, key := range []string{"column", "operator", "value"} {
		if !seen[key] && (key != "value" || f.value != "") {
			return raw{}, s.failNext("missing field `%s`", key)
		}
	}
	return r, nil
}

func (s *scanner) serviceField(r *raw, f form, key string, v *node) error {
	switch key {
	case "column":
		if v.kind != 's' {
			return s.failNext("invalid type: %s, expected a string", v.describe())
		}
		r.column = v.text
		return nil
	case "operator":
		if v.kind != 's' {
			return s.failNext("invalid type: %s, expected string or map", v.describe())
		}
		i := slices.Index(f.words, v.text)
		if i < 0 {
			return s.failNext("unknown variant `%s`, expected %s", v.text, oneOf(f.words))
		}
		r.op = f.ops[i]
		return nil
	}
	want := map[string]byte{"a string": 's', "f64": 'n', "a sequence": 'a', "a boolean": 'b'}[f.value]
	if v.kind != want {
		return s.failNext("invalid type: %s, expected %s", v.describe(), f.value)
	}
	for i := range v.list {
		if v.list[i].kind != 's' {
			return s.failNext("invalid type: %s, expected a string", v.list[i].describe())
		}
	}
	var err error
	r.value, err = s.literal(v)
	return err
}

var pageOps = map[string]op{
	"eq": opEq, "ne": opNe, "contains": opContains, "starts_with": opPrefix, "in": opIn,
	"gt": opGt, "lt": opLt, "gte": opGe, "lte": opLe, "is_null": opNull, "is_not_null": opNotNull,
}

var pageWords = []string{"eq", "ne", "contains", "starts_with", "in", "gt", "lt", "gte", "lte", "is_null", "is_not_null"}

// page reads {key, op, value}.
func (s *scanner) page(n *node) (raw, error) {
	key, word, value := n.get("key"), n.get("op"), n.get("value")
	switch {
	case key.kind != 's':
		return raw{}, s.fail("invalid type: %s, expected a string", key.describe())
	case word == nil:
		return raw{}, s.fail("missing field `op`")
	case word.kind != 's':
		return raw{}, s.fail("invalid type: %s, expected a string", word.describe())
	}
	o, ok := pageOps[word.text]
	if !ok {
		return raw{}, s.fail("unknown variant `%s`, expected %s", word.text, oneOf(pageWords))
	}
	r := raw{column: key.text, op: o, page: true}
	if o == opNull || o == opNotNull {
		return r, nil
	}
	if value == nil {
		return raw{}, s.fail("missing field `value`")
	}
	if want, ok := pageValue(o, value); !ok {
		return raw{}, s.fail("invalid type: %s, expected %s", value.describe(), want)
	}
	var err error
	r.value, err = s.literal(value)
	return r, err
}

// pageValue checks a value against the page's table of operators. Times are
// compared in order, too, so text is taken where the page says number.
func pageValue(o op, v *node) (want string, ok bool) {
	switch o {
	case opIn:
		for i := range v.list {
			if k := v.list[i].kind; k != 's' && k != 'n' {
				return "a list of strings or numbers", false
			}
		}
		return "a sequence", v.kind == 'a'
	case opContains, opPrefix:
		return "a string", v.kind == 's'
	}
	return "a string or a number", v.kind == 's' || v.kind == 'n'
}

func (s *scanner) literal(n *node) (literal, error) {
	l := literal{kind: n.kind, text: n.text, truth: n.truth}
	switch n.kind {
	case 'n':
		f, err := strconv.ParseFloat(n.text, 64)
		if err != nil {
			return literal{}, s.fail("number out of range")
		}
		l.number = f
	case 'a':
		l.kind = 'l'
		for i := range n.list {
			e, err := s.literal(&n.list[i])
			if err != nil {
				return literal{}, err
			}
			l.list = append(l.list, e)
		}
	}
	return l, nil
}

// AnyOf is the condition that a text column is one of some values.
func (s Set) AnyOf(name string, values ...string) *Condition {
	return &Condition{column: s[name], op: opIn, texts: values}
}

// Present is the condition that a column is not null.
func (s Set) Present(name string) *Condition { return &Condition{column: s[name], op: opNotNull} }
