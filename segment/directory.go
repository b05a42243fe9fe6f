package segment

import (
	"encoding/binary"
	"maps"
	"slices"
)

// maxRows is what a 32-bit row number can count.
const maxRows = 1<<32 - 1

// A directory says where every block of a segment is. Blocks follow each
// other in the file, each padded to eight bytes, so that lengths alone give
// the offsets.
type directory struct {
	shape    *shape
	info     Info
	schema   extent // the schema message
	dicts    []*body
	batches  []*body
	sections []section
	named    map[string]int
}

type section struct {
	name   string
	packed bool // compressed
	extent
}

func (d *directory) addSection(s section) {
	if d.named == nil {
		d.named = make(map[string]int)
	}
	d.named[s.name] = len(d.sections)
	d.sections = append(d.sections, s)
}

// sectionIndex is the number of the section of that name, or -1.
func (d *directory) sectionIndex(name string) int {
	if i, ok := d.named[name]; ok {
		return i
	}
	return -1
}

// streamEnd is where Arrow's end-of-stream marker is.
func (d *directory) streamEnd() int64 {
	if n := len(d.batches); n > 0 {
		return d.batches[n-1].end()
	}
	if n := len(d.dicts); n > 0 {
		return d.dicts[n-1].end()
	}
	return d.schema.end()
}

// A dirWriter appends the directory's encoding; FORMAT.md is its description.
type dirWriter struct{ b []byte }

func (w *dirWriter) uint(v uint64)   { w.b = binary.AppendUvarint(w.b, v) }
func (w *dirWriter) int(v int)       { w.uint(uint64(v)) }
func (w *dirWriter) text(s string)   { w.int(len(s)); w.b = append(w.b, s...) }
func (w *dirWriter) crc(v uint32)    { w.b = binary.LittleEndian.AppendUint32(w.b, v) }
func (w *dirWriter) block(e extent)  { w.uint(uint64(e.stored)); w.crc(e.crc) }
func (w *dirWriter) count(n int) int { w.int(n); return n }

func (w *dirWriter) bool(v bool) {
	if v {
		w.uint(1)
		return
	}
	w.uint(0)
}

func (d *directory) encode() []byte {
	w := &dirWriter{}
	spec := d.shape.spec
	w.int(spec.BatchRows)
	w.info(d.info)
	for _, g := range spec.Groups[:w.count(len(spec.Groups))] {
		w.text(g.Name)
		w.int(g.Codes)
		w.bool(g.List)
	}
	for _, c := range spec.Columns[:w.count(len(spec.Columns))] {
		w.int(c.Group + 1)
		if c.Group == Plain {
			for _, g := range c.Inner[:w.count(len(c.Inner))] {
				w.int(g)
			}
		}
	}
	w.block(d.schema)
	for i, b := range d.dicts {
		w.block(b.meta)
		w.piece(b, b.pieces[0], d.shape.dicts[i].values)
	}
	for _, b := range d.batches {
		w.batch(b, d.shape)
	}
	for _, s := range d.sections[:w.count(len(d.sections))] {
		w.text(s.name)
		w.bool(s.packed)
		if s.packed {
			w.uint(uint64(s.raw))
		}
		w.block(s.extent)
	}
	return w.b
}

func (w *dirWriter) info(i Info) {
	w.uint(i.Rows)
	w.uint(i.LogFirst)
	w.uint(i.LogLast)
	for _, id := range i.Replaces[:w.count(len(i.Replaces))] {
		w.uint(id)
	}
	w.int(len(i.Metadata))
	for _, k := range slices.Sorted(maps.Keys(i.Metadata)) {
		w.text(k)
		w.text(i.Metadata[k])
	}
}

func (w *dirWriter) batch(b *body, s *shape) {
	w.block(b.meta)
	for _, e := range b.codes {
		if e >= 0 {
			w.block(b.extents[e])
		}
	}
	for i, p := range b.pieces {
		if p != nil {
			w.piece(b, p, s.nodes[i])
		}
	}
}

func (w *dirWriter) piece(b *body, p *piece, n *node) {
	c := pieceWriter{dirWriter: w, body: b, sizes: p.sizes, buffers: p.buffers}
	c.put(n)
}

// A pieceWriter walks a piece's nodes and buffers along with its tree.
type pieceWriter struct {
	*dirWriter
	body    *body
	sizes   []nodeSize
	buffers []int
}

// put writes what a reader cannot derive: null counts where nulls may be,
// lengths of list elements and of variable data, and the blocks.
func (w *pieceWriter) put(n *node) {
	size := w.sizes[0]
	w.sizes = w.sizes[1:]
	if n.kind == coded {
		w.buffers = w.buffers[1:]
		if n.twin < 0 {
			w.buffer()
		} else {
			w.buffers = w.buffers[1:]
		}
		return
	}
	if n.field.Nullable {
		w.int(size.nulls)
	}
	w.buffer() // validity
	switch n.kind {
	case fixed, bits:
		w.buffer()
	case variable:
		w.buffer()
		w.int(w.rawLen())
		w.buffer()
	case list:
		w.buffer()
		w.int(w.sizes[0].length)
	}
	for _, k := range n.kids {
		w.put(k)
	}
}

func (w *pieceWriter) rawLen() int {
	if i := w.buffers[0]; i >= 0 {
		return int(w.body.extents[i].raw)
	}
	return 0
}

// buffer writes the next buffer's block, unless it is empty.
func (w *pieceWriter) buffer() {
	if i := w.buffers[0]; i >= 0 {
		w.block(w.body.extents[i])
	}
	w.buffers = w.buffers[1:]
}
