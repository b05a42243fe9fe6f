package segment

import (
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// A pieceReader turns a piece's bytes into an array. Nothing is handed out
// that an Arrow array could trip over: lengths, offsets, codes and null counts
// are checked here, once.
type pieceReader struct {
	r     *Reader
	body  *body
	start int64  // offset of stored in the file
	bytes []byte // the piece's extents, which are neighbours; not ours to keep
	piece
	shared map[int]*memory.Buffer // codes already opened, by extent
}

// scratch holds stored bytes between a read and its decoding.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// keepScratch lets go of buffers that are much larger than a batch wants.
func keepScratch(buf *[]byte) {
	if cap(*buf) <= 4<<20 {
		scratch.Put(buf)
	}
}

// decodePiece reads a piece with one read and decodes it.
func (r *Reader) decodePiece(b *body, p *piece, n *node) (arrow.Array, error) {
	pr := &pieceReader{r: r, body: b, piece: *p}
	if first, last := p.span(); first >= 0 {
		pr.start = b.extents[first].off
		buf := scratch.Get().(*[]byte)
		defer keepScratch(buf)
		n := int(b.extents[last].end() - pr.start)
		*buf = slices.Grow((*buf)[:0], n)[:n]
		pr.bytes = *buf
		if err := r.fill(pr.start, pr.bytes); err != nil {
			return nil, err
		}
	}
	d, err := pr.next(n)
	if err != nil {
		return nil, err
	}
	return array.MakeFromData(d), nil
}

// span is the first and last extent of a piece, or -1.
func (p *piece) span() (first, last int) {
	first, last = -1, -1
	for _, e := range p.buffers {
		if e >= 0 && first < 0 {
			first = e
		}
		last = max(last, e)
	}
	return first, last
}

// next decodes the next node.
func (p *pieceReader) next(n *node) (*array.Data, error) {
	size := p.sizes[0]
	p.sizes = p.sizes[1:]
	validity, err := p.validity(size)
	if err != nil {
		return nil, err
	}
	if n.kind == structure {
		kids, err := p.kids(n)
		if err != nil {
			return nil, err
		}
		return array.NewData(n.store, size.length, []*memory.Buffer{validity}, kids, size.nulls, 0), nil
	}
	at := p.buffers[0]
	values, err := p.buffer(n)
	if err != nil {
		return nil, err
	}
	buffers := []*memory.Buffer{validity, values}
	var kids []arrow.ArrayData
	switch n.kind {
	case coded:
		err = p.wrap(at, checkCodes(values.Bytes(), n.width, p.r.dir.shape.spec.Groups[n.group].Codes))
	case list:
		if err = p.wrap(at, checkOffsets(values.Bytes(), p.sizes[0].length)); err == nil {
			kids, err = p.kids(n)
		}
	case variable:
		var data *memory.Buffer
		data, err = p.text(n, at, values.Bytes())
		buffers = append(buffers, data)
	}
	if err != nil {
		return nil, err
	}
	return array.NewData(n.store, size.length, buffers, kids, size.nulls, 0), nil
}

func (p *pieceReader) kids(n *node) ([]arrow.ArrayData, error) {
	kids := make([]arrow.ArrayData, len(n.kids))
	for i, k := range n.kids {
		d, err := p.next(k)
		if err != nil {
			return nil, err
		}
		kids[i] = d
	}
	return kids, nil
}

// wrap turns a failed check of an extent into a corruption.
func (p *pieceReader) wrap(extent int, err error) error {
	if err == nil {
		return nil
	}
	off := p.body.meta.off
	if extent >= 0 {
		off = p.body.extents[extent].off
	}
	return p.r.corrupt(off, "%v", err)
}

func (p *pieceReader) validity(size nodeSize) (*memory.Buffer, error) {
	e := p.buffers[0]
	if e < 0 {
		p.buffers = p.buffers[1:]
		return nil, nil
	}
	buf, err := p.buffer(nil)
	if err != nil {
		return nil, err
	}
	if set := bitutil.CountSetBits(buf.Bytes(), 0, size.length); set != size.length-size.nulls {
		return nil, p.r.corrupt(p.body.extents[e].off, "%d values of %d are there, want %d missing", set, size.length, size.nulls)
	}
	return buf, nil
}

// text is a variable node's data, held against its offsets.
func (p *pieceReader) text(n *node, at int, offsets []byte) (*memory.Buffer, error) {
	buf, err := p.buffer(nil)
	if err != nil {
		return nil, err
	}
	if err := p.wrap(at, checkOffsets(offsets, buf.Len())); err != nil {
		return nil, err
	}
	if n.field.Type.ID() == arrow.STRING {
		return buf, p.wrap(at, checkText(offsets, buf.Bytes()))
	}
	return buf, nil
}

// buffer opens the next buffer. The codes of twins are opened once.
func (p *pieceReader) buffer(n *node) (*memory.Buffer, error) {
	i := p.buffers[0]
	p.buffers = p.buffers[1:]
	if i < 0 {
		return memory.NewBufferBytes([]byte{}), nil
	}
	if buf := p.shared[i]; buf != nil {
		return buf, nil
	}
	e := p.body.extents[i]
	stored := p.bytes[e.off-p.start:][:e.stored]
	if err := p.r.check(e, stored); err != nil {
		return nil, err
	}
	raw, err := openBuffer(stored, int(e.raw))
	if err != nil {
		return nil, p.wrap(i, err)
	}
	buf := memory.NewBufferBytes(raw)
	if n != nil && n.kind == coded {
		if p.shared == nil {
			p.shared = make(map[int]*memory.Buffer)
		}
		p.shared[i] = buf
	}
	return buf, nil
}
