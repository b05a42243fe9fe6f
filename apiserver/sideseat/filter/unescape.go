package filter

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape resolves JSON's escapes. A fault is "" when there is none; at is the
// offset behind it.
func unescape(s string) (text string, at int, fault string) {
	if !strings.Contains(s, `\`) {
		if !utf8.ValidString(s) {
			return "", len(s), "invalid unicode code point"
		}
		return s, 0, ""
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			return "", i, "invalid escape"
		}
		if c, ok := escapes[s[i]]; ok {
			b.WriteByte(c)
			continue
		}
		if s[i] != 'u' {
			return "", i + 1, "invalid escape"
		}
		r, n, fault := codePoint(s[i:])
		if fault != "" {
			return "", i + n, fault
		}
		b.WriteRune(r)
		i += n - 1
	}
	if !utf8.ValidString(b.String()) {
		return "", len(s), "invalid unicode code point"
	}
	return b.String(), 0, ""
}

// codePoint reads uXXXX, or a pair of surrogates.
func codePoint(s string) (r rune, n int, fault string) {
	high, ok := unit(s)
	if !ok {
		return 0, 5, "invalid escape"
	}
	if !utf16.IsSurrogate(high) {
		return high, 5, ""
	}
	if len(s) < 7 || s[5] != '\\' || s[6] != 'u' {
		return 0, 6, "unexpected end of hex escape"
	}
	low, ok := unit(s[6:])
	if r = utf16.DecodeRune(high, low); !ok || r == utf8.RuneError {
		return 0, 11, "lone leading surrogate in hex escape"
	}
	return r, 11, ""
}

func unit(s string) (rune, bool) {
	if len(s) < 5 || s[0] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(s[1:5], 16, 16)
	return rune(v), err == nil
}
