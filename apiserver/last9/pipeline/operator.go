package pipeline

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// operator is one of the vendor's comparisons.
type operator struct {
	op     query.Op
	fold   bool
	words  bool // every word of the value occurs as a whole word
	negate bool
}

var operators = map[string]operator{
	"$eq":                {op: query.OpEq},
	"$ieq":               {op: query.OpEq, fold: true},
	"$neq":               {op: query.OpEq, negate: true},
	"$ineq":              {op: query.OpEq, fold: true, negate: true},
	"$gt":                {op: query.OpGt},
	"$gte":               {op: query.OpGe},
	"$lt":                {op: query.OpLt},
	"$lte":               {op: query.OpLe},
	"$contains":          {op: query.OpContains},
	"$icontains":         {op: query.OpContains, fold: true},
	"$notcontains":       {op: query.OpContains, negate: true},
	"$inotcontains":      {op: query.OpContains, fold: true, negate: true},
	"$regex":             {op: query.OpRegexp},
	"$iregex":            {op: query.OpRegexp, fold: true},
	"$notregex":          {op: query.OpRegexp, negate: true},
	"$inotregex":         {op: query.OpRegexp, fold: true, negate: true},
	"$containsWords":     {words: true},
	"$icontainsWords":    {words: true, fold: true},
	"$notcontainsWords":  {words: true, negate: true},
	"$inotcontainsWords": {words: true, fold: true, negate: true},
}

// operand is the value that a field is compared with: its text, and whether
// the request wrote it as a JSON number.
type operand struct {
	text   string
	number bool
}

// compare builds what an operator says of a field. A field that the span does
// not have compares as the empty string.
func compare(f Field, o operator, v operand) (query.Expr, error) {
	e, err := o.positive(f, v)
	if err != nil {
		return nil, err
	}
	if o.negate {
		return query.Not{X: e}, nil
	}
	return e, nil
}

func (o operator) positive(f Field, v operand) (query.Expr, error) {
	switch {
	case o.words:
		return o.wordsIn(f, v.text)
	case f.form == asKind:
		return o.enumerated(f, v, KindName(0), func(i int) string { return KindName(span.Kind(i)) })
	case f.form == asStatus:
		return o.enumerated(f, v, StatusName(0), func(i int) string { return StatusName(span.StatusCode(i)) })
	case f.form == asTimestamp:
		return o.timestamp(f, v)
	case o.op == query.OpEq:
		return o.equal(f, v)
	case o.op >= query.OpLt && o.op <= query.OpGe:
		return o.ordered(f, v)
	}
	return text(f, o, v.text)
}

// text compares texts; missing compares as "".
func text(f Field, o operator, want string) (*query.Compare, error) {
	c, err := query.NewCompare(query.Compare{
		Field: f.Query, Op: o.op, View: query.Text, Values: []span.Value{span.String(want)}, Fold: o.fold,
	})
	if err != nil {
		return nil, err
	}
	c.Missing = c.Holds(span.String(""))
	return c, nil
}

// equal compares texts, and beside them numbers when the operand writes one
// otherwise than the store would: 2e2, 200.0, 0200.
func (o operator) equal(f Field, v operand) (query.Expr, error) {
	n, isNumber := number(v.text)
	if v.number && isNumber {
		v.text = n.Text()
	}
	same, err := text(f, o, v.text)
	if err != nil || !isNumber || n.Text() == v.text {
		return same, err
	}
	c, err := query.NewCompare(query.Compare{
		Field: f.Query, Op: query.OpEq, View: query.Typed, Values: []span.Value{asInt(n), asDouble(n)},
	})
	if err != nil {
		return nil, err
	}
	return query.Or{same, c}, nil
}

