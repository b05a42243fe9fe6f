package filter

import (
	"fmt"
	"strconv"
	"strings"
)

// SyntaxError is a filter text that is not in the grammar, with the place
// where reading stopped.
type SyntaxError struct {
	Message      string
	Line, Column int
}

// Error is the message with its place, as the service words it.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at line %d column %d", e.Message, e.Line, e.Column)
}

// node is a JSON value that was read.
type node struct {
	kind   byte // o object, a array, s string, n number, b bool, 0 null
	text   string
	truth  bool
	list   []node
	fields []field
	start  int // offset of the value
	end    int // offset behind it
}

// at is where the service stands when it finds fault with the value.
func (n *node) at() int {
	if n.kind == 'o' || n.kind == 'a' {
		return n.start
	}
	return n.end
}

type field struct {
	key   string
	after int // offset behind the key
	value node
}

func (n *node) get(key string) *node {
	for i := range n.fields {
		if n.fields[i].key == key {
			return &n.fields[i].value
		}
	}
	return nil
}

// describe names a value in an error.
func (n *node) describe() string {
	switch n.kind {
	case 'o':
		return "map"
	case 'a':
		return "sequence"
	case 's':
		return "string " + jsonText(n.text)
	case 'b':
		return "boolean `" + strconv.FormatBool(n.truth) + "`"
	case 'n':
		if strings.ContainsAny(n.text, ".eE") {
			return "floating point `" + n.text + "`"
		}
		return "integer `" + n.text + "`"
	}
	return "null"
}

const maxDepth = 127

// scanner reads JSON and remembers where it is.
type scanner struct {
	text string
	at   int
}

func (s *scanner) fail(format string, args ...any) error {
	return s.failAt(s.at, format, args...)
}

// failNext points at the character after what was read, where the service has
// looked already when it finds fault with a condition.
func (s *scanner) failNext(format string, args ...any) error {
	s.space()
	return s.failAt(min(s.at+1, len(s.text)), format, args...)
}

func (s *scanner) failAt(at int, format string, args ...any) error {
	before := s.text[:min(at, len(s.text))]
	line := strings.Count(before, "\n") + 1
	column := len(before) - strings.LastIndexByte(before, '\n') - 1
	return &SyntaxError{Message: fmt.Sprintf(format, args...), Line: line, Column: column}
}

func (s *scanner) space() {
	for s.at < len(s.text) && strings.IndexByte(" \t\n\r", s.text[s.at]) >= 0 {
		s.at++
	}
}

// peek is the next character that is no space, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.at == len(s.text) {
		return 0
	}
	return s.text[s.at]
}

func (s *scanner) end() bool { return s.peek() == 0 && s.at == len(s.text) }

func (s *scanner) value(depth int) (node, error) {
	s.space()
	start := s.at
	n, err := s.bare(depth)
	n.start, n.end = start, s.at
	return n, err
}

func (s *scanner) bare(depth int) (node, error) {
	if depth > maxDepth {
		return node{}, s.fail("recursion limit exceeded")
	}
	if s.end() {
		return node{}, s.fail("EOF while parsing a value")
	}
	switch c := s.text[s.at]; {
	case c == '{':
		return s.object(depth)
	case c == '[':
		return s.array(depth)
	case c == '"':
		text, err := s.quoted()
		return node{kind: 's', text: text}, err
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case c == 't':
		return node{kind: 'b', truth: true}, s.word("true")
	case c == 'f':
		return node{kind: 'b'}, s.word("false")
	case c == 'n':
		return node{}, s.word("null")
	}
	return node{}, s.failAt(s.at+1, "expected value")
}

func (s *scanner) word(w string) error {
	for i := 1; i < len(w); i++ {
		if s.at+i >= len(s.text) {
			s.at = len(s.text)
			return s.fail("EOF while parsing a value")
		}
		if s.text[s.at+i] != w[i] {
			return s.failAt(s.at+i+1, "expected ident")
		}
	}
	s.at += len(w)
	return nil
}

