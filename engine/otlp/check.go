package otlp

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// Bounds on a span; one beyond them is rejected.
const (
	// MaxDepth is how many arrays and kvlists may lie inside each other.
	MaxDepth = 64
	// MaxParts is how many attributes, events, links and elements of arrays
	// and kvlists a span may have in all, and likewise a resource and a scope.
	// A part may take two bytes in a request and many more outside of it.
	MaxParts = 1 << 18
)

// check collects what is wrong with a span that is sound protobuf.
type check struct {
	flaw  flaw
	where string // what is being read: "resource ", "scope ", "event ", "link " or ""
	// loose: the nested value just read is not encoded as AppendValue would.
	loose bool
	parts int // so far
}

// flaw is why a span is rejected. The zero flaw is none.
type flaw struct {
	where, what string
	size        int // of an id, where what begins with its name
}

func (f flaw) String() string {
	if f.size >= 0 {
		return fmt.Sprintf("%s%s of %d bytes", f.where, f.what, f.size)
	}
	return f.where + f.what
}

// fail notes a flaw unless there is one already.
func (c *check) fail(what string) {
	if c.flaw.what == "" {
		c.flaw = flaw{c.where, what, -1}
	}
}

// part counts one more part and reports whether there is room for it.
func (c *check) part() bool {
	c.parts++
	if c.parts > MaxParts {
		c.fail(badParts)
		return false
	}
	return true
}

func (c *check) text(b []byte, what string) {
	if !ascii(b) && !utf8.Valid(b) {
		c.fail(what)
	}
}

// ascii reports whether all bytes are below 0x80. It is what makes most text
// valid UTF-8, faster than utf8.Valid finds it.
func ascii(b []byte) bool {
	var all uint64
	if len(b) >= 8 {
		last := b[len(b)-8:]
		for len(b) >= 8 {
			all |= binary.LittleEndian.Uint64(b)
			b = b[8:]
		}
		all |= binary.LittleEndian.Uint64(last)
		return all&0x8080808080808080 == 0
	}
	for _, x := range b {
		all |= uint64(x)
	}
	return all < 0x80
}

// id checks an id's length and that it is not all zeros.
func (c *check) id(b []byte, size int, what, zero string) {
	switch {
	case len(b) == size && !allZero(b):
	case c.flaw.what != "":
	case len(b) == size:
		c.flaw = flaw{c.where, zero, -1}
	default:
		c.flaw = flaw{c.where, what, len(b)}
	}
}

func allZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

const (
	badName       = "name is not valid UTF-8"
	badTraceState = "trace state is not valid UTF-8"
	badMessage    = "status message is not valid UTF-8"
	badSchemaURL  = "schema URL is not valid UTF-8"
	badVersion    = "version is not valid UTF-8"
	badEntity     = "entity reference is not valid UTF-8"
	badKey        = "attribute key is not valid UTF-8"
	badString     = "attribute value is not valid UTF-8"
	badParts      = "too many attributes, events, links and values"
	badDepth      = "attribute value nests too deep"
)
