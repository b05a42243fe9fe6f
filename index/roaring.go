package index

import (
	"encoding/binary"
	"math/bits"

	"github.com/RoaringBitmap/roaring/v2"
)

// Roaring's portable serialization, written and walked here without going
// through a Bitmap: a list of sorted rows becomes one in a single pass, and
// one container of 65,536 rows can be read out of the bytes alone.
// https://github.com/RoaringBitmap/RoaringFormatSpec

const (
	roaringCookie     = 12346 // no run containers
	roaringRunCookie  = 12347 // some; the number of containers is in its high half
	roaringArrayMax   = 4096  // an array has at most so many rows, a bitmap more
	roaringNoOffsets  = 4     // with the run cookie, fewer containers have no offsets
	roaringBitmapSize = BatchRows / 8
)

// roaringChunk describes one container to be written.
type roaringChunk struct {
	key  uint16
	card uint32 // 1 to 65536
	runs uint32
}

func (c roaringChunk) size(runs bool) int {
	plain := min(2*int(c.card), roaringBitmapSize)
	if c.run(runs) {
		return 2 + 4*int(c.runs)
	}
	return plain
}

// run reports whether a run container is the smallest form.
func (c roaringChunk) run(runs bool) bool {
	return runs && 2+4*int(c.runs) < min(2*int(c.card), roaringBitmapSize)
}

// roaringPlan splits sorted rows into containers.
func roaringPlan(chunks []roaringChunk, rows []uint32) []roaringChunk {
	for i := 0; i < len(rows); {
		key, first := rows[i]>>16, i
		prev := rows[i]
		runs := uint32(1)
		for i++; i < len(rows) && rows[i]>>16 == key; i++ {
			if rows[i] != prev+1 {
				runs++
			}
			prev = rows[i]
		}
		chunks = append(chunks, roaringChunk{uint16(key), uint32(i - first), runs})
	}
	return chunks
}

// roaringSize returns the size of the serialization, and whether it has run
// containers.
func roaringSize(chunks []roaringChunk) (size int, runs bool) {
	plain, mixed := 0, 0
	for _, c := range chunks {
		plain += c.size(false)
		mixed += c.size(true)
		runs = runs || c.run(true)
	}
	if !runs {
		return 8 + 8*len(chunks) + plain, false
	}
	mixed += 4 + bytesFor(len(chunks)) + 4*len(chunks)
	if len(chunks) >= roaringNoOffsets {
		mixed += 4 * len(chunks)
	}
	return mixed, true
}

// appendRoaringHeader appends all that comes before the containers.
func appendRoaringHeader(dst []byte, chunks []roaringChunk, runs bool) []byte {
	start := len(dst)
	if runs {
		dst = binary.LittleEndian.AppendUint32(dst, roaringRunCookie|uint32(len(chunks)-1)<<16)
		flags := len(dst)
		dst = append(dst, make([]byte, bytesFor(len(chunks)))...)
		for i, c := range chunks {
			if c.run(true) {
				dst[flags+i>>3] |= 1 << (i & 7)
			}
		}
	} else {
		dst = binary.LittleEndian.AppendUint32(dst, roaringCookie)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(chunks)))
	}
	for _, c := range chunks {
		dst = binary.LittleEndian.AppendUint16(dst, c.key)
		dst = binary.LittleEndian.AppendUint16(dst, uint16(c.card-1))
	}
	if runs && len(chunks) < roaringNoOffsets {
		return dst
	}
	at := len(dst) - start + 4*len(chunks)
	for _, c := range chunks {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(at))
		at += c.size(runs)
	}
	return dst
}

// appendRoaring appends the serialization of sorted, distinct rows.
func appendRoaring(dst []byte, rows []uint32, chunks []roaringChunk) []byte {
	_, runs := roaringSize(chunks)
	dst = appendRoaringHeader(dst, chunks, runs)
	for _, c := range chunks {
		part := rows[:c.card]
		rows = rows[c.card:]
		switch {
		case c.run(runs):
			dst = appendRuns(dst, part, c.runs)
		case c.card <= roaringArrayMax:
			at := len(dst)
			dst = append(dst, make([]byte, 2*len(part))...)
			for i, r := range part {
				binary.LittleEndian.PutUint16(dst[at+2*i:], uint16(r))
			}
		default:
			at := len(dst)
			dst = append(dst, make([]byte, roaringBitmapSize)...)
			words := dst[at:]
			for _, r := range part {
				words[uint16(r)>>3] |= 1 << (r & 7)
			}
		}
	}
	return dst
}

