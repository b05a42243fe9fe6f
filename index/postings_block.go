package index

import (
	"encoding/binary"
	"math/bits"
)

// block is the parsed head of a block of up to 64 codes.
type block struct {
	b     []byte
	at    int // of the block's bytes
	end   int
	codes int

	long      uint64 // the codes with a long list
	longTable int    // where the entries of those are

	counts countFrame
	// If no short list can have a row, or none two, the rest is left out.
	firstBase  uint64 // least first row
	firstWidth uint8
	firstsAt   int
	params     riceParams
}

// countFrame says how the counts of a block's short lists are packed: by so
// many bits each, above base. A code with a long list has a slot that means
// nothing.
type countFrame struct {
	base, width uint8
	at          int
}

// max is the largest count that the frame can hold.
func (f countFrame) max() int { return int(f.base) + 1<<f.width - 1 }

// openBlock parses the head of block i and checks that its fixed-width parts
// fit. The gap stream is checked when it is opened.
func (p *Postings) openBlock(i int) (block, error) {
	blk := block{
		b: p.b, at: p.blockStart(i), end: p.blockStart(i + 1), codes: min(p.codes-i*blockCodes, blockCodes),
	}
	if !blk.parse() {
		return block{}, corrupt("postings: block %d at %d", i, blk.at)
	}
	return blk, nil
}

func (blk *block) parse() bool {
	at := blk.at
	if blk.end-at < 2 {
		return false
	}
	flags := blk.b[at]
	blk.counts.width, blk.counts.base = flags&flagCountWidth, blk.b[at+1]
	blk.params.two = flags&flagTwo != 0
	if flags&^flagsKnown != 0 || blk.counts.base > shortMax {
		return false
	}
	at += 2
	if flags&flagLong != 0 {
		if at = blk.skipLongs(at); at < 0 {
			return false
		}
	}
	blk.counts.at = at
	at += bytesFor(blk.codes * int(blk.counts.width))
	if at > blk.end {
		return false
	}
	return blk.parseShort(at)
}

// skipLongs reads the mask of long codes and returns the end of their table,
// or -1.
func (blk *block) skipLongs(at int) int {
	if blk.end-at < 8 {
		return -1
	}
	blk.long = load64(blk.b, at)
	if blk.long == 0 || bits.Len64(blk.long) > blk.codes {
		return -1
	}
	at += 8
	blk.longTable = at
	for n := 2 * bits.OnesCount64(blk.long); n > 0; n-- {
		_, size := binary.Uvarint(blk.b[at:blk.end])
		if size <= 0 {
			return -1
		}
		at += size
	}
	return at
}

// parseShort parses what the short lists need, after their counts.
func (blk *block) parseShort(at int) bool {
	blk.firstsAt = at
	if blk.counts.max() == 0 {
		return at == blk.end
	}
	var n int
	blk.firstBase, n = binary.Uvarint(blk.b[at:blk.end])
	if n <= 0 || blk.firstBase > maxEntries || blk.end-at-n < 1 {
		return false
	}
	blk.firstWidth = blk.b[at+n]
	at += n + 1
	if blk.firstWidth > 32 {
		return false
	}
	if blk.counts.max() > 1 {
		if blk.end-at < 2 {
			return false
		}
		blk.params.k0, blk.params.k1 = blk.b[at], blk.b[at+1]
		at += 2
	}
	blk.firstsAt = at
	return true
}

// count returns the count of the c-th code of the block, if it has no long list.
func (blk *block) count(c int) int {
	return int(blk.counts.base) + int(packed(blk.b, blk.counts.at, c, uint(blk.counts.width)))
}

// shortLists is what one block's counts say about the codes before one.
type shortLists struct {
	lists int // that have a row
	rows  int
}

func (s shortLists) gaps() int { return s.rows - s.lists }

// before adds up the short lists of the codes before the c-th, and of all.
func (blk *block) before(c int) (s, all shortLists) {
	width := uint(blk.counts.width)
	if width == 0 {
		if n := int(blk.counts.base); n > 0 {
			s.lists = c - bits.OnesCount64(blk.long&(1<<uint(c)-1))
			all.lists = blk.codes - bits.OnesCount64(blk.long)
			s.rows, all.rows = s.lists*n, all.lists*n
		}
		return s, all
	}
	s = blk.sum(0, c)
	rest := blk.sum(c, blk.codes)
	return s, shortLists{lists: s.lists + rest.lists, rows: s.rows + rest.rows}
}

// sum adds up the short lists of the codes lo to hi-1, whose counts have a
// width.
func (blk *block) sum(lo, hi int) (s shortLists) {
	width, base := uint(blk.counts.width), uint64(blk.counts.base)
	mask := uint64(1)<<width - 1
	long := blk.long >> uint(lo)
	rows, lists := uint64(0), uint64(0)
	for perLoad := maxPackWidth / int(width); lo < hi; lo += perLoad {
		bit := uint(lo) * width
		counts := load64(blk.b, blk.counts.at+int(bit>>3)) >> (bit & 7)
		for range min(perLoad, hi-lo) {
			n := (counts&mask + base) & (long&1 - 1) // 0 if long
			rows += n
			lists += (n + 255) >> 8 // 0 if n is, as n is less than 256
			counts >>= width
			long >>= 1
		}
	}
	return shortLists{lists: int(lists), rows: int(rows)}
}

// firstRow returns the first row of the i-th short list that has one.
func (blk *block) firstRow(i int) uint64 {
	return blk.firstBase + packed(blk.b, blk.firstsAt, i, uint(blk.firstWidth))
}

// gaps opens the gap stream of the block's short lists.
func (blk *block) gaps(all shortLists) (gapStream, error) {
	at := blk.firstsAt + bytesFor(all.lists*int(blk.firstWidth))
	if at > blk.end {
		return gapStream{}, corrupt("postings: block at %d: %d lists", blk.at, all.lists)
	}
	return openGaps(blk.b, at, blk.end, all.gaps(), blk.params)
}

// check checks the short lists as far as it can be done without decoding, and
// returns the number of their rows.
func (blk *block) check(rows int) (int, error) {
	if limit := min(shortMax, rows); blk.counts.max() > limit {
		for c := range blk.codes {
			if blk.long>>uint(c)&1 == 0 && blk.count(c) > limit {
				return 0, corrupt("postings: block at %d: list of %d rows", blk.at, blk.count(c))
			}
		}
	}
	_, all := blk.before(0)
	_, err := blk.gaps(all)
	return all.rows, err
}

// appendShort appends the rows of the c-th code, which has a short list.
func (blk *block) appendShort(dst []uint32, c int, limit uint64) ([]uint32, error) {
	n := blk.count(c)
	if n == 0 {
		return dst, nil
	}
	before, all := blk.before(c)
	first := blk.firstRow(before.lists)
	if first >= limit {
		return dst, corrupt("postings: block at %d: row %d of %d", blk.at, first, limit)
	}
	dst = append(dst, uint32(first))
	if n == 1 {
		return dst, nil
	}
	s, err := blk.gaps(all)
	if err != nil {
		return dst, err
	}
	cur, err := s.seek(before.gaps())
	if err != nil {
		return dst, err
	}
	dst, part := grow(dst, n-1)
	return dst, s.decode(part, cur, first, limit)
}

// grow appends n elements to dst and returns them too.
func grow(dst []uint32, n int) (all, added []uint32) {
	have := len(dst)
	if cap(dst)-have < n {
		dst = append(dst, make([]uint32, n)...)
	}
	dst = dst[:have+n]
	return dst, dst[have:]
}
