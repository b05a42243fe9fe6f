package pipeline

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// transform makes one value of a row, or several of $split_into.
type transform struct {
	names []string
	of    func(row *span.Span) []span.Value
}

func parseTransform(n *node, fields scopeOf) (stage, error) {
	list, err := n.want("transforms", isArray)
	if err != nil {
		return nil, err
	}
	if len(list.list) == 0 || len(list.list) > maxLabels {
		return nil, atKey(faultf("%d transforms, want 1 to %d", len(list.list), maxLabels), "transforms")
	}
	var all []transform
	for i := range list.list {
		t, err := oneTransform(&list.list[i], fields)
		if err != nil {
			return nil, atKey(atIndex(err, i), "transforms")
		}
		all = append(all, t)
	}
	return mapping(func(row *span.Span) *span.Span { return transformed(row, all) }), nil
}

// transformed applies the transforms in order; each sees what those before it
// have made.
func transformed(row *span.Span, all []transform) *span.Span {
	for _, t := range all {
		values := t.of(row)
		labels := make([]label, len(t.names))
		for i, name := range t.names {
			labels[i] = label{name, span.String("")}
			if i < len(values) {
				labels[i].value = values[i]
			}
		}
		row = withLabels(row, labels)
	}
	return row
}

func oneTransform(n *node, fields scopeOf) (transform, error) {
	if n.kind != isObject {
		return transform{}, faultf("want an object, got %v", n.kind)
	}
	names, err := targets(n)
	if err != nil {
		return transform{}, err
	}
	name, args, err := function(n)
	if err != nil {
		return transform{}, err
	}
	a := &arguments{list: args, fields: fields}
	of, err := transformOf(name, a)
	if err == nil {
		err = a.err
	}
	if err == nil && len(names) > 1 && name != "$split_into" {
		err = faultf("it makes one value, and %d names are given", len(names))
	}
	if err != nil {
		return transform{}, atKey(atKey(err, name), "function")
	}
	return transform{names, of}, nil
}

// targets reads "as": a name or an array of names.
func targets(n *node) ([]string, error) {
	as := n.get("as")
	if as == nil {
		return nil, faultf(`"as" is required`)
	}
	list := []node{*as}
	if as.kind == isArray {
		list = as.list
	}
	if len(list) == 0 || len(list) > maxLabels {
		return nil, atKey(faultf("%d names, want 1 to %d", len(list), maxLabels), "as")
	}
	var names []string
	for _, e := range list {
		if e.kind != isString || e.text == "" {
			return nil, atKey(faultf("want a name"), "as")
		}
		names = append(names, e.text)
	}
	return names, nil
}

// function reads {"$name": [arguments]}.
func function(n *node) (name string, args []node, err error) {
	f, err := n.want("function", isObject)
	if err != nil {
		return "", nil, err
	}
	if len(f.members) != 1 {
		return "", nil, atKey(faultf(`want one function, {"$name": [...]}`), "function")
	}
	m := f.members[0]
	if m.value.kind != isArray {
		return "", nil, atKey(atKey(faultf("want an array of arguments, got %v", m.value.kind), m.key), "function")
	}
	return m.key, m.value.list, nil
}

// arguments are a function's arguments as they are read, with the first fault.
type arguments struct {
	list   []node
	fields scopeOf
	err    error
}

func (a *arguments) count(least, most int) {
	if a.err == nil && (len(a.list) < least || len(a.list) > most) {
		a.err = faultf("takes %d to %d arguments, got %d", least, most, len(a.list))
	}
}

func (a *arguments) field(i int) Field {
	name := a.text(i)
	if a.err != nil {
		return Field{}
	}
	f, err := a.fields(name)
	a.err = atIndex(err, i)
	return f
}

func (a *arguments) text(i int) string {
	if a.err == nil && a.list[i].kind != isString {
		a.err = atIndex(faultf("want a string, got %v", a.list[i].kind), i)
	}
	if a.err != nil {
		return ""
	}
	return a.list[i].text
}

func (a *arguments) integer(i int) int {
	if a.err != nil {
		return 0
	}
	n, err := strconv.Atoi(a.list[i].text)
	if err != nil || a.list[i].kind != isNumber && a.list[i].kind != isString {
		a.err = atIndex(faultf("want a whole number"), i)
	}
	return n
}

func (a *arguments) number(i int) float64 {
	if a.err != nil {
		return 0
	}
	n, ok := number(a.list[i].text)
	if !ok || a.list[i].kind != isNumber && a.list[i].kind != isString {
		a.err = atIndex(faultf("want a number"), i)
		return 0
	}
	f, _ := n.Number()
	return f
}

// separator is a text that is not empty.
func (a *arguments) separator(i int) string {
	s := a.text(i)
	if a.err == nil && s == "" {
		a.err = atIndex(faultf("want a separator"), i)
	}
	return s
}

