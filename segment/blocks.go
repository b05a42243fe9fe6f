package segment

import (
	"fmt"
	"iter"
)

// A Block is a byte range of the file. The blocks of a segment, with less
// than eight zero bytes after each, are the whole file.
type Block struct {
	Name    string
	Offset  int64
	Stored  int64
	Raw     int64 // bytes when decompressed
	CRC     uint32
	Literal []byte // the bytes themselves, for a block that has no CRC
}

func (e extent) named(format string, args ...any) Block {
	return Block{Name: fmt.Sprintf(format, args...), Offset: e.off, Stored: e.stored, Raw: e.raw, CRC: e.crc}
}

func literal(name string, off int64, b []byte) Block {
	return Block{Name: name, Offset: off, Stored: int64(len(b)), Raw: int64(len(b)), Literal: b}
}

// Blocks lists the file from its first byte to its last.
func (r *Reader) Blocks() iter.Seq[Block] {
	return func(yield func(Block) bool) {
		s := r.dir.shape
		if !yield(literal("head", 0, headMagic[:])) || !yield(r.dir.schema.named("schema")) {
			return
		}
		for i, b := range r.dir.dicts {
			if !b.yield("dictionary "+s.dictName(i), []string{""}, s, []*node{s.dicts[i].values}, yield) {
				return
			}
		}
		for i, b := range r.dir.batches {
			if !b.yield(fmt.Sprintf("batch %d", i), s.columnNames(), s, s.nodes, yield) {
				return
			}
		}
		if !yield(literal("end of stream", r.dir.streamEnd(), endOfStream[:])) {
			return
		}
		for _, x := range r.dir.sections {
			if !yield(x.named("section %s", x.name)) {
				return
			}
		}
		_ = yield(r.trailer.dir.named("directory")) &&
			yield(literal("trailer", r.trail.off, r.trailer.encode(r.trail.off))) &&
			yield(r.footer.named("footer"))
	}
}

func (s *shape) columnNames() []string {
	names := make([]string, len(s.spec.Columns))
	for i, c := range s.spec.Columns {
		names[i] = c.Field.Name
	}
	return names
}

// dictName is the column's name and, for an inner dictionary, its number.
func (s *shape) dictName(i int) string {
	d := s.dicts[i]
	name := s.spec.Columns[d.column].Field.Name
	if d.leaf >= 0 {
		name = fmt.Sprintf("%s/%d %s", name, d.leaf, d.values.field.Name)
	}
	return name
}

// yield lists a body's metadata and its extents.
func (b *body) yield(name string, columns []string, s *shape, nodes []*node, yield func(Block) bool) bool {
	if !yield(b.meta.named("%s metadata", name)) {
		return false
	}
	names := make([]string, len(b.extents))
	for g, e := range b.codes {
		if e >= 0 {
			names[e] = fmt.Sprintf("%s codes of %s", name, s.spec.Groups[g].Name)
		}
	}
	for i, p := range b.pieces {
		if p != nil {
			prefix := name
			if columns[i] != "" {
				prefix += " " + columns[i]
			}
			nameBuffers(names, p.buffers, nodes[i], prefix)
		}
	}
	for i, e := range b.extents {
		if !yield(e.named("%s", names[i])) {
			return false
		}
	}
	return true
}

// nameBuffers names the extents of a node's buffers and returns the buffers
// that are left. The first name stays.
func nameBuffers(names []string, buffers []int, n *node, prefix string) []int {
	for _, role := range n.roles() {
		if e := buffers[0]; e >= 0 && names[e] == "" {
			names[e] = prefix + " " + role
		}
		buffers = buffers[1:]
	}
	for _, k := range n.kids {
		buffers = nameBuffers(names, buffers, k, prefix+"."+k.field.Name)
	}
	return buffers
}

// roles are the meanings of a node's own buffers.
func (n *node) roles() []string {
	switch n.kind {
	case variable:
		return []string{"validity", "offsets", "data"}
	case list:
		return []string{"validity", "offsets"}
	case structure:
		return []string{"validity"}
	case coded:
		return []string{"validity", "codes"}
	}
	return []string{"validity", "values"}
}
