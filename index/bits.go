package index

import (
	"iter"
	"math/bits"
)

// BatchRows is the number of rows that one Bits stands for: those of one
// record batch, and of one roaring container.
const BatchRows = 1 << 16

// Bits is a set of rows of one batch, as numbers from 0 to BatchRows-1. The
// zero value is the empty set.
type Bits [BatchRows / 64]uint64

// Set adds row i.
func (b *Bits) Set(i int) { b[uint(i)>>6&1023] |= 1 << (uint(i) & 63) }

// Has reports whether row i is in the set.
func (b *Bits) Has(i int) bool { return b[uint(i)>>6&1023]>>(uint(i)&63)&1 != 0 }

// Clear removes all rows.
func (b *Bits) Clear() { *b = Bits{} }

// And keeps the rows that are in o too.
func (b *Bits) And(o *Bits) {
	for i := range b {
		b[i] &= o[i]
	}
}

// AndNot removes the rows that are in o.
func (b *Bits) AndNot(o *Bits) {
	for i := range b {
		b[i] &^= o[i]
	}
}

// Or adds the rows of o.
func (b *Bits) Or(o *Bits) {
	for i := range b {
		b[i] |= o[i]
	}
}

// Not turns the set into its complement among the first rows rows; a batch
// that is not full passes the number of its rows. Rows from there on are
// removed.
func (b *Bits) Not(rows int) {
	for i := range b {
		b[i] = ^b[i]
	}
	b.Truncate(rows)
}

// Truncate removes the rows from rows on.
func (b *Bits) Truncate(rows int) {
	if rows >= BatchRows {
		return
	}
	rows = max(rows, 0)
	b[rows>>6] &= 1<<(uint(rows)&63) - 1
	clear(b[rows>>6+1:])
}

// SetRange adds the rows lo to hi-1. Rows outside the batch are ignored.
func (b *Bits) SetRange(lo, hi int) {
	lo, hi = max(lo, 0), min(hi, BatchRows)
	if lo >= hi {
		return
	}
	first, last := lo>>6, (hi-1)>>6
	head := ^uint64(0) << (uint(lo) & 63)
	tail := ^uint64(0) >> (63 - uint(hi-1)&63)
	if first == last {
		b[first] |= head & tail
		return
	}
	b[first] |= head
	for i := first + 1; i < last; i++ {
		b[i] = ^uint64(0)
	}
	b[last] |= tail
}

// Count returns the number of rows.
func (b *Bits) Count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// Empty reports whether there is no row.
func (b *Bits) Empty() bool {
	var any uint64
	for _, w := range b {
		any |= w
	}
	return any == 0
}

// Next returns the first row at or after i, or -1.
func (b *Bits) Next(i int) int {
	i = max(i, 0)
	if i >= BatchRows {
		return -1
	}
	at := i >> 6
	w := b[at] &^ (1<<(uint(i)&63) - 1)
	for w == 0 {
		if at++; at == len(b) {
			return -1
		}
		w = b[at]
	}
	return at<<6 + bits.TrailingZeros64(w)
}

// Prev returns the last row before i, or -1. Prev(BatchRows) is the last row
// of the set.
func (b *Bits) Prev(i int) int {
	i = min(i, BatchRows) - 1
	if i < 0 {
		return -1
	}
	at := i >> 6
	w := b[at] & (^uint64(0) >> (63 - uint(i)&63))
	for w == 0 {
		if at--; at < 0 {
			return -1
		}
		w = b[at]
	}
	return at<<6 + 63 - bits.LeadingZeros64(w)
}

// All yields the rows, ascending. The set must not change meanwhile.
func (b *Bits) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range b {
			for ; w != 0; w &= w - 1 {
				if !yield(i<<6 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}

// Backward yields the rows, descending. The set must not change meanwhile.
func (b *Bits) Backward() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := len(b) - 1; i >= 0; i-- {
			for w := b[i]; w != 0; {
				top := 63 - bits.LeadingZeros64(w)
				if !yield(i<<6 + top) {
					return
				}
				w &^= 1 << uint(top)
			}
		}
	}
}

// AppendRows appends the rows, ascending, each with base added: the first row
// of the batch.
func (b *Bits) AppendRows(dst []uint32, base uint32) []uint32 {
	for i, w := range b {
		for at := base + uint32(i)<<6; w != 0; w &= w - 1 {
			dst = append(dst, at+uint32(bits.TrailingZeros64(w)))
		}
	}
	return dst
}
