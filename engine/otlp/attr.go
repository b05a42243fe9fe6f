package otlp

import (
	"encoding/binary"
	"math"

	"github.com/spanstead/spanstead/engine/span"
)

// AttrView is an attribute whose slices point into the request.
type AttrView struct {
	Key  []byte
	Type span.Type
	Num  uint64 // bool: 0 or 1; int: two's complement; double: IEEE 754 bits
	// Bytes is the contents of a string or bytes value. For an array or kvlist
	// it is the AnyValue message, encoded as AppendValue does, so that equal
	// values have equal bytes; ParseValue reads it.
	Bytes []byte
}

// Value is the attribute's value, copied out of the request.
func (a *AttrView) Value() span.Value {
	switch a.Type {
	case span.TypeString:
		return span.String(string(a.Bytes))
	case span.TypeBool:
		return span.Bool(a.Num != 0)
	case span.TypeInt:
		return span.Int(int64(a.Num))
	case span.TypeDouble:
		return span.Double(math.Float64frombits(a.Num))
	case span.TypeBytes:
		return span.Bytes(a.Bytes)
	case span.TypeArray, span.TypeKVList:
		return parseValue(a.Bytes)
	}
	return span.Value{}
}

// appendAttr reads a KeyValue message and appends it.
func appendAttr(dst []AttrView, b []byte, c *check) ([]AttrView, error) {
	switch {
	case !c.part():
		return dst, new(AttrView).read(b, c)
	case len(dst) < cap(dst):
		dst = dst[:len(dst)+1]
	default:
		dst = append(dst, AttrView{})
	}
	a := &dst[len(dst)-1]
	if a.readPlain(b, c) {
		return dst, nil
	}
	return dst, a.read(b, c)
}

// readPlain reads a KeyValue of the form in which nearly all are sent: a key
// and a value that is one scalar, each shorter than 128 bytes. It reports
// false, and anything may stand in a, where that is not the form.
func (a *AttrView) readPlain(b []byte, c *check) bool {
	if len(b) < 6 || b[0] != tagKey || int(b[1]) > len(b)-6 {
		return false
	}
	n := int(b[1]) // of a length of two bytes it is the first, 0x80 or above
	v := b[2+n:]
	if n >= 0x80 || v[0] != tagValue || v[1] >= 0x80 || int(v[1]) != len(v)-2 {
		return false
	}
	a.Key = b[2 : 2+n]
	switch v[2] {
	case tagValueString:
		if v[3] >= 0x80 || int(v[3]) != len(v)-4 {
			return false
		}
		a.Type, a.Num, a.Bytes = span.TypeString, 0, v[4:]
		if !ascii(b) { // all that is not text here is below 0x80
			c.text(a.Key, badKey)
			c.text(a.Bytes, badString)
		}
		return true
	case tagValueInt, tagValueBool:
		num, n := varint(v[3:])
		if n != len(v)-3 {
			return false
		}
		a.Type, a.Num, a.Bytes = span.TypeInt, num, nil
		if v[2] == tagValueBool {
			a.Type, a.Num = span.TypeBool, min(num, 1)
		}
	case tagValueDouble:
		if len(v) != 3+8 {
			return false
		}
		a.Type, a.Num, a.Bytes = span.TypeDouble, binary.LittleEndian.Uint64(v[3:]), nil
	default:
		return false
	}
	c.text(a.Key, badKey)
	return true
}

// read reads a KeyValue of any form.
func (a *AttrView) read(b []byte, c *check) error {
	*a = AttrView{}
	var value merged
	for len(b) > 0 {
		tag, _, data, n := field(b)
		if n < 0 {
			return malformed(b, n)
		}
		switch tag {
		case tagKey:
			a.Key = data
			c.text(data, badKey)
		case tagValue:
			value.add(data)
			if err := a.readValue(data, c); err != nil {
				return err
			}
		default:
			if err := unknown(b, tag, 1<<1|1<<2); err != nil {
				return err
			}
		}
		b = b[n:]
	}
	if value.pieces > 1 {
		return a.readValue(value.bytes, c)
	}
	return nil
}

// readValue reads an AnyValue of any form.
func (a *AttrView) readValue(b []byte, c *check) error {
	c.loose = false
	typ, num, data, err := checkValue(b, 0, c)
	if err != nil {
		return err
	}
	a.Type, a.Num, a.Bytes = typ, num, data
	if typ == span.TypeArray || typ == span.TypeKVList {
		a.Bytes = b
		if c.loose && c.flaw.what == "" {
			a.Bytes = AppendValue(nil, parseValue(b))
		}
	}
	return nil
}
