package segment

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// checkOffsets says whether raw holds int32 offsets that begin with zero,
// never fall and end with last.
func checkOffsets(raw []byte, last int) error {
	offsets := arrow.Int32Traits.CastFromBytes(raw)
	if len(offsets) == 0 || offsets[0] != 0 || int(offsets[len(offsets)-1]) != last {
		return fmt.Errorf("offsets do not span %d", last)
	}
	prev := int32(0)
	for i, o := range offsets {
		if o < prev {
			return fmt.Errorf("offset %d falls", i)
		}
		prev = o
	}
	return nil
}

// checkCodes says whether every code is below codes.
func checkCodes(raw []byte, width, codes int) error {
	top := -1
	switch width {
	case 1:
		if codes > 0xff { // no byte can be too large
			return nil
		}
		top = maxCode(raw)
	case 2:
		top = maxCode(arrow.Uint16Traits.CastFromBytes(raw))
	default:
		top = maxCode(arrow.Uint32Traits.CastFromBytes(raw))
	}
	if top >= codes {
		return fmt.Errorf("code %d of %d", top, codes)
	}
	return nil
}

// maxCode is the largest code, or -1 when there is none.
func maxCode[T uint8 | uint16 | uint32](codes []T) int {
	if len(codes) == 0 {
		return -1
	}
	var top T
	for _, c := range codes {
		top = max(top, c)
	}
	return int(top)
}

// allZero says whether padding is what it should be.
func allZero(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b) != 0 {
			return false
		}
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
