package sideml

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/spanstead/spanstead/engine/span"
)

// reader collects the messages of one span.
type reader struct {
	span      *span.Span
	messages  []message
	toolNames map[string]string // of tool calls, by id
}

func (r *reader) add(m message) {
	if len(r.messages) < maxMessages && len(m.blocks) > 0 {
		r.messages = append(r.messages, m)
	}
}

// end is when the span ended, or began if it never ended.
func (r *reader) end() uint64 {
	if r.span.EndTimeUnixNano == 0 {
		return r.span.StartTimeUnixNano
	}
	return r.span.EndTimeUnixNano
}

// said is the time of something that the model said: the span's end when the
// message says that it is finished.
func (r *reader) said(finish string, otherwise uint64) uint64 {
	if finish != "" {
		return r.end()
	}
	return otherwise
}

func str(kvs []span.KeyValue, key string) string {
	v, _ := span.Lookup(kvs, key)
	if v.Type() != span.TypeString {
		return ""
	}
	return v.Str()
}

// rawJSON is the text as JSON, nil if it is not.
func rawJSON(text string) json.RawMessage {
	t := strings.TrimSpace(text)
	if t == "" || len(t) > maxJSON || tooDeep(t) || !json.Valid([]byte(t)) {
		return nil
	}
	return json.RawMessage(t)
}

func tooDeep(text string) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > maxDepth {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}

// elements is a JSON array's elements; anything else is its own only element.
func elements(raw json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if kindOf(raw) != '[' {
		return []json.RawMessage{raw}
	}
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

// kindOf is the first character of a JSON value: { [ " t f n or a digit.
func kindOf(raw json.RawMessage) byte {
	for _, c := range raw {
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c
		}
	}
	return 0
}

func object(raw json.RawMessage) map[string]json.RawMessage {
	var o map[string]json.RawMessage
	if kindOf(raw) != '{' || json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

// textOf is a JSON string's text; ok is false for anything else.
func textOf(raw json.RawMessage) (text string, ok bool) {
	if kindOf(raw) != '"' || json.Unmarshal(raw, &text) != nil {
		return "", false
	}
	return text, true
}

func textField(o map[string]json.RawMessage, keys ...string) string {
	for _, key := range keys {
		if t, ok := textOf(o[key]); ok {
			return t
		}
	}
	return ""
}

// numbered collects attributes like prefix + "0.rest", by number.
func numbered(kvs []span.KeyValue, prefix string) []map[string]span.Value {
	byNumber := map[int]map[string]span.Value{}
	for i := range kvs {
		rest, ok := strings.CutPrefix(kvs[i].Key, prefix)
		if !ok {
			continue
		}
		digits, field, ok := strings.Cut(rest, ".")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 0 {
			continue
		}
		if byNumber[n] == nil {
			byNumber[n] = map[string]span.Value{}
		}
		if _, ok := byNumber[n][field]; !ok {
			byNumber[n][field] = kvs[i].Value
		}
	}
	numbers := make([]int, 0, len(byNumber))
	for n := range byNumber {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	out := make([]map[string]span.Value, len(numbers))
	for i, n := range numbers {
		out[i] = byNumber[n]
	}
	return out
}

func roleOf(name string) string {
	switch strings.ToLower(name) {
	case "system", "developer":
		return RoleSystem
	case "assistant", "ai", "model", "bot":
		return RoleAssistant
	case "tool", "function":
		return RoleTool
	}
	return RoleUser
}

func categoryOf(role string) string {
	switch role {
	case RoleSystem:
		return "GenAISystemMessage"
	case RoleAssistant:
		return "GenAIAssistantMessage"
	case RoleTool:
		return "GenAIToolMessage"
	}
	return "GenAIUserMessage"
}

// finishOf brings the words of several providers together.
func finishOf(reason string) string {
	switch reason {
	case "tool_calls", "function_call", "tool_call", "tool-calls":
		return "tool_use"
	case "end_turn", "stop_sequence":
		return "stop"
	case "max_tokens":
		return "length"
	}
	return reason
}
