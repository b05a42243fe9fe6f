package table

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/spanstead/spanstead/engine/span"
)

// The arrays here lie in memory that the garbage collector owns, so none of
// them needs to be released.

func buffer(b []byte) *memory.Buffer { return memory.NewBufferBytes(b) }

// slicer gives slices of a fixed-width column without nulls: values appends
// those of rows from..to to dst.
func slicer(t arrow.DataType, values func(dst []byte, from, to int) []byte) func(from, to int) arrow.Array {
	width := t.(arrow.FixedWidthDataType).Bytes()
	return func(from, to int) arrow.Array {
		return fixedArray(t, values(make([]byte, 0, width*(to-from)), from, to), to-from, nil)
	}
}

// fixedArray wraps fixed-width values; valid nil means all are.
func fixedArray(t arrow.DataType, b []byte, n int, valid func(i int) bool) arrow.Array {
	bitmap, nulls := validity(n, valid)
	return array.MakeFromData(array.NewData(t, n, []*memory.Buffer{bitmap, buffer(b)}, nil, nulls, 0))
}

func validity(n int, valid func(i int) bool) (*memory.Buffer, int) {
	if valid == nil {
		return nil, 0
	}
	bits, nulls := make([]byte, bitutil.BytesForBits(int64(n))), 0
	for i := range n {
		if valid(i) {
			bitutil.SetBit(bits, i)
		} else {
			nulls++
		}
	}
	if nulls == 0 {
		return nil, 0
	}
	return buffer(bits), nulls
}

// codeSlicer gives slices of codes in the narrowest type.
func codeSlicer(all []uint32, size int) func(from, to int) arrow.Array {
	return func(from, to int) arrow.Array {
		part := pack(all[from:to], size)
		return part.slice(0, to-from)
	}
}

// array is the member's dictionary: an entry for each code of the group.
func (m *member) array() arrow.Array {
	n := len(m.of)
	valid := func(i int) bool { return m.of[i] != Missing }
	switch m.typ {
	case span.TypeInt, span.TypeDouble:
		values := make([]uint64, n)
		for i, c := range m.of {
			if c != Missing {
				values[i] = m.values.Bits[c]
			}
		}
		return fixedArray(valueType(m.typ), arrow.Uint64Traits.CastToBytes(values), n, valid)
	case span.TypeBool:
		bits := make([]byte, bitutil.BytesForBits(int64(n)))
		for i, c := range m.of {
			if c != Missing && m.values.Bits[c] != 0 {
				bitutil.SetBit(bits, i)
			}
		}
		return fixedArrayOfBits(bits, n, valid)
	}
	return textArray(valueType(m.typ), n, valid, func(i int) string { return m.values.Strings[m.of[i]] })
}

func fixedArrayOfBits(bits []byte, n int, valid func(i int) bool) arrow.Array {
	bitmap, nulls := validity(n, valid)
	return array.MakeFromData(array.NewData(arrow.FixedWidthTypes.Boolean, n, []*memory.Buffer{bitmap, buffer(bits)}, nil, nulls, 0))
}

// textArray is an array of strings or binaries.
func textArray(t arrow.DataType, n int, valid func(i int) bool, at func(i int) string) arrow.Array {
	bitmap, nulls := validity(n, valid)
	size := 0
	for i := range n {
		if valid == nil || valid(i) {
			size += len(at(i))
		}
	}
	offsets, data := make([]int32, 1, n+1), make([]byte, 0, size)
	for i := range n {
		if valid == nil || valid(i) {
			data = append(data, at(i)...)
		}
		offsets = append(offsets, int32(len(data)))
	}
	return array.MakeFromData(array.NewData(t, n,
		[]*memory.Buffer{bitmap, buffer(arrow.Int32Traits.CastToBytes(offsets)), buffer(data)}, nil, nulls, 0))
}

func texts(t arrow.DataType, list []string) arrow.Array {
	return textArray(t, len(list), nil, func(i int) string { return list[i] })
}

// rows gives slices of a wide column.
func (w *wide) rows(from, to int) arrow.Array {
	var valid func(int) bool
	if w.nulls > 0 {
		valid = func(i int) bool { return w.valid[from+i] }
	}
	return fixedArray(valueType(w.typ), arrow.Uint64Traits.CastToBytes(w.bits[from:to]), to-from, valid)
}

// listData is a list array over the elements first..last, given by offsets
// into all elements.
func listData(t arrow.DataType, offsets []int32, child arrow.ArrayData) arrow.ArrayData {
	own := make([]int32, len(offsets))
	for i, o := range offsets {
		own[i] = o - offsets[0]
	}
	return array.NewData(t, len(own)-1, []*memory.Buffer{nil, buffer(arrow.Int32Traits.CastToBytes(own))},
		[]arrow.ArrayData{child}, 0, 0)
}

func structData(t arrow.DataType, n int, children ...arrow.Array) arrow.ArrayData {
	data := make([]arrow.ArrayData, len(children))
	for i, c := range children {
		data[i] = c.Data()
	}
	return array.NewData(t, n, []*memory.Buffer{nil}, data, 0, 0)
}

func uint32s(v []uint32) arrow.Array {
	return fixedArray(arrow.PrimitiveTypes.Uint32, arrow.Uint32Traits.CastToBytes(v), len(v), nil)
}

func uint64s(v []uint64) arrow.Array {
	return fixedArray(arrow.PrimitiveTypes.Uint64, arrow.Uint64Traits.CastToBytes(v), len(v), nil)
}
