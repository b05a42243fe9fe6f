package span

import (
	"bytes"
	"encoding/hex"
	"fmt"
)

// TraceID is the 16 bytes of a trace id; the zero value is not a valid id.
type TraceID [16]byte

// SpanID is the 8 bytes of a span id; the zero value means "no span".
type SpanID [8]byte

// IsZero reports whether every byte is zero.
func (t TraceID) IsZero() bool { return t == TraceID{} }

// IsZero reports whether every byte is zero.
func (s SpanID) IsZero() bool { return s == SpanID{} }

// String is 32 lower-case hex digits.
func (t TraceID) String() string { return hex.EncodeToString(t[:]) }

// String is 16 lower-case hex digits.
func (s SpanID) String() string { return hex.EncodeToString(s[:]) }

// Compare orders ids by their bytes.
func (t TraceID) Compare(u TraceID) int { return bytes.Compare(t[:], u[:]) }

// Compare orders ids by their bytes.
func (s SpanID) Compare(u SpanID) int { return bytes.Compare(s[:], u[:]) }

// ParseTraceID reads 32 hex digits of either case.
func ParseTraceID(s string) (TraceID, error) {
	var t TraceID
	if len(s) != 2*len(t) {
		return t, fmt.Errorf("trace id %.40q: want 32 hex digits, got %d characters", s, len(s))
	}
	if _, err := hex.Decode(t[:], []byte(s)); err != nil {
		return TraceID{}, fmt.Errorf("trace id %.40q: %w", s, err)
	}
	return t, nil
}

// ParseSpanID reads 16 hex digits of either case.
func ParseSpanID(s string) (SpanID, error) {
	var t SpanID
	if len(s) != 2*len(t) {
		return t, fmt.Errorf("span id %.40q: want 16 hex digits, got %d characters", s, len(s))
	}
	if _, err := hex.Decode(t[:], []byte(s)); err != nil {
		return SpanID{}, fmt.Errorf("span id %.40q: %w", s, err)
	}
	return t, nil
}
