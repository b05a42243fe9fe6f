package sideseat

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/spanstead/spanstead/apiserver/sideseat/derive"
	"github.com/spanstead/spanstead/engine/span"
)

// The store keeps ids of OTLP's length. The service takes any bytes for an id,
// and shows them as lower-case hex. An id of another length (or of zeros) gets
// a place of the right length by its hash, and stands as it was sent in the
// attribute derive.KeyIDs.

// traceIDOf is where a trace id that a client names is kept; ok is false for a
// text that no trace id is shown as.
func traceIDOf(text string) (id span.TraceID, ok bool) {
	b, ok := idBytes(text)
	if !ok {
		return id, false
	}
	return placeTrace(b), true
}

func idBytes(text string) ([]byte, bool) {
	b, err := hex.DecodeString(text)
	return b, err == nil && hex.EncodeToString(b) == text
}

func placeTrace(b []byte) (id span.TraceID) {
	if fits(b, len(id)) {
		return span.TraceID(b)
	}
	sum := sha256.Sum256(append([]byte("trace id\x00"), b...))
	return span.TraceID(sum[:len(id)])
}

func placeSpan(b []byte) (id span.SpanID) {
	if fits(b, len(id)) {
		return span.SpanID(b)
	}
	sum := sha256.Sum256(append([]byte("span id\x00"), b...))
	return span.SpanID(sum[:len(id)])
}

// fits reports whether an id can be stored as it is.
func fits(b []byte, size int) bool {
	if len(b) != size {
		return false
	}
	for _, c := range b {
		if c != 0 {
			return true
		}
	}
	return false
}

// Members of the derive.KeyIDs attribute; each is there when it differs.
const (
	sentTrace  = "trace_id"
	sentSpan   = "span_id"
	sentParent = "parent_span_id"
)

// shownIDs are a span's ids as they are shown; parent is nil for a root.
func shownIDs(s *span.Span) (trace, id string, parent *string) {
	trace, id = s.TraceID.String(), s.SpanID.String()
	if !s.ParentSpanID.IsZero() {
		p := s.ParentSpanID.String()
		parent = &p
	}
	sent, ok := span.Lookup(s.Attributes, derive.KeyIDs)
	if !ok {
		return trace, id, parent
	}
	for _, kv := range sent.List() {
		text := kv.Value.Str()
		switch kv.Key {
		case sentTrace:
			trace = text
		case sentSpan:
			id = text
		case sentParent:
			parent = &text
		}
	}
	return trace, id, parent
}
