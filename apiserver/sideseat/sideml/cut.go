package sideml

// cut gives every block its place. A tool's call or result that stands in a
// message of another role becomes a message of its own.
func (r *reader) cut() []Block {
	var out []Block
	index := -1
	for i := range r.messages {
		m := &r.messages[i]
		role, entry := "", 0
		for j := range m.blocks {
			b := &m.blocks[j]
			if want := ownRole(b.kind, m.role); j == 0 || want != role {
				index++
				role, entry = want, 0
			}
			out = append(out, r.place(m, b, role, index, entry))
			entry++
		}
	}
	return out
}

func ownRole(kind, role string) string {
	switch kind {
	case "tool_use":
		return RoleAssistant
	case "tool_result":
		return RoleTool
	}
	return role
}

func (r *reader) place(m *message, b *block, role string, index, entry int) Block {
	out := Block{
		Type: b.kind, Content: b.content, Role: role, Message: index, Entry: entry, Time: m.time, Finish: m.finish,
		ToolUseID: b.id, ToolName: b.tool, Name: b.name, Source: m.source, Category: m.category, Hash: b.hash,
		Semantic: b.kind != "thinking" && b.kind != "redacted_thinking", Error: m.isError,
		output: m.output || b.answer, plain: b.plain,
	}
	if b.answer {
		out.Time, out.Category = r.end(), eventCategories[eventChoice]
	}
	return out
}
