// Package match compares requests with what is looked for: patterns of text,
// and JSON that is contained in other JSON.
//
// All of it is plain functions without state.
package match

import "strings"

// Glob reports whether text is as the pattern says, in which "*" stands for
// any run of characters, none included. All else stands for itself.
func Glob(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	first, last := parts[0], parts[len(parts)-1]
	if !strings.HasPrefix(text, first) {
		return false
	}
	text = text[len(first):]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return strings.HasSuffix(text, last)
}

// Any reports whether one of the values is as the pattern says.
func Any(values []string, pattern string) bool {
	for _, v := range values {
		if Glob(pattern, v) {
			return true
		}
	}
	return false
}
