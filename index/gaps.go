package index

import (
	"encoding/binary"
	"math/bits"
)

// A gap stream is a sequence of gaps between ascending rows, each gap less one
// (so that 0 means "the next row"), in Rice code: the quotient by 2^k in unary
// and the k low bits. Rice code is within a few hundredths of a bit of the
// entropy when rows are scattered evenly, and the three parts lie in streams
// of their own, so that decoding is one bit scan and one shift a row:
//
//	classes  one bit a gap: 0 = short, 1 = long. Left out if k0 == k1 serves all.
//	lows     the low bits: k0 of a short gap, k1 of a long one
//	highs    the quotients in unary, to the end of the stream
//
// Two classes pay where rows come in clumps: a value of a trace's spans has
// gaps of a few rows inside a trace and of thousands between traces.
//
// Because the length of lows follows from the classes, and the j-th unary code
// can be found by counting ones, a stream can be entered at any gap without
// offsets. The lists of rare codes rely on it.

// maxRice bounds k, so that no sum in a decoder can overflow 64 bits.
const maxRice = 28

// maxHighs bounds the bytes of highs, so that a position fits 32 bits.
const maxHighs = 1 << 28

// riceParams are the parameters of one gap stream.
type riceParams struct {
	k0, k1 uint8
	two    bool // gaps are of two classes
	split  uint8
	// A gap of more than split bits is of class 1. The decoder needs no split.
}

// gapStats counts gaps by their bit length.
type gapStats struct {
	count [33]uint32
	sum   [33]uint64
}

func (s *gapStats) reset() { *s = gapStats{} }

func (s *gapStats) add(v uint32) {
	n := bits.Len32(v) & 63
	s.count[n]++
	s.sum[n] += uint64(v)
}

// cost estimates the bits that the gaps of lo to hi-1 bits take with the k
// that suits them best, and returns that k.
func (s *gapStats) cost(lo, hi int) (cost uint64, k uint8) {
	var n, sum uint64
	for i := lo; i < hi; i++ {
		n += uint64(s.count[i])
		sum += s.sum[i]
	}
	if n == 0 {
		return 0, 0
	}
	guess := max(bits.Len64(sum*11/(n*16)), 1) - 1 // log2 of ln(2) times the mean
	for try := max(guess-1, 0); try <= min(guess+1, maxRice); try++ {
		c := n * uint64(1+try)
		for i := max(lo, try+1); i < hi; i++ {
			c += s.sum[i]>>uint(try) - uint64(s.count[i]>>1)
		}
		if cost == 0 || c < cost {
			cost, k = c, uint8(try)
		}
	}
	return cost, k
}

// choose picks the parameters for the gaps counted.
func (s *gapStats) choose() riceParams {
	best, k := s.cost(0, 33)
	p := riceParams{k0: k, k1: k}
	var all uint64
	for _, n := range s.count {
		all += uint64(n)
	}
	var below uint64
	for split := 0; split < 32; split++ {
		below += uint64(s.count[split])
		if s.count[split] == 0 || below == all {
			continue
		}
		c0, k0 := s.cost(0, split+1)
		if all+c0 >= best {
			break
		}
		c1, k1 := s.cost(split+1, 33)
		if c := all + c0 + c1 + 8; c < best {
			best = c
			p = riceParams{k0: k0, k1: k1, two: true, split: uint8(split)}
		}
	}
	return p
}

// gapWriter encodes gap streams; it is reused to save allocations.
type gapWriter struct {
	class, low bitWriter
	ones       onesWriter
	stats      gapStats
}

// params returns the parameters that suit gaps best.
func (w *gapWriter) params(gaps []uint32) riceParams {
	w.stats.reset()
	for _, v := range gaps {
		w.stats.add(v)
	}
	return w.stats.choose()
}

// append encodes gaps and appends the stream to dst.
func (w *gapWriter) append(dst []byte, gaps []uint32, p riceParams) []byte {
	w.ones.reset()
	if !p.two {
		k, mask := uint(p.k0), uint32(1)<<p.k0-1
		for _, v := range gaps {
			w.ones.skip(v >> k)
			w.low.write(uint64(v&mask), k)
		}
		return w.ones.flush(w.low.flush(dst))
	}
	ks := [2]uint{uint(p.k0), uint(p.k1)}
	for _, v := range gaps {
		_, long := bits.Sub32(uint32(1)<<p.split-1, v, 0) // 1 if v has more bits
		k := ks[long&1]
		w.class.write(uint64(long), 1)
		w.ones.skip(v >> k)
		w.low.write(uint64(v&(1<<k-1)), k)
	}
	return w.ones.flush(w.low.flush(w.class.flush(dst)))
}

// onesWriter writes unary codes: it sets one bit after each so many zeros.
type onesWriter struct {
	buf []byte
	acc uint64
	pos uint32 // of the next bit, from the start of acc
}

func (w *onesWriter) reset() { w.buf, w.acc, w.pos = w.buf[:0], 0, 0 }

// skip writes n zeros and a one.
func (w *onesWriter) skip(n uint32) {
	for w.pos += n; w.pos >= 64; w.pos -= 64 {
		w.buf = binary.LittleEndian.AppendUint64(w.buf, w.acc)
		w.acc = 0
	}
	w.acc |= 1 << (w.pos & 63)
	w.pos++
}

// flush appends what was written, up to a whole byte, to dst.
func (w *onesWriter) flush(dst []byte) []byte {
	dst = append(dst, w.buf...)
	for n := int(w.pos); n > 0; n -= 8 {
		dst = append(dst, byte(w.acc))
		w.acc >>= 8
	}
	return dst
}

