package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/endian"
)

// tailSize is what follows Arrow's footer: its length and the magic.
const tailSize = 4 + 6

// A Reader reads one segment by projection. It is safe for concurrent use.
// It does not close its source.
type Reader struct {
	src   io.ReaderAt
	size  int64
	id    uint64
	trail extent // the trailer
	trailer
	dir  *directory
	read atomic.Int64

	unchecked bool
}

// ReadOptions of Open. The zero value is the default.
type ReadOptions struct {
	// ID, when not zero, is the id that the segment must have.
	ID uint64

	// unchecked takes every checksum for good. Tests set it to stand for an
	// attacker, who computes them.
	unchecked bool
}

// Open reads the trailer, Arrow's footer and the directory of a segment of
// size bytes, and holds them against their checksums and each other. It reads
// nothing else.
func Open(src io.ReaderAt, size int64, o ReadOptions) (*Reader, error) {
	if endian.IsBigEndian {
		return nil, errors.New("segment: big-endian machines are not supported")
	}
	r := &Reader{src: src, size: size, id: o.ID, unchecked: o.unchecked}
	foot, err := r.readTrailer()
	if err != nil {
		return nil, err
	}
	if o.ID != 0 && o.ID != r.segment {
		return nil, r.corrupt(r.trail.off, "this is segment %06d", r.segment)
	}
	encoded, err := r.block(r.trailer.dir)
	if err != nil {
		return nil, err
	}
	return r, r.decode(foot, encoded)
}

// readTrailer finds the trailer before Arrow's footer and returns the footer.
func (r *Reader) readTrailer() ([]byte, error) {
	tail, err := r.readAt(r.size-tailSize, tailSize)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(tail[4:], tailMagic) {
		return nil, r.corrupt(r.size-6, "no Arrow magic at the end")
	}
	footLen := int64(binary.LittleEndian.Uint32(tail))
	off := r.size - tailSize - footLen - trailerSize
	if off < int64(len(headMagic)) || off%8 != 0 {
		return nil, r.corrupt(r.size-tailSize, "footer of %d bytes", footLen)
	}
	b, err := r.readAt(off, r.size-off)
	if err != nil {
		return nil, err
	}
	r.trail = extent{off: off, stored: trailerSize}
	if r.trailer, err = decodeTrailer(b[:trailerSize], off, r.size, r.unchecked); err != nil {
		return nil, err
	}
	r.id = r.segment
	return b[trailerSize : int64(len(b))-tailSize], r.check(r.footer, b[trailerSize:])
}

// decode reads the footer and the directory, which must agree.
func (r *Reader) decode(foot, encoded []byte) error {
	f := newFlatReader(foot)
	root := f.root()
	fields, err := (&schemaReader{}).fields(root.table(1))
	if err != nil {
		return r.corrupt(r.footer.off, "footer: %v", err)
	}
	r.dir, err = decodeDirectory(encoded, r.segment, fields, r.trailer.dir.off)
	if err == nil {
		err = checkIndexes(fields, r.dir.shape)
	}
	if err != nil {
		return r.corrupt(r.trailer.dir.off, "directory: %v", err)
	}
	same := root.short(0) == metadataV5 && sameBlocks(root, 2, r.dir.dicts) && sameBlocks(root, 3, r.dir.batches)
	if f.err != nil || !same {
		return r.corrupt(r.footer.off, "footer and directory disagree")
	}
	return nil
}

// sameBlocks holds the footer's blocks against the directory's.
func sameBlocks(root flatTable, slot int, bodies []*body) bool {
	pos, n := root.vector(slot, 24)
	if n != len(bodies) {
		return false
	}
	for i, b := range bodies {
		p := pos + 24*i
		if root.r.i64(p) != b.meta.off || int64(root.r.i32(p+8)) != b.meta.stored ||
			root.r.i64(p+16) != b.end()-b.meta.end() {
			return false
		}
	}
	return true
}

func (r *Reader) corrupt(off int64, format string, args ...any) error {
	return &CorruptError{Segment: r.id, Offset: off, What: fmt.Sprintf(format, args...)}
}

// readAt reads n bytes, if the file has them.
func (r *Reader) readAt(off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || off > r.size-n {
		return nil, r.corrupt(max(off, 0), "file is truncated")
	}
	b := make([]byte, n)
	return b, r.fill(off, b)
}

