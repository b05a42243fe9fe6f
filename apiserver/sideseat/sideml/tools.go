package sideml

import (
	"encoding/json"

	"github.com/spanstead/spanstead/engine/span"
)

// Tool is the definition of a tool that a model may call.
type Tool struct {
	Name       string
	Definition json.RawMessage
	full       bool // more than a name is known
}

// Tools reads the tools that a span defines, or shows by running one.
func Tools(s *span.Span) []Tool {
	var tools []Tool
	if raw := rawJSON(str(s.Attributes, "gen_ai.tool.definitions")); raw != nil {
		for _, e := range elements(raw) {
			if t, ok := definition(object(e)); ok {
				tools = append(tools, t)
			}
		}
	}
	if name := str(s.Attributes, "gen_ai.tool.name"); name != "" {
		f := function{Name: quoted(name)}
		if d := str(s.Attributes, "gen_ai.tool.description"); d != "" {
			f.Description = quoted(d)
		}
		tools = append(tools, f.tool(name))
	}
	return tools
}

type function struct {
	Name        json.RawMessage `json:"name"`
	Description json.RawMessage `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
}

func (f function) tool(name string) Tool {
	return Tool{Name: name, full: f.Description != nil || f.Parameters != nil, Definition: content(struct {
		Type     string   `json:"type"`
		Function function `json:"function"`
	}{"function", f})}
}

func definition(o map[string]json.RawMessage) (Tool, bool) {
	inner := object(o["function"])
	if inner == nil {
		inner = o
	}
	name := textField(inner, "name")
	if name == "" {
		return Tool{}, false
	}
	f := function{Name: inner["name"], Description: inner["description"], Parameters: inner["parameters"]}
	if schema := inner["input_schema"]; f.Parameters == nil && schema != nil {
		f.Parameters = schema
		if f.Description == nil {
			f.Description = json.RawMessage("null")
		}
	}
	return f.tool(name), true
}

// MergeTools leaves one definition of each name, the fullest first one.
func MergeTools(tools []Tool) []json.RawMessage {
	at := map[string]int{}
	var kept []Tool
	for _, t := range tools {
		i, seen := at[t.Name]
		switch {
		case !seen:
			at[t.Name] = len(kept)
			kept = append(kept, t)
		case t.full && !kept[i].full:
			kept[i] = t
		}
	}
	out := make([]json.RawMessage, len(kept))
	for i := range kept {
		out[i] = kept[i].Definition
	}
	return out
}