// gapStream reads one gap stream inside a block of bytes.
type gapStream struct {
	b               []byte // the whole block, its padding included
	class, low, end int    // byte offsets in b
	high            int
	gaps            int
	riceParams
}

// openGaps finds the parts of the stream of so many gaps in b[at:end]. The
// caller has checked that end is before the padding of b.
func openGaps(b []byte, at, end, gaps int, p riceParams) (gapStream, error) {
	s := gapStream{b: b, class: at, low: at, end: end, gaps: gaps, riceParams: p}
	if p.k0 > maxRice || p.k1 > maxRice {
		return s, corrupt("Rice parameters %d, %d", p.k0, p.k1)
	}
	lowBits := gaps * int(p.k0)
	if p.two {
		s.low += bytesFor(gaps)
		if s.low > end {
			return s, corrupt("%d gaps in %d bytes", gaps, end-at)
		}
		ones := popcount(b, at, gaps)
		lowBits += ones * (int(p.k1) - int(p.k0))
	}
	s.high = s.low + bytesFor(lowBits)
	if s.high > end || gaps > (end-s.high)*8 || end-s.high > maxHighs {
		return s, corrupt("%d gaps in %d bytes", gaps, end-at)
	}
	return s, nil
}

// gapCursor is a position in a gap stream.
type gapCursor struct {
	index   int
	lowBit  int // from the start of lows
	highBit int // from the start of highs
}

// seek returns the position before gap j, which is at most s.gaps.
func (s *gapStream) seek(j int) (gapCursor, error) {
	c := gapCursor{index: j, lowBit: j * int(s.k0)}
	if j == 0 {
		return c, nil
	}
	if s.two {
		c.lowBit += popcount(s.b, s.class, j) * (int(s.k1) - int(s.k0))
	}
	for at := s.high; at < s.end; at += 8 {
		w := load64(s.b, at)
		n := bits.OnesCount64(w)
		if j > n {
			j -= n
			continue
		}
		c.highBit = (at-s.high)*8 + selectBit(w, j-1) + 1
		return c, nil
	}
	return c, corrupt("gap stream at %d ends early", s.class)
}

// decode fills dst with the rows that follow row, one for each gap from c on.
// The caller has checked that so many gaps are left. Rows ascend; a last row
// at or past limit is an error.
//
// It makes two passes, each short enough for the registers: dst first takes
// the bit position of each unary code, and then, with the lows, the rows.
func (s *gapStream) decode(dst []uint32, c gapCursor, row uint64, limit uint64) error {
	if len(dst) == 0 {
		return nil
	}
	if !s.positions(dst, c.highBit) {
		return corrupt("gap stream at %d ends early", s.class)
	}
	if s.two {
		row = s.addTwo(dst, c, row)
	} else {
		row = s.addOne(dst, c, row)
	}
	if row >= limit {
		return corrupt("gap stream at %d: row %d of %d", s.class, row, limit)
	}
	return nil
}

// positions fills dst with the positions of the ones in highs from bit on. It
// reports whether there are so many.
func (s *gapStream) positions(dst []uint32, bit int) bool {
	at := s.high + bit>>6<<3
	if at >= s.end {
		return false
	}
	w := load64(s.b, at) &^ (1<<(uint(bit)&63) - 1)
	base := uint32(bit) &^ 63
	for n := 0; ; {
		part := dst[n:min(n+bits.OnesCount64(w), len(dst))]
		for i := range part {
			part[i] = base + uint32(bits.TrailingZeros64(w))
			w &= w - 1
		}
		if n += len(part); n == len(dst) {
			return int(dst[n-1]) < (s.end-s.high)*8
		}
		if at += 8; at >= s.end {
			return false
		}
		w = load64(s.b, at)
		base += 64
	}
}

// addOne turns the positions in dst into rows, for gaps of one class, and
// returns the last.
func (s *gapStream) addOne(dst []uint32, c gapCursor, row uint64) uint64 {
	k, mask := uint(s.k0)&31, uint64(1)<<(s.k0&31)-1
	lows := s.b[s.low:]
	bit := uint(c.lowBit)
	next := uint32(c.highBit)
	for i, p := range dst {
		low := load64(lows, int(bit>>3)) >> (bit & 7) & mask
		bit += k
		row += uint64(p-next)<<k + low + 1
		next = p + 1
		dst[i] = uint32(row)
	}
	return row
}

// addTwo is addOne for gaps of two classes.
func (s *gapStream) addTwo(dst []uint32, c gapCursor, row uint64) uint64 {
	const group = 32 // gaps whose classes one load delivers
	lows := s.b[s.low:]
	bit := uint(c.lowBit)
	next := uint32(c.highBit)
	k0, diff := uint(s.k0), uint(s.k1)-uint(s.k0) // wraps around if k1 is less
	for class := uint(c.index); len(dst) > 0; class += group {
		classes := load64(s.b[s.class:], int(class>>3)) >> (class & 7)
		part := dst[:min(group, len(dst))]
		dst = dst[len(part):]
		for i, p := range part {
			k := (k0 + diff&-uint(classes&1)) & 31
			classes >>= 1
			low := load64(lows, int(bit>>3)) >> (bit & 7) & (1<<k - 1)
			bit += k
			row += uint64(p-next)<<k + low + 1
			next = p + 1
			part[i] = uint32(row)
		}
	}
	return row
}
