package segment

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

var errFlat = errors.New("malformed flatbuffer")

// A flatReader walks a flatbuffer without trusting it: whatever lies outside
// the bytes reads as zero and leaves err. google/flatbuffers would panic.
type flatReader struct {
	b   []byte
	err error
	// budget bounds the work, since tables may refer to each other at will.
	budget int
}

func newFlatReader(b []byte) *flatReader { return &flatReader{b: b, budget: 4 * len(b)} }

// spend counts n bytes of work.
func (r *flatReader) spend(n int) {
	if r.budget -= n; r.budget < 0 {
		r.fail()
	}
}

func (r *flatReader) fail() {
	if r.err == nil {
		r.err = errFlat
	}
}

// at is n bytes at an offset, or zeros.
func (r *flatReader) at(pos, n int) []byte {
	if r.err != nil || pos < 0 || n < 0 || pos > len(r.b)-n {
		r.fail()
		return make([]byte, min(max(n, 0), 8))
	}
	return r.b[pos : pos+n]
}

func (r *flatReader) u16(pos int) int   { return int(binary.LittleEndian.Uint16(r.at(pos, 2))) }
func (r *flatReader) u32(pos int) int   { return int(binary.LittleEndian.Uint32(r.at(pos, 4))) }
func (r *flatReader) i32(pos int) int   { return int(int32(r.u32(pos))) }
func (r *flatReader) i64(pos int) int64 { return int64(binary.LittleEndian.Uint64(r.at(pos, 8))) }

// A flatTable is a position in a flatReader; zero is no table.
type flatTable struct {
	r   *flatReader
	pos int
}

func (r *flatReader) root() flatTable { return flatTable{r, r.u32(0)} }

// slot is the position of the table's i-th field, or 0 when it is absent.
func (t flatTable) slot(i int) int {
	if t.pos == 0 {
		return 0
	}
	t.r.spend(4)
	vtable := t.pos - t.r.i32(t.pos)
	if 4+2*i+2 > t.r.u16(vtable) {
		return 0
	}
	if off := t.r.u16(vtable + 4 + 2*i); off != 0 {
		return t.pos + off
	}
	return 0
}

func (t flatTable) byte(i int) byte {
	if p := t.slot(i); p != 0 {
		return t.r.at(p, 1)[0]
	}
	return 0
}

func (t flatTable) short(i int) int {
	if p := t.slot(i); p != 0 {
		return t.r.u16(p)
	}
	return 0
}

func (t flatTable) int(i int) int {
	if p := t.slot(i); p != 0 {
		return t.r.i32(p)
	}
	return 0
}

func (t flatTable) long(i int) int64 {
	if p := t.slot(i); p != 0 {
		return t.r.i64(p)
	}
	return 0
}

// ref follows an offset.
func (t flatTable) ref(i int) int {
	if p := t.slot(i); p != 0 {
		return p + t.r.u32(p)
	}
	return 0
}

func (t flatTable) table(i int) flatTable { return flatTable{t.r, t.ref(i)} }

func (t flatTable) text(i int) string {
	p := t.ref(i)
	if p == 0 {
		return ""
	}
	n := t.r.u32(p)
	t.r.spend(n)
	if t.r.err != nil {
		return ""
	}
	return string(t.r.at(p+4, n))
}

// vector is the position of a vector's first element and their number, which
// fit into the bytes there are.
func (t flatTable) vector(i, size int) (pos, n int) {
	p := t.ref(i)
	if p == 0 {
		return 0, 0
	}
	n = t.r.u32(p)
	t.r.spend(n)
	t.r.at(p+4, n*size)
	if t.r.err != nil {
		return 0, 0
	}
	return p + 4, n
}

// tables is a vector of tables.
func (t flatTable) tables(i int) []flatTable {
	pos, n := t.vector(i, 4)
	out := make([]flatTable, n)
	for k := range out {
		p := pos + 4*k
		out[k] = flatTable{t.r, p + t.r.u32(p)}
	}
	return out
}

