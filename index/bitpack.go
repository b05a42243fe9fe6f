package index

import (
	"encoding/binary"
	"math/bits"
)

// padding is the number of zero bytes that end a block of bytes, so that eight
// bytes can be loaded from any position before them.
const padding = 8

// maxPackWidth is the widest number that one unaligned load can deliver.
const maxPackWidth = 57

func load64(b []byte, at int) uint64 { return binary.LittleEndian.Uint64(b[at : at+8]) }

func load32(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }

// packed reads the i-th number of the given width from the bit stream that
// starts at byte at.
func packed(b []byte, at, i int, width uint) uint64 {
	bit := uint(i) * width
	return load64(b, at+int(bit>>3)) >> (bit & 7) & (1<<width - 1)
}

func bytesFor(bits int) int { return (bits + 7) >> 3 }

// bitWriter appends numbers of few bits each, lowest bit first.
type bitWriter struct {
	buf []byte
	acc uint64
	n   uint // bits in acc, always under 64
}

func (w *bitWriter) reset() { w.buf, w.acc, w.n = w.buf[:0], 0, 0 }

// write appends the low width bits of v; width is at most 63 and v has no
// higher bits.
func (w *bitWriter) write(v uint64, width uint) {
	w.acc |= v << w.n
	if w.n+width < 64 {
		w.n += width
		return
	}
	w.buf = binary.LittleEndian.AppendUint64(w.buf, w.acc)
	w.acc = v >> (64 - w.n) // a shift by 64 gives 0
	w.n = w.n + width - 64
}

// unary appends u zero bits and a one.
func (w *bitWriter) unary(u uint64) {
	for u >= 56 {
		w.write(0, 56)
		u -= 56
	}
	w.write(1<<u, uint(u)+1)
}

// rice appends v as its quotient by 2^k in unary and its k low bits.
func (w *bitWriter) rice(v uint64, k uint) {
	w.unary(v >> k)
	w.write(v&(1<<k-1), k)
}

// bits returns the number of bits written so far.
func (w *bitWriter) bits() int { return len(w.buf)*8 + int(w.n) }

// flush appends the bits written so far to dst, with zero bits up to a whole
// byte, and resets the writer.
func (w *bitWriter) flush(dst []byte) []byte {
	dst = append(dst, w.buf...)
	for n := int(w.n); n > 0; n -= 8 {
		dst = append(dst, byte(w.acc))
		w.acc >>= 8
	}
	w.reset()
	return dst
}

// popcount counts the one bits among the first n bits from byte at.
func popcount(b []byte, at, n int) int {
	ones := 0
	for ; n >= 64; n, at = n-64, at+8 {
		ones += bits.OnesCount64(load64(b, at))
	}
	if n > 0 {
		ones += bits.OnesCount64(load64(b, at) & (1<<uint(n) - 1))
	}
	return ones
}

// selectBit returns the position of the j-th one bit of word, counted from 0.
// The word has more than j.
func selectBit(word uint64, j int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	// sums has in each byte the number of ones up to the end of that byte.
	sums := word - word>>1&0x5555555555555555
	sums = sums&0x3333333333333333 + sums>>2&0x3333333333333333
	sums = (sums + sums>>4) & 0x0f0f0f0f0f0f0f0f * ones
	before := (uint64(j)*ones | tops) - sums&^tops // top bit set where the sum is at most j
	at := 8 * bits.OnesCount64(before&tops)
	j -= int(sums << 8 >> uint(at&63) & 0xff)
	return at + int(selectByte[j&7][byte(word>>uint(at&63))])
}

// selectByte holds the position of the j-th one bit of each byte.
var selectByte = makeSelectByte()

func makeSelectByte() (sel [8][256]uint8) {
	for b := range 256 {
		for j, rest := 0, uint8(b); rest != 0; j, rest = j+1, rest&(rest-1) {
			sel[j][b] = uint8(bits.TrailingZeros8(rest))
		}
	}
	return sel
}
