// Package table turns rows in columns, as the head or merged segments hold
// them, into one segment: it sorts the rows, chooses which columns share a code
// group, and writes columns and indexes.
//
// # Code groups
//
// Columns that follow from one another (a resource's attributes, or a span's
// name, kind, route and method) are stored as one code a row. Each column of
// the group has a dictionary with an entry for every code, so the columns cost
// what their joint entropy costs, in codes and in row lists. A column joins a
// group when that makes the sum smaller; see group.go.
//
// Building is single-threaded and deterministic: equal tables give equal bytes.
package table

import (
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Missing is the code of a row that has no value in a column.
const Missing = ^uint32(0)

// Table is rows in columns, in any order. All row slices have the same length.
// Building does not change a table.
type Table struct {
	Start    []uint64
	Duration []int64
	SpanIDs  []span.SpanID
	Parents  []span.SpanID // zero for none

	Traces   []uint32 // codes of TraceIDs
	TraceIDs []span.TraceID

	Resources    []uint32 // codes of ResourceList
	ResourceList []*span.Resource
	Scopes       []uint32 // codes of ScopeList
	ScopeList    []*span.Scope

	// Columns are the coded fields of the span itself: the intrinsics that
	// SpanFields lists, and each attribute key and type.
	Columns []Column

	// Rare are further attributes of rows, ascending by row: repeats of a key
	// that the span already has, in their order.
	Rare []RareAttribute

	// Events and Links return a row's events and links; nil for none.
	Events func(row int) ([]span.Event, error)
	Links  func(row int) ([]span.Link, error)
}

// Rows is the number of rows.
func (t *Table) Rows() int { return len(t.Start) }

// Column is one field of one type: its distinct values by code, and the code
// of every row.
type Column struct {
	Field  query.Field
	Type   span.Type
	Values Values
	Count  int // rows that have a value
	// Load fills dst, one entry a row, with codes, or Missing.
	Load func(dst []uint32) error
	// LoadWide, if not nil, stands for Values and Load of a column of ints or
	// doubles that is to stay without a dictionary: it gives set the bits of
	// every row that has a value.
	LoadWide func(set func(row int, bits uint64)) error
}

// Values are distinct values of one type by code. Strings holds the text of
// strings, the contents of bytes, and the OTLP AnyValue message of arrays,
// kvlists and empty values; Bits holds ints, doubles and bools as span.Value
// numbers them. Exactly one is used.
type Values struct {
	Strings []string
	Bits    []uint64
}

// Len is the number of distinct values.
func (v Values) Len() int { return max(len(v.Strings), len(v.Bits)) }

// RareAttribute is one attribute that has no column of its own.
type RareAttribute struct {
	Row   uint32
	Scope query.Scope // ScopeSpan, ScopeResource or ScopeInstrumentation
	Key   string
	Value span.Value
}

// SpanFields are the intrinsic fields that a Table has columns for, with
// their types. Each is present for every row.
var SpanFields = []Column{
	{Field: query.Name, Type: span.TypeString},
	{Field: query.Kind, Type: span.TypeInt},
	{Field: query.StatusCode, Type: span.TypeInt},
	{Field: query.StatusMessage, Type: span.TypeString},
	{Field: query.TraceState, Type: span.TypeString},
	{Field: query.Flags, Type: span.TypeInt},
	{Field: query.DroppedAttributesCount, Type: span.TypeInt},
	{Field: query.DroppedEventsCount, Type: span.TypeInt},
	{Field: query.DroppedLinksCount, Type: span.TypeInt},
}
