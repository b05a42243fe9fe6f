package sideml

import (
	"strings"
	"unicode/utf8"
)

// MaxPreview is how many characters a preview shows.
const MaxPreview = 200 // before the dots

// Previews are the last thing that the user said and the last that the model
// answered, shortened; nil when there is none.
func Previews(blocks []Block) (input, output *string) {
	return shorten(inputOf(blocks)), shorten(outputOf(blocks))
}

func shown(b *Block) bool { return b.plain != "" && b.Category != "Other" && b.Category != "Retrieval" }

// inputOf is the first words of the last user message, or of the last system
// message if no user said anything.
func inputOf(blocks []Block) string {
	for _, role := range []string{RoleUser, RoleSystem} {
		last, text := -1, ""
		for i := range blocks {
			if b := &blocks[i]; b.Role == role && shown(b) && b.Message != last {
				last, text = b.Message, b.plain
			}
		}
		if text != "" {
			return text
		}
	}
	return ""
}

// outputOf is the last words of the assistant, else its last call of a tool,
// else what went wrong.
func outputOf(blocks []Block) string {
	var words, call, fault string
	for i := range blocks {
		switch b := &blocks[i]; {
		case b.Role != RoleAssistant || !shown(b):
		case b.Error:
			fault = b.plain
		case b.Type == "tool_use":
			call = b.plain
		default:
			words = b.plain
		}
	}
	switch {
	case words != "":
		return words
	case call != "":
		return call
	}
	return fault
}

func shorten(text string) *string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	if utf8.RuneCountInString(text) > MaxPreview {
		runes := []rune(text)
		text = string(runes[:MaxPreview]) + "..."
	}
	return &text
}