// ordered compares numbers when the operand is one, otherwise texts.
func (o operator) ordered(f Field, v operand) (query.Expr, error) {
	n, ok := number(v.text)
	if ok {
		return query.NewCompare(query.Compare{
			Field: f.Query, Op: o.op, View: query.Number, Values: []span.Value{n},
		})
	}
	if f.form == asDuration {
		return nil, faultf("%s is compared with a number of nanoseconds, got %q", f.Name, short(v.text))
	}
	return text(f, o, v.text)
}

// number reads a number as an attribute's text would be read as one.
func number(s string) (span.Value, bool) {
	f, ok := span.String(s).Number()
	if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
		return span.Value{}, false
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return span.Int(i), true
	}
	return span.Double(f), true
}

func asInt(n span.Value) span.Value {
	f, _ := n.Number()
	if n.Type() == span.TypeInt || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return n
	}
	return span.Int(int64(f))
}

func asDouble(n span.Value) span.Value {
	f, _ := n.Number()
	return span.Double(f)
}

// timestamp compares a span's start with Unix nanoseconds or an RFC 3339 time.
func (o operator) timestamp(f Field, v operand) (query.Expr, error) {
	if o.op > query.OpGe {
		return nil, faultf("%s takes $eq, $neq, $gt, $gte, $lt and $lte", f.Name)
	}
	if v.text == "" && o.op == query.OpEq {
		return query.Const(false), nil // no span is without a start
	}
	n, ok := number(v.text)
	if !ok {
		t, err := time.Parse(time.RFC3339, v.text)
		if err != nil || t.Year() < 1970 || t.Year() > 2261 {
			return nil, faultf("%s is compared with Unix nanoseconds or an RFC 3339 time, got %q", f.Name, short(v.text))
		}
		n = span.Int(t.UnixNano())
	}
	return query.NewCompare(query.Compare{Field: f.Query, Op: o.op, View: query.Number, Values: []span.Value{n}})
}

// enumerated compares the names of a numbered field: the numbers whose names
// hold are looked for. Numbers without a name of their own have the name of
// zero, so when that holds it is the other numbers that are ruled out.
func (o operator) enumerated(f Field, v operand, zero string, name func(int) string) (query.Expr, error) {
	probe, err := o.probe(f, v)
	if err != nil {
		return nil, err
	}
	zeroHolds := probe.Holds(span.String(zero))
	var differ []span.Value // numbers that answer otherwise than zero does
	for i := 1; name(i) != zero; i++ {
		if probe.Holds(span.String(name(i))) != zeroHolds {
			differ = append(differ, span.Int(int64(i)))
		}
	}
	if len(differ) == 0 {
		return query.Const(zeroHolds), nil
	}
	in, err := query.NewCompare(query.Compare{Field: f.Query, Op: query.OpEq, Values: differ})
	if err != nil || !zeroHolds {
		return in, err
	}
	return query.Not{X: in}, nil
}

func (o operator) probe(f Field, v operand) (*query.Compare, error) {
	if n, ok := number(v.text); ok && o.op >= query.OpLt && o.op <= query.OpGe {
		return query.NewCompare(query.Compare{Field: f.Query, Op: o.op, View: query.Number, Values: []span.Value{n}})
	}
	return text(f, o, v.text)
}

// maxWords bounds the words of one comparison.
const maxWords = 64

// wordsIn holds when every word of the value stands in the field between
// characters that are not letters, digits or underscores.
func (o operator) wordsIn(f Field, value string) (query.Expr, error) {
	words := strings.FieldsFunc(value, func(r rune) bool { return r < 0x80 && !wordCharacter(byte(r)) })
	if len(words) > maxWords {
		return nil, faultf("%d words, at most %d", len(words), maxWords)
	}
	all := query.And{}
	for _, w := range words {
		pattern := `(?:^|[^0-9A-Za-z_\x{80}-\x{10FFFF}])` + regexp.QuoteMeta(w) + `(?:$|[^0-9A-Za-z_\x{80}-\x{10FFFF}])`
		one := operator{op: query.OpRegexp, fold: o.fold}
		e, err := one.positive(f, operand{text: pattern})
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

func wordCharacter(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_'
}
