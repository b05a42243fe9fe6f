package index

import (
	"encoding/binary"
	"math/bits"
	"sort"
)

// Postings are the rows of every code. A Postings keeps the bytes that it was
// opened from and a directory of the codes with more than 64 rows.
type Postings struct {
	b       []byte // the whole block
	rows    int
	codes   int
	entries int
	longs   []longList // ascending by code
}

// longList is a code with a list of its own.
type longList struct {
	code  uint32
	count uint32
	off   uint32
	size  uint32
	kind  uint8
}

// OpenPostings opens what a builder returned. It reads the directory and the
// counts of all codes, and keeps b. If b may be damaged, compare Rows with the
// rows of the column before reading any.
func OpenPostings(b []byte) (*Postings, error) {
	if len(b) < postingsHeader+4+padding || string(b[:4]) != postingsMagic {
		return nil, corrupt("postings: no header in %d bytes", len(b))
	}
	if b[4] != postingsVersion {
		return nil, corrupt("postings: version %d", b[4])
	}
	if uint64(len(b)) > 1<<32-1 {
		return nil, corrupt("postings: %d bytes", len(b))
	}
	p := &Postings{b: b, rows: int(load32(b, 8)), codes: int(load32(b, 12))}
	entries := load64(b, 16)
	if p.rows > maxEntries || entries > maxEntries {
		return nil, corrupt("postings: %d rows, %d entries", p.rows, entries)
	}
	p.entries = int(entries)
	blocks := p.blocks()
	if blocks > (len(b)-postingsHeader-padding)/4-1 {
		return nil, corrupt("postings: %d codes in %d bytes", p.codes, len(b))
	}
	if err := p.check(blocks); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Postings) blocks() int { return (p.codes + blockCodes - 1) / blockCodes }

func (p *Postings) blockStart(i int) int { return int(load32(p.b, postingsHeader+4*i)) }

// check walks over the blocks: it collects the long lists, and checks that
// every part lies inside the bytes and that the counts add up.
func (p *Postings) check(blocks int) error {
	end := len(p.b) - padding
	if load64(p.b, end) != 0 {
		return corrupt("postings: padding at %d", end)
	}
	at := postingsHeader + 4*(blocks+1)
	next := p.blockStart(blocks) // of the long lists
	total := 0
	for i := range blocks {
		stop := p.blockStart(i + 1)
		if p.blockStart(i) != at || stop < at || stop > end {
			return corrupt("postings: block %d at %d to %d", i, p.blockStart(i), stop)
		}
		at = stop
		short, err := p.checkBlock(i, &next)
		if err != nil {
			return err
		}
		total += short
	}
	if p.blockStart(blocks) != at || next != end {
		return corrupt("postings: lists end at %d, not %d", next, end)
	}
	for _, l := range p.longs {
		total += int(l.count)
	}
	if total != p.entries {
		return corrupt("postings: %d entries of %d", total, p.entries)
	}
	return nil
}

// checkBlock checks one block, adds its long lists, the first of which starts
// at *next, and returns the number of rows of its short lists.
func (p *Postings) checkBlock(i int, next *int) (int, error) {
	blk, err := p.openBlock(i)
	if err != nil {
		return 0, err
	}
	end := len(p.b) - padding
	at := blk.longTable
	for long := blk.long; long != 0; long &= long - 1 {
		count, n := binary.Uvarint(p.b[at:blk.end])
		at += max(n, 0)
		size, m := binary.Uvarint(p.b[at:blk.end])
		at += max(m, 0)
		kind := size & 3
		size >>= 2
		if n <= 0 || m <= 0 || kind > kindRoaring ||
			count <= shortMax || count > uint64(p.rows) || size > uint64(end-*next) {
			return 0, corrupt("postings: block %d: long list of %d rows, %d bytes", i, count, size)
		}
		code := uint32(i*blockCodes + bits.TrailingZeros64(long))
		p.longs = append(p.longs, longList{code, uint32(count), uint32(*next), uint32(size), uint8(kind)})
		*next += int(size)
	}
	return blk.check(p.rows)
}

// longOf returns the long list of a code, or nil.
func (p *Postings) longOf(code uint32) *longList {
	i := sort.Search(len(p.longs), func(i int) bool { return p.longs[i].code >= code })
	if i < len(p.longs) && p.longs[i].code == code {
		return &p.longs[i]
	}
	return nil
}

// Codes returns the number of codes.
func (p *Postings) Codes() int { return p.codes }

// Rows returns the number of rows of the column, those without a code included.
func (p *Postings) Rows() int { return p.rows }

// Entries returns the sum of the counts of all codes.
func (p *Postings) Entries() int { return p.entries }

// Count returns the number of rows that have the code; 0 for a code out of
// range.
func (p *Postings) Count(code int) int {
	if code < 0 || code >= p.codes {
		return 0
	}
	if l := p.longOf(uint32(code)); l != nil {
		return int(l.count)
	}
	blk, err := p.openBlock(code / blockCodes)
	if err != nil {
		return 0 // OpenPostings has opened every block before
	}
	return blk.count(code % blockCodes)
}

// Counts appends the counts of all codes, in order.
func (p *Postings) Counts(dst []uint32) []uint32 {
	first := len(dst)
	for i := range p.blocks() {
		blk, err := p.openBlock(i)
		if err != nil {
			return dst // OpenPostings has opened every block before
		}
		for c := range blk.codes {
			dst = append(dst, uint32(blk.count(c)))
		}
	}
	for i := range p.longs {
		dst[first+int(p.longs[i].code)] = p.longs[i].count
	}
	return dst
}
