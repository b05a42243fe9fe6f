package otlp

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/spanstead/spanstead/engine/query"
)

// maxSkipDepth bounds the nesting of what is skipped.
const maxSkipDepth = 10_000

// scanner reads JSON text token by token.
type scanner struct {
	b       []byte
	i       int
	scratch []byte // of a string with escapes
	stack   []byte // of skip: the brackets that are open
}

// jsonError is what is wrong with a JSON text and where: an offset and the
// path of keys and indexes that leads there.
type jsonError struct {
	offset int
	path   string
	what   string
}

func (e *jsonError) Error() string {
	if e.path == "" {
		return fmt.Sprintf("%v: OTLP JSON at byte %d: %s", query.ErrInvalid, e.offset, e.what)
	}
	const most = 256
	path := e.path
	if len(path) > most {
		path = path[:most] + "..."
	}
	return fmt.Sprintf("%v: OTLP JSON at byte %d, %s: %s", query.ErrInvalid, e.offset, path, e.what)
}

func (e *jsonError) Unwrap() error { return query.ErrInvalid }

// within puts a key or an index in front of an error's path.
func within(err error, step string) error {
	var e *jsonError
	if errors.As(err, &e) {
		if e.path != "" && !strings.HasPrefix(e.path, "[") {
			step += "."
		}
		e.path = step + e.path
	}
	return err
}

func (s *scanner) fail(what string) error { return &jsonError{offset: s.i, what: what} }

// want is the error of finding something else.
func (s *scanner) want(what string) error {
	if s.i >= len(s.b) {
		return s.fail("text ends, want " + what)
	}
	r, _ := utf8.DecodeRune(s.b[s.i:])
	return s.fail(fmt.Sprintf("want %s, got %s", what, strconv.QuoteRune(r)))
}

// peek skips white space and returns the next byte, 0 at the end of the text.
func (s *scanner) peek() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// take skips white space and takes c if it comes next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c || s.i >= len(s.b) {
		return false
	}
	s.i++
	return true
}

// null takes a null if it comes next.
func (s *scanner) null() bool {
	return s.peek() == 'n' && s.word("null")
}

func (s *scanner) word(w string) bool {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return false
	}
	s.i += len(w)
	return true
}

// key takes a key and the colon after it. What it returns is good until the
// next string is taken.
func (s *scanner) key() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.want("a key")
	}
	key, err := s.text()
	if err != nil {
		return nil, err
	}
	if !s.take(':') {
		return nil, s.want("a colon")
	}
	return key, nil
}

// text takes a string, whose quote is next, and returns its contents: a part
// of the text or, where it has escapes, of the scratch memory.
func (s *scanner) text() ([]byte, error) {
	start := s.i + 1
	for i := start; i < len(s.b); i++ {
		switch c := s.b[i]; {
		case c == '"':
			s.i = i + 1
			return s.b[start:i], nil
		case c == '\\':
			s.scratch = append(s.scratch[:0], s.b[start:i]...)
			s.i = i
			return s.escaped()
		case c < ' ':
			s.i = i
			return nil, s.fail("control character in a string")
		}
	}
	s.i = len(s.b)
	return nil, s.want("the end of a string")
}

// escaped takes the rest of a string from its first escape on.
func (s *scanner) escaped() ([]byte, error) {
	for s.i < len(s.b) {
		c := s.b[s.i]
		switch {
		case c == '"':
			s.i++
			return s.scratch, nil
		case c == '\\':
			if err := s.escape(); err != nil {
				return nil, err
			}
			continue
		case c < ' ':
			return nil, s.fail("control character in a string")
		}
		s.scratch = append(s.scratch, c)
		s.i++
	}
	return nil, s.want("the end of a string")
}

func (s *scanner) escape() error {
	if len(s.b)-s.i < 2 {
		s.i = len(s.b)
		return s.want("the end of an escape")
	}
	c := s.b[s.i+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return s.escapedRune()
	default:
		return s.fail("unknown escape in a string")
	}
	s.scratch = append(s.scratch, c)
	s.i += 2
	return nil
}

// escapedRune takes \uXXXX, or two of them that are a surrogate pair. Half a
// pair becomes U+FFFD, as JSON readers have it.
func (s *scanner) escapedRune() error {
	r, ok := s.hexRune(s.i)
	if !ok {
		return s.fail("escape without four hex digits")
	}
	s.i += 6
	if utf16.IsSurrogate(r) {
		low, _ := s.hexRune(s.i)
		if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
			s.i += 6
		}
	}
	s.scratch = utf8.AppendRune(s.scratch, r)
	return nil
}

func (s *scanner) hexRune(i int) (rune, bool) {
	if len(s.b)-i < 6 || s.b[i] != '\\' || s.b[i+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s.b[i+2:i+6]), 16, 16)
	return rune(n), err == nil
}

// number takes a number and returns its text.
func (s *scanner) number() ([]byte, error) {
	start := s.i
	if s.i < len(s.b) && s.b[s.i] == '-' {
		s.i++
	}
	switch first := s.i; {
	case s.digits() == 0:
		return nil, s.want("a digit")
	case s.b[first] == '0' && s.i > first+1:
		s.i = first
		return nil, s.fail("number with a leading zero")
	}
	if s.i < len(s.b) && s.b[s.i] == '.' {
		s.i++
		if s.digits() == 0 {
			return nil, s.want("a digit")
		}
	}
	if s.i < len(s.b) && (s.b[s.i] == 'e' || s.b[s.i] == 'E') {
		s.i++
		if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		if s.digits() == 0 {
			return nil, s.want("a digit")
		}
	}
	return s.b[start:s.i], nil
}

func (s *scanner) digits() int {
	start := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i - start
}

// skip takes one value of any kind, without recursion.
func (s *scanner) skip() error {
	s.stack = s.stack[:0]
	for {
		opened, err := s.skipToken()
		if err != nil {
			return err
		}
		if opened {
			continue
		}
		if more, err := s.skipEnds(); err != nil || !more {
			return err
		}
	}
}

// skipToken takes a scalar, an empty array or object, or what leads to the
// first value of one that is not empty, which it then reports as opened.
func (s *scanner) skipToken() (opened bool, err error) {
	switch c := s.peek(); {
	case c == '{' || c == '[':
		if len(s.stack) == maxSkipDepth {
			return false, s.fail("nested too deep")
		}
		s.i++
		if s.take(c + 2) { // the closing bracket, in ASCII
			return false, nil
		}
		s.stack = append(s.stack, c)
		if c == '{' {
			_, err = s.key()
		}
		return true, err
	case c == '"':
		_, err = s.text()
		return false, err
	case c == '-' || c >= '0' && c <= '9':
		_, err = s.number()
		return false, err
	case s.word("true") || s.word("false") || s.word("null"):
		return false, nil
	}
	return false, s.want("a value")
}

// skipEnds takes what follows a value, up to the next one. There is none when
// nothing is open any more.
func (s *scanner) skipEnds() (more bool, err error) {
	for len(s.stack) > 0 {
		top := s.stack[len(s.stack)-1]
		switch {
		case s.take(','):
			if top == '{' {
				_, err = s.key()
			}
			return true, err
		case s.take(top + 2):
			s.stack = s.stack[:len(s.stack)-1]
		default:
			return false, s.want("a comma or a closing bracket")
		}
	}
	return false, nil
}
