package index

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"
)

// maxHistogramRice bounds a Rice parameter, so that one load delivers the bits.
const maxHistogramRice = 48

// CellCount is the number of rows in one duration cell.
type CellCount struct {
	Cell uint16 // below DurationCells
	N    uint32 // at least 1
}

// Histogram counts rows by time cell and duration cell, for each series and
// for all of them. Counts are exact.
type Histogram struct {
	b           []byte
	resolution  uint64
	first, last uint64 // time cells
	rows        uint64
	series      int

	once  sync.Once
	total flatCounts // the sum of all series, decoded when it is first asked for
	err   error
}

// flatCounts is a decoded stream.
type flatCounts struct {
	times   []uint64 // ascending
	ends    []uint32 // of the entries of each time
	entries []CellCount
}

// OpenHistogram opens what BuildHistogram returned, and keeps b.
func OpenHistogram(b []byte) (*Histogram, error) {
	if len(b) < histogramHeader+8+padding || string(b[:4]) != histogramMagic {
		return nil, corrupt("histogram: no header in %d bytes", len(b))
	}
	if b[4] != histogramVersion {
		return nil, corrupt("histogram: version %d", b[4])
	}
	h := &Histogram{
		b: b, resolution: load64(b, 8), first: load64(b, 16), last: load64(b, 24),
		rows: load64(b, 32), series: int(load32(b, 40)),
	}
	if h.resolution < minResolution || h.last < h.first || h.last > ^uint64(0)/h.resolution || h.rows > maxEntries {
		return nil, corrupt("histogram: resolution %d, cells %d to %d, %d rows", h.resolution, h.first, h.last, h.rows)
	}
	end := len(b) - padding
	if h.series > (end-histogramHeader)/4-2 || load64(b, end) != 0 {
		return nil, corrupt("histogram: %d series in %d bytes", h.series, len(b))
	}
	at := histogramHeader + 4*(h.series+2)
	for i := range h.series + 2 {
		next := int(load32(b, histogramHeader+4*i))
		if next < at || next > end || i == 0 && next != at {
			return nil, corrupt("histogram: stream %d at %d", i, next)
		}
		at = next
	}
	if at != end {
		return nil, corrupt("histogram: streams end at %d, not %d", at, end)
	}
	return h, nil
}

// Resolution returns the width of a time cell in nanoseconds. Time cell t
// holds the rows that start in t*Resolution() to (t+1)*Resolution()-1.
func (h *Histogram) Resolution() uint64 { return h.resolution }

// Rows returns the number of rows counted.
func (h *Histogram) Rows() uint64 { return h.rows }

// Series returns the number of series.
func (h *Histogram) Series() int { return h.series }

// Times returns the first and the last time cell that has a row; if there are
// no rows, both are 0.
func (h *Histogram) Times() (first, last uint64) { return h.first, h.last }

// VisitAll calls fn for each time cell from from to to-1 that has rows, in
// order, with the counts of all series together, ascending by duration cell.
// The counts belong to the histogram and must not be changed. The first call
// decodes them and keeps them, 8 bytes for every pair of time and duration
// cell.
func (h *Histogram) VisitAll(from, to uint64, fn func(time uint64, counts []CellCount)) error {
	h.once.Do(h.decodeTotal)
	if h.err != nil {
		return h.err
	}
	i, _ := slices.BinarySearch(h.total.times, from)
	lo := uint32(0)
	if i > 0 {
		lo = h.total.ends[i-1]
	}
	for ; i < len(h.total.times) && h.total.times[i] < to; i++ {
		fn(h.total.times[i], h.total.entries[lo:h.total.ends[i]:h.total.ends[i]])
		lo = h.total.ends[i]
	}
	return nil
}

func (h *Histogram) decodeTotal() {
	sum := uint64(0)
	at, end := load32(h.b, histogramHeader), load32(h.b, histogramHeader+4)
	h.total.entries = make([]CellCount, 0, 2*(end-at)) // at four bits each; they may take more
	h.err = h.stream(0, 0, ^uint64(0), func(time uint64, counts []CellCount) {
		for _, c := range counts {
			sum += uint64(c.N)
		}
		h.total.entries = append(h.total.entries, counts...)
		h.total.times = append(h.total.times, time)
		h.total.ends = append(h.total.ends, uint32(len(h.total.entries)))
	})
	if h.err == nil && sum != h.rows {
		h.err = corrupt("histogram: %d rows of %d", sum, h.rows)
	}
}

// Visit calls fn as VisitAll does, for one series after the other: a time cell
// comes once for each series that has rows in it. Series are distinct; one out
// of range has no rows. The counts are valid during the call only. After an
// error those given mean nothing.
func (h *Histogram) Visit(series []uint32, from, to uint64, fn func(time uint64, counts []CellCount)) error {
	for _, s := range series {
		if int64(s) >= int64(h.series) {
			continue
		}
		if err := h.stream(int(s)+1, from, to, fn); err != nil {
			return err
		}
	}
	return nil
}

