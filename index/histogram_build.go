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
	keys, ends := h.keys(rows)

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
			out = h.stream(out, h.total(rows))
			continue
		}
		out = h.stream(out, keys[lo:ends[s-1]])
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
	values      [blockParts][]uint64
	w           bitWriter
}

// timeCounts says which of the entries are those of one time cell.
type timeCounts struct {
	time   uint64 // since the histogram's first
	lo, hi int
}

// cellBits is the width of a duration cell below the time cell in a key.
const cellBits = 10

func (h *histogramBuilder) key(start uint64, duration int64) uint64 {
	return (start/h.resolution-h.first)<<cellBits | uint64(CellOf(duration))
}

// keys returns the time and duration cells of the rows of each series, one
// series after the other, and where those of each end.
func (h *histogramBuilder) keys(rows HistogramRows) (keys []uint64, ends []uint32) {
	ends = make([]uint32, rows.NumSeries+1)
	h.bounds(rows.Start)
	for _, s := range rows.Series {
		ends[:rows.NumSeries][s]++
	}
	sumStarts(ends)
	keys = make([]uint64, len(rows.Start))
	for i, s := range rows.Series {
		keys[ends[s]] = h.key(rows.Start[i], rows.Duration[i])
		ends[s]++
	}
	return keys, ends
}

func (h *histogramBuilder) bounds(starts []uint64) {
	if len(starts) == 0 {
		return
	}
	h.first, h.last = slices.Min(starts)/h.resolution, slices.Max(starts)/h.resolution
}

func (h *histogramBuilder) total(rows HistogramRows) []uint64 {
	keys := make([]uint64, len(rows.Start))
	for i, start := range rows.Start {
		keys[i] = h.key(start, rows.Duration[i])
	}
	return keys
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
	byTime := func(a, b uint64) int { return int(a>>cellBits) - int(b>>cellBits) }
	if !slices.IsSortedFunc(keys, byTime) {
		slices.Sort(keys)
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
	for i := range h.values {
		h.values[i] = h.values[i][:0]
	}
	h.visit(times, least, func(part int, v uint64) { h.values[part] = append(h.values[part], v) })
	var ks [blockParts]uint
	for i := range ks {
		ks[i] = bestRice(h.values[i])
		dst = append(dst, byte(ks[i]))
	}
	dst = binary.LittleEndian.AppendUint16(dst, least)
	h.visit(times, least, func(part int, v uint64) { h.w.rice(v, ks[part]) })
	return h.w.flush(dst)
}

// visit calls fn with the numbers of a block in the order of the format.
func (h *histogramBuilder) visit(times []timeCounts, least uint16, fn func(part int, v uint64)) {
	for i, t := range times {
		if i > 0 {
			fn(partTime, t.time-times[i-1].time-1)
		}
		entries := h.entries[t.lo:t.hi]
		fn(partEntries, uint64(len(entries)-1))
		for j, e := range entries {
			if j == 0 {
				fn(partFirst, uint64(e.Cell-least))
			} else {
				fn(partGap, uint64(e.Cell-entries[j-1].Cell-1))
			}
			fn(partCount, uint64(e.N-1))
		}
	}
}

// bestRice returns the Rice parameter that makes values shortest.
func bestRice(values []uint64) uint {
	if len(values) == 0 {
		return 0
	}
	mean := uint64(0)
	for _, v := range values {
		mean += v / uint64(len(values)) // a sum could overflow
	}
	guess := uint(bits.Len64(mean))
	best, k := ^uint64(0), uint(0)
	for try := max(guess, 2) - 2; try <= min(guess+1, maxHistogramRice); try++ {
		cost := uint64(len(values)) * uint64(try)
		for _, v := range values {
			cost += v >> try
		}
		if cost < best {
			best, k = cost, try
		}
	}
	return k
}
