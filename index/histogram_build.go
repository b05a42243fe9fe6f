package index

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

const (
	histogramMagic   = "SPHG"
	histogramVersion = 1
	histogramHeader  = 48

	// DefaultResolution is the width of a time cell, in nanoseconds, if
	// HistogramRows names none.
	DefaultResolution = 60_000_000_000
	minResolution     = 1_000_000

	blockTimes = 64 // time cells with rows in one block of a series
	blockHead  = 7  // bytes of parameters before a block's bits
	blockParts = 5  // Rice parameters among them
)

// HistogramRows is what a histogram is built from: three columns of one
// length, in any order of time.
type HistogramRows struct {
	Start    []uint64 // Unix time in nanoseconds
	Duration []int64  // in nanoseconds
	Series   []uint32 // below NumSeries
	// NumSeries is the number of series. Rows without one need a series of
	// their own.
	NumSeries int
	// Resolution is the width of a time cell in nanoseconds, at least a
	// millisecond; 0 means DefaultResolution. Cells are aligned to the Unix
	// epoch.
	Resolution uint64
}

// BuildHistogram returns the histogram of rows. Rows that ascend by time are
// fast; others are sorted. It panics if the columns differ in length, a series
// is out of range or the resolution is too small.
func BuildHistogram(rows HistogramRows) []byte {
	h := histogramBuilder{resolution: rows.Resolution}
	if h.resolution == 0 {
		h.resolution = DefaultResolution
	}
	n := len(rows.Start)
	if len(rows.Duration) != n || len(rows.Series) != n || n > maxEntries || h.resolution < minResolution {
		panic(fmt.Sprintf("index: histogram of %d, %d and %d rows, resolution %d",
			n, len(rows.Duration), len(rows.Series), h.resolution))
	}
	keys := h.keys(rows)
	sorted, ends := bySeries(keys, rows.Series, rows.NumSeries)

	out := make([]byte, 0, histogramHeader+4*(rows.NumSeries+2)+n+padding)
	out = append(out, histogramMagic...)
	out = append(out, histogramVersion, 0, 0, 0)
	out = binary.LittleEndian.AppendUint64(out, h.resolution)
	out = binary.LittleEndian.AppendUint64(out, h.first)
	out = binary.LittleEndian.AppendUint64(out, h.last)
	out = binary.LittleEndian.AppendUint64(out, uint64(n))
	out = binary.LittleEndian.AppendUint32(out, uint32(rows.NumSeries))
	out = binary.LittleEndian.AppendUint32(out, 0)
	offsets := len(out)
	out = append(out, make([]byte, 4*(rows.NumSeries+2))...)

	// Stream 0 is the sum of all series, stream i+1 is series i.
	lo := uint32(0)
	for s := range rows.NumSeries + 1 {
		binary.LittleEndian.PutUint32(out[offsets+4*s:], uint32(len(out)))
		if s == 0 {
			out = h.stream(out, keys)
			continue
		}
		out = h.stream(out, sorted[lo:ends[s-1]])
		lo = ends[s-1]
	}
	binary.LittleEndian.PutUint32(out[offsets+4*(rows.NumSeries+1):], uint32(len(out)))
	return append(out, make([]byte, padding)...)
}

type histogramBuilder struct {
	resolution  uint64
	first, last uint64 // time cells
	counts      [DurationCells]uint32
	used        [(DurationCells + 63) / 64]uint64
	times       []timeCounts
	entries     []CellCount
	numbers     []uint64 // of a block: value and kind
	w           bitWriter
}

// timeCounts says which of the entries are those of one time cell.
type timeCounts struct {
	time   uint64 // since the histogram's first
	lo, hi int
}

// cellBits is the width of a duration cell below the time cell in a key.
const cellBits = 10

// keys returns the time and duration cells of all rows.
func (h *histogramBuilder) keys(rows HistogramRows) []uint64 {
	h.bounds(rows.Start)
	keys := make([]uint64, len(rows.Start))
	for i, start := range rows.Start {
		keys[i] = (start/h.resolution-h.first)<<cellBits | uint64(CellOf(rows.Duration[i]))
	}
	return keys
}

// bySeries returns the keys of one series after the other, in the order of
// rows, and where those of each series end.
func bySeries(keys []uint64, series []uint32, n int) (sorted []uint64, ends []uint32) {
	ends = make([]uint32, n)
	for _, s := range series {
		ends[s]++
	}
	sumStarts(ends)
	sorted = make([]uint64, len(keys))
	for i, s := range series {
		sorted[ends[s]] = keys[i]
		ends[s]++
	}
	return sorted, ends
}

func (h *histogramBuilder) bounds(starts []uint64) {
	if len(starts) == 0 {
		return
	}
	h.first, h.last = slices.Min(starts)/h.resolution, slices.Max(starts)/h.resolution
}

