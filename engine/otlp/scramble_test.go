package otlp

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// scramble encodes a message in a way that means the same but is not usual:
// fields in any order, scalars sent twice, messages in pieces, unknown fields,
// numbers with more bytes than needed.
func (m maker) scramble(msg protoreflect.Message) []byte {
	var pieces [][]byte
	msg.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		pieces = append(pieces, m.pieces(f, v)...)
		return true
	})
	if m.IntN(3) == 0 {
		pieces = append(pieces, m.unknown())
	}
	m.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
	var b []byte
	for _, p := range pieces {
		b = append(b, p...)
	}
	return b
}

// pieces encodes one field as pieces that may stand in any order; elements of
// a list stay together.
func (m maker) pieces(f protoreflect.FieldDescriptor, v protoreflect.Value) [][]byte {
	if f.IsList() {
		var all []byte
		for i := range v.List().Len() {
			all = append(all, m.one(f, v.List().Get(i))...)
		}
		return [][]byte{all}
	}
	b := m.one(f, v)
	if m.IntN(4) == 0 && f.ContainingOneof() == nil { // the same again: the last counts, messages merge
		if f.Kind() != protoreflect.MessageKind {
			return [][]byte{append(m.one(f, f.Default()), b...)}
		}
		return [][]byte{append(m.split(f, v.Message()), m.header(f, 0)...)}
	}
	return [][]byte{b}
}

// split encodes a message field as two, each with some of the fields.
func (m maker) split(f protoreflect.FieldDescriptor, msg protoreflect.Message) []byte {
	one, other := msg.New(), msg.New()
	msg.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if m.IntN(2) == 0 {
			one.Set(f, v)
		} else {
			other.Set(f, v)
		}
		return true
	})
	b := m.one(f, protoreflect.ValueOfMessage(one))
	return append(b, m.one(f, protoreflect.ValueOfMessage(other))...)
}

func (m maker) one(f protoreflect.FieldDescriptor, v protoreflect.Value) []byte {
	tag := m.header(f, 0)
	switch f.Kind() {
	case protoreflect.MessageKind:
		b := m.scramble(v.Message())
		return append(m.header(f, len(b)), b...)
	case protoreflect.StringKind:
		return append(m.header(f, len(v.String())), v.String()...)
	case protoreflect.BytesKind:
		return append(m.header(f, len(v.Bytes())), v.Bytes()...)
	case protoreflect.BoolKind:
		return m.varint(tag, protowire.EncodeBool(v.Bool()))
	case protoreflect.EnumKind:
		return m.varint(tag, uint64(v.Enum()))
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		return m.varint(tag, uint64(v.Int()))
	case protoreflect.Uint32Kind:
		return m.varint(tag, v.Uint())
	case protoreflect.Fixed64Kind:
		return protowire.AppendFixed64(tag, v.Uint())
	case protoreflect.Fixed32Kind:
		return protowire.AppendFixed32(tag, uint32(v.Uint()))
	case protoreflect.DoubleKind:
		return protowire.AppendFixed64(tag, doubleBits(v.Float()))
	}
	panic("no such field in OTLP: " + f.FullName())
}

// header is a field's tag and, where the field has one, its length.
func (m maker) header(f protoreflect.FieldDescriptor, length int) []byte {
	switch f.Kind() {
	case protoreflect.MessageKind, protoreflect.StringKind, protoreflect.BytesKind:
		b := m.varint(nil, protowire.EncodeTag(f.Number(), protowire.BytesType))
		return m.varint(b, uint64(length))
	case protoreflect.Fixed64Kind, protoreflect.DoubleKind:
		return m.varint(nil, protowire.EncodeTag(f.Number(), protowire.Fixed64Type))
	case protoreflect.Fixed32Kind:
		return m.varint(nil, protowire.EncodeTag(f.Number(), protowire.Fixed32Type))
	}
	return m.varint(nil, protowire.EncodeTag(f.Number(), protowire.VarintType))
}

// varint appends a number, at times with a byte more than needed.
func (m maker) varint(b []byte, v uint64) []byte {
	b = protowire.AppendVarint(b, v)
	if m.IntN(8) == 0 && v < 1<<56 {
		b[len(b)-1] |= 0x80
		b = append(b, 0)
	}
	return b
}

func (m maker) unknown() []byte {
	number := protowire.Number(100 + m.IntN(1000))
	switch m.IntN(4) {
	case 0:
		return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), m.Uint64())
	case 1:
		return protowire.AppendFixed64(protowire.AppendTag(nil, number, protowire.Fixed64Type), m.Uint64())
	case 2:
		return protowire.AppendFixed32(protowire.AppendTag(nil, number, protowire.Fixed32Type), m.Uint32())
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), m.id(1+m.IntN(20)))
}