func appendRuns(dst []byte, rows []uint32, runs uint32) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(runs))
	for i := 0; i < len(rows); {
		first := i
		for i++; i < len(rows) && rows[i] == rows[i-1]+1; i++ {
		}
		dst = binary.LittleEndian.AppendUint16(dst, uint16(rows[first]))
		dst = binary.LittleEndian.AppendUint16(dst, uint16(i-first-1))
	}
	return dst
}

// bitmapOfRows returns the bitmap of sorted, distinct rows.
func bitmapOfRows(rows []uint32) *roaring.Bitmap {
	if len(rows) == 0 {
		return roaring.New()
	}
	chunks := roaringPlan(nil, rows)
	for i := range chunks {
		chunks[i].runs = BatchRows // arrays and bitmaps are the faster forms
	}
	size, _ := roaringSize(chunks)
	return mustBitmap(appendRoaring(make([]byte, 0, size), rows, chunks))
}

// bitmapOfBits returns the bitmap of the rows of consecutive batches.
func bitmapOfBits(batches []Bits) *roaring.Bitmap {
	var chunks []roaringChunk
	for i := range batches {
		if n := batches[i].Count(); n > 0 {
			chunks = append(chunks, roaringChunk{uint16(i), uint32(n), BatchRows})
		}
	}
	if len(chunks) == 0 {
		return roaring.New()
	}
	size, _ := roaringSize(chunks)
	dst := appendRoaringHeader(make([]byte, 0, size+8), chunks, false)
	for _, c := range chunks {
		at := len(dst)
		dst = dst[:at+c.size(false)]
		if c.card <= roaringArrayMax {
			putArray(dst[at:cap(dst)], &batches[c.key])
			continue
		}
		for i, w := range batches[c.key] {
			binary.LittleEndian.PutUint64(dst[at+8*i:], w)
		}
	}
	return mustBitmap(dst)
}

// putArray writes the rows of one batch as an array container. Most words have
// few rows, but not the same number each, so four are written at a time, which
// takes no branch, and the excess is overwritten by the next ones. There must
// be 8 bytes of room after the array.
func putArray(dst []byte, batch *Bits) {
	at := 0
	for i, w := range batch {
		base := uint64(i) << 6 * 0x0001000100010001
		for end := at + 2*bits.OnesCount64(w); at < end; {
			n := min(end-at, 8)
			four := uint64(bits.TrailingZeros64(w))
			w &= w - 1
			four |= uint64(bits.TrailingZeros64(w)&63) << 16
			w &= w - 1
			four |= uint64(bits.TrailingZeros64(w)&63) << 32
			w &= w - 1
			four |= uint64(bits.TrailingZeros64(w)&63) << 48
			w &= w - 1
			binary.LittleEndian.PutUint64(dst[at:], base|four)
			at += n
		}
	}
}

// mustBitmap opens a serialization that this package has just written.
func mustBitmap(b []byte) *roaring.Bitmap {
	bm := roaring.New()
	if _, err := bm.FromUnsafeBytes(b); err != nil {
		panic("index: own roaring bytes: " + err.Error())
	}
	return bm
}

// openBitmap opens and validates a serialization of rows below limit.
func openBitmap(b []byte, count int, limit uint32) (*roaring.Bitmap, error) {
	bm := roaring.New()
	n, err := bm.FromUnsafeBytes(b)
	if err != nil {
		return nil, corrupt("roaring bitmap: %v", err)
	}
	if n != int64(len(b)) {
		return nil, corrupt("roaring bitmap: %d bytes of %d", n, len(b))
	}
	if err := bm.Validate(); err != nil {
		return nil, corrupt("roaring bitmap: %v", err)
	}
	if bm.GetCardinality() != uint64(count) {
		return nil, corrupt("roaring bitmap: %d rows of %d", bm.GetCardinality(), count)
	}
	if count > 0 && bm.Maximum() >= limit {
		return nil, corrupt("roaring bitmap: row %d of %d", bm.Maximum(), limit)
	}
	return bm, nil
}