// stream appends one series, whose keys it may sort.
func (h *histogramBuilder) stream(dst []byte, keys []uint64) []byte {
	h.count(keys)
	blocks := (len(h.times) + blockTimes - 1) / blockTimes
	dst = binary.AppendUvarint(dst, uint64(blocks))
	var bodies []byte
	prev := uint64(0)
	for i := 0; i < len(h.times); i += blockTimes {
		times := h.times[i:min(i+blockTimes, len(h.times))]
		at := len(bodies)
		bodies = h.block(bodies, times)
		dst = binary.AppendUvarint(dst, times[0].time-prev)
		dst = binary.AppendUvarint(dst, times[len(times)-1].time-times[0].time)
		dst = binary.AppendUvarint(dst, uint64(len(bodies)-at))
		prev = times[len(times)-1].time
	}
	return append(dst, bodies...)
}

// count fills h.times and h.entries from keys.
func (h *histogramBuilder) count(keys []uint64) {
	h.times, h.entries = h.times[:0], h.entries[:0]
	for i := 1; i < len(keys); i++ {
		if keys[i]>>cellBits < keys[i-1]>>cellBits {
			slices.Sort(keys)
			break
		}
	}
	for i := 0; i < len(keys); {
		time := keys[i] >> cellBits
		for ; i < len(keys) && keys[i]>>cellBits == time; i++ {
			cell := keys[i] & (1<<cellBits - 1)
			h.counts[cell]++
			h.used[cell>>6] |= 1 << (cell & 63)
		}
		h.flush(time)
	}
}

// flush moves the counts of one time cell to the entries.
func (h *histogramBuilder) flush(time uint64) {
	t := timeCounts{time: time, lo: len(h.entries)}
	for i, w := range h.used {
		for ; w != 0; w &= w - 1 {
			cell := i<<6 + bits.TrailingZeros64(w)
			h.entries = append(h.entries, CellCount{Cell: uint16(cell), N: h.counts[cell]})
			h.counts[cell] = 0
		}
		h.used[i] = 0
	}
	t.hi = len(h.entries)
	h.times = append(h.times, t)
}

// The numbers of a block are of five kinds, each with a Rice parameter of its
// own.
const (
	partTime    = 0 // to the next time cell, less one
	partEntries = 1 // number of duration cells, less one
	partFirst   = 2 // first duration cell, less the least first one
	partGap     = 3 // to the next duration cell, less one
	partCount   = 4 // count, less one
)

func (h *histogramBuilder) block(dst []byte, times []timeCounts) []byte {
	least := uint16(DurationCells)
	for _, t := range times {
		least = min(least, h.entries[t.lo].Cell)
	}
	h.list(times, least)
	ks := h.params()
	for _, k := range ks {
		dst = append(dst, byte(k))
	}
	dst = binary.LittleEndian.AppendUint16(dst, least)
	for _, x := range h.numbers {
		h.w.rice(x>>partBits, ks[x&(1<<partBits-1)])
	}
	return h.w.flush(dst)
}

// partBits is the width of the kind of a number below its value.
const partBits = 3

// list puts the numbers of a block into h.numbers, in the order of the format.
func (h *histogramBuilder) list(times []timeCounts, least uint16) {
	h.numbers = h.numbers[:0]
	for i, t := range times {
		if i > 0 {
			h.numbers = append(h.numbers, (t.time-times[i-1].time-1)<<partBits|partTime)
		}
		h.numbers = append(h.numbers, uint64(t.hi-t.lo-1)<<partBits|partEntries)
		last, part := least, uint64(partFirst)
		for _, e := range h.entries[t.lo:t.hi] {
			h.numbers = append(h.numbers,
				uint64(e.Cell-last)<<partBits|part, uint64(e.N-1)<<partBits|partCount)
			last, part = e.Cell+1, partGap
		}
	}
}

// params returns the Rice parameter that suits each kind of number best.
func (h *histogramBuilder) params() (ks [blockParts]uint) {
	var count, sum, base [8]uint64
	for _, x := range h.numbers {
		part := x & (1<<partBits - 1)
		count[part]++
		sum[part] += x >> partBits
	}
	for i := range ks {
		base[i] = uint64(max(bits.Len64(sum[i]/max(count[i], 1)), 2) - 2)
		base[i] = min(base[i], maxHistogramRice-3)
	}
	var cost [8][4]uint64 // with base and the three after it, less the fixed bits
	for _, x := range h.numbers {
		part := x & (1<<partBits - 1)
		v := x >> partBits >> base[part]
		cost[part][0] += v
		cost[part][1] += v >> 1
		cost[part][2] += v >> 2
		cost[part][3] += v >> 3
	}
	for i := range ks {
		best := ^uint64(0)
		for try, c := range cost[i] {
			if c += count[i] * uint64(try); c < best {
				best, ks[i] = c, uint(base[i])+uint(try)
			}
		}
	}
	return ks
}
