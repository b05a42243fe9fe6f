package sideml

import (
	"encoding/json"

	"github.com/spanstead/spanstead/engine/span"
)

var eventCategories = map[string]string{
	"gen_ai.system.message":    "GenAISystemMessage",
	"gen_ai.user.message":      "GenAIUserMessage",
	"gen_ai.assistant.message": "GenAIAssistantMessage",
	"gen_ai.tool.message":      "GenAIToolMessage",
	"gen_ai.choice":            "GenAIChoice",
}

const (
	eventChoice    = "gen_ai.choice"
	eventAssistant = "gen_ai.assistant.message"
	eventTool      = "gen_ai.tool.message"
	eventDetails   = "gen_ai.client.inference.operation.details"
	eventException = "exception"
)

// events reads the conversation from span events.
func (r *reader) events() {
	answer := r.unchosenAnswer()
	for i := range r.span.Events {
		e := &r.span.Events[i]
		switch e.Name {
		case eventChoice:
			r.choice(e)
		case eventTool:
			id := firstOf(e.Attributes, "id", "tool_call_id")
			if b, ok := r.toolResult(quoted(str(e.Attributes, "content")), id, str(e.Attributes, "name")); ok {
				r.add(message{role: RoleTool, blocks: []block{b}, time: e.TimeUnixNano, source: SourceEvent, category: eventCategories[e.Name]})
			}
		case eventDetails:
			o := origin{event: e.TimeUnixNano, category: "Other"}
			r.list(str(e.Attributes, "gen_ai.input.messages"), o)
			o.output = true
			r.list(str(e.Attributes, "gen_ai.output.messages"), o)
		case "gen_ai.system.message", "gen_ai.user.message", eventAssistant:
			r.said1(e, i == answer)
		}
	}
}

// unchosenAnswer finds the event that stands for the model's answer in a span
// without a choice: its last assistant message. -1 if there is none.
func (r *reader) unchosenAnswer() int {
	last := -1
	for i := range r.span.Events {
		switch r.span.Events[i].Name {
		case eventChoice:
			return -1
		case eventAssistant:
			last = i
		}
	}
	return last
}

// said1 reads an event that is one message.
func (r *reader) said1(e *span.Event, answer bool) {
	m := message{time: e.TimeUnixNano, source: SourceEvent, category: eventCategories[e.Name]}
	switch e.Name {
	case "gen_ai.system.message":
		m.role = RoleSystem
	case eventAssistant:
		m.role = RoleAssistant
	default:
		m.role = RoleUser
	}
	m.blocks = eventBlocks(str(e.Attributes, "content"))
	texts := len(m.blocks)
	m.blocks = append(m.blocks, r.toolCalls(rawJSON(str(e.Attributes, "tool_calls")))...)
	if answer {
		for i := range m.blocks[:texts] {
			m.blocks[i].answer = true
		}
	}
	r.add(m)
}

// eventBlocks reads an event's content: JSON parts, a JSON object, or text.
func eventBlocks(content string) []block {
	raw := rawJSON(content)
	switch {
	case content == "":
		return nil
	case kindOf(raw) == '[':
		return contentBlocks(raw)
	case kindOf(raw) == '{':
		return []block{jsonBlock(raw)}
	}
	return []block{textBlock(content)}
}

// choice reads the model's answer.
func (r *reader) choice(e *span.Event) {
	m := message{role: RoleAssistant, finish: finishOf(str(e.Attributes, "finish_reason")), output: true,
		time: r.end(), source: SourceEvent, category: eventCategories[e.Name]}
	content := firstOf(e.Attributes, "message", "content")
	raw := rawJSON(content)
	if o := object(raw); o != nil {
		if text, ok := textOf(o["content"]); ok && o["role"] != nil {
			m.blocks = []block{textBlock(text)}
		} else {
			m.blocks = []block{jsonBlock(raw)}
		}
		r.remember(o["tool_calls"])
	} else {
		m.blocks = eventBlocks(content)
	}
	m.blocks = append(m.blocks, r.toolCalls(rawJSON(str(e.Attributes, "tool_calls")))...)
	r.add(m)
}

func (r *reader) remember(calls json.RawMessage) { r.toolCalls(calls) }

// exceptions reads what went wrong in a span that failed.
func (r *reader) exceptions() {
	if r.span.Status.Code != span.StatusError {
		return
	}
	for i := range r.span.Events {
		e := &r.span.Events[i]
		kind, text := str(e.Attributes, "exception.type"), str(e.Attributes, "exception.message")
		if e.Name != eventException || kind == "" && text == "" {
			continue
		}
		full := text
		if kind != "" && text != "" {
			full = kind + ": " + text
		} else if text == "" {
			full = kind
		}
		if stack := str(e.Attributes, "exception.stacktrace"); stack != "" {
			full += "\n\n```\n" + stack + "\n```"
		}
		b := textBlock(full)
		b.plain = text
		r.add(message{role: RoleAssistant, blocks: []block{b}, finish: "error", isError: true, output: true,
			time: r.end(), source: SourceAttribute, category: "Exception"})
	}
}

func firstOf(kvs []span.KeyValue, keys ...string) string {
	for _, key := range keys {
		if t := str(kvs, key); t != "" {
			return t
		}
	}
	return ""
}
