package index

import (
	"math"
	"math/bits"
)

// The grid of durations is fixed: cell boundaries grow by 2^(1/16), as those
// of an OpenTelemetry exponential histogram of scale 4 do, whose bucket i is
// cell i+2.
//
//	cell 0     zero and negative durations
//	cell 1     1 ns
//	cell c     above 2^((c-2)/16) and up to 2^((c-1)/16) nanoseconds
//
// Bounds are whole nanoseconds and inclusive. The cells below about 30 ns are
// narrower than a nanosecond, and some of them hold no whole number: their
// lower bound is above their upper bound.

// DurationCells is the number of cells of the grid.
const DurationCells = 16*63 + 2

// roots are 2^(j/16), times 2^63, rounded down, and a guard above them all.
var roots = [17]uint64{
	0x8000000000000000, 0x85aac367cc487b14, 0x8b95c1e3ea8bd6e6, 0x91c3d373ab11c336,
	0x9837f0518db8a96f, 0x9ef5326091a111ad, 0xa5fed6a9b15138ea, 0xad583eea42a14ac6,
	0xb504f333f9de6484, 0xbd08a39f580c36be, 0xc5672a115506dadd, 0xce248c151f8480e3,
	0xd744fccad69d6af4, 0xe0ccdeec2a94e111, 0xeac0c6e7dd24392e, 0xf5257d152486cc2c,
	math.MaxUint64,
}

// upperBounds are 2^((c-1)/16), rounded down.
var upperBounds = makeUpperBounds()

func makeUpperBounds() (upper [DurationCells]int64) {
	for i := range DurationCells - 2 {
		upper[i+1] = int64(roots[i&15] >> (63 - i>>4))
	}
	upper[DurationCells-1] = math.MaxInt64
	return upper
}

// firstRoots holds, for each of 64 ranges of the mantissa, the number of roots
// below it. No range has more than one root inside.
var firstRoots = makeFirstRoots()

func makeFirstRoots() (first [64]uint8) {
	for i := range first {
		for first[i] < 16 && roots[first[i]] < 1<<63|uint64(i)<<57 {
			first[i]++
		}
	}
	return first
}

// CellOf returns the cell of a duration: LowerBound(cell) <= durationNano <=
// UpperBound(cell).
func CellOf(durationNano int64) int {
	if durationNano <= 0 {
		return 0
	}
	shift := bits.LeadingZeros64(uint64(durationNano)) & 63
	m := uint64(durationNano) << uint(shift)
	j := int(firstRoots[m>>57&63])
	_, above := bits.Sub64(roots[j], m, 0) // 1 if the root is below m
	return 16*(63-shift) + j + int(above) + 1
}

// LowerBound returns the least duration of a cell, which is below
// DurationCells.
func LowerBound(cell int) int64 {
	if cell <= 0 {
		return math.MinInt64
	}
	return upperBounds[cell-1] + 1
}

// UpperBound returns the greatest duration of a cell, which is below
// DurationCells.
func UpperBound(cell int) int64 {
	return upperBounds[max(cell, 0)]
}
