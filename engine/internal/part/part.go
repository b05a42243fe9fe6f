// Package part reads a segment as a plan.Part: which column holds which field,
// and what was decoded of it, kept in a cache that is bounded in bytes.
//
// A Part is immutable and safe for concurrent use. What it returns is shared
// and not to be changed; it stays valid when the cache drops it.
package part

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"unsafe"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/index"
	"github.com/spanstead/spanstead/segment"
)

// Part is one open segment.
type Part struct {
	r     *segment.Reader
	cache *Cache
	owner uint64
	dead  *roaring.Bitmap

	catalog
	sections []string
	bounds   []uint64 // lowest and highest start of each batch
	ids      *index.IDs
}

// Open reads a segment's directory, its batches' bounds and its index of trace
// ids. Nothing else is read before it is asked for. The Part does not close src.
func Open(src io.ReaderAt, size int64, c *Cache) (*Part, error) {
	r, err := segment.Open(src, size, segment.ReadOptions{})
	if err != nil {
		return nil, corrupt(err)
	}
	p := &Part{r: r, cache: c, owner: c.owners.Add(1), sections: r.Sections()}
	if err := p.catalog.read(p); err != nil {
		return nil, err
	}
	return p, p.openIndexes()
}

func (p *Part) openIndexes() error {
	b, err := p.r.Section(table.SectionBounds)
	if err != nil {
		return p.corrupt(err)
	}
	if len(b) != 16*p.r.Batches() || len(b) == 0 {
		return p.corruptf("bounds of %d bytes for %d batches", len(b), p.r.Batches())
	}
	for ; len(b) > 0; b = b[8:] {
		p.bounds = append(p.bounds, binary.LittleEndian.Uint64(b))
	}
	if !slices.IsSorted(p.bounds) {
		return p.corruptf("bounds do not ascend")
	}
	if b, err = p.r.Section(table.SectionIDs); err != nil {
		return p.corrupt(err)
	}
	if p.ids, err = index.OpenIDs(b); err != nil {
		return p.corrupt(err)
	}
	if p.ids.Len() != p.Traces() {
		return p.corruptf("%d trace ids indexed of %d", p.ids.Len(), p.Traces())
	}
	return nil
}

// corrupt adds query.ErrCorrupt to an error that comes from damaged bytes; one
// of reading them, or of a version that is not known, is none.
func corrupt(err error) error {
	for _, damage := range []error{segment.ErrCorrupt, segment.ErrNoSection, index.ErrCorrupt} {
		if errors.Is(err, damage) {
			return fmt.Errorf("%w: %w", query.ErrCorrupt, err)
		}
	}
	if errors.Is(err, query.ErrInvalid) { // what was stored, not what was asked
		return fmt.Errorf("%w: %v", query.ErrCorrupt, err)
	}
	return err
}

// corrupt names the segment as well.
func (p *Part) corrupt(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("segment %06d: %w", p.ID(), corrupt(err))
}

func (p *Part) corruptf(format string, args ...any) error {
	return fmt.Errorf("segment %06d: %w: %w", p.ID(), query.ErrCorrupt, fmt.Errorf(format, args...))
}

// WithDead is the part with some rows deleted; dead is not copied.
func (p *Part) WithDead(dead *roaring.Bitmap) *Part {
	q := *p
	q.dead = dead
	return &q
}

// Forget drops what the cache holds of the part.
func (p *Part) Forget() { p.cache.forget(p.owner) }

// Reader is the segment itself.
func (p *Part) Reader() *segment.Reader { return p.r }

// BytesRead counts the bytes read from the segment's file since it was opened.
func (p *Part) BytesRead() int64 { return p.r.BytesRead() }

// ID is the segment's id.
func (p *Part) ID() uint64 { return p.r.Spec().ID }

// Name implements plan.Part.
func (p *Part) Name() string { return fmt.Sprintf("segment %06d", p.ID()) }

// Rows implements plan.Part.
func (p *Part) Rows() int { return p.r.Rows() }

// BatchRows implements plan.Part.
func (p *Part) BatchRows() int { return p.r.Spec().BatchRows }

// Sorted implements plan.Part.
func (p *Part) Sorted() bool { return true }

// Bounds implements plan.Part.
func (p *Part) Bounds() (lo, hi uint64) { return p.bounds[0], p.bounds[len(p.bounds)-1] }

