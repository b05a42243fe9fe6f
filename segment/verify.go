package segment

import (
	"bytes"
	"context"
	"errors"
	"slices"
)

// Verify reads the whole file. It holds every byte against a checksum, or
// against what it must be, then decodes every array and section and compares
// Arrow's messages with the directory. It returns nil or every fault it
// found, joined; each that lies in the file is a *CorruptError.
func (r *Reader) Verify(ctx context.Context) error {
	if err := r.verifyBytes(ctx); err != nil {
		return err
	}
	return r.verifyContent(ctx)
}

func (r *Reader) verifyBytes(ctx context.Context) error {
	var faults []error
	end := int64(0)
	for b := range r.Blocks() {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(faults, err)...)
		}
		faults = append(faults, r.verifyPadding(end, b.Offset), r.verifyBlock(b))
		end = b.Offset + b.Stored
	}
	if end != r.size {
		faults = append(faults, r.corrupt(end, "%d bytes that belong to no block", r.size-end))
	}
	return errors.Join(faults...)
}

// verifyPadding checks the bytes between two blocks.
func (r *Reader) verifyPadding(from, to int64) error {
	if to < from || to-from > 7 {
		return r.corrupt(from, "%d bytes between blocks", to-from)
	}
	b, err := r.readAt(from, to-from)
	if err == nil && !allZero(b) {
		err = r.corrupt(from, "padding is not zero")
	}
	return err
}

func (r *Reader) verifyBlock(b Block) error {
	stored, err := r.readAt(b.Offset, b.Stored)
	if err != nil {
		return err
	}
	good := r.unchecked || checksum(r.id, b.Offset, stored) == b.CRC
	if b.Literal != nil {
		good = bytes.Equal(stored, b.Literal)
	}
	if !good {
		return r.corrupt(b.Offset, "%s: bad bytes among %d", b.Name, b.Stored)
	}
	return nil
}

// verifyContent decodes everything.
func (r *Reader) verifyContent(ctx context.Context) error {
	s := r.dir.shape
	faults := []error{r.verifySchema()}
	for i, d := range s.dicts {
		_, err := r.dictionary(d.column, d.leaf)
		faults = append(faults, err, r.verifyMessage(r.dir.dicts[i], i))
	}
	for i, b := range r.dir.batches {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(faults, err)...)
		}
		faults = append(faults, r.verifyBatch(i), r.verifyMessage(b, -1))
	}
	for _, name := range r.Sections() {
		_, err := r.Section(name)
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

func (r *Reader) verifyBatch(batch int) error {
	var faults []error
	for g, group := range r.Spec().Groups {
		if !group.List {
			_, err := r.Codes(g, batch)
			faults = append(faults, err)
		}
	}
	for c, column := range r.Spec().Columns {
		if column.Group == Plain {
			_, err := r.Column(c, batch)
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// message reads an encapsulated message and returns its header table.
func (r *Reader) message(e extent, kind byte, bodyLen int64) (flatTable, error) {
	b, err := r.block(e)
	if err != nil {
		return flatTable{}, err
	}
	var f *flatReader
	if len(b) >= 8 {
		f = newFlatReader(b[8:])
		prefix := newFlatReader(b)
		if prefix.u32(0) == continuation && prefix.u32(4) == len(b)-8 {
			if m := f.root(); m.short(0) == metadataV5 && m.byte(1) == kind && m.long(3) == bodyLen && f.err == nil {
				return m.table(2), nil
			}
		}
	}
	return flatTable{}, r.corrupt(e.off, "message disagrees with the directory")
}

// verifySchema compares the schema message with the footer's schema.
func (r *Reader) verifySchema() error {
	t, err := r.message(r.dir.schema, headerSchema, 0)
	if err != nil {
		return err
	}
	fields, err := (&schemaReader{}).fields(t)
	if err != nil {
		return r.corrupt(r.dir.schema.off, "schema: %v", err)
	}
	same := len(fields) == len(r.dir.shape.nodes)
	for i := 0; same && i < len(fields); i++ {
		same = fields[i].Equal(r.dir.shape.arrowField(i))
	}
	if !same {
		return r.corrupt(r.dir.schema.off, "schema differs from the footer's")
	}
	return nil
}

// verifyMessage compares a message's nodes and buffers with the directory's.
// An id below zero is a record batch.
func (r *Reader) verifyMessage(b *body, id int) error {
	kind := byte(headerDictionaryBatch)
	if id < 0 {
		kind = headerRecordBatch
	}
	t, err := r.message(b.meta, kind, b.end()-b.meta.end())
	if err != nil {
		return err
	}
	sameID := true
	if id >= 0 {
		sameID = t.long(0) == int64(id) && t.byte(2) == 0
		t = t.table(1)
	}
	sizes, buffers := b.flatten(r.dir.shape)
	var nodes, refs []int64
	for _, s := range sizes {
		nodes = append(nodes, int64(s.length), int64(s.nulls))
	}
	for _, i := range buffers {
		if i < 0 {
			refs = append(refs, 0, 0)
			continue
		}
		refs = append(refs, b.extents[i].off-b.meta.end(), b.extents[i].stored)
	}
	compression := t.table(3)
	same := sameID && t.long(0) == int64(b.rows) &&
		compression.pos != 0 && compression.byte(0) == codecZstd && compression.byte(1) == 0 &&
		slices.Equal(t.longs(1), nodes) && slices.Equal(t.longs(2), refs)
	if !same || t.r.err != nil {
		return r.corrupt(b.meta.off, "message disagrees with the directory")
	}
	return nil
}

// longs is a vector of structs of two longs, flat.
func (t flatTable) longs(i int) []int64 {
	pos, n := t.vector(i, 16)
	out := make([]int64, 0, 2*n)
	for k := range 2 * n {
		out = append(out, t.r.i64(pos+8*k))
	}
	return out
}