func (r *Reader) fill(off int64, b []byte) error {
	n, err := r.src.ReadAt(b, off)
	r.read.Add(int64(n))
	if n == len(b) {
		return nil
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return readError(r.id, off, err)
}

// block reads and checks one extent.
func (r *Reader) block(e extent) ([]byte, error) {
	b, err := r.readAt(e.off, e.stored)
	if err != nil {
		return nil, err
	}
	return b, r.check(e, b)
}

func (r *Reader) check(e extent, stored []byte) error {
	if checksum(r.id, e.off, stored) != e.crc && !r.unchecked {
		return r.corrupt(e.off, "bad checksum of %d bytes", e.stored)
	}
	return nil
}

// Spec is the shape of the segment. The caller must not change it.
func (r *Reader) Spec() Spec { return r.dir.shape.spec }

// Info is what the segment says of itself. The caller must not change it.
func (r *Reader) Info() Info { return r.dir.info }

// Size is the length of the file in bytes.
func (r *Reader) Size() int64 { return r.size }

// Rows is the number of rows.
func (r *Reader) Rows() int { return int(r.dir.info.Rows) }

// Batches is the number of record batches.
func (r *Reader) Batches() int { return len(r.dir.batches) }

// BatchLen is the number of rows of a batch.
func (r *Reader) BatchLen(batch int) int { return r.dir.batches[batch].rows }

// BytesRead counts the bytes read from the source since Open began.
func (r *Reader) BytesRead() int64 { return r.read.Load() }

// Dictionary reads the values of a grouped column, one per code.
func (r *Reader) Dictionary(column int) (arrow.Array, error) {
	return r.dictionary(column, -1)
}

// InnerDictionary reads the values of the leaf-th dictionary-encoded field
// inside a plain column, counted depth first.
func (r *Reader) InnerDictionary(column, leaf int) (arrow.Array, error) {
	return r.dictionary(column, leaf)
}

func (r *Reader) dictionary(column, leaf int) (arrow.Array, error) {
	s := r.dir.shape
	i := slices.IndexFunc(s.dicts, func(d dictionary) bool { return d.column == column && d.leaf == leaf })
	if i < 0 {
		return nil, fmt.Errorf("segment %06d: column %d has no dictionary %d", r.id, column, leaf)
	}
	b := r.dir.dicts[i]
	a, err := r.decodePiece(b, b.pieces[0], s.dicts[i].values)
	if err != nil {
		return nil, fmt.Errorf("dictionary of column %q: %w", s.spec.Columns[column].Field.Name, err)
	}
	return a, nil
}

// Codes reads one batch of a group's codes, an array of its IndexType. Every
// code is below the group's Codes. List groups have theirs in their columns.
func (r *Reader) Codes(group, batch int) (arrow.Array, error) {
	spec := r.dir.shape.spec
	if group < 0 || group >= len(spec.Groups) || spec.Groups[group].List {
		return nil, fmt.Errorf("segment %06d: no codes of group %d", r.id, group)
	}
	b, err := r.batch(batch)
	if err != nil {
		return nil, err
	}
	a, err := r.decodePiece(b, b.codePiece(group), r.dir.shape.codes[group])
	if err != nil {
		return nil, fmt.Errorf("group %q, batch %d: %w", spec.Groups[group].Name, batch, err)
	}
	return a, nil
}

// Column reads one batch of a plain column, an array of its StorageType.
func (r *Reader) Column(column, batch int) (arrow.Array, error) {
	s := r.dir.shape
	if column < 0 || column >= len(s.nodes) || s.spec.Columns[column].Group != Plain {
		return nil, fmt.Errorf("segment %06d: column %d is not a plain one", r.id, column)
	}
	b, err := r.batch(batch)
	if err != nil {
		return nil, err
	}
	a, err := r.decodePiece(b, b.pieces[column], s.nodes[column])
	if err != nil {
		return nil, fmt.Errorf("column %q, batch %d: %w", s.spec.Columns[column].Field.Name, batch, err)
	}
	return a, nil
}

func (r *Reader) batch(i int) (*body, error) {
	if i < 0 || i >= len(r.dir.batches) {
		return nil, fmt.Errorf("segment %06d: no batch %d", r.id, i)
	}
	return r.dir.batches[i], nil
}

// Sections are the names of the sections in the order they were written.
func (r *Reader) Sections() []string {
	names := make([]string, len(r.dir.sections))
	for i, s := range r.dir.sections {
		names[i] = s.name
	}
	return names
}

// Section reads a section. The bytes are the caller's.
func (r *Reader) Section(name string) ([]byte, error) {
	i := r.dir.sectionIndex(name)
	if i < 0 {
		return nil, fmt.Errorf("segment %06d: section %q: %w", r.id, name, ErrNoSection)
	}
	s := r.dir.sections[i]
	b, err := r.block(s.extent)
	if err != nil {
		return nil, fmt.Errorf("section %q: %w", name, err)
	}
	if !s.packed {
		return b, nil
	}
	raw, err := decompress(b, int(s.raw))
	if err != nil {
		return nil, fmt.Errorf("section %q: %w", name, r.corrupt(s.off, "%v", err))
	}
	return raw, nil
}