func (a *arguments) fieldsFrom(i int) []Field {
	var list []Field
	for ; a.err == nil && i < len(a.list); i++ {
		list = append(list, a.field(i))
	}
	return list
}

func transformOf(name string, a *arguments) (func(*span.Span) []span.Value, error) {
	switch name {
	case "$split":
		a.count(3, 3)
		f, sep, index := a.field(0), a.separator(1), a.integer(2)
		return single(func(row *span.Span) string { return element(parts(f, row, sep), index) }), nil
	case "$split_into":
		a.count(2, 2)
		f, sep := a.field(0), a.separator(1)
		return func(row *span.Span) []span.Value { return texts(parts(f, row, sep)) }, nil
	case "$concat":
		a.count(1, maxLabels)
		list := a.fieldsFrom(0)
		return single(func(row *span.Span) string { return join(list, "", row) }), nil
	case "$join":
		a.count(2, maxLabels)
		sep, list := a.text(0), a.fieldsFrom(1)
		return single(func(row *span.Span) string { return join(list, sep, row) }), nil
	case "$replace_regex":
		a.count(3, 3)
		return replacing(a), nil
	case "$length":
		a.count(1, 1)
		f := a.field(0)
		return func(row *span.Span) []span.Value { return []span.Value{length(f, row)} }, nil
	case "$arrayElement":
		a.count(2, 2)
		f, index := a.field(0), a.integer(1)
		return single(func(row *span.Span) string { return element(elements(f, row), index) }), nil
	}
	return nil, faultf("unknown function, want $split, $split_into, $concat, $join, $replace_regex, $length or $arrayElement")
}

func single(f func(*span.Span) string) func(*span.Span) []span.Value {
	return func(row *span.Span) []span.Value { return []span.Value{span.String(bounded(f(row)))} }
}

func replacing(a *arguments) func(*span.Span) []span.Value {
	f, pattern, with := a.field(0), a.text(1), a.text(2)
	if a.err != nil {
		return nil
	}
	re, err := compile(pattern)
	if a.err = atIndex(err, 1); err != nil {
		return nil
	}
	if len(with) > maxReplacement {
		a.err = atIndex(faultf("%d bytes, at most %d", len(with), maxReplacement), 2)
		return nil
	}
	with = backReference.ReplaceAllString(with, "$${$1}")
	return single(func(row *span.Span) string { return replaced(re, f.Of(row).Text(), with) })
}

// maxReplacement bounds what a match is replaced with, before its references
// are filled in.
const maxReplacement = 256

// replaced stops when the outcome is as long as it may be.
func replaced(re *regexp.Regexp, s, with string) string {
	s = s[:min(len(s), query.MaxRegexpText)]
	var b []byte
	from := 0
	for _, m := range re.FindAllStringSubmatchIndex(s, -1) {
		if len(b) > maxParsed {
			break
		}
		b = append(b, s[from:m[0]]...)
		b = re.ExpandString(b, with, s, m)
		from = m[1]
	}
	return string(append(b, s[from:]...))
}

// backReference finds \1, which is taken as $1 is.
var backReference = regexp.MustCompile(`\\([0-9])`)

func parts(f Field, row *span.Span, sep string) []string {
	return strings.SplitN(bounded(f.Of(row).Text()), sep, maxParsed)
}

func texts(list []string) []span.Value {
	values := make([]span.Value, len(list))
	for i, s := range list {
		values[i] = span.String(s)
	}
	return values
}

func join(list []Field, sep string, row *span.Span) string {
	var b strings.Builder
	for i, f := range list {
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(bounded(f.Of(row).Text()))
	}
	return b.String()
}

// element counts from 1, and from the end when the index is negative; outside
// the list it is "".
func element(list []string, index int) string {
	if index < 0 {
		index += len(list) + 1
	}
	if index < 1 || index > len(list) {
		return ""
	}
	return list[index-1]
}

// elements are those of an array, or of a text that is a JSON array.
func elements(f Field, row *span.Span) []string {
	v, _ := f.first(row)
	var list []string
	if v.Type() == span.TypeArray {
		for _, e := range v.List() {
			list = append(list, e.Value.Text())
		}
		return list
	}
	var raw []json.RawMessage
	if json.Unmarshal([]byte(bounded(v.Text())), &raw) != nil {
		return nil
	}
	for _, e := range raw {
		list = append(list, plain(e).Text())
	}
	return list
}

// length is the number of an array's elements or of a text's characters.
func length(f Field, row *span.Span) span.Value {
	if v, _ := f.first(row); v.Type() == span.TypeArray {
		return span.Int(int64(len(v.List())))
	}
	return span.Int(int64(utf8.RuneCountInString(f.Of(row).Text())))
}
