package segment

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"
	flatbuffers "github.com/google/flatbuffers/go"
)

// Numbers from Arrow's Schema.fbs, Message.fbs and File.fbs. Slots are the
// positions of a table's fields in those files.
const (
	metadataV5 = 4

	headerSchema          = 1
	headerDictionaryBatch = 2
	headerRecordBatch     = 3

	typeInt             = 2
	typeFloatingPoint   = 3
	typeBinary          = 4
	typeUtf8            = 5
	typeBool            = 6
	typeList            = 12
	typeStruct          = 13
	typeFixedSizeBinary = 15

	codecZstd = 1

	precisionSingle = 1
	precisionDouble = 2
)

// continuation begins every encapsulated message.
const continuation = 0xFFFFFFFF

// A flatWriter builds Arrow's metadata.
type flatWriter struct {
	*flatbuffers.Builder
	shape *shape
	dicts int // ids given out while a schema is written
}

func newFlatWriter(s *shape) *flatWriter {
	return &flatWriter{Builder: flatbuffers.NewBuilder(1024), shape: s}
}

// message finishes a message with its prefix and padding.
func (w *flatWriter) message(header byte, at flatbuffers.UOffsetT, bodyLen int64) []byte {
	w.StartObject(5)
	w.PrependInt64Slot(3, bodyLen, 0)
	w.PrependUOffsetTSlot(2, at, 0)
	w.PrependInt16Slot(0, metadataV5, 0)
	w.PrependByteSlot(1, header, 0)
	w.Finish(w.EndObject())
	fb := w.FinishedBytes()
	out := make([]byte, align(int64(len(fb)))+8)
	binary.LittleEndian.PutUint32(out, continuation)
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	copy(out[8:], fb)
	return out
}

func (w *flatWriter) schemaMessage() []byte {
	w.Reset()
	return w.message(headerSchema, w.schema(), 0)
}

func (w *flatWriter) recordMessage(b *body, bodyLen int64) []byte {
	w.Reset()
	return w.message(headerRecordBatch, w.record(b, bodyStart(b)), bodyLen)
}

func (w *flatWriter) dictionaryMessage(id int, b *body, bodyLen int64) []byte {
	w.Reset()
	data := w.record(b, bodyStart(b))
	w.StartObject(3)
	w.PrependInt64Slot(0, int64(id), 0)
	w.PrependUOffsetTSlot(1, data, 0)
	return w.message(headerDictionaryBatch, w.EndObject(), bodyLen)
}

// bodyStart is what a message's buffer offsets count from.
func bodyStart(b *body) int64 {
	if len(b.extents) == 0 {
		return 0
	}
	return b.extents[0].off
}

// record writes a RecordBatch table: all pieces in schema order.
func (w *flatWriter) record(b *body, start int64) flatbuffers.UOffsetT {
	sizes, buffers := b.flatten(w.shape)
	w.StartVector(16, len(sizes), 8)
	for i := len(sizes) - 1; i >= 0; i-- {
		w.pair(int64(sizes[i].length), int64(sizes[i].nulls))
	}
	nodes := w.EndVector(len(sizes))

	w.StartVector(16, len(buffers), 8)
	for i := len(buffers) - 1; i >= 0; i-- {
		if buffers[i] < 0 {
			w.pair(0, 0)
			continue
		}
		e := b.extents[buffers[i]]
		w.pair(e.off-start, e.stored)
	}
	refs := w.EndVector(len(buffers))

	w.StartObject(2)
	w.PrependInt8Slot(0, codecZstd, 0)
	compression := w.EndObject()

	w.StartObject(5)
	w.PrependInt64Slot(0, int64(b.rows), 0)
	w.PrependUOffsetTSlot(1, nodes, 0)
	w.PrependUOffsetTSlot(2, refs, 0)
	w.PrependUOffsetTSlot(3, compression, 0)
	return w.EndObject()
}

// pair writes a struct of two longs: a FieldNode or a Buffer.
func (w *flatWriter) pair(first, second int64) {
	w.Prep(8, 16)
	w.PrependInt64(second)
	w.PrependInt64(first)
}

// flatten is a body's nodes and buffers as Arrow lists them.
func (b *body) flatten(s *shape) (sizes []nodeSize, buffers []int) {
	for i, p := range b.pieces {
		if p == nil {
			p = b.codePiece(s.spec.Columns[i].Group)
		}
		sizes = append(sizes, p.sizes...)
		buffers = append(buffers, p.buffers...)
	}
	return sizes, buffers
}

func (w *flatWriter) schema() flatbuffers.UOffsetT {
	w.dicts = 0
	fields := make([]flatbuffers.UOffsetT, len(w.shape.nodes))
	for i, n := range w.shape.nodes {
		fields[i] = w.field(n)
	}
	vector := w.tables(fields)
	w.StartObject(4)
	w.PrependUOffsetTSlot(1, vector, 0)
	return w.EndObject()
}

