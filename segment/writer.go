package segment

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/endian"
)

var (
	headMagic   = [8]byte{'A', 'R', 'R', 'O', 'W', '1'}
	tailMagic   = headMagic[:6]
	endOfStream = [8]byte{0xFF, 0xFF, 0xFF, 0xFF}
)

// A Writer writes one segment: every dictionary in order, the batches, the
// sections, and Close. It is not safe for concurrent use. An error is final.
type Writer struct {
	out     io.Writer
	off     int64
	shape   *shape
	flat    *flatWriter
	build   bodyBuilder
	dir     directory
	started bool // sections have begun
	closed  bool
	err     error
}

// A Summary says what Close has made.
type Summary struct {
	Rows  uint64
	Bytes int64
}

var errClosed = errors.New("segment writer is closed")

// NewWriter starts a segment and writes its head to out.
func NewWriter(out io.Writer, spec Spec, o Options) (*Writer, error) {
	if endian.IsBigEndian {
		return nil, errors.New("segment: big-endian machines are not supported")
	}
	s, err := newShape(spec)
	if err != nil {
		return nil, fmt.Errorf("segment %06d: %w", spec.ID, err)
	}
	comp, err := newCompressor(o)
	if err != nil {
		return nil, fmt.Errorf("segment %06d: %w", spec.ID, err)
	}
	w := &Writer{out: out, shape: s, flat: newFlatWriter(s)}
	w.build = bodyBuilder{comp: comp, shape: s}
	w.dir.shape = s
	w.write(headMagic[:])
	message := w.flat.schemaMessage()
	w.dir.schema = w.block(message)
	w.write(message)
	return w, w.err
}

// write sends bytes out; the first error stays.
func (w *Writer) write(b []byte) {
	if w.err != nil || len(b) == 0 {
		return
	}
	n, err := w.out.Write(b)
	w.off += int64(n)
	if err != nil {
		w.err = fmt.Errorf("segment %06d: write at %d: %w", w.shape.spec.ID, w.off, err)
	}
}

// block describes bytes that are about to be written here.
func (w *Writer) block(b []byte) extent {
	n := int64(len(b))
	return extent{off: w.off, stored: n, raw: n, crc: checksum(w.shape.spec.ID, w.off, b)}
}

func (w *Writer) pad() {
	var zeros [8]byte
	w.write(zeros[:align(w.off)-w.off])
}

// fail makes an error final.
func (w *Writer) fail(err error) error {
	w.err = fmt.Errorf("segment %06d: %w", w.shape.spec.ID, err)
	return w.err
}

// usable says whether anything more may be written.
func (w *Writer) usable() error {
	if w.err == nil && w.closed {
		return errClosed
	}
	return w.err
}

// WriteDictionary writes the values of a grouped column, one per code of its
// group. Dictionaries are written once each, before the first batch, in the
// order of their columns.
func (w *Writer) WriteDictionary(column int, values arrow.Array) error {
	return w.writeDictionary(column, -1, values)
}

// WriteInnerDictionary does the same for the leaf-th dictionary-encoded field
// inside a plain column's nested type, counted depth first.
func (w *Writer) WriteInnerDictionary(column, leaf int, values arrow.Array) error {
	return w.writeDictionary(column, leaf, values)
}

func (w *Writer) writeDictionary(column, leaf int, values arrow.Array) error {
	if err := w.usable(); err != nil {
		return err
	}
	id := len(w.dir.dicts)
	if id == len(w.shape.dicts) {
		return w.fail(fmt.Errorf("dictionary of column %d: every dictionary is written", column))
	}
	d := w.shape.dicts[id]
	if d.column != column || d.leaf != leaf {
		return w.fail(fmt.Errorf("dictionary %d of column %d: the next one is %d of column %d", leaf, column, d.leaf, d.column))
	}
	rows := w.shape.spec.Groups[d.group].Codes
	w.build.reset(rows)
	if err := w.build.addArray(d.values, values, rows); err != nil {
		return w.fail(fmt.Errorf("dictionary of column %q: %w", w.shape.spec.Columns[column].Field.Name, err))
	}
	w.dir.dicts = append(w.dir.dicts, w.writeBody(func(b *body, n int64) []byte {
		return w.flat.dictionaryMessage(id, b, n)
	}))
	return w.err
}

