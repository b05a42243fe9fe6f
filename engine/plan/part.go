// Package plan answers the questions of package query over parts: immutable
// runs of rows that are either a segment or the head as it was at one moment.
//
// A filter is compiled once for each part. Every comparison runs over the
// distinct values of a dictionary and becomes a set of group codes; sets of one
// group are combined before any row is looked at; and what remains is
// evaluated batch by batch as bitmaps of 65,536 rows, from the index's row
// lists where the set is selective, from the batch's codes where it is not.
// Newest-first questions start at the last batch and stop when they have
// enough. Only rows that an answer shows are assembled into spans.
//
// Nothing here changes a part, so any number of questions may run at once over
// the same parts.
package plan

import (
	"github.com/RoaringBitmap/roaring/v2"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/index"
)

// Part is one immutable run of rows 0..Rows()-1. Batch b holds the rows from
// b*BatchRows() on; BatchRows is at most 65,536. Slices that a Part returns
// are shared and are not to be changed. An error that comes from damaged bytes
// wraps query.ErrCorrupt.
type Part interface {
	// Name is how the part is called in an explained plan: "segment 12", "head".
	Name() string
	Rows() int
	BatchRows() int
	// Sorted: rows ascend by start time, trace id, span id.
	Sorted() bool
	// Bounds are the lowest and highest start time of the rows.
	Bounds() (lo, hi uint64)
	// BatchBounds are those of one batch.
	BatchBounds(b int) (lo, hi uint64)
	// Dead are the deleted rows; nil for none.
	Dead() *roaring.Bitmap

	// Groups are the code groups. Every row has one code in a single-valued
	// group, and any number in a multi-valued one.
	Groups() []Group
	// Columns are the dictionary columns and wide columns that hold values of
	// a field with scope ScopeSpan, ScopeResource, ScopeInstrumentation,
	// ScopeEvent, ScopeLink or an intrinsic of the coded kind: none when no row
	// has the field. A span has a value in at most one single-valued column of
	// a field.
	Columns(f query.Field) ([]Column, error)
	// Fields are all attribute fields that some row has, with their types.
	Fields() ([]query.Key, error)

	Starts(b int) ([]uint64, error)
	Durations(b int) ([]int64, error)
	SpanIDs(b int) ([]span.SpanID, error)
	// Parents returns the parent span ids of a batch, zero for none.
	Parents(b int) ([]span.SpanID, error)

	// TraceCodes are the codes of the batch's rows in the part's trace ids.
	TraceCodes(b int) ([]uint32, error)
	// TraceIDs are the trace ids by code.
	TraceIDs() ([]span.TraceID, error)
	Traces() int // number of trace codes
	// FindTrace returns a trace's code, ok false when the part does not have it.
	FindTrace(id span.TraceID) (code uint32, ok bool, err error)
	// AppendTraceRows appends the rows of a trace, ascending.
	AppendTraceRows(dst []uint32, code uint32) ([]uint32, error)

	// Histogram counts rows by time, duration and series, for part without
	// deleted rows; nil when there is none.
	Histogram() (*Histogram, error)

	// Fetch assembles rows into spans, in the order given.
	Fetch(rows []uint32) ([]*span.Span, error)
}

// Group is one code group of a part.
type Group interface {
	// Name is how the group is called in an explained plan.
	Name() string
	// Len is the number of codes.
	Len() int
	// Multi: a row may have no code or several.
	Multi() bool
	// Codes returns each row's code in a batch of a single-valued group.
	Codes(b int) (Codes, error)
	// Lists returns each row's codes in a batch of a multi-valued group.
	Lists(b int) (Lists, error)
	// Postings are the rows of each code; nil when they are not indexed.
	Postings() (*index.Postings, error)
}

// Codes are the codes of one batch, in the narrowest form; exactly one slice is set.
type Codes struct {
	U8  []uint8
	U16 []uint16
	U32 []uint32
}

// At is the code of row i of the batch.
func (c Codes) At(i int) uint32 {
	switch {
	case c.U8 != nil:
		return uint32(c.U8[i])
	case c.U16 != nil:
		return uint32(c.U16[i])
	}
	return c.U32[i]
}

// Len is the number of rows of the batch.
func (c Codes) Len() int { return len(c.U8) + len(c.U16) + len(c.U32) }

// Lists are the codes of one batch of a multi-valued group: row i has
// Codes[Offsets[i]:Offsets[i+1]].
type Lists struct {
	Offsets []int32
	Codes   []uint32
}

// Mixed is the type of a column whose values have several.
const Mixed = span.Type(255)

// Column is a field's values in one group, or wide values that have no group.
type Column struct {
	Field query.Field
	Type  span.Type // Mixed for a column of several
	Group int       // index into Part.Groups, or -1
	Dict  Dict      // with a Group
	Wide  Wide      // without
}

// Dict gives a column's value for each code of its group.
type Dict interface {
	// Each calls fn with every code that has a value, ascending, until it
	// returns false.
	Each(fn func(code uint32, v span.Value) bool) error
	// At is the value of one code; ok is false when it has none.
	At(code uint32) (v span.Value, ok bool, err error)
	// Find appends the codes, ascending, whose value equals v in type and
	// contents. ok is false when the dictionary cannot tell without Each.
	Find(dst []uint32, v span.Value) (codes []uint32, ok bool, err error)
}

// TextDict is a Dict of strings that can look for a byte sequence in all its
// values at once.
type TextDict interface {
	Dict
	// EachContaining calls fn with every code whose value contains the text.
	EachContaining(text string, fn func(code uint32, v string) bool) error
}

// Wide gives the values of a numeric column without a dictionary.
type Wide interface {
	// Values returns a batch's values as int64 or float64 bits, and which rows have one.
	Values(b int) (bits []uint64, valid *index.Bits, err error)
}

// Histogram is a part's counts by time cell, duration cell and series; a
// series is a service name.
type Histogram struct {
	Counts *index.Histogram
	Series []SeriesName
}

// SeriesName is the service of a series; Has is false for spans without a
// service.name of type string.
type SeriesName struct {
	Service string
	Has     bool
}