// BatchBounds implements plan.Part.
func (p *Part) BatchBounds(b int) (lo, hi uint64) { return p.bounds[2*b], p.bounds[2*b+1] }

// Dead implements plan.Part.
func (p *Part) Dead() *roaring.Bitmap { return p.dead }

// Traces implements plan.Part.
func (p *Part) Traces() int { return p.r.Spec().Groups[p.trace.number].Codes }

func (p *Part) key(k kind, a, b int) key { return key{p.owner, k, int32(a), int32(b), ""} }

// Recall implements plan.Memory.
func (p *Part) Recall(text string, b int) any {
	return p.cache.peek(key{p.owner, kindMemory, int32(b), 0, text})
}

// Keep implements plan.Memory.
func (p *Part) Keep(text string, b int, v any, size int) {
	p.cache.put(key{p.owner, kindMemory, int32(b), 0, text}, v, int64(size)+itemSize)
}

var _ plan.Memory = (*Part)(nil)

// plain returns one batch of a plain column.
func (p *Part) plain(column, b int) (arrow.Array, error) {
	return get(p.cache, p.key(kindPlain, column, b), func() (arrow.Array, int, error) {
		a, err := p.r.Column(column, b)
		if err != nil {
			return nil, 0, p.corrupt(err)
		}
		return a, sizeOf(a.Data()), nil
	})
}

func sizeOf(d arrow.ArrayData) int {
	n := 0
	for _, b := range d.Buffers() {
		if b != nil {
			n += b.Len()
		}
	}
	for _, c := range d.Children() {
		n += sizeOf(c)
	}
	return n
}

// Starts implements plan.Part.
func (p *Part) Starts(b int) ([]uint64, error) {
	a, err := p.plain(p.start, b)
	if err != nil {
		return nil, err
	}
	return a.(*array.Uint64).Uint64Values(), nil
}

// Durations implements plan.Part.
func (p *Part) Durations(b int) ([]int64, error) {
	a, err := p.plain(p.duration, b)
	if err != nil {
		return nil, err
	}
	return a.(*array.Int64).Int64Values(), nil
}

// SpanIDs implements plan.Part.
func (p *Part) SpanIDs(b int) ([]span.SpanID, error) {
	a, err := p.plain(p.spanID, b)
	if err != nil {
		return nil, err
	}
	return spanIDs(a.(*array.FixedSizeBinary)), nil
}

// spanIDs sees the values of an array as ids; both are 8 bytes without
// alignment.
func spanIDs(a *array.FixedSizeBinary) []span.SpanID {
	if a.Len() == 0 {
		return nil
	}
	b := a.Data().Buffers()[1].Bytes()[a.Data().Offset()*8:]
	return unsafe.Slice((*span.SpanID)(unsafe.Pointer(&b[0])), min(a.Len(), len(b)/8))
}

// Parents implements plan.Part.
func (p *Part) Parents(b int) ([]span.SpanID, error) {
	return get(p.cache, p.key(kindParents, 0, b), func() ([]span.SpanID, int, error) {
		read, err := p.parentReader(b)
		if err != nil {
			return nil, 0, err
		}
		out := make([]span.SpanID, p.r.BatchLen(b))
		for i := range out {
			if out[i], err = read(i); err != nil {
				return nil, 0, err
			}
		}
		return out, 8 * len(out), nil
	})
}

// parentReader resolves the parents of a batch's rows: each is a row of the
// segment so many rows before it, or an id of its own.
func (p *Part) parentReader(b int) (func(i int) (span.SpanID, error), error) {
	a, err := p.plain(p.parentRow, b)
	if err != nil {
		return nil, err
	}
	codes, err := p.groups[p.parentGroup].Codes(b)
	if err != nil {
		return nil, err
	}
	dict, err := p.dictionary(p.parentID)
	if err != nil {
		return nil, err
	}
	distances, foreign := a.(*array.Int32).Int32Values(), dict.(*array.FixedSizeBinary)
	size, here := p.BatchRows(), -1
	var ids []span.SpanID // of the batch here
	return func(i int) (id span.SpanID, err error) {
		if distances[i] == 0 {
			if c := int(codes.At(i)); foreign.IsValid(c) {
				copy(id[:], foreign.Value(c))
			}
			return id, nil
		}
		at := b*size + i - int(distances[i])
		if at < 0 || at >= p.Rows() {
			return id, p.corruptf("row %d: parent in row %d", b*size+i, at)
		}
		if at/size != here {
			if ids, err = p.SpanIDs(at / size); err != nil {
				return id, err
			}
			here = at / size
		}
		return ids[at%size], nil
	}, nil
}