func (s *scanner) digits() int {
	from := s.at
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at - from
}

func (s *scanner) number() (node, error) {
	from := s.at
	if s.text[s.at] == '-' {
		s.at++
	}
	zero := s.at < len(s.text) && s.text[s.at] == '0'
	first := s.at
	if n := s.digits(); n == 0 || zero && n > 1 {
		return node{}, s.failAt(first+min(n, 1)+1, "invalid number")
	}
	if s.at < len(s.text) && s.text[s.at] == '.' {
		if s.at++; s.digits() == 0 {
			return node{}, s.failAt(s.at+1, "invalid number")
		}
	}
	if s.at < len(s.text) && (s.text[s.at] == 'e' || s.text[s.at] == 'E') {
		if s.at++; s.at < len(s.text) && (s.text[s.at] == '+' || s.text[s.at] == '-') {
			s.at++
		}
		if s.digits() == 0 {
			return node{}, s.failAt(s.at+1, "invalid number")
		}
	}
	text := s.text[from:s.at]
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return node{}, s.fail("number out of range")
	}
	return node{kind: 'n', text: text}, nil
}

func (s *scanner) quoted() (string, error) {
	from := s.at
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '\\':
			s.at++
		case c == '"':
			s.at++
			text, at, fault := unescape(s.text[from+1 : s.at-1])
			if fault != "" {
				return "", s.failAt(from+1+at, "%s", fault)
			}
			return text, nil
		case c < 0x20:
			return "", s.failAt(s.at+1, "control character (\\u0000-\\u001F) found while parsing a string")
		}
	}
	s.at = len(s.text)
	return "", s.fail("EOF while parsing a string")
}

func (s *scanner) array(depth int) (node, error) {
	n := node{kind: 'a'}
	s.at++
	for {
		switch c := s.peek(); {
		case s.end():
			return node{}, s.fail("EOF while parsing a list")
		case c == ']' && len(n.list) == 0:
			s.at++
			return n, nil
		}
		v, err := s.value(depth + 1)
		if err != nil {
			return node{}, err
		}
		n.list = append(n.list, v)
		more, err := s.separator(']', "a list")
		if err != nil || !more {
			return n, err
		}
	}
}

func (s *scanner) object(depth int) (node, error) {
	n := node{kind: 'o'}
	s.at++
	for {
		switch c := s.peek(); {
		case s.end():
			return node{}, s.fail("EOF while parsing an object")
		case c == '}' && len(n.fields) == 0:
			s.at++
			return n, nil
		case c != '"':
			return node{}, s.failAt(s.at+1, "key must be a string")
		}
		key, err := s.quoted()
		if err != nil {
			return node{}, err
		}
		after := s.at
		if key == "type" && depth == 1 && n.get("type") != nil {
			return node{}, s.fail("duplicate field `type`")
		}
		if s.peek() != ':' {
			if s.end() {
				return node{}, s.fail("EOF while parsing an object")
			}
			return node{}, s.failAt(s.at+1, "expected `:`")
		}
		s.at++
		v, err := s.value(depth + 1)
		if err != nil {
			return node{}, err
		}
		n.fields = append(n.fields, field{key, after, v})
		if key == "type" {
			if err := s.checkType(&v); err != nil && depth == 1 {
				return node{}, err
			}
		}
		more, err := s.separator('}', "an object")
		if err != nil || !more {
			return n, err
		}
	}
}

// separator reads a comma, or the end of a list or object.
func (s *scanner) separator(closing byte, what string) (more bool, err error) {
	switch c := s.peek(); {
	case s.end():
		return false, s.fail("EOF while parsing %s", what)
	case c == closing:
		s.at++
		return false, nil
	case c != ',':
		return false, s.failAt(s.at+1, "expected `,` or `%c`", closing)
	}
	s.at++
	if s.peek() == closing {
		return false, s.failAt(s.at+1, "trailing comma")
	}
	return true, nil
}
