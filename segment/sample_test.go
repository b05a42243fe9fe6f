package segment

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// A sample is a segment's input, kept so that tests can compare.
type sample struct {
	spec     Spec
	info     Info
	dicts    []sampleDict
	batches  []Batch
	sections []section
	data     map[string][]byte
}

type sampleDict struct {
	column, leaf int
	values       arrow.Array
}

var (
	fsb8  = &arrow.FixedSizeBinaryType{ByteWidth: 8}
	fsb16 = &arrow.FixedSizeBinaryType{ByteWidth: 16}
)

func dictOf(t arrow.DataType) arrow.DataType {
	return &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint32, ValueType: t}
}

func listOf(fields ...arrow.Field) arrow.DataType {
	return arrow.ListOfField(arrow.Field{Name: "item", Type: arrow.StructOf(fields...)})
}

func attributesType() arrow.DataType {
	return listOf(
		arrow.Field{Name: "key", Type: dictOf(arrow.BinaryTypes.String)},
		arrow.Field{Name: "value", Type: dictOf(arrow.BinaryTypes.Binary), Nullable: true})
}

func eventsType() arrow.DataType {
	return listOf(
		arrow.Field{Name: "time_unix_nano", Type: arrow.PrimitiveTypes.Uint64},
		arrow.Field{Name: "name", Type: dictOf(arrow.BinaryTypes.String)},
		arrow.Field{Name: "attributes", Type: attributesType()},
		arrow.Field{Name: "dropped_attributes_count", Type: arrow.PrimitiveTypes.Uint32})
}

func linksType() arrow.DataType {
	return listOf(
		arrow.Field{Name: "trace_id", Type: fsb16},
		arrow.Field{Name: "span_id", Type: fsb8},
		arrow.Field{Name: "trace_state", Type: arrow.BinaryTypes.String, Nullable: true},
		arrow.Field{Name: "attributes", Type: attributesType(), Nullable: true},
		arrow.Field{Name: "flags", Type: arrow.PrimitiveTypes.Uint32})
}

func field(name string, t arrow.DataType, nullable bool) arrow.Field {
	return arrow.Field{Name: name, Type: t, Nullable: nullable}
}

func plain(name string, t arrow.DataType, nullable bool, inner ...int) Column {
	return Column{Field: field(name, t, nullable), Group: Plain, Inner: inner}
}

// sampleSpec has every supported type, a group of many members with columns
// of other kinds between them, groups of all three index types, and lists.
func sampleSpec(batchRows int) Spec {
	p, b := arrow.PrimitiveTypes, arrow.BinaryTypes
	start := plain("start_time_unix_nano", p.Uint64, false)
	start.Field.Metadata = arrow.NewMetadata([]string{"unit"}, []string{"ns"})
	return Spec{
		ID: 12, BatchRows: batchRows,
		Groups: []Group{
			{Name: "resource", Codes: 5}, {Name: "name", Codes: 300}, {Name: "trace", Codes: 70000},
			{Name: "event.name", Codes: 3, List: true}, {Name: "event", Codes: 4, List: true},
			{Name: "link", Codes: 2, List: true},
		},
		Columns: []Column{
			{Field: field("resource.service.name", b.String, true), Group: 0},
			start,
			plain("duration_nano", p.Int64, true),
			{Field: field("resource.port", p.Int64, true), Group: 0},
			{Field: field("name", b.String, false), Group: 1},
			{Field: field("resource.ratio", p.Float64, true), Group: 0},
			{Field: field("resource.up", arrow.FixedWidthTypes.Boolean, true), Group: 0},
			{Field: field("resource.blob", b.Binary, true), Group: 0},
			{Field: field("trace_id", fsb16, false), Group: 2},
			plain("i32", p.Int32, true), plain("u32", p.Uint32, false), plain("u8", p.Uint8, false),
			plain("f64", p.Float64, true), plain("flag", arrow.FixedWidthTypes.Boolean, true),
			plain("text", b.String, true), plain("blob", b.Binary, false),
			plain("span_id", fsb8, false), plain("id16", fsb16, true),
			plain("events", eventsType(), false, 3, 4, 4),
			plain("links", linksType(), true, 5, 5),
			plain("i8", p.Int8, false), plain("u16", p.Uint16, false), plain("i16", p.Int16, false), plain("f32", p.Float32, false),
		},
	}
}

