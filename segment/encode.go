package segment

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// A bodyBuilder compresses arrays into the body of one message. Offsets of
// its extents are from the start of the message's body until place is called.
type bodyBuilder struct {
	body
	comp  *compressor
	shape *shape
	bytes []byte
	large bool // a buffer was larger than the format allows
}

func (b *bodyBuilder) reset(rows int) {
	b.body = body{rows: rows}
	b.bytes = b.bytes[:0]
}

// add stores a raw buffer and returns the number of its extent.
func (b *bodyBuilder) add(raw []byte) int {
	if len(raw) == 0 {
		return -1
	}
	if len(raw) > maxRaw {
		b.large = true
		return -1
	}
	off := len(b.bytes)
	b.bytes = b.comp.appendBuffer(b.bytes, raw)
	b.extents = append(b.extents, extent{off: int64(off), stored: int64(len(b.bytes) - off), raw: int64(len(raw))})
	for len(b.bytes)%8 != 0 {
		b.bytes = append(b.bytes, 0)
	}
	return len(b.extents) - 1
}

// place moves the body to its offset in the file and takes its checksums.
func (b *bodyBuilder) place(segment uint64, offset int64) {
	for i := range b.extents {
		e := &b.extents[i]
		stored := b.bytes[e.off:e.end()]
		e.off += offset
		e.crc = checksum(segment, e.off, stored)
	}
}

// addCodes stores the codes of a group.
func (b *bodyBuilder) addCodes(g int, a arrow.Array) error {
	group := b.shape.spec.Groups[g]
	if group.List {
		if a != nil {
			return fmt.Errorf("group %q: codes of a list group belong to its column", group.Name)
		}
		b.codes = append(b.codes, -1)
		return nil
	}
	if a == nil || a.Len() != b.rows {
		return fmt.Errorf("group %q: want %d codes", group.Name, b.rows)
	}
	index := group.IndexType()
	if a.DataType().ID() != index.ID() {
		return fmt.Errorf("group %q: codes are %v, want %v", group.Name, a.DataType(), index)
	}
	raw, err := codeBytes(a.Data(), a.Data().Offset(), b.rows, index.(arrow.FixedWidthDataType).Bytes(), group.Codes)
	if err != nil {
		return fmt.Errorf("group %q: %w", group.Name, err)
	}
	b.codes = append(b.codes, b.add(raw))
	return nil
}

func codeBytes(d arrow.ArrayData, off, n, width, codes int) ([]byte, error) {
	if nulls(d, off, n) > 0 {
		return nil, fmt.Errorf("a code is null")
	}
	raw, err := fixedBytes(d, off, n, width)
	if err != nil {
		return nil, err
	}
	return raw, checkCodes(raw, width, codes)
}

// addArray stores an array of n's storage type as a new piece.
func (b *bodyBuilder) addArray(n *node, a arrow.Array, length int) error {
	p := &piece{}
	b.pieces = append(b.pieces, p)
	if a == nil || a.Len() != length {
		return fmt.Errorf("want an array of %d values", length)
	}
	return b.encode(p, n, a.Data(), a.Data().Offset(), length)
}

// encode appends length values of d from its absolute offset off.
func (b *bodyBuilder) encode(p *piece, n *node, d arrow.ArrayData, off, length int) error {
	if err := checkStorage(n, d, off, length); err != nil {
		return err
	}
	missing := nulls(d, off, length)
	if missing > 0 && !n.field.Nullable {
		return fmt.Errorf("field %q: null in a field that is not nullable", n.field.Name)
	}
	p.sizes = append(p.sizes, nodeSize{length, missing})
	validity := -1
	if missing > 0 {
		validity = b.add(bitRange(d.Buffers()[0].Bytes(), off, length))
	}
	p.buffers = append(p.buffers, validity)
	if err := b.encodeValues(p, n, d, off, length); err != nil {
		return fmt.Errorf("field %q: %w", n.field.Name, err)
	}
	return nil
}

func (b *bodyBuilder) encodeValues(p *piece, n *node, d arrow.ArrayData, off, length int) error {
	switch n.kind {
	case fixed:
		raw, err := fixedBytes(d, off, length, n.width)
		p.buffers = append(p.buffers, b.add(raw))
		return err
	case bits:
		raw, err := bufferRange(d, 1, 0, bitBytes(off+length))
		if err == nil {
			p.buffers = append(p.buffers, b.add(bitRange(raw, off, length)))
		}
		return err
	case variable:
		return b.encodeVariable(p, n, d, off, length)
	case coded:
		raw, err := codeBytes(d, off, length, n.width, b.shape.spec.Groups[n.group].Codes)
		p.buffers = append(p.buffers, b.add(raw))
		return err
	case list:
		offsets, first, last, err := offsetRange(d, off, length)
		if err != nil {
			return err
		}
		p.buffers = append(p.buffers, b.add(offsets))
		kid := d.Children()[0]
		return b.encode(p, n.kids[0], kid, kid.Offset()+first, last-first)
	}
	return b.encodeStruct(p, n, d, off, length)
}