// WriteBatch writes the next rows. Every batch but the last has
// Spec.BatchRows of them.
func (w *Writer) WriteBatch(b Batch) error {
	if err := w.usable(); err != nil {
		return err
	}
	if err := w.checkBatch(b); err != nil {
		return w.fail(err)
	}
	w.build.reset(b.Rows)
	for g, codes := range b.Codes {
		if err := w.build.addCodes(g, codes); err != nil {
			return w.fail(err)
		}
	}
	plain := b.Plain
	for i, c := range w.shape.spec.Columns {
		if c.Group != Plain {
			w.build.pieces = append(w.build.pieces, nil)
			continue
		}
		if err := w.build.addArray(w.shape.nodes[i], plain[0], b.Rows); err != nil {
			return w.fail(fmt.Errorf("column %q: %w", c.Field.Name, err))
		}
		plain = plain[1:]
	}
	w.dir.batches = append(w.dir.batches, w.writeBody(w.flat.recordMessage))
	w.dir.info.Rows += uint64(b.Rows)
	return w.err
}

func (w *Writer) checkBatch(b Batch) error {
	spec := w.shape.spec
	n := 0
	for _, c := range spec.Columns {
		if c.Group == Plain {
			n++
		}
	}
	switch {
	case w.started:
		return errors.New("a batch after a section")
	case len(w.dir.dicts) < len(w.shape.dicts):
		return errors.New("a batch before the last dictionary")
	case b.Rows < 1 || b.Rows > spec.BatchRows:
		return fmt.Errorf("batch of %d rows, at most %d", b.Rows, spec.BatchRows)
	case w.dir.info.Rows%uint64(spec.BatchRows) != 0:
		return errors.New("a batch after one that was not full")
	case w.dir.info.Rows+uint64(b.Rows) > maxRows:
		return fmt.Errorf("more than %d rows", uint64(maxRows))
	case len(b.Codes) != len(spec.Groups) || len(b.Plain) != n:
		return fmt.Errorf("batch of %d groups and %d plain columns, want %d and %d", len(b.Codes), len(b.Plain), len(spec.Groups), n)
	}
	return nil
}

// writeBody writes the message that was built and returns where it lies.
func (w *Writer) writeBody(message func(*body, int64) []byte) *body {
	b := &w.build
	if b.large {
		_ = w.fail(fmt.Errorf("a buffer is larger than %d bytes", maxRaw))
		return nil
	}
	meta := message(&b.body, int64(len(b.bytes)))
	b.meta = w.block(meta)
	w.write(meta)
	b.place(w.shape.spec.ID, w.off)
	w.write(b.bytes)
	placed := b.body
	return &placed
}

// WriteSection writes named bytes of the caller's own after the last batch,
// compressed if asked and if it pays.
func (w *Writer) WriteSection(name string, data []byte, compress bool) error {
	if err := w.usable(); err != nil {
		return err
	}
	w.begin()
	if w.dir.sectionIndex(name) >= 0 {
		return w.fail(fmt.Errorf("section %q: name used twice", name))
	}
	if len(data) > maxRaw {
		return w.fail(fmt.Errorf("section %q: %d bytes are too many", name, len(data)))
	}
	stored, packed := data, false
	if compress {
		if z := w.build.comp.enc.EncodeAll(data, nil); pays(len(z), len(data)) {
			stored, packed = z, true
		}
	}
	e := w.block(stored)
	e.raw = int64(len(data))
	w.dir.addSection(section{name: name, packed: packed, extent: e})
	w.write(stored)
	w.pad()
	return w.err
}

// begin ends Arrow's stream, once.
func (w *Writer) begin() {
	if !w.started {
		w.started = true
		w.write(endOfStream[:])
	}
}

// Close writes the directory and the footer. The info's Rows are filled in.
// Nothing is synced and out is not closed.
func (w *Writer) Close(info Info) (Summary, error) {
	if err := w.usable(); err != nil {
		return Summary{}, err
	}
	if len(w.dir.dicts) < len(w.shape.dicts) {
		return Summary{}, w.fail(errors.New("closed before the last dictionary"))
	}
	w.begin()
	w.closed = true
	info.Rows = w.dir.info.Rows
	w.dir.info = info

	encoded := w.dir.encode()
	dir := w.block(encoded)
	w.write(encoded)
	w.pad()
	foot := w.flat.footer(w.dir.dicts, w.dir.batches)
	size := len(foot)
	foot = binary.LittleEndian.AppendUint32(foot, uint32(size))
	foot = append(foot, tailMagic...)
	t := trailer{segment: w.shape.spec.ID, size: w.off + trailerSize + int64(len(foot)), dir: dir}
	t.footer = extent{off: w.off + trailerSize, stored: int64(len(foot))}
	t.footer.crc = checksum(t.segment, t.footer.off, foot)
	w.write(t.encode(w.off))
	w.write(foot)
	return Summary{Rows: info.Rows, Bytes: w.off}, w.err
}
