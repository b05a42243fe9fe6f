package index

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

const (
	postingsMagic   = "SPPL"
	postingsVersion = 1
	postingsHeader  = 24

	blockCodes = 64   // codes that share one block
	shortMax   = 64   // a code of more rows has a list of its own
	chunkRows  = 1024 // rows of a chunk of such a list

	// maxEntries bounds what a builder takes, so that every offset fits 32 bits.
	maxEntries = 1 << 29
)

// The kinds of a long list.
const (
	kindGaps       = 0 // chunks of gaps
	kindComplement = 1 // the same, of the rows that are not in the list
	kindRoaring    = 2 // a bitmap in roaring's portable serialization
)

// oneClass stands in place of k1 if a chunk's gaps are of one class.
const oneClass = 255

// Bits in the first byte of a block.
const (
	flagCountWidth = 7 // three bits
	flagLong       = 8
	flagTwo        = 16
	flagsKnown     = flagCountWidth | flagLong | flagTwo
)

// BuildPostings returns the postings of codes, in which codes[row] is the code
// of a row and below k. It panics if a code is not, or if there are more than
// 1<<29 rows.
func BuildPostings(codes []uint32, k int) []byte {
	checkSize(len(codes), len(codes))
	starts := make([]uint32, k)
	for _, c := range codes {
		starts[c]++
	}
	sumStarts(starts)
	rows := make([]uint32, len(codes))
	for row, c := range codes {
		rows[starts[c]] = uint32(row)
		starts[c]++
	}
	return buildPostings(rows, starts, len(codes))
}

// BuildMultiPostings returns the postings of n rows that have any number of
// codes each: codes[i], below k, is a code of row rows[i]. Rows ascend; a code
// that a row has twice counts once. It panics if rows do not ascend, if a row
// or a code is out of range, or if there are more than 1<<29 of either.
func BuildMultiPostings(rows, codes []uint32, n, k int) []byte {
	checkSize(n, len(rows))
	starts := make([]uint32, k)
	last := make([]uint32, k) // the row before which a code was seen last, plus 1
	var prev uint32
	for i, c := range codes {
		row := rows[i]
		if row < prev || int(row) >= n {
			panic(fmt.Sprintf("index: row %d of %d after row %d", row, n, prev))
		}
		prev = row
		if last[c] != row+1 {
			last[c] = row + 1
			starts[c]++
		}
	}
	total := sumStarts(starts)
	clear(last)
	sorted := make([]uint32, total)
	for i, c := range codes {
		row := rows[i]
		if last[c] != row+1 {
			last[c] = row + 1
			sorted[starts[c]] = row
			starts[c]++
		}
	}
	return buildPostings(sorted, starts, n)
}

func checkSize(rows, entries int) {
	if rows > maxEntries || entries > maxEntries {
		panic(fmt.Sprintf("index: postings of %d rows, %d entries", rows, entries))
	}
}

// sumStarts turns the counts of codes into where the rows of each start. After
// every row is put at its start, and the start moved on, starts holds the ends.
func sumStarts(counts []uint32) (total uint32) {
	for i, n := range counts {
		counts[i] = total
		total += n
	}
	return total
}

// postingsBuilder writes the blocks and the long lists into two buffers.
type postingsBuilder struct {
	n       int // rows
	blocks  []byte
	longs   []byte
	gw      gapWriter
	gaps    []uint32 // of the block's short lists
	firsts  []uint32
	scratch []uint32 // gaps of one chunk
	rest    []uint32 // complement of a list
	chunks  []roaringChunk
	body    []byte
	w       bitWriter
}

// buildPostings takes the rows of all codes, one code after the other, and
// where those of each code end.
func buildPostings(rows, ends []uint32, n int) []byte {
	k := len(ends)
	p := postingsBuilder{n: n}
	nblocks := (k + blockCodes - 1) / blockCodes
	offsets := make([]uint32, 0, nblocks+1)
	dirEnd := postingsHeader + 4*(nblocks+1)
	for c := 0; c < k; c += blockCodes {
		offsets = append(offsets, uint32(dirEnd+len(p.blocks)))
		first := uint32(0)
		if c > 0 {
			first = ends[c-1]
		}
		p.block(rows, first, ends[c:min(c+blockCodes, k)])
	}
	offsets = append(offsets, uint32(dirEnd+len(p.blocks)))

	out := make([]byte, 0, dirEnd+len(p.blocks)+len(p.longs)+padding)
	out = append(out, postingsMagic...)
	out = append(out, postingsVersion, 0, 0, 0)
	out = binary.LittleEndian.AppendUint32(out, uint32(n))
	out = binary.LittleEndian.AppendUint32(out, uint32(k))
	out = binary.LittleEndian.AppendUint64(out, uint64(len(rows)))
	for _, o := range offsets {
		out = binary.LittleEndian.AppendUint32(out, o)
	}
	out = append(out, p.blocks...)
	out = append(out, p.longs...)
	return append(out, make([]byte, padding)...)
}

// block writes the block of the codes that end at ends, and their long lists.
func (p *postingsBuilder) block(rows []uint32, first uint32, ends []uint32) {
	var counts [blockCodes]uint8
	var long uint64
	var longTable []byte
	p.gaps, p.firsts = p.gaps[:0], p.firsts[:0]
	lo, hi := uint8(shortMax), uint8(0)
	start := first
	for i, end := range ends {
		list := rows[start:end]
		start = end
		if len(list) > shortMax {
			long |= 1 << i
			longTable = p.long(longTable, list)
			continue
		}
		counts[i] = uint8(len(list))
		lo, hi = min(lo, counts[i]), max(hi, counts[i])
		if len(list) > 0 {
			p.firsts = append(p.firsts, list[0])
			p.gaps = appendGaps(p.gaps, list[0], list[1:])
		}
	}
	lo = min(lo, hi)
	p.blockHeader(counts[:len(ends)], lo, hi, long, longTable)
}