// dictionary returns the values of a grouped column, one for each code.
func (p *Part) dictionary(column int) (arrow.Array, error) {
	return get(p.cache, p.key(kindDict, column, -1), func() (arrow.Array, int, error) {
		a, err := p.r.Dictionary(column)
		if err != nil {
			return nil, 0, p.corrupt(err)
		}
		return a, sizeOf(a.Data()), nil
	})
}

// TraceCodes implements plan.Part.
func (p *Part) TraceCodes(b int) ([]uint32, error) {
	return get(p.cache, p.key(kindTraceCodes, 0, b), func() ([]uint32, int, error) {
		a, err := p.r.Codes(p.trace.number, b)
		if err != nil {
			return nil, 0, p.corrupt(err)
		}
		out := widen(a)
		return out, 4 * len(out), nil
	})
}

func widen(a arrow.Array) []uint32 {
	c := codesOf(a)
	if c.U32 != nil {
		return c.U32
	}
	out := make([]uint32, c.Len())
	for i := range out {
		out[i] = c.At(i)
	}
	return out
}

func codesOf(a arrow.Array) plan.Codes {
	switch a := a.(type) {
	case *array.Uint8:
		return plan.Codes{U8: a.Uint8Values()}
	case *array.Uint16:
		return plan.Codes{U16: a.Uint16Values()}
	}
	return plan.Codes{U32: a.(*array.Uint32).Uint32Values()}
}

// TraceIDs implements plan.Part.
func (p *Part) TraceIDs() ([]span.TraceID, error) {
	return get(p.cache, p.key(kindTraceIDs, 0, 0), func() ([]span.TraceID, int, error) {
		a, err := p.dictionary(p.traceID)
		if err != nil || a.Len() == 0 {
			return nil, 0, err
		}
		b := a.Data().Buffers()[1].Bytes()[a.Data().Offset()*16:]
		return unsafe.Slice((*span.TraceID)(unsafe.Pointer(&b[0])), min(a.Len(), len(b)/16)), 0, nil
	})
}

// FindTrace implements plan.Part.
func (p *Part) FindTrace(id span.TraceID) (uint32, bool, error) {
	if !p.ids.MayContain(id) {
		return 0, false, nil
	}
	ids, err := p.TraceIDs()
	if err != nil {
		return 0, false, err
	}
	code, ok, err := p.ids.Find(id, func(code uint32) [16]byte { return ids[code] })
	return code, ok, p.corrupt(err)
}

// AppendTraceRows implements plan.Part.
func (p *Part) AppendTraceRows(dst []uint32, code uint32) ([]uint32, error) {
	postings, err := p.trace.Postings()
	if err != nil {
		return dst, err
	}
	dst, err = postings.AppendRows(dst, code)
	return dst, p.corrupt(err)
}

// Histogram implements plan.Part.
func (p *Part) Histogram() (*plan.Histogram, error) {
	if !slices.Contains(p.sections, table.SectionHistogram) {
		return nil, nil
	}
	return get(p.cache, p.key(kindHistogram, 0, 0), p.loadHistogram)
}

func (p *Part) loadHistogram() (*plan.Histogram, int, error) {
	b, err := p.r.Section(table.SectionHistogram)
	if err != nil {
		return nil, 0, p.corrupt(err)
	}
	names, err := p.r.Section(table.SectionSeries)
	if err != nil {
		return nil, 0, p.corrupt(err)
	}
	h := &plan.Histogram{Series: []plan.SeriesName{{}}}
	size := 12*len(b) + len(names) // the total is decoded when it is asked for
	for len(names) > 0 {
		n, k := binary.Uvarint(names)
		if k <= 0 || n > uint64(len(names)-k) {
			return nil, 0, p.corruptf("service names of the histogram")
		}
		h.Series = append(h.Series, plan.SeriesName{Service: string(names[k : k+int(n)]), Has: true})
		names = names[k+int(n):]
	}
	if h.Counts, err = index.OpenHistogram(b); err != nil {
		return nil, 0, p.corrupt(err)
	}
	if h.Counts.Series() != len(h.Series) {
		return nil, 0, p.corruptf("%d series of %d services", h.Counts.Series(), len(h.Series))
	}
	return h, size, nil
}