func (b *bodyBuilder) encodeVariable(p *piece, n *node, d arrow.ArrayData, off, length int) error {
	offsets, first, last, err := offsetRange(d, off, length)
	if err != nil {
		return err
	}
	raw, err := bufferRange(d, 2, first, last)
	if err != nil {
		return err
	}
	if n.field.Type.ID() == arrow.STRING {
		if err := checkText(offsets, raw); err != nil {
			return err
		}
	}
	p.buffers = append(p.buffers, b.add(offsets), b.add(raw))
	return nil
}

// encodeStruct stores the children; a child with a twin has its codes already.
func (b *bodyBuilder) encodeStruct(p *piece, n *node, d arrow.ArrayData, off, length int) error {
	codes := make([]int, len(n.kids)) // extents
	for i, kn := range n.kids {
		kd := d.Children()[i]
		koff := kd.Offset() + off
		if kn.twin < 0 {
			if err := b.encode(p, kn, kd, koff, length); err != nil {
				return err
			}
			codes[i] = p.buffers[len(p.buffers)-1]
			continue
		}
		td := d.Children()[kn.twin]
		if err := checkTwin(kn, kd, koff, td, td.Offset()+off, length); err != nil {
			return err
		}
		p.sizes = append(p.sizes, nodeSize{length, 0})
		p.buffers = append(p.buffers, -1, codes[kn.twin])
	}
	return nil
}

// checkTwin refuses members of one group whose codes differ.
func checkTwin(n *node, d arrow.ArrayData, off int, twin arrow.ArrayData, twinOff, length int) error {
	if err := checkStorage(n, d, off, length); err != nil {
		return err
	}
	a, err := fixedBytes(d, off, length, n.width)
	if err != nil {
		return err
	}
	b, err := fixedBytes(twin, twinOff, length, n.width)
	if err != nil {
		return err
	}
	same := length == 0 || &a[0] == &b[0] || bytes.Equal(a, b)
	if !same || nulls(d, off, length) > 0 {
		return fmt.Errorf("field %q: codes differ from those of the field before it in its group", n.field.Name)
	}
	return nil
}

// checkStorage holds an array's type and length against its node.
func checkStorage(n *node, d arrow.ArrayData, off, length int) error {
	want := n.field.Type
	if n.kind == coded {
		want = arrow.PrimitiveTypes.Uint32
	}
	got := d.DataType()
	same := got.ID() == want.ID() && len(d.Children()) == len(n.kids)
	if w, ok := want.(*arrow.FixedSizeBinaryType); ok && same {
		same = got.(*arrow.FixedSizeBinaryType).ByteWidth == w.ByteWidth
	}
	if !same {
		return fmt.Errorf("field %q: array of %v, want %v", n.field.Name, got, want)
	}
	if off+length > d.Offset()+d.Len() {
		return fmt.Errorf("field %q: array of %d values is too short", n.field.Name, d.Len())
	}
	return nil
}

func nulls(d arrow.ArrayData, off, length int) int {
	if d.NullN() == 0 || d.Buffers()[0] == nil || d.Buffers()[0].Len() == 0 {
		return 0
	}
	return length - bitutil.CountSetBits(d.Buffers()[0].Bytes(), off, length)
}

// bufferRange is bytes from to to of buffer i, which may be absent when they
// are none.
func bufferRange(d arrow.ArrayData, i, from, to int) ([]byte, error) {
	if from == to {
		return nil, nil
	}
	buf := d.Buffers()[i]
	if buf == nil || from > to || to > buf.Len() {
		return nil, fmt.Errorf("array's buffer %d is too short", i)
	}
	return buf.Bytes()[from:to], nil
}

func fixedBytes(d arrow.ArrayData, off, length, width int) ([]byte, error) {
	return bufferRange(d, 1, off*width, (off+length)*width)
}

// bitRange copies bits to a bitmap that starts with them and ends in zeros.
func bitRange(src []byte, off, length int) []byte {
	if length == 0 {
		return nil
	}
	dst := make([]byte, bitBytes(length))
	bitutil.CopyBitmap(src, off, length, dst, 0)
	if tail := length % 8; tail != 0 {
		dst[len(dst)-1] &= 1<<tail - 1
	}
	return dst
}

// offsetRange is length+1 offsets from zero, and the first and last of them
// as they were.
func offsetRange(d arrow.ArrayData, off, length int) (raw []byte, first, last int, err error) {
	if length == 0 {
		return make([]byte, 4), 0, 0, nil
	}
	src, err := bufferRange(d, 1, off*4, (off+length+1)*4)
	if err != nil {
		return nil, 0, 0, err
	}
	offsets := arrow.Int32Traits.CastFromBytes(src)
	first, last = int(offsets[0]), int(offsets[length])
	if first < 0 {
		return nil, 0, 0, fmt.Errorf("negative offset")
	}
	if first > 0 {
		moved := make([]int32, len(offsets))
		for i, o := range offsets {
			moved[i] = o - int32(first)
		}
		src = arrow.Int32Traits.CastToBytes(moved)
	}
	return src, first, last, checkOffsets(src, last-first)
}

// checkText refuses bytes that no Arrow reader would take for utf8.
func checkText(offsets, data []byte) error {
	if !utf8.Valid(data) {
		return fmt.Errorf("text is not UTF-8")
	}
	for _, o := range arrow.Int32Traits.CastFromBytes(offsets) {
		if int(o) < len(data) && !utf8.RuneStart(data[o]) {
			return fmt.Errorf("text is cut inside a rune at byte %d", o)
		}
	}
	return nil
}
