package index

import (
	"slices"
	"sort"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
)

// sparseUnion: a union of fewer than one row in so many is sorted as a list;
// any other is collected in a bit for every row of the postings.
const sparseUnion = 2048

// Union returns the rows that have any of the codes, which need not be sorted
// or distinct. The bitmap is the caller's, as that of Bitmap is.
func (p *Postings) Union(codes []uint32) (*roaring.Bitmap, error) {
	if len(codes) == 1 {
		return p.Bitmap(codes[0])
	}
	total := 0
	for _, c := range codes {
		if int64(c) < int64(p.codes) {
			total += p.Count(int(c))
		}
	}
	if total <= p.rows/sparseUnion {
		return p.unionSparse(codes, total)
	}
	scratch := unionScratch.Get().(*[]Bits)
	defer unionScratch.Put(scratch)
	n := (p.rows + BatchRows - 1) / BatchRows
	*scratch = slices.Grow((*scratch)[:0], n)[:n]
	clear(*scratch)
	for _, c := range codes {
		if err := p.OrInto(*scratch, c); err != nil {
			return nil, err
		}
	}
	return bitmapOfBits(*scratch), nil
}

// unionScratch holds the bits of unions, an eighth of a byte a row.
var unionScratch = sync.Pool{New: func() any { return new([]Bits) }}

func (p *Postings) unionSparse(codes []uint32, total int) (*roaring.Bitmap, error) {
	rows := make([]uint32, 0, total)
	var err error
	for _, c := range codes {
		if rows, err = p.AppendRows(rows, c); err != nil {
			return nil, err
		}
	}
	slices.Sort(rows)
	return bitmapOfRows(slices.Compact(rows)), nil
}

// OrInto adds the rows that have the code to batches, which hold consecutive
// batches from row 0 on and must reach to the last row. After an error the
// rows added mean nothing.
func (p *Postings) OrInto(batches []Bits, code uint32) error {
	l := p.longOf(code)
	if l == nil {
		return p.orShort(code, 0, uint32(p.rows), func(rows []uint32) { setRows(batches, rows) })
	}
	switch l.kind {
	case kindRoaring:
		return p.orContainers(l, func(key int) *Bits { return &batches[key] })
	case kindComplement:
		for i := range batches {
			if err := p.orComplement(&batches[i], l, i); err != nil {
				return err
			}
		}
		return nil
	default:
		return p.orChunks(l, 0, uint64(p.rows), func(rows []uint32) { setRows(batches, rows) })
	}
}

func setRows(batches []Bits, rows []uint32) {
	for _, r := range rows {
		batches[r>>16][r>>6&1023] |= 1 << (r & 63)
	}
}

// BatchOr adds the rows of one batch that have the code to dst, less the
// batch's first row. Of a long list it reads only the part that the batch
// needs. After an error the rows added mean nothing.
func (p *Postings) BatchOr(dst *Bits, code uint32, batch int) error {
	if batch < 0 || batch > (p.rows-1)>>16 {
		return nil
	}
	l := p.longOf(code)
	first := uint64(batch) << 16
	last := min(first+BatchRows, uint64(p.rows))
	set := func(rows []uint32) {
		for _, r := range rows {
			if uint64(r)-first < BatchRows {
				dst[r>>6&1023] |= 1 << (r & 63)
			}
		}
	}
	if l == nil {
		return p.orShort(code, uint32(first), uint32(last), set)
	}
	switch l.kind {
	case kindRoaring:
		return p.orContainers(l, func(key int) *Bits {
			if key == batch {
				return dst
			}
			return nil
		})
	case kindComplement:
		return p.orComplement(dst, l, batch)
	default:
		return p.orChunks(l, first, last, set)
	}
}

// orShort hands the rows of a short list to set, if one may be in lo to hi-1.
func (p *Postings) orShort(code uint32, lo, hi uint32, set func([]uint32)) error {
	var buf [shortMax]uint32
	rows, err := p.AppendRows(buf[:0], code)
	if err != nil || len(rows) == 0 || rows[0] >= hi || rows[len(rows)-1] < lo {
		return err
	}
	set(rows)
	return nil
}

// orChunks hands the chunks of a list that may have rows in lo to hi-1 to set.
func (p *Postings) orChunks(l *longList, lo, hi uint64, set func([]uint32)) error {
	c, err := p.openChunked(l)
	if err != nil {
		return err
	}
	var buf [chunkRows]uint32
	i := sort.Search(c.chunks, func(i int) bool { return c.first(i) > lo })
	for i = max(i-1, 0); i < c.chunks && c.first(i) < hi; i++ {
		rows := buf[:c.size(i)]
		if err := c.decode(rows, i, uint64(p.rows)); err != nil {
			return err
		}
		set(rows)
	}
	return nil
}

func (p *Postings) orComplement(dst *Bits, l *longList, batch int) error {
	var rest Bits
	first := uint64(batch) << 16
	last := min(first+BatchRows, uint64(p.rows))
	err := p.orChunks(l, first, last, func(rows []uint32) {
		for _, r := range rows {
			if uint64(r)-first < BatchRows {
				rest[r>>6&1023] |= 1 << (r & 63)
			}
		}
	})
	if err != nil {
		return err
	}
	rest.Not(int(last - first))
	dst.Or(&rest)
	return nil
}

// orContainers adds the containers of a roaring list to the Bits that of gives
// for their keys; nil leaves one out.
func (p *Postings) orContainers(l *longList, of func(key int) *Bits) error {
	v, err := openRoaring(p.b[l.off : l.off+l.size])
	if err != nil {
		return err
	}
	for v.next() {
		first := int(v.key) << 16
		if first >= p.rows {
			return corrupt("postings: code %d: container %d", l.code, v.key)
		}
		dst := of(int(v.key))
		if dst == nil {
			continue
		}
		if err := v.or(dst, p.rows-first); err != nil {
			return err
		}
	}
	return v.err
}
