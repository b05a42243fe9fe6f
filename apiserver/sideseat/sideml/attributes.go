package sideml

import (
	"encoding/json"

	"github.com/spanstead/spanstead/engine/span"
)

// attributes reads the conversation from span attributes: the gen_ai.* JSON
// lists, numbered prompts and completions, OpenInference's numbered messages
// and documents, and the Vercel SDK's answer.
func (r *reader) attributes() {
	a := r.span.Attributes
	r.list(str(a, "gen_ai.system_instructions"), origin{role: RoleSystem, bare: true})
	r.list(str(a, "gen_ai.input.messages"), origin{})
	r.list(str(a, "gen_ai.output.messages"), origin{output: true})
	r.flat("gen_ai.prompt.", "", false)
	r.flat("gen_ai.completion.", "", true)
	r.flat("llm.input_messages.", "message.", false)
	r.flat("llm.output_messages.", "message.", true)
	r.documents()
	if text := str(a, "ai.response.text"); text != "" {
		finish := finishOf(str(a, "ai.response.finishReason"))
		r.add(message{role: RoleAssistant, blocks: []block{textBlock(text)}, finish: finish, output: true,
			time: r.said(finish, r.span.StartTimeUnixNano), source: SourceAttribute, category: categoryOf(RoleAssistant)})
	}
}

// origin says what is known of a list of messages before it is read.
type origin struct {
	role     string // of an element without one
	bare     bool   // elements are parts of one message, not messages
	output   bool
	event    uint64 // time of the event that carries it; 0 for an attribute
	category string // if not that of the role
}

// list reads JSON text that holds messages.
func (r *reader) list(text string, o origin) {
	raw := rawJSON(text)
	if raw == nil {
		return
	}
	if o.bare {
		var blocks []block
		for _, part := range elements(raw) {
			blocks = append(blocks, parse(part))
		}
		r.add(r.placed(message{role: o.role, blocks: blocks}, o))
		return
	}
	for _, e := range elements(raw) {
		if m, ok := r.messageOf(object(e), o.role); ok {
			m.output = o.output
			r.add(r.placed(m, o))
		}
	}
}

// placed fills in where and when a message was found.
func (r *reader) placed(m message, o origin) message {
	m.source, m.time, m.category = SourceAttribute, r.span.StartTimeUnixNano, categoryOf(m.role)
	if o.event != 0 {
		m.source, m.time = SourceEvent, o.event
	}
	if o.category != "" {
		m.category = o.category
	}
	m.time = r.said(m.finish, m.time)
	return m
}

// messageOf reads {role, content | parts, tool_calls, finish_reason, ...}.
func (r *reader) messageOf(o map[string]json.RawMessage, role string) (message, bool) {
	if o == nil {
		return message{}, false
	}
	name, ok := textOf(o["role"])
	if !ok && role == "" {
		return message{}, false
	}
	if ok {
		role = roleOf(name)
	}
	m := message{role: role, finish: finishOf(textField(o, "finish_reason"))}
	if role == RoleTool && o["parts"] == nil {
		if b, ok := r.toolResult(o["content"], textField(o, "tool_call_id", "id"), textField(o, "name")); ok {
			m.blocks = []block{b}
		}
		return m, len(m.blocks) > 0
	}
	content := o["parts"]
	if content == nil {
		content = o["content"]
	}
	m.blocks = append(contentBlocks(content), r.toolCalls(o["tool_calls"])...)
	return m, len(m.blocks) > 0
}

// contentBlocks reads a message's content: text, or a list of parts.
func contentBlocks(raw json.RawMessage) []block {
	if text, ok := textOf(raw); ok {
		if text == "" {
			return nil
		}
		return []block{textBlock(text)}
	}
	var blocks []block
	switch kindOf(raw) {
	case '[':
		for _, part := range elements(raw) {
			blocks = append(blocks, parse(part))
		}
	case '{':
		blocks = append(blocks, parse(raw))
	}
	return blocks
}

// toolCalls reads OpenAI's list of calls and remembers their names.
func (r *reader) toolCalls(raw json.RawMessage) []block {
	if kindOf(raw) != '[' {
		return nil
	}
	var blocks []block
	for _, call := range elements(raw) {
		o := object(call)
		function := object(o["function"])
		if function == nil {
			function = o
		}
		id, name := textField(o, "id"), textField(function, "name")
		if name == "" {
			continue
		}
		r.toolNames[id] = name
		blocks = append(blocks, toolUse(id, name, function["arguments"]))
	}
	return blocks
}

// toolResult reads what a tool gave back; the name is that of the call, if it
// is not given.
func (r *reader) toolResult(raw json.RawMessage, id, name string) (block, bool) {
	content, ok := resultContent(raw)
	if !ok {
		return block{}, false
	}
	if name == "" {
		name = r.toolNames[id]
	}
	b := toolResult(id, content)
	b.name = name
	return b, true
}

// flat reads numbered attributes such as gen_ai.prompt.0.role.
func (r *reader) flat(prefix, inner string, output bool) {
	for _, fields := range numbered(r.span.Attributes, prefix) {
		role := fields[inner+"role"].Text()
		content := fields[inner+"content"].Text()
		finish := finishOf(fields[inner+"finish_reason"].Text())
		if role == "" && output {
			role = RoleAssistant
		}
		m := message{role: roleOf(role), finish: finish, output: output}
		if m.role == RoleTool {
			if b, ok := r.toolResult(quoted(content), fields[inner+"tool_call_id"].Text(), fields[inner+"name"].Text()); ok {
				m.blocks = append(m.blocks, b)
			}
		} else if content != "" {
			m.blocks = append(m.blocks, textBlock(content))
		}
		m.blocks = append(m.blocks, r.flatCalls(fields, inner)...)
		r.add(r.placed(m, origin{}))
	}
}

// flatCalls reads prefix.N.tool_calls.M.name and .arguments, or
// OpenInference's ...tool_calls.M.tool_call.function.name.
func (r *reader) flatCalls(fields map[string]span.Value, inner string) []block {
	kvs := make([]span.KeyValue, 0, len(fields))
	for key, v := range fields {
		kvs = append(kvs, span.KeyValue{Key: key, Value: v})
	}
	var blocks []block
	for _, call := range numbered(kvs, inner+"tool_calls.") {
		get := func(keys ...string) string {
			for _, key := range keys {
				if v, ok := call[key]; ok {
					return v.Text()
				}
			}
			return ""
		}
		id, name := get("id", "tool_call.id"), get("name", "tool_call.function.name", "function.name")
		if name == "" {
			continue
		}
		r.toolNames[id] = name
		blocks = append(blocks, toolUse(id, name, quoted(get("arguments", "tool_call.function.arguments", "function.arguments"))))
	}
	return blocks
}

// documents reads what a retriever found.
func (r *reader) documents() {
	for _, fields := range numbered(r.span.Attributes, "retrieval.documents.") {
		var kvs []span.KeyValue
		for _, name := range []string{"id", "content", "score", "metadata"} {
			if v, ok := fields["document."+name]; ok {
				kvs = append(kvs, span.KeyValue{Key: name, Value: v})
			}
		}
		if len(kvs) == 0 {
			continue
		}
		data := span.AppendJSONObject(nil, kvs)
		r.add(message{role: RoleUser, blocks: []block{jsonBlock(data)}, time: r.span.StartTimeUnixNano,
			source: SourceAttribute, category: "Retrieval"})
	}
}

func quoted(text string) json.RawMessage {
	b, err := json.Marshal(text)
	if err != nil { // text always marshals
		panic(err)
	}
	return b
}