// stream visits stream i: 0 is the sum, i+1 is series i.
func (h *Histogram) stream(i int, from, to uint64, fn func(time uint64, counts []CellCount)) error {
	at, end := int(load32(h.b, histogramHeader+4*i)), int(load32(h.b, histogramHeader+4*i+4))
	head := varints{b: h.b[at:end]}
	blocks := head.next()
	body := head
	for range 3 * min(blocks, uint64(end-at)) {
		body.next()
	}
	if blocks > uint64(end-at) || body.bad {
		return corrupt("histogram: stream %d at %d: %d blocks", i, at, blocks)
	}
	r := cellReader{b: h.b, limit: len(h.b) - padding, fn: fn, from: from, to: to}
	start, time := at+body.at, h.first
	for n := range blocks {
		gap, span, size := head.next(), head.next(), head.next()
		room := h.last - time
		if gap > room || span > room-gap || size < blockHead || size > uint64(end-start) || n > 0 && gap == 0 {
			return corrupt("histogram: stream %d: block %d at %d", i, n, start)
		}
		time += gap
		if time < to && time+span >= from {
			if err := r.block(start, start+int(size), time, time+span); err != nil {
				return err
			}
		}
		time += span
		start += int(size)
	}
	if start != end {
		return corrupt("histogram: stream %d ends at %d, not %d", i, start, end)
	}
	return nil
}

// varints reads numbers until it meets a bad one.
type varints struct {
	b   []byte
	at  int
	bad bool
}

func (v *varints) next() uint64 {
	x, n := binary.Uvarint(v.b[v.at:])
	if n <= 0 {
		v.bad = true
		return 0
	}
	v.at += n
	return x
}

// cellReader reads the blocks of a stream.
type cellReader struct {
	b        []byte
	limit    int // where the padding of b starts
	bit      uint
	bad      bool
	from, to uint64
	fn       func(time uint64, counts []CellCount)
	counts   []CellCount
}

// rice reads one number.
func (r *cellReader) rice(k uint) uint64 {
	at := int(r.bit >> 3)
	if at >= r.limit {
		r.bad = true
		return 0
	}
	w := load64(r.b, at) >> (r.bit & 7)
	q := uint(bits.TrailingZeros64(w))
	if q+1+k > maxPackWidth-1 {
		return r.riceLong(k)
	}
	r.bit += q + 1 + k
	return uint64(q)<<k | w>>(q+1)&(1<<k-1)
}

// riceLong reads a number that does not fit one load.
func (r *cellReader) riceLong(k uint) uint64 {
	q := uint64(0)
	for {
		at := int(r.bit >> 3)
		if at >= r.limit {
			r.bad = true
			return 0
		}
		w := load64(r.b, at) >> (r.bit & 7) & (1<<56 - 1)
		if w != 0 {
			n := uint(bits.TrailingZeros64(w))
			q += uint64(n)
			r.bit += n + 1
			break
		}
		q += 56
		r.bit += 56
	}
	at := int(r.bit >> 3)
	if at >= r.limit && k > 0 || bits.Len64(q)+int(k) > 63 {
		r.bad = true
		return 0
	}
	low := uint64(0)
	if k > 0 {
		low = load64(r.b, at) >> (r.bit & 7) & (1<<k - 1)
	}
	r.bit += k
	return q<<k | low
}

// block reads the block in b[at:end], whose time cells are first to last.
func (r *cellReader) block(at, end int, first, last uint64) error {
	var ks [blockParts]uint
	for i := range ks {
		if ks[i] = uint(r.b[at+i]); ks[i] > maxHistogramRice {
			return corrupt("histogram: block at %d: Rice parameter %d", at, ks[i])
		}
	}
	least := uint64(binary.LittleEndian.Uint16(r.b[at+blockParts:]))
	r.bit = uint(at+blockHead) * 8
	for time := first; ; {
		if !r.cells(&ks, least) || r.bit > uint(end)*8 {
			return corrupt("histogram: block at %d: time cell %d", at, time)
		}
		if time >= r.from && time < r.to {
			r.fn(time, r.counts)
		}
		if time == last || time >= r.to {
			return nil
		}
		gap := r.rice(ks[partTime])
		if r.bad || gap >= last-time {
			return corrupt("histogram: block at %d: time cell after %d", at, time)
		}
		time += gap + 1
	}
}

// cells reads the counts of one time cell.
func (r *cellReader) cells(ks *[blockParts]uint, least uint64) bool {
	n := r.rice(ks[partEntries])
	if n >= DurationCells {
		return false
	}
	r.counts = r.counts[:0]
	cell := least + r.rice(ks[partFirst])
	for i := uint64(0); ; i++ {
		count := r.rice(ks[partCount])
		if cell >= DurationCells || count >= maxEntries {
			return false
		}
		r.counts = append(r.counts, CellCount{Cell: uint16(cell), N: uint32(count + 1)})
		if i == n {
			return !r.bad
		}
		cell += r.rice(ks[partGap]) + 1
	}
}
