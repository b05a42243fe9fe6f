package sideml

import (
	"bytes"
	"encoding/json"
	"strings"
)

// block is a piece of content before it is given its place.
type block struct {
	kind    string
	content json.RawMessage
	hash    string
	id      string // of a tool call
	tool    string // name of a called tool
	name    string // of the tool that gave a result
	plain   string
	answer  bool // stands for the model's answer
}

func content(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return json.RawMessage("null") // only a RawMessage that is not JSON fails, and there is none
	}
	return bytes.TrimSpace(b.Bytes())
}

func textBlock(text string) block {
	return block{kind: "text", plain: text, hash: hashOf("text", strings.TrimSpace(text)),
		content: content(struct {
			Type string `json:"type"`
			Text string `json:"text"`
		}{"text", text})}
}

func thinking(text, signature string) block {
	return block{kind: "thinking", plain: text, hash: hashOf("thinking", text),
		content: content(struct {
			Type      string `json:"type"`
			Text      string `json:"text"`
			Signature string `json:"signature,omitempty"`
		}{"thinking", text, signature})}
}

func jsonBlock(data json.RawMessage) block {
	return block{kind: "json", plain: compact(data), hash: hashOf("json", canonical(data)),
		content: content(struct {
			Type string          `json:"type"`
			Data json.RawMessage `json:"data"`
		}{"json", data})}
}

func unknown(raw json.RawMessage) block {
	return block{kind: "unknown", hash: hashOf("unknown", canonical(raw)),
		content: content(struct {
			Type string          `json:"type"`
			Raw  json.RawMessage `json:"raw"`
		}{"unknown", raw})}
}

// toolUse is a call of a tool; arguments may be JSON or text that holds it.
func toolUse(id, name string, arguments json.RawMessage) block {
	input := arguments
	if text, ok := textOf(arguments); ok {
		if raw := rawJSON(text); raw != nil {
			input = raw
		}
	}
	if input == nil {
		input = json.RawMessage("{}")
	}
	return block{kind: "tool_use", id: id, tool: name, plain: name + "(" + compact(input) + ")",
		hash: hashOf("tool_use", name, canonical(input)),
		content: content(struct {
			Type  string          `json:"type"`
			ID    string          `json:"id,omitempty"`
			Name  string          `json:"name"`
			Input json.RawMessage `json:"input"`
		}{"tool_use", id, name, input})}
}

func toolResult(id string, result json.RawMessage) block {
	return block{kind: "tool_result", id: id, hash: hashOf("tool_result", resultText(result)),
		content: content(struct {
			Type    string          `json:"type"`
			ID      string          `json:"tool_use_id,omitempty"`
			Content json.RawMessage `json:"content"`
		}{"tool_result", id, result})}
}

// resultContent brings a tool's result into one value: text, or what the text
// holds as JSON; the only part of a list of parts.
func resultContent(raw json.RawMessage) (json.RawMessage, bool) {
	if text, ok := textOf(raw); ok {
		if inner := rawJSON(text); kindOf(inner) == '{' || kindOf(inner) == '[' {
			return inner, true
		}
		return raw, true
	}
	switch kindOf(raw) {
	case '{':
		return raw, true
	case '[':
		var parts []json.RawMessage
		for _, part := range elements(raw) {
			parts = append(parts, partContent(part))
		}
		if len(parts) == 1 {
			return parts[0], true
		}
		return content(parts), len(parts) > 0
	}
	return nil, false
}

func partContent(part json.RawMessage) json.RawMessage {
	o := object(part)
	switch textField(o, "type") {
	case "text":
		return quoted(textField(o, "text", "content"))
	case "json":
		if o["data"] != nil {
			return o["data"]
		}
	}
	return part
}

// resultText is what the hash of a tool's result is taken over.
func resultText(result json.RawMessage) string {
	if list := elements(result); kindOf(result) == '[' && len(list) == 1 {
		if o := object(list[0]); o["type"] != nil && (o["data"] != nil || o["text"] != nil) {
			result = partContent(list[0])
		}
	}
	if text, ok := textOf(result); ok {
		return text
	}
	return canonical(result)
}

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return ""
	}
	return b.String()
}

