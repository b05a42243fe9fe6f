package index

import (
	"github.com/RoaringBitmap/roaring/v2"
)

// AppendRows appends the rows that have the code, ascending. A code out of
// range has none. After an error the elements added mean nothing.
func (p *Postings) AppendRows(dst []uint32, code uint32) ([]uint32, error) {
	if int64(code) >= int64(p.codes) {
		return dst, nil
	}
	l := p.longOf(code)
	if l == nil {
		blk, err := p.openBlock(int(code) / blockCodes)
		if err != nil {
			return dst, err
		}
		return blk.appendShort(dst, int(code)%blockCodes, uint64(p.rows))
	}
	switch l.kind {
	case kindRoaring:
		return p.appendRoaringRows(dst, l)
	case kindComplement:
		rest, err := p.appendChunked(nil, l)
		if err != nil {
			return dst, err
		}
		return appendComplement(dst, rest, uint32(p.rows)), nil
	default:
		return p.appendChunked(dst, l)
	}
}

func (p *Postings) appendRoaringRows(dst []uint32, l *longList) ([]uint32, error) {
	bm, err := p.roaringOf(l)
	if err != nil {
		return dst, err
	}
	dst, part := grow(dst, int(l.count))
	it := bm.ManyIterator()
	for n := 0; n < len(part); {
		got := it.NextMany(part[n:])
		if got == 0 {
			return dst, corrupt("postings: code %d: %d rows of %d", l.code, n, l.count)
		}
		n += got
	}
	return dst, nil
}

func appendComplement(dst, rest []uint32, rows uint32) []uint32 {
	next := uint32(0)
	for _, r := range rest {
		for ; next < r; next++ {
			dst = append(dst, next)
		}
		next = r + 1
	}
	for ; next < rows; next++ {
		dst = append(dst, next)
	}
	return dst
}

func (p *Postings) roaringOf(l *longList) (*roaring.Bitmap, error) {
	return openBitmap(p.b[l.off:l.off+l.size], int(l.count), uint32(p.rows))
}

// chunkedList is a list, or the complement of one, in chunks of gaps.
type chunkedList struct {
	b      []byte
	at     int // of its bytes
	end    int
	rows   int // that it has
	chunks int
}

func (p *Postings) openChunked(l *longList) (chunkedList, error) {
	c := chunkedList{b: p.b, at: int(l.off), end: int(l.off + l.size), rows: int(l.count)}
	if l.kind == kindComplement {
		c.rows = p.rows - c.rows
	}
	c.chunks = (c.rows + chunkRows - 1) / chunkRows
	if chunkTableSize(c.chunks) > c.end-c.at {
		return c, corrupt("postings: code %d: %d rows in %d bytes", l.code, c.rows, l.size)
	}
	return c, nil
}

// first returns the first row of chunk i.
func (c *chunkedList) first(i int) uint64 { return uint64(load32(c.b, c.at+6*i)) }

func (c *chunkedList) start(i int) int {
	streams := c.at + chunkTableSize(c.chunks)
	switch {
	case i == 0:
		return streams
	case i == c.chunks:
		return c.end
	default:
		return streams + int(load32(c.b, c.at+6*c.chunks+4*(i-1)))
	}
}

func (c *chunkedList) size(i int) int { return min(c.rows-i*chunkRows, chunkRows) }

// open opens the gap stream of chunk i.
func (c *chunkedList) open(i int) (gapStream, error) {
	start, end := c.start(i), c.start(i+1)
	if start > end || end > c.end {
		return gapStream{}, corrupt("postings: list at %d: chunk %d at %d to %d", c.at, i, start, end)
	}
	entry := c.b[c.at+6*i:]
	params := riceParams{k0: entry[4], k1: entry[5], two: true}
	if entry[5] == oneClass {
		params.k1, params.two = params.k0, false
	}
	return openGaps(c.b, start, end, c.size(i)-1, params)
}

// decode fills dst, which has the size of chunk i, with its rows.
func (c *chunkedList) decode(dst []uint32, i int, limit uint64) error {
	s, err := c.open(i)
	if err != nil {
		return err
	}
	first := c.first(i)
	if first >= limit {
		return corrupt("postings: list at %d: row %d of %d", c.at, first, limit)
	}
	if i+1 < c.chunks {
		limit = min(limit, c.first(i+1)) // so that rows ascend from chunk to chunk
	}
	dst[0] = uint32(first)
	return s.decode(dst[1:], gapCursor{}, first, limit)
}

func (p *Postings) appendChunked(dst []uint32, l *longList) ([]uint32, error) {
	c, err := p.openChunked(l)
	if err != nil {
		return dst, err
	}
	dst, part := grow(dst, c.rows)
	for i := range c.chunks {
		if err := c.decode(part[i*chunkRows:i*chunkRows+c.size(i)], i, uint64(p.rows)); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// Bitmap returns the rows that have the code. The bitmap may share memory with
// the postings; roaring copies what is modified, so it is the caller's to
// change.
func (p *Postings) Bitmap(code uint32) (*roaring.Bitmap, error) {
	if l := p.longOf(code); l != nil {
		switch l.kind {
		case kindRoaring:
			return p.roaringOf(l)
		case kindComplement:
			return p.complementBitmap(l)
		}
	}
	rows, err := p.AppendRows(nil, code)
	if err != nil {
		return nil, err
	}
	return bitmapOfRows(rows), nil
}

func (p *Postings) complementBitmap(l *longList) (*roaring.Bitmap, error) {
	rest, err := p.appendChunked(nil, l)
	if err != nil {
		return nil, err
	}
	bm := bitmapOfRows(rest)
	bm.Flip(0, uint64(p.rows))
	return bm, nil
}
