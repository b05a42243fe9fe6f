package otlp

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/spanstead/spanstead/engine/query"
)

// What can be wrong with a field; field returns one of these instead of a length.
const (
	badTruncated = -1 - iota
	badVarint
	badTag
	badGroup
	badWireType
)

var faults = map[int]string{
	badTruncated: "message ends inside a field",
	badVarint:    "varint of more than 64 bits",
	badTag:       "field number out of range",
	badGroup:     "groups are not part of the protocol",
	badWireType:  "unknown wire type",
}

const maxTag = 1<<32 - 1 // field numbers have 29 bits

// field reads the field at the start of b, which is not empty: its tag, its
// number or its data, and how many bytes it takes, or what is wrong with it.
func field(b []byte) (tag uint32, num uint64, data []byte, n int) {
	t, i := uint64(b[0]), 1
	if t >= 0x80 {
		if t, i = varint(b); i < 0 {
			return 0, 0, nil, i
		}
	}
	if t < 1<<3 || t > maxTag {
		return 0, 0, nil, badTag
	}
	switch t & 7 {
	case wireBytes:
		size, m := varint(b[i:])
		if m < 0 {
			return 0, 0, nil, m
		}
		i += m
		if size > uint64(len(b)-i) {
			return 0, 0, nil, badTruncated
		}
		return uint32(t), 0, b[i : i+int(size)], i + int(size)
	case wireVarint:
		v, m := varint(b[i:])
		if m < 0 {
			return 0, 0, nil, m
		}
		return uint32(t), v, nil, i + m
	case wireFixed64:
		if len(b)-i < 8 {
			return 0, 0, nil, badTruncated
		}
		return uint32(t), binary.LittleEndian.Uint64(b[i:]), nil, i + 8
	case wireFixed32:
		if len(b)-i < 4 {
			return 0, 0, nil, badTruncated
		}
		return uint32(t), uint64(binary.LittleEndian.Uint32(b[i:])), nil, i + 4
	case 3, 4:
		return 0, 0, nil, badGroup
	}
	return 0, 0, nil, badWireType
}

// varint reads a base-128 number and how many bytes it takes, or what is wrong.
func varint(b []byte) (v uint64, n int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	if len(b) > 1 && b[1] < 0x80 {
		return uint64(b[0]&0x7f) | uint64(b[1])<<7, 2
	}
	v, n = binary.Uvarint(b)
	switch {
	case n == 0:
		return 0, badTruncated
	case n < 0:
		return 0, badVarint
	}
	return v, n
}

// sizeVarint is the least number of bytes for a base-128 number.
func sizeVarint(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

// merged is a message that may come in several pieces, which protobuf merges:
// the merged message is the pieces one after the other. One piece alone is not
// copied.
type merged struct {
	bytes  []byte
	pieces int
}

func (m *merged) add(piece []byte) {
	switch m.pieces++; m.pieces {
	case 1:
		m.bytes = piece
	case 2:
		m.bytes = append(append(make([]byte, 0, 2*(len(m.bytes)+len(piece))), m.bytes...), piece...)
	default:
		m.bytes = append(m.bytes, piece...)
	}
}

// syntaxError is a place in a request that is not protobuf. The place is
// counted from the end of the request's memory, which every slice of it knows.
type syntaxError struct {
	left int
	what string
}

func (e *syntaxError) Error() string { return e.what }

// malformed says that b does not begin with a good field.
func malformed(b []byte, fault int) error {
	return &syntaxError{cap(b), faults[fault]}
}

// unknown lets a field pass that we do not know. Known has the bits of the
// field numbers that we do know: one of them here has the wrong wire type.
func unknown(b []byte, tag, known uint32) error {
	if number := tag >> 3; number < 32 && known>>number&1 == 1 {
		return &syntaxError{cap(b), fmt.Sprintf("field %d with wire type %d", number, tag&7)}
	}
	return nil
}

// invalid turns an error of reading a part of whole into one for the caller.
func invalid(whole []byte, err error) error {
	var e *syntaxError
	if errors.As(err, &e) {
		return fmt.Errorf("%w: OTLP protobuf at byte %d: %s", query.ErrInvalid, cap(whole)-e.left, e.what)
	}
	return err
}
