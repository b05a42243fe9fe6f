package pipeline

import (
	"regexp"
	"strings"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// maxParsed bounds the text that a parse or transform stage looks at; what
// lies behind is cut off.
const maxParsed = 64 << 10

// parser finds labels in a text; none in a text that it does not understand.
type parser func(text string) []label

func parseParse(n *node, fields scopeOf) (stage, error) {
	source, err := parsedField(n, fields)
	if err != nil {
		return nil, err
	}
	wanted, err := wantedLabels(n)
	if err != nil {
		return nil, err
	}
	name, err := n.want("parser", isString)
	if err != nil {
		return nil, err
	}
	var find parser
	switch name.text {
	case "json":
		find = func(text string) []label { return jsonLabels(text, wanted) }
	case "logfmt":
		find = func(text string) []label { return chosen(logfmtLabels(text), wanted) }
	case "regexp":
		if find, err = regexpParser(n, wanted); err != nil {
			return nil, err
		}
	default:
		return nil, atKey(faultf("unknown parser %q, want json, regexp or logfmt", short(name.text)), "parser")
	}
	return mapping(func(row *span.Span) *span.Span {
		return withLabels(row, find(bounded(source.Of(row).Text())))
	}), nil
}

// parsedField is the field that is parsed: the span's name unless told otherwise.
func parsedField(n *node, fields scopeOf) (Field, error) {
	name, ok, err := n.textOf("field")
	if err != nil {
		return Field{}, err
	}
	if !ok {
		name = "SpanName"
	}
	f, err := fields(name)
	return f, atKey(err, "field")
}

// wantedLabels is the stage's {"key": "label"}; none means all that are found.
func wantedLabels(n *node) ([]pair, error) {
	labels := n.get("labels")
	if labels == nil {
		return nil, nil
	}
	if labels.kind != isObject {
		return nil, atKey(faultf("want an object, got %v", labels.kind), "labels")
	}
	list, err := pairs(labels, cell)
	return list, atKey(err, "labels")
}

func regexpParser(n *node, wanted []pair) (parser, error) {
	pattern, err := n.want("pattern", isString)
	if err != nil {
		return nil, err
	}
	re, err := compile(pattern.text)
	if err != nil {
		return nil, atKey(err, "pattern")
	}
	if strings.Join(re.SubexpNames(), "") == "" {
		return nil, atKey(faultf("the pattern has no named group, such as (?P<user_id>[0-9]+)"), "pattern")
	}
	return func(text string) []label { return chosen(regexpLabels(re, text), wanted) }, nil
}

// compile makes a regular expression within the store's bounds.
func compile(pattern string) (*regexp.Regexp, error) {
	if err := query.CheckRegexp(pattern); err != nil {
		return nil, err
	}
	return regexp.Compile(pattern)
}

func regexpLabels(re *regexp.Regexp, text string) []label {
	m := re.FindStringSubmatch(text[:min(len(text), query.MaxRegexpText)])
	var found []label
	for i, name := range re.SubexpNames() {
		if m != nil && name != "" {
			found = append(found, label{name, span.String(m[i])})
		}
	}
	return found
}

// chosen renames what was found as wanted; with nothing wanted it is all kept.
func chosen(found []label, wanted []pair) []label {
	if wanted == nil {
		return found
	}
	var kept []label
	for _, w := range wanted {
		for _, l := range found {
			if l.name == w.field.Name {
				kept = append(kept, label{w.alias, l.value})
				break
			}
		}
	}
	return kept
}

func bounded(s string) string { return s[:min(len(s), maxParsed)] }

// logfmtLabels reads key=value and key="quoted value", apart by spaces. A key
// without a value has the empty one.
func logfmtLabels(s string) []label {
	var found []label
	for len(found) < maxLabels {
		s = strings.TrimLeft(s, " \t\r\n")
		if s == "" {
			break
		}
		end := strings.IndexAny(s, "= \t\r\n")
		if end < 0 {
			end = len(s)
		}
		key, rest := s[:end], s[end:]
		value := ""
		if strings.HasPrefix(rest, "=") {
			value, rest = logfmtValue(rest[1:])
		}
		if key != "" {
			found = append(found, label{key, span.String(value)})
		}
		s = rest
	}
	return found
}

func logfmtValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, " \t\r\n")
		if end < 0 {
			end = len(s)
		}
		return s[:end], s[end:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(unescaped(s[i]))
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), "" // the quote is never closed
}

func unescaped(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	}
	return c
}
