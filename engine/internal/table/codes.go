package table

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/spanstead/spanstead/segment"
)

// codes are one code for each row, as wide as the number of codes asks for:
// of a table with dozens of columns they are most of what building it holds.
type codes struct {
	u8  []uint8
	u16 []uint16
	u32 []uint32
}

// pack copies the codes, all below size.
func pack(all []uint32, size int) (c codes) {
	switch (segment.Group{Codes: size}).IndexType() {
	case arrow.PrimitiveTypes.Uint8:
		c.u8 = narrow[uint8](all)
	case arrow.PrimitiveTypes.Uint16:
		c.u16 = narrow[uint16](all)
	default:
		c.u32 = append(make([]uint32, 0, len(all)), all...)
	}
	return c
}

func narrow[T uint8 | uint16](codes []uint32) []T {
	out := make([]T, len(codes))
	for i, c := range codes {
		out[i] = T(c)
	}
	return out
}

// unpack fills dst, which has an element for each row.
func (c *codes) unpack(dst []uint32) {
	switch {
	case c.u8 != nil:
		widen(dst, c.u8)
	case c.u16 != nil:
		widen(dst, c.u16)
	default:
		copy(dst, c.u32)
	}
}

func widen[T uint8 | uint16](dst []uint32, codes []T) {
	for i, c := range codes {
		dst[i] = uint32(c)
	}
}

// slice is rows from..to as an array; it shares their memory.
func (c *codes) slice(from, to int) arrow.Array {
	switch {
	case c.u8 != nil:
		return fixedArray(arrow.PrimitiveTypes.Uint8, c.u8[from:to], to-from, nil)
	case c.u16 != nil:
		return fixedArray(arrow.PrimitiveTypes.Uint16, arrow.Uint16Traits.CastToBytes(c.u16[from:to]), to-from, nil)
	}
	return fixedArray(arrow.PrimitiveTypes.Uint32, arrow.Uint32Traits.CastToBytes(c.u32[from:to]), to-from, nil)
}