func newSample(t testing.TB, spec Spec, rows int) *sample {
	t.Helper()
	s := &sample{spec: spec, data: map[string][]byte{}}
	rnd := rand.New(rand.NewPCG(1, 2))
	s.info = Info{LogFirst: 3, LogLast: 99, Replaces: []uint64{4, 1 << 40}, Metadata: map[string]string{"z": "last", "min_start": "17"}}
	shape, err := newShape(spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range shape.dicts {
		values := randomArray(rnd, d.values.field.Type, d.values.field.Nullable, spec.Groups[d.group].Codes)
		s.dicts = append(s.dicts, sampleDict{d.column, d.leaf, values})
	}
	for rows > 0 {
		n := min(rows, spec.BatchRows)
		rows -= n
		s.batches = append(s.batches, s.batch(rnd, n))
	}
	for _, x := range []struct {
		name   string
		packed bool
		data   []byte
	}{
		{"index/empty", true, nil}, {"index/raw", false, []byte("abc")},
		{"index/packed", true, bytes.Repeat([]byte("spans "), 50)}, {"index/dense", true, []byte{7, 1, 255}},
	} {
		s.sections = append(s.sections, section{name: x.name, packed: x.packed})
		s.data[x.name] = x.data
	}
	return s
}

func (s *sample) batch(rnd *rand.Rand, n int) Batch {
	b := Batch{Rows: n}
	for _, g := range s.spec.Groups {
		var codes arrow.Array
		if !g.List {
			codes = randomCodes(rnd, g.IndexType(), g.Codes, n)
		}
		b.Codes = append(b.Codes, codes)
	}
	for _, c := range s.spec.Columns {
		if c.Group == Plain {
			inner := c.Inner
			// A slice, as a caller with whole columns would pass.
			a := randomNested(rnd, s.spec.Groups, c.Field.Type, c.Field.Nullable, n+5, &inner)
			b.Plain = append(b.Plain, array.NewSlice(a, 3, int64(n+3)))
		}
	}
	return b
}

func (s *sample) write(t testing.TB, o Options) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, s.spec, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range s.dicts {
		if d.leaf < 0 {
			err = w.WriteDictionary(d.column, d.values)
		} else {
			err = w.WriteInnerDictionary(d.column, d.leaf, d.values)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	rows := 0
	for _, b := range s.batches {
		rows += b.Rows
		if err := w.WriteBatch(b); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range s.sections {
		if err := w.WriteSection(x.name, s.data[x.name], x.packed); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := w.Close(s.info)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Bytes != int64(out.Len()) || sum.Rows != uint64(rows) {
		t.Fatalf("summary %+v of %d bytes and %d rows", sum, out.Len(), rows)
	}
	return out.Bytes()
}

func randomCodes(rnd *rand.Rand, t arrow.DataType, codes, n int) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, t)
	for range n {
		c := rnd.IntN(codes)
		switch b := b.(type) {
		case *array.Uint8Builder:
			b.Append(uint8(c))
		case *array.Uint16Builder:
			b.Append(uint16(c))
		case *array.Uint32Builder:
			b.Append(uint32(c))
		}
	}
	return b.NewArray()
}

// randomNested makes an array of t's storage type; codes of one struct and
// group are one array.
func randomNested(rnd *rand.Rand, groups []Group, t arrow.DataType, nullable bool, n int, inner *[]int) arrow.Array {
	switch t := t.(type) {
	case *arrow.ListType:
		return randomList(rnd, groups, t, nullable, n, inner)
	case *arrow.StructType:
		var kids []arrow.Array
		codes := map[int]arrow.Array{}
		for _, f := range t.Fields() {
			if _, ok := f.Type.(*arrow.DictionaryType); ok {
				g := (*inner)[0]
				*inner = (*inner)[1:]
				if codes[g] == nil {
					codes[g] = randomCodes(rnd, arrow.PrimitiveTypes.Uint32, groups[g].Codes, n)
				}
				kids = append(kids, codes[g])
				continue
			}
			kids = append(kids, randomNested(rnd, groups, f.Type, f.Nullable, n, inner))
		}
		a, err := array.NewStructArrayWithFields(kids, StorageType(t).(*arrow.StructType).Fields())
		if err != nil {
			panic(err)
		}
		return a
	}
	return randomArray(rnd, t, nullable, n)
}

func randomList(rnd *rand.Rand, groups []Group, t *arrow.ListType, nullable bool, n int, inner *[]int) arrow.Array {
	offsets := make([]int32, 1, n+1)
	valid := make([]byte, bitBytes(n))
	missing := 0
	for i := range n {
		k := 0
		if nullable && rnd.IntN(3) == 0 {
			missing++
		} else {
			valid[i/8] |= 1 << (i % 8)
			k = rnd.IntN(3)
		}
		offsets = append(offsets, offsets[i]+int32(k))
	}
	kid := randomNested(rnd, groups, t.Elem(), t.ElemField().Nullable, int(offsets[n]), inner)
	buffers := []*memory.Buffer{nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(offsets))}
	if missing > 0 {
		buffers[0] = memory.NewBufferBytes(valid)
	}
	return array.NewListData(array.NewData(StorageType(t), n, buffers, []arrow.ArrayData{kid.Data()}, missing, 0))
}

func randomArray(rnd *rand.Rand, t arrow.DataType, nullable bool, n int) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, t)
	for range n {
		if nullable && rnd.IntN(4) == 0 {
			b.AppendNull()
			continue
		}
		appendRandom(rnd, b)
	}
	return b.NewArray()
}

func appendRandom(rnd *rand.Rand, b array.Builder) {
	v := rnd.Uint64() >> rnd.IntN(64)
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(v&1 == 0)
	case *array.StringBuilder:
		b.Append([]string{"", "checkout", "größe", fmt.Sprint("t", v)}[v%4])
	case *array.BinaryBuilder:
		b.Append(bytes.Repeat([]byte{byte(v), 0xFF}, int(v%3)))
	case *array.FixedSizeBinaryBuilder:
		w := b.Type().(*arrow.FixedSizeBinaryType).ByteWidth
		b.Append(bytes.Repeat([]byte{byte(v), byte(v >> 8)}, w/2))
	case *array.Int8Builder:
		b.Append(int8(v))
	case *array.Int16Builder:
		b.Append(int16(v))
	case *array.Int32Builder:
		b.Append(int32(v))
	case *array.Int64Builder:
		b.Append(-int64(v))
	case *array.Uint8Builder:
		b.Append(uint8(v))
	case *array.Uint16Builder:
		b.Append(uint16(v))
	case *array.Uint32Builder:
		b.Append(uint32(v))
	case *array.Uint64Builder:
		b.Append(v)
	case *array.Float32Builder:
		b.Append(float32(v) / 3)
	case *array.Float64Builder:
		b.Append(float64(v) / 3)
	default:
		panic(b)
	}
}
