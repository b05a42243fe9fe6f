package derive

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/spanstead/spanstead/engine/span"
)

// Environment is the deployment environment of the span's resource.
func Environment(s *span.Span) *string { return text(resourceAttributes(s), EnvironmentKeys...) }

// SessionID is the session that a span says it belongs to.
func SessionID(s *span.Span) *string {
	if t := text(s.Attributes, SessionKeys...); t != nil {
		return t
	}
	return metadataMember(s, metadataSession)
}

// UserID is the user that a span says it works for.
func UserID(s *span.Span) *string {
	if t := text(s.Attributes, UserKeys...); t != nil {
		return t
	}
	return metadataMember(s, metadataUser)
}

// Model is the model that was asked for.
func Model(s *span.Span) *string { return text(s.Attributes, ModelKeys...) }

// System is the provider of the model.
func System(s *span.Span) *string { return text(s.Attributes, SystemKeys...) }

// metadata is the span's metadata attribute as JSON, nil if it is not JSON.
func metadata(s *span.Span) json.RawMessage {
	v, ok := span.Lookup(s.Attributes, KeyMetadata)
	if !ok {
		return nil
	}
	b := []byte(v.Text())
	if len(b) > maxJSON || !json.Valid(b) {
		return nil
	}
	var compact bytes.Buffer
	if json.Compact(&compact, b) != nil {
		return nil
	}
	return compact.Bytes()
}

// maxJSON bounds the attribute text that is parsed as JSON.
const maxJSON = 1 << 20

func metadataMember(s *span.Span, key string) *string {
	b := metadata(s)
	if b == nil || !bytes.Contains(b, []byte(key)) {
		return nil
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(b, &object) != nil {
		return nil
	}
	var value string
	if raw, ok := object[key]; !ok || json.Unmarshal(raw, &value) != nil || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	return &value
}

// Tags are the distinct tags of a span, in the order in which they were sent;
// never nil.
func Tags(s *span.Span) []string {
	tags := []string{}
	for _, key := range TagKeys {
		if v, ok := span.Lookup(s.Attributes, key); ok {
			tags = appendNew(tags, texts(v)...)
		}
	}
	return tags
}

func appendNew(dst []string, more ...string) []string {
	seen := make(map[string]bool, len(dst))
	for _, t := range dst {
		seen[t] = true
	}
	for _, t := range more {
		if !seen[t] {
			seen[t] = true
			dst = append(dst, t)
		}
	}
	return dst
}

// texts reads a list of strings: an array, JSON text of one, or words between
// commas.
func texts(v span.Value) []string {
	if v.Type() == span.TypeArray {
		var out []string
		for _, e := range v.List() {
			out = append(out, e.Value.Text())
		}
		return out
	}
	s := v.Text()
	var list []string
	if strings.HasPrefix(s, "[") && len(s) <= maxJSON && json.Unmarshal([]byte(s), &list) == nil {
		return list
	}
	words := strings.Split(s, ",")
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	return words
}

// TokensOf counts the tokens that a span says it used.
func TokensOf(s *span.Span) Tokens {
	t := Tokens{
		Input: count(s, InputTokenKeys), Output: count(s, OutputTokenKeys), Total: count(s, TotalTokenKeys),
		CacheRead: count(s, CacheReadTokenKeys), CacheWrite: count(s, CacheWriteTokenKeys),
		Reasoning: count(s, ReasoningTokenKeys),
	}
	if t.Total <= 0 {
		t.Total = max(t.Input+t.Output, 0)
	}
	return t
}

// count reads a whole number, as a number or as text; anything else is 0.
func count(s *span.Span, keys []string) int64 {
	for _, key := range keys {
		if v, ok := span.Lookup(s.Attributes, key); ok {
			n, _ := countOf(v)
			return n
		}
	}
	return 0
}

func countOf(v span.Value) (int64, bool) {
	switch v.Type() {
	case span.TypeInt:
		return v.Int(), true
	case span.TypeString:
		n, err := strconv.ParseInt(v.Str(), 10, 64)
		return n, err == nil
	}
	return 0, false
}
