package query

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
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
	re      *regexp.Regexp
	literal string   // occurs in every text that matches; "" if none is known
	needs   []string // occur in every text that matches, the longest left out
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
	p := &pattern{re: re}
	if !fold {
		p.needs = literalsOf(tree.Simplify(), nil)
		if len(p.needs) > 0 {
			i := longest(p.needs)
			p.literal = p.needs[i]
			p.needs = slices.Delete(p.needs, i, i+1)
		}
	}
	return p, nil
}

func longest(list []string) int {
	best := 0
	for i, l := range list {
		if len(l) > len(list[best]) {
			best = i
		}
	}
	return best
}

// literalsOf appends texts that every match of the tree holds.
func literalsOf(t *syntax.Regexp, found []string) []string {
	switch t.Op {
	case syntax.OpLiteral:
		// U+FFFD also matches a byte that is not UTF-8.
		if t.Flags&syntax.FoldCase == 0 && !slices.Contains(t.Rune, utf8.RuneError) {
			found = append(found, string(t.Rune))
		}
	case syntax.OpCapture, syntax.OpPlus:
		found = literalsOf(t.Sub[0], found)
	case syntax.OpRepeat:
		if t.Min > 0 {
			found = literalsOf(t.Sub[0], found)
		}
	case syntax.OpConcat:
		for _, sub := range t.Sub {
			found = literalsOf(sub, found)
		}
	}
	return found
}

func (p *pattern) match(s string) bool {
	if len(s) > MaxRegexpText {
		s = strings.Clone(s[:MaxRegexpText])
	}
	if p.literal != "" && !strings.Contains(s, p.literal) {
		return false
	}
	for _, need := range p.needs {
		if !strings.Contains(s, need) {
			return false
		}
	}
	return p.re.MatchString(s)
}
