// Package sideml reads the messages of a conversation out of a span and brings
// them into SideML, SideSeat's one form for what many libraries write
// differently.
//
// Extract gives the blocks of one span; Fold takes the blocks of many spans and
// leaves out what they repeat of each other's history. Everything is a pure
// function of its arguments and safe for concurrent use.
package sideml

import (
	"encoding/json"

	"github.com/spanstead/spanstead/engine/span"
)

// Block is one piece of a message: a text, an image, a call of a tool.
type Block struct {
	Type    string          // text, tool_use, ... as in Content
	Content json.RawMessage // the SideML object
	Role    string          // system, user, assistant, tool

	Message, Entry int    // place in the span's messages, place in the message
	Time           uint64 // Unix nanoseconds
	Finish         string // why the model stopped; "" if it does not say
	ToolUseID      string
	ToolName       string
	Name           string
	Source         string // event or attribute
	Category       string
	Hash           string // 16 hex digits over type and content
	Semantic       bool   // false for thinking
	Error          bool

	output bool   // the model's own words rather than what it was told
	plain  string // as a preview shows it; "" if it does not
}

// Said reports whether a block is the model's own answer rather than something
// that it was told.
func (b *Block) Said() bool { return b.output }

// The roles.
const (
	RoleSystem    = "system"
	RoleUser      = "user"
	RoleAssistant = "assistant"
	RoleTool      = "tool"
)

// Where a block was read.
const (
	SourceEvent     = "event"
	SourceAttribute = "attribute"
)

// Bounds: a longer attribute is not parsed, and a span gives no more messages.
const (
	maxJSON     = 1 << 20
	maxMessages = 10_000
	maxDepth    = 64
)

// message is what the readers find, before it is cut into blocks.
type message struct {
	role     string
	blocks   []block
	finish   string
	time     uint64
	source   string
	category string
	output   bool
	isError  bool
}

// Extract reads all blocks of a span, in the order in which they were said.
func Extract(s *span.Span) []Block {
	r := reader{span: s, toolNames: map[string]string{}}
	r.events()
	r.attributes()
	r.exceptions()
	return r.cut()
}
