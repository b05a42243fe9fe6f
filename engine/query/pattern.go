package query

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// Bounds on a regular expression. Go's regexp takes time in proportion to the
// compiled program times the text, so both are bounded: a comparison sees only
// the first MaxRegexpText bytes of a value.
const (
	MaxRegexpLength  = 1024
	MaxRegexpProgram = 2000
	MaxRegexpText    = 32 << 10
)

// pattern is a bounded regular expression.
type pattern struct {
	re *regexp.Regexp
}

// CheckRegexp reports whether a pattern is valid RE2 and within the bounds.
// The error wraps ErrInvalid and carries the parser's words.
func CheckRegexp(text string) error {
	_, err := compilePattern(text, false)
	return err
}

func compilePattern(text string, fold bool) (*pattern, error) {
	if len(text) > MaxRegexpLength {
		return nil, fmt.Errorf("%w: regular expression of %d bytes, at most %d", ErrInvalid, len(text), MaxRegexpLength)
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("%w: regular expression %q: %w", ErrInvalid, text, err)
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, fmt.Errorf("%w: regular expression %q: %w", ErrInvalid, text, err)
	}
	if len(prog.Inst) > MaxRegexpProgram {
		return nil, fmt.Errorf("%w: regular expression %q compiles to %d instructions, at most %d", ErrInvalid, text, len(prog.Inst), MaxRegexpProgram)
	}
	if fold {
		text = "(?i:" + text + ")"
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("%w: regular expression %q: %w", ErrInvalid, text, err)
	}
	return &pattern{re: re}, nil
}

func (p *pattern) match(s string) bool {
	if len(s) > MaxRegexpText {
		s = strings.Clone(s[:MaxRegexpText])
	}
	return p.re.MatchString(s)
}