func appendGaps(gaps []uint32, prev uint32, rows []uint32) []uint32 {
	for _, r := range rows {
		gaps = append(gaps, r-prev-1)
		prev = r
	}
	return gaps
}

func (p *postingsBuilder) blockHeader(counts []uint8, lo, hi uint8, long uint64, longTable []byte) {
	width := uint8(bits.Len8(hi - lo))
	flags := width
	params := p.gw.params(p.gaps)
	if long != 0 {
		flags |= flagLong
	}
	if params.two {
		flags |= flagTwo
	}
	b := append(p.blocks, flags, lo)
	if long != 0 {
		b = binary.LittleEndian.AppendUint64(b, long)
		b = append(b, longTable...)
	}
	if width > 0 {
		for i, n := range counts {
			if long>>i&1 != 0 {
				n = lo
			}
			p.w.write(uint64(n-lo), uint(width))
		}
		b = p.w.flush(b)
	}
	p.blocks = p.shortLists(b, countFrame{base: lo, width: width}.max(), params)
}

// shortLists appends the first rows and the gaps of the block's short lists.
func (p *postingsBuilder) shortLists(b []byte, maxCount int, params riceParams) []byte {
	if maxCount == 0 {
		return b
	}
	base, width := frame(p.firsts)
	b = binary.AppendUvarint(b, uint64(base))
	b = append(b, width)
	if maxCount > 1 {
		b = append(b, params.k0, params.k1)
	}
	for _, r := range p.firsts {
		p.w.write(uint64(r-base), uint(width))
	}
	b = p.w.flush(b)
	if maxCount > 1 {
		b = p.gw.append(b, p.gaps, params)
	}
	return b
}

// frame returns the least of the numbers and the width of the others above it.
func frame(v []uint32) (base uint32, width uint8) {
	lo, hi := v[0], v[0]
	for _, x := range v {
		lo, hi = min(lo, x), max(hi, x)
	}
	return lo, uint8(bits.Len32(hi - lo))
}

// long writes a long list in the smallest form and appends its entry to table.
func (p *postingsBuilder) long(table []byte, list []uint32) []byte {
	kind, rows := kindGaps, list
	if len(list) > p.n-p.n/4 {
		kind, rows = kindComplement, p.complement(list)
	}
	var zeros int
	p.body, zeros = p.chunked(p.body[:0], rows)
	if kind == kindComplement || roaringMayWin(list, len(list)-zeros, len(p.body)) {
		p.chunks = roaringPlan(p.chunks[:0], list)
		// A bitmap is read faster than gaps are decoded, so it may be a little larger.
		if size, _ := roaringSize(p.chunks); size <= len(p.body)+len(p.body)/8 {
			kind = kindRoaring
			p.body = appendRoaring(p.body[:0], list, p.chunks)
		}
	}
	p.longs = append(p.longs, p.body...)
	table = binary.AppendUvarint(table, uint64(len(list)))
	return binary.AppendUvarint(table, uint64(len(p.body))<<2|uint64(kind))
}

// roaringMayWin reports whether roaring's form may be the smaller one, without
// looking at every row: there are few runs, or a part of the list is dense
// enough for a bitmap.
func roaringMayWin(list []uint32, runs, size int) bool {
	if 4*runs <= size+size/8 {
		return true
	}
	for i := chunkRows; i < len(list); i += chunkRows {
		if list[i]-list[i-chunkRows] < 16*chunkRows {
			return true
		}
	}
	return len(list) < chunkRows && list[len(list)-1]-list[0] < 16*chunkRows
}

func (p *postingsBuilder) complement(list []uint32) []uint32 {
	p.rest = p.rest[:0]
	next := uint32(0)
	for _, r := range list {
		for ; next < r; next++ {
			p.rest = append(p.rest, next)
		}
		next = r + 1
	}
	for ; next < uint32(p.n); next++ {
		p.rest = append(p.rest, next)
	}
	return p.rest
}

// chunked appends rows as chunks of gaps: the table of their first rows and
// parameters, where each but the first starts, and the gap streams. It returns
// also how many gaps are 0.
func (p *postingsBuilder) chunked(dst []byte, rows []uint32) (_ []byte, zeros int) {
	chunks := (len(rows) + chunkRows - 1) / chunkRows
	dst = append(dst, make([]byte, chunkTableSize(chunks))...)
	streams := len(dst)
	for i := range chunks {
		part := rows[i*chunkRows : min((i+1)*chunkRows, len(rows))]
		p.scratch = appendGaps(p.scratch[:0], part[0], part[1:])
		params := p.gw.params(p.scratch)
		binary.LittleEndian.PutUint32(dst[6*i:], part[0])
		dst[6*i+4] = params.k0
		dst[6*i+5] = params.k1
		if !params.two {
			dst[6*i+5] = oneClass
		}
		if i > 0 {
			binary.LittleEndian.PutUint32(dst[6*chunks+4*(i-1):], uint32(len(dst)-streams))
		}
		zeros += int(p.gw.stats.count[0])
		dst = p.gw.append(dst, p.scratch, params)
	}
	return dst, zeros
}

// chunkTableSize is the size of what comes before the streams of a chunked
// list.
func chunkTableSize(chunks int) int { return max(10*chunks-4, 0) }