// A schemaReader reads Arrow's schema table; dictionaries must be numbered
// depth first.
type schemaReader struct{ dicts int }

func (s *schemaReader) fields(schema flatTable) ([]arrow.Field, error) {
	if schema.short(0) != 0 {
		return nil, errors.New("schema is big-endian")
	}
	tables := schema.tables(1)
	fields := make([]arrow.Field, len(tables))
	for i, t := range tables {
		var err error
		if fields[i], err = s.field(t, 0); err != nil {
			return nil, err
		}
	}
	return fields, schema.r.err
}

func (s *schemaReader) field(t flatTable, depth int) (arrow.Field, error) {
	f := arrow.Field{Name: t.text(0), Nullable: t.byte(1) != 0, Metadata: metadataOf(t)}
	if depth > maxDepth {
		return f, fmt.Errorf("field %q is nested too deep", f.Name)
	}
	dict := t.table(4)
	if dict.pos != 0 {
		if dict.long(0) != int64(s.dicts) || dict.byte(2) != 0 || dict.short(3) != 0 {
			return f, fmt.Errorf("field %q: unexpected dictionary", f.Name)
		}
		s.dicts++
	}
	var kids []arrow.Field
	for _, kt := range t.tables(5) {
		kid, err := s.field(kt, depth+1)
		if err != nil {
			return f, err
		}
		kids = append(kids, kid)
	}
	typ, err := typeOf(t.byte(2), t.table(3), kids)
	if err == nil && dict.pos != 0 {
		var index arrow.DataType
		if index, err = intOf(dict.table(1)); err == nil {
			typ = &arrow.DictionaryType{IndexType: index, ValueType: typ}
		}
	}
	if t.r.err != nil {
		err = t.r.err
	}
	if err != nil {
		return f, fmt.Errorf("field %q: %w", f.Name, err)
	}
	f.Type = typ
	return f, nil
}

func metadataOf(t flatTable) arrow.Metadata {
	pairs := t.tables(6)
	if len(pairs) == 0 {
		return arrow.Metadata{}
	}
	keys, values := make([]string, len(pairs)), make([]string, len(pairs))
	for i, kv := range pairs {
		keys[i], values[i] = kv.text(0), kv.text(1)
	}
	return arrow.NewMetadata(keys, values)
}

func typeOf(id byte, t flatTable, kids []arrow.Field) (arrow.DataType, error) {
	if id != typeList && id != typeStruct && len(kids) > 0 {
		return nil, fmt.Errorf("type %d with children", id)
	}
	switch id {
	case typeInt:
		return intOf(t)
	case typeFloatingPoint:
		switch t.short(0) {
		case precisionSingle:
			return arrow.PrimitiveTypes.Float32, nil
		case precisionDouble:
			return arrow.PrimitiveTypes.Float64, nil
		}
	case typeBool:
		return arrow.FixedWidthTypes.Boolean, nil
	case typeUtf8:
		return arrow.BinaryTypes.String, nil
	case typeBinary:
		return arrow.BinaryTypes.Binary, nil
	case typeFixedSizeBinary:
		return &arrow.FixedSizeBinaryType{ByteWidth: t.int(0)}, nil
	case typeStruct:
		return arrow.StructOf(kids...), nil
	case typeList:
		if len(kids) == 1 {
			return arrow.ListOfField(kids[0]), nil
		}
	}
	return nil, fmt.Errorf("type %d is not one of ours", id)
}

func intOf(t flatTable) (arrow.DataType, error) {
	signed := t.byte(1) != 0
	switch t.int(0) {
	case 8:
		return pick(signed, arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Uint8), nil
	case 16:
		return pick(signed, arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Uint16), nil
	case 32:
		return pick(signed, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Uint32), nil
	case 64:
		return pick(signed, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Uint64), nil
	}
	return nil, fmt.Errorf("integer of %d bits", t.int(0))
}

func pick(signed bool, yes, no arrow.DataType) arrow.DataType {
	if signed {
		return yes
	}
	return no
}
