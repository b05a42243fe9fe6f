package segment

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

var errDirectory = errors.New("malformed directory")

// A dirReader decodes a directory. What is missing or out of range reads as
// zero and leaves err, so nothing is allocated for what is not there.
type dirReader struct {
	b     []byte
	off   int64 // where the next block of the file begins
	limit int64 // where blocks must end
	err   error
}

func (r *dirReader) fail() {
	if r.err == nil {
		r.err = errDirectory
	}
	r.b = nil
}

func (r *dirReader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.b = r.b[n:]
	return v
}

// upTo is a number from 0 to limit.
func (r *dirReader) upTo(limit int) int {
	v := r.uint()
	if v > uint64(limit) {
		r.fail()
		return 0
	}
	return int(v)
}

// count is a number of things that take at least a byte each.
func (r *dirReader) count() int { return r.upTo(len(r.b)) }

func (r *dirReader) bool() bool { return r.upTo(1) == 1 }

func (r *dirReader) text() string {
	n := r.count()
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

// block is the next block of the file. A negative raw means that the block is
// not compressed.
func (r *dirReader) block(raw int64) extent {
	stored := r.uint()
	if len(r.b) < 4 || stored > uint64(max(r.limit-r.off, 0)) {
		r.fail()
		return extent{}
	}
	e := extent{off: r.off, stored: int64(stored), raw: raw, crc: binary.LittleEndian.Uint32(r.b)}
	r.b = r.b[4:]
	if raw < 0 {
		e.raw = e.stored
	} else if raw > maxRaw || raw > e.stored*maxRatio {
		r.fail()
	}
	r.off = align(e.end())
	return e
}

// decodeDirectory reads the directory of a segment whose Arrow footer has
// these fields, and which ends at limit.
func decodeDirectory(b []byte, id uint64, fields []arrow.Field, limit int64) (*directory, error) {
	r := &dirReader{b: b, off: int64(len(headMagic)), limit: limit}
	spec := Spec{ID: id, BatchRows: r.upTo(1 << 24)}
	d := &directory{info: r.info()}
	spec.Groups = r.groups()
	spec.Columns = r.columns(fields)
	if r.err == nil && spec.BatchRows == 0 {
		r.fail()
	}
	if r.err != nil {
		return nil, r.err
	}
	var err error
	if d.shape, err = newShape(spec); err != nil {
		return nil, err
	}
	d.schema = r.block(-1)
	for i := range d.shape.dicts {
		d.dicts = append(d.dicts, r.dictionary(d.shape, i))
	}
	r.batches(d)
	r.off += int64(len(endOfStream))
	r.sections(d)
	if r.err == nil && (len(r.b) > 0 || r.off != limit) {
		r.fail()
	}
	return d, r.err
}

func (r *dirReader) info() Info {
	i := Info{Rows: r.uint(), LogFirst: r.uint(), LogLast: r.uint()}
	for range r.count() {
		i.Replaces = append(i.Replaces, r.uint())
	}
	n := r.count()
	if n > 0 {
		i.Metadata = make(map[string]string)
	}
	for range n {
		k := r.text()
		i.Metadata[k] = r.text()
	}
	if i.Rows > maxRows {
		r.fail()
	}
	return i
}

func (r *dirReader) groups() []Group {
	var groups []Group
	for range r.count() {
		groups = append(groups, Group{Name: r.text(), Codes: r.upTo(maxRaw), List: r.bool()})
	}
	return groups
}

// columns joins the directory's groups to the footer's fields.
func (r *dirReader) columns(fields []arrow.Field) []Column {
	if n := r.count(); n != len(fields) {
		r.fail()
		return nil
	}
	var columns []Column
	for _, f := range fields {
		c := Column{Field: f, Group: r.upTo(maxRaw) - 1}
		dict, isDict := f.Type.(*arrow.DictionaryType)
		if isDict != (c.Group != Plain) {
			r.fail()
			return nil
		}
		if isDict {
			c.Field.Type = dict.ValueType
		} else {
			for range r.count() {
				c.Inner = append(c.Inner, r.upTo(maxRaw))
			}
		}
		columns = append(columns, c)
	}
	return columns
}

// checkIndexes holds the widths of the footer's indices against the groups'.
func checkIndexes(fields []arrow.Field, s *shape) error {
	for i, c := range s.spec.Columns {
		dict, ok := fields[i].Type.(*arrow.DictionaryType)
		if ok && dict.IndexType.ID() != s.spec.Groups[c.Group].IndexType().ID() {
			return fmt.Errorf("column %q: indices are %v", c.Field.Name, dict.IndexType)
		}
	}
	return nil
}

func (r *dirReader) dictionary(s *shape, i int) *body {
	d := s.dicts[i]
	b := &body{rows: s.spec.Groups[d.group].Codes, meta: r.block(-1)}
	b.pieces = []*piece{r.piece(b, d.values, b.rows)}
	return b
}

func (r *dirReader) batches(d *directory) {
	full := uint64(d.shape.spec.BatchRows)
	for left := d.info.Rows; left > 0 && r.err == nil; {
		rows := min(left, full)
		left -= rows
		b := &body{rows: int(rows), meta: r.block(-1)}
		r.batch(b, d.shape)
		d.batches = append(d.batches, b)
	}
}

func (r *dirReader) batch(b *body, s *shape) {
	for _, g := range s.spec.Groups {
		e := -1
		if !g.List {
			width := g.IndexType().(arrow.FixedWidthDataType).Bytes()
			e = r.buffer(b, b.rows*width)
		}
		b.codes = append(b.codes, e)
	}
	for i, n := range s.nodes {
		var p *piece
		if s.spec.Columns[i].Group == Plain {
			p = r.piece(b, n, b.rows)
		}
		b.pieces = append(b.pieces, p)
	}
}

// buffer is the next extent of b, unless it would be empty.
func (r *dirReader) buffer(b *body, raw int) int {
	if raw == 0 || r.err != nil {
		return -1
	}
	b.extents = append(b.extents, r.block(int64(raw)))
	return len(b.extents) - 1
}

func (r *dirReader) piece(b *body, n *node, length int) *piece {
	p := &piece{}
	r.node(b, p, n, length)
	return p
}

// node is the counterpart of pieceWriter.put.
func (r *dirReader) node(b *body, p *piece, n *node, length int) {
	size := nodeSize{length: length}
	if n.kind != coded && n.field.Nullable {
		size.nulls = r.upTo(length)
	}
	p.sizes = append(p.sizes, size)
	validity := -1
	if size.nulls > 0 {
		validity = r.buffer(b, bitBytes(length))
	}
	p.buffers = append(p.buffers, validity)
	switch n.kind {
	case fixed:
		p.buffers = append(p.buffers, r.buffer(b, length*n.width))
	case bits:
		p.buffers = append(p.buffers, r.buffer(b, bitBytes(length)))
	case coded:
		p.buffers = append(p.buffers, r.buffer(b, length*n.width))
	case variable:
		p.buffers = append(p.buffers, r.buffer(b, (length+1)*4))
		p.buffers = append(p.buffers, r.buffer(b, r.upTo(maxRaw)))
	case list:
		p.buffers = append(p.buffers, r.buffer(b, (length+1)*4))
		r.node(b, p, n.kids[0], r.upTo(maxRaw))
	case structure:
		r.structure(b, p, n, length)
	}
}

func (r *dirReader) structure(b *body, p *piece, n *node, length int) {
	codes := make([]int, len(n.kids))
	for i, k := range n.kids {
		if k.twin >= 0 {
			p.sizes = append(p.sizes, nodeSize{length: length})
			p.buffers = append(p.buffers, -1, codes[k.twin])
			continue
		}
		r.node(b, p, k, length)
		codes[i] = p.buffers[len(p.buffers)-1]
	}
}

func (r *dirReader) sections(d *directory) {
	for range r.count() {
		s := section{name: r.text(), packed: r.bool()}
		raw := int64(-1)
		if s.packed {
			raw = int64(r.upTo(maxRaw))
		}
		s.extent = r.block(raw)
		if r.err != nil || d.sectionIndex(s.name) >= 0 {
			r.fail()
			return
		}
		d.addSection(s)
	}
}