// parse reads one part of a message's content, in any of the forms that are in
// use; what it does not know is kept as it is.
func parse(part json.RawMessage) block {
	if text, ok := textOf(part); ok {
		return textBlock(text)
	}
	o := object(part)
	if o == nil {
		return unknown(part)
	}
	switch kind := textField(o, "type"); kind {
	case "text", "input_text", "output_text":
		return textBlock(textField(o, "text", "content"))
	case "thinking":
		return thinking(textField(o, "thinking", "content", "text"), textField(o, "signature"))
	case "redacted_thinking":
		return redacted(textField(o, "data", "content"))
	case "refusal":
		return refusal(textField(o, "refusal", "content", "message"))
	case "json":
		if o["data"] != nil {
			return jsonBlock(o["data"])
		}
	case "tool_call":
		return toolUse(textField(o, "id"), textField(o, "name"), o["arguments"])
	case "tool_use":
		return toolUse(textField(o, "id"), textField(o, "name"), o["input"])
	case "tool_call_response":
		return toolResult(textField(o, "id"), responseContent(firstRaw(o, "response", "result")))
	case "tool_result":
		if result, ok := resultContent(o["content"]); ok {
			return toolResult(textField(o, "tool_use_id", "id"), result)
		}
	default:
		if b, ok := parseMedia(kind, o); ok {
			return b
		}
		if kind == "" {
			return parseUntyped(part, o)
		}
	}
	return unknown(part)
}

// parseUntyped reads the parts of libraries that tell them by their key.
func parseUntyped(part json.RawMessage, o map[string]json.RawMessage) block {
	if use := object(o["toolUse"]); use != nil {
		return toolUse(textField(use, "toolUseId"), textField(use, "name"), use["input"])
	}
	if result := object(o["toolResult"]); result != nil {
		if c, ok := resultContent(result["content"]); ok {
			return toolResult(textField(result, "toolUseId"), c)
		}
	}
	if text, ok := textOf(o["text"]); ok {
		return textBlock(text)
	}
	return unknown(part)
}

// responseContent is the result of a tool as a list with one part.
func responseContent(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		raw = json.RawMessage("null")
	}
	if text, ok := textOf(raw); ok {
		inner := rawJSON(text)
		if kindOf(inner) != '{' && kindOf(inner) != '[' {
			return content([]json.RawMessage{textBlock(text).content})
		}
		raw = inner
	}
	return content([]json.RawMessage{jsonBlock(raw).content})
}

func firstRaw(o map[string]json.RawMessage, keys ...string) json.RawMessage {
	for _, key := range keys {
		if o[key] != nil {
			return o[key]
		}
	}
	return nil
}

func redacted(data string) block {
	return block{kind: "redacted_thinking", hash: hashOf("redacted_thinking", data),
		content: content(struct {
			Type string `json:"type"`
			Data string `json:"data"`
		}{"redacted_thinking", data})}
}

func refusal(text string) block {
	return block{kind: "refusal", plain: text, hash: hashOf("refusal", text),
		content: content(struct {
			Type    string `json:"type"`
			Message string `json:"message"`
		}{"refusal", text})}
}

// media is an image, a document or another thing that is no text.
type media struct {
	Type      string `json:"type"`
	MediaType string `json:"media_type,omitempty"`
	Source    string `json:"source"` // url or base64
	Data      string `json:"data"`
	Detail    string `json:"detail,omitempty"`
	Name      string `json:"name,omitempty"`
}

func (m media) block() block {
	if rest, ok := strings.CutPrefix(m.Data, "data:"); ok && m.Source == "url" {
		if mediaType, data, ok := strings.Cut(rest, ";base64,"); ok {
			m.MediaType, m.Source, m.Data = mediaType, "base64", data
		}
	}
	return block{kind: m.Type, content: content(m), hash: hashMedia(m)}
}

// parseMedia reads images, sounds, films, documents and files.
func parseMedia(kind string, o map[string]json.RawMessage) (block, bool) {
	switch kind {
	case "image_url", "input_image":
		url := object(o["image_url"])
		m := media{Type: "image", Source: "url", Data: textField(url, "url"), Detail: textField(url, "detail")}
		if url == nil {
			m.Data, m.Detail = textField(o, "image_url"), textField(o, "detail")
		}
		return m.block(), m.Data != ""
	case "input_audio":
		audio := object(o["input_audio"])
		m := media{Type: "audio", MediaType: "audio/" + textField(audio, "format"), Source: "base64", Data: textField(audio, "data")}
		return m.block(), m.Data != ""
	case "blob":
		mime := textField(o, "mime_type", "media_type")
		m := media{Type: modality(mime), MediaType: mime, Source: "base64", Data: textField(o, "data", "content")}
		return m.block(), m.Data != ""
	case "image", "audio", "video", "document", "file":
		source := object(o["source"])
		m := media{Type: kind, MediaType: textField(source, "media_type"), Source: textField(source, "type"),
			Data: textField(source, "data", "url"), Name: textField(o, "title", "name")}
		return m.block(), m.Data != ""
	}
	return block{}, false
}

func modality(mime string) string {
	kind, _, _ := strings.Cut(mime, "/")
	switch kind {
	case "image", "audio", "video":
		return kind
	}
	if mime == "application/pdf" || kind == "text" {
		return "document"
	}
	return "file"
}
