// Package segment writes and reads one immutable columnar file.
//
// A segment is a standard Arrow IPC file: any Arrow reader opens it and sees
// its columns. Between Arrow's end-of-stream marker and Arrow's footer lie
// named sections of the caller's own and a directory, which says where every
// block of the file is and carries its checksum. This package reads by
// projection: it takes the buffers of one column of one batch and nothing
// else, checks them, decompresses them, checks them again, and only then hands
// out an Arrow array.
//
// Repetition is held in code groups. A group has K distinct tuples; a row has
// one code, 0 to K-1; and every column of the group is dictionary-encoded by
// that one code, each with K dictionary entries of its own (which may repeat
// and may be null). The columns of a group share one index buffer in the file.
// List groups do the same for dictionary-encoded fields inside list columns.
//
// The package knows columns and sections, not files, spans or queries. A
// Writer is used by one goroutine. A Reader may be used by many; it caches
// nothing but the directory, and the arrays that it returns are garbage
// collected memory of the caller's own. FORMAT.md describes the bytes.
package segment

import (
	"github.com/apache/arrow-go/v18/arrow"
)

// BatchRows is the number of rows in a full record batch unless Spec says
// otherwise: as many as one roaring container holds.
const BatchRows = 65536

// Version is the format version that Writer writes. Open reads this and every
// earlier one.
const Version = 1

// Plain is the Group of a column that is no member of a group.
const Plain = -1

// A Spec is the shape of a segment: what is known before the first row.
type Spec struct {
	ID        uint64 // of the segment; mixed into every checksum
	Columns   []Column
	Groups    []Group
	BatchRows int // rows of every batch but the last; 0 means BatchRows
}

// A Column is one top-level field of the Arrow schema.
//
// A plain column's type is a fixed-width integer or float, bool, utf8, binary,
// fixed_size_binary, or any nesting of list and struct over these. Inside a
// nested type a field may be arrow.DictionaryType with an index type of
// uint32: it is then a member of a list group, and the column's arrays hold a
// plain uint32 code in its place (StorageType). Members of one list group
// within one struct share their codes.
type Column struct {
	// Field has the column's name, value type and metadata. A column of a
	// group is written to the Arrow schema as a dictionary of Field.Type.
	Field arrow.Field
	// Group is an index into Spec.Groups, or Plain.
	Group int
	// Inner has the group of each dictionary-encoded field inside a nested
	// type, depth first.
	Inner []int
}

// A Group is a code group.
type Group struct {
	Name  string
	Codes int  // K, the number of distinct tuples
	List  bool // its members lie inside list columns; its codes are uint32
}

// IndexType is the Arrow type of the group's codes: the smallest unsigned
// integer that holds them, or uint32 for a list group.
func (g Group) IndexType() arrow.DataType {
	switch {
	case g.List || g.Codes > 1<<16:
		return arrow.PrimitiveTypes.Uint32
	case g.Codes > 1<<8:
		return arrow.PrimitiveTypes.Uint16
	}
	return arrow.PrimitiveTypes.Uint8
}

// Info is what a segment says of itself beyond its columns. It is known when
// the writing ends.
type Info struct {
	LogFirst, LogLast uint64   // the range of the log that the segment covers
	Replaces          []uint64 // ids of the segments that this one stands for
	Rows              uint64   // filled in by Writer.Close
	Metadata          map[string]string
}

// A Batch is the next rows of a segment.
type Batch struct {
	Rows int
	// Codes has one array per Spec.Groups, of the group's IndexType; nil for
	// list groups.
	Codes []arrow.Array
	// Plain has one array per plain column, in the order of Spec.Columns, of
	// the column's StorageType. Slices of longer arrays will do.
	Plain []arrow.Array
}

// StorageType is the type of a plain column's arrays: the column's type with
// every dictionary replaced by its index type.
func StorageType(t arrow.DataType) arrow.DataType {
	switch t := t.(type) {
	case *arrow.DictionaryType:
		return t.IndexType
	case *arrow.ListType:
		elem := t.ElemField()
		elem.Type = StorageType(elem.Type)
		return arrow.ListOfField(elem)
	case *arrow.StructType:
		fields := make([]arrow.Field, t.NumFields())
		for i, f := range t.Fields() {
			f.Type = StorageType(f.Type)
			fields[i] = f
		}
		return arrow.StructOf(fields...)
	}
	return t
}
