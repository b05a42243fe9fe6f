package journal

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Redacted stands where a secret was.
const Redacted = "[redacted]"

// redact takes the secrets out of a request, in copies.
func redact(e *Entry) {
	e.Query = redactQuery(e.Query)
	e.Header = redactHeader(e.Header)
	if !utf8.ValidString(e.Body) {
		e.Body = strings.ToValidUTF8(e.Body, "\uFFFD")
	}
	e.Body = redactText(e.Body)
}

var secretWords = []string{"token", "secret", "password", "passwd", "api-key", "api_key", "apikey", "authorization", "cookie", "credential"}

// secret reports whether what stands under a name is not to be kept. Tokens
// that are counted or that turn pages are none.
func secret(name string) bool {
	name = strings.ToLower(name)
	if strings.Contains(name, "page") || strings.Contains(name, "tokens") {
		return false
	}
	for _, w := range secretWords {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
}

// redactHeader keeps the scheme of credentials, which is worth knowing.
func redactHeader(h http.Header) http.Header {
	c := make(http.Header, len(h))
	for name, values := range h {
		if !secret(name) {
			c[name] = append([]string(nil), values...)
			continue
		}
		for _, v := range values {
			scheme, _, ok := strings.Cut(v, " ")
			if !ok || strings.Contains(strings.ToLower(name), "cookie") {
				c[name] = append(c[name], Redacted)
				continue
			}
			switch strings.ToLower(scheme) {
			case "bearer", "basic", "digest":
				c[name] = append(c[name], scheme+" "+Redacted)
			default:
				c[name] = append(c[name], Redacted)
			}
		}
	}
	return c
}

func redactQuery(q url.Values) url.Values {
	c := make(url.Values, len(q))
	for name, values := range q {
		for _, v := range values {
			if secret(name) {
				v = Redacted
			}
			c[name] = append(c[name], v)
		}
	}
	return c
}

// member is a member of a JSON object whose value is a string; a text that was
// cut may end within it.
var member = regexp.MustCompile(`("(?:[^"\\]|\\.)*")(\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)`)

// redactText takes the values of secret members out of JSON, and leaves other
// text as it is.
func redactText(text string) string {
	if !strings.Contains(text, ":") {
		return text
	}
	return member.ReplaceAllStringFunc(text, func(m string) string {
		parts := member.FindStringSubmatch(m)
		var name string
		if json.Unmarshal([]byte(parts[1]), &name) != nil || !secret(name) {
			return m
		}
		return parts[1] + parts[2] + `"` + Redacted + `"`
	})
}

// isText reports whether what is answered under these headers can be shown.
func isText(h http.Header) bool {
	if h.Get("Content-Encoding") != "" {
		return false
	}
	t, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && (strings.HasPrefix(t, "text/") || t == "application/json" || strings.HasSuffix(t, "+json"))
}