func (w *flatWriter) tables(offsets []flatbuffers.UOffsetT) flatbuffers.UOffsetT {
	w.StartVector(4, len(offsets), 4)
	for i := len(offsets) - 1; i >= 0; i-- {
		w.PrependUOffsetT(offsets[i])
	}
	return w.EndVector(len(offsets))
}

func (w *flatWriter) field(n *node) flatbuffers.UOffsetT {
	var dict flatbuffers.UOffsetT
	if n.kind == coded {
		dict = w.encoding(n)
	}
	name := w.CreateString(n.field.Name)
	kids := make([]flatbuffers.UOffsetT, len(n.kids))
	for i, k := range n.kids {
		kids[i] = w.field(k)
	}
	children := w.tables(kids)
	metadata := w.metadata(n.field.Metadata)
	id, typ := w.dataType(n.field.Type)
	w.StartObject(7)
	w.PrependUOffsetTSlot(0, name, 0)
	w.PrependUOffsetTSlot(3, typ, 0)
	w.PrependUOffsetTSlot(4, dict, 0)
	w.PrependUOffsetTSlot(5, children, 0)
	w.PrependUOffsetTSlot(6, metadata, 0)
	w.PrependBoolSlot(1, n.field.Nullable, false)
	w.PrependByteSlot(2, id, 0)
	return w.EndObject()
}

// encoding writes the DictionaryEncoding of a coded node; ids count up.
func (w *flatWriter) encoding(n *node) flatbuffers.UOffsetT {
	index := w.integer(n.width*8, false)
	w.StartObject(4)
	w.PrependInt64Slot(0, int64(w.dicts), 0)
	w.PrependUOffsetTSlot(1, index, 0)
	w.dicts++
	return w.EndObject()
}

func (w *flatWriter) metadata(m arrow.Metadata) flatbuffers.UOffsetT {
	if m.Len() == 0 {
		return 0
	}
	pairs := make([]flatbuffers.UOffsetT, m.Len())
	for i, key := range m.Keys() {
		k, v := w.CreateString(key), w.CreateString(m.Values()[i])
		w.StartObject(2)
		w.PrependUOffsetTSlot(0, k, 0)
		w.PrependUOffsetTSlot(1, v, 0)
		pairs[i] = w.EndObject()
	}
	return w.tables(pairs)
}

func (w *flatWriter) dataType(t arrow.DataType) (byte, flatbuffers.UOffsetT) {
	switch t := t.(type) {
	case *arrow.Float32Type:
		return typeFloatingPoint, w.float(precisionSingle)
	case *arrow.Float64Type:
		return typeFloatingPoint, w.float(precisionDouble)
	case *arrow.BooleanType:
		return typeBool, w.emptyType()
	case *arrow.StringType:
		return typeUtf8, w.emptyType()
	case *arrow.BinaryType:
		return typeBinary, w.emptyType()
	case *arrow.ListType:
		return typeList, w.emptyType()
	case *arrow.StructType:
		return typeStruct, w.emptyType()
	case *arrow.FixedSizeBinaryType:
		w.StartObject(1)
		w.PrependInt32Slot(0, int32(t.ByteWidth), 0)
		return typeFixedSizeBinary, w.EndObject()
	}
	width := t.(arrow.FixedWidthDataType).BitWidth() // newShape admits no other
	return typeInt, w.integer(width, arrow.IsSignedInteger(t.ID()))
}

func (w *flatWriter) emptyType() flatbuffers.UOffsetT {
	w.StartObject(0)
	return w.EndObject()
}

func (w *flatWriter) integer(width int, signed bool) flatbuffers.UOffsetT {
	w.StartObject(2)
	w.PrependInt32Slot(0, int32(width), 0)
	w.PrependBoolSlot(1, signed, false)
	return w.EndObject()
}

func (w *flatWriter) float(precision int16) flatbuffers.UOffsetT {
	w.StartObject(1)
	w.PrependInt16Slot(0, precision, 0)
	return w.EndObject()
}

// footer is Arrow's footer without its length and magic.
func (w *flatWriter) footer(dicts, batches []*body) []byte {
	w.Reset()
	schema := w.schema()
	dictBlocks, batchBlocks := w.blocks(dicts), w.blocks(batches)
	w.StartObject(5)
	w.PrependUOffsetTSlot(1, schema, 0)
	w.PrependUOffsetTSlot(2, dictBlocks, 0)
	w.PrependUOffsetTSlot(3, batchBlocks, 0)
	w.PrependInt16Slot(0, metadataV5, 0)
	w.Finish(w.EndObject())
	return append([]byte(nil), w.FinishedBytes()...)
}

func (w *flatWriter) blocks(bodies []*body) flatbuffers.UOffsetT {
	w.StartVector(24, len(bodies), 8)
	for i := len(bodies) - 1; i >= 0; i-- {
		b := bodies[i]
		w.Prep(8, 24)
		w.PrependInt64(b.end() - b.meta.end())
		w.Pad(4)
		w.PrependInt32(int32(b.meta.stored))
		w.PrependInt64(b.meta.off)
	}
	return w.EndVector(len(bodies))
}