// roaringView walks over the containers of a serialization.
type roaringView struct {
	b      []byte
	runs   []byte // one bit a container, or nil
	heads  int    // key and cardinality of each container
	n      int    // containers
	i      int    // the next
	at     int    // where it starts
	key    uint16 // of the container that next found
	data   []byte
	card   int
	isRun  bool
	err    error
	before int // key before, or -1
}

func openRoaring(b []byte) (roaringView, error) {
	v := roaringView{b: b, before: -1}
	if len(b) < 8 {
		return v, corrupt("roaring bitmap: %d bytes", len(b))
	}
	cookie := load32(b, 0)
	switch {
	case cookie == roaringCookie:
		v.n, v.heads = int(load32(b, 4)), 8
	case cookie&0xffff == roaringRunCookie:
		v.n = int(cookie>>16) + 1
		v.heads = 4 + bytesFor(v.n)
	default:
		return v, corrupt("roaring bitmap: cookie %#x", cookie)
	}
	if v.n > 1<<16 {
		return v, corrupt("roaring bitmap: %d containers", v.n)
	}
	v.at = v.heads + 4*v.n
	if cookie == roaringCookie || v.n >= roaringNoOffsets {
		v.at += 4 * v.n
	}
	if v.at > len(b) {
		return v, corrupt("roaring bitmap: %d containers in %d bytes", v.n, len(b))
	}
	if cookie != roaringCookie {
		v.runs = b[4:v.heads]
	}
	return v, nil
}

// next moves on to the next container. At the end, and after an error, which
// is in err, it returns false.
func (v *roaringView) next() bool {
	if v.i == v.n || v.err != nil {
		return false
	}
	v.key = binary.LittleEndian.Uint16(v.b[v.heads+4*v.i:])
	v.card = int(binary.LittleEndian.Uint16(v.b[v.heads+4*v.i+2:])) + 1
	size := min(2*v.card, roaringBitmapSize)
	if v.isRun = v.runs != nil && v.runs[v.i>>3]>>(v.i&7)&1 != 0; v.isRun {
		if len(v.b)-v.at < 2 {
			v.err = corrupt("roaring bitmap: container %d", v.i)
			return false
		}
		size = 4 * int(binary.LittleEndian.Uint16(v.b[v.at:]))
		v.at += 2
	}
	if len(v.b)-v.at < size || int(v.key) <= v.before {
		v.err = corrupt("roaring bitmap: container %d", v.i)
		return false
	}
	v.data = v.b[v.at : v.at+size]
	v.at += size
	v.before = int(v.key)
	v.i++
	return true
}

// or adds the container's rows, which must be below rows, to dst.
func (v *roaringView) or(dst *Bits, rows int) error {
	switch {
	case v.isRun:
		for at := 0; at < len(v.data); at += 4 {
			lo := int(binary.LittleEndian.Uint16(v.data[at:]))
			hi := lo + int(binary.LittleEndian.Uint16(v.data[at+2:])) + 1
			if hi > min(rows, BatchRows) {
				return corrupt("roaring bitmap: row %d of %d", hi-1, rows)
			}
			dst.SetRange(lo, hi)
		}
	case v.card <= roaringArrayMax:
		for at := 0; at < len(v.data); at += 2 {
			r := binary.LittleEndian.Uint16(v.data[at:])
			if int(r) >= rows {
				return corrupt("roaring bitmap: row %d of %d", r, rows)
			}
			dst[r>>6] |= 1 << (r & 63)
		}
	default:
		for i := range dst {
			w := load64(v.data, 8*i)
			if w != 0 && i<<6+63-bits.LeadingZeros64(w) >= rows {
				return corrupt("roaring bitmap: row %d of %d", i<<6+63-bits.LeadingZeros64(w), rows)
			}
			dst[i] |= w
		}
	}
	return nil
}
