package otlp

import (
	"fmt"
	"math"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// ParseValue reads a protobuf AnyValue, without a length in front. The error
// wraps query.ErrInvalid: b is not an AnyValue, a string is not UTF-8, or
// it is beyond MaxDepth or MaxParts.
func ParseValue(b []byte) (span.Value, error) {
	var c check
	if _, _, _, err := checkValue(b, 0, &c); err != nil {
		return span.Value{}, invalid(b, err)
	}
	if c.flaw.what != "" {
		return span.Value{}, fmt.Errorf("%w: OTLP %v", query.ErrInvalid, c.flaw)
	}
	return parseValue(b), nil
}

// checkValue reads an AnyValue that lies within depth arrays and kvlists, down
// to the last of its parts. Of an array or kvlist, data is its inner message
// and says nothing of other fields beside it.
func checkValue(b []byte, depth int, c *check) (typ span.Type, num uint64, data []byte, err error) {
	fields := 0
	for len(b) > 0 {
		tag, x, d, n := field(b)
		if n < 0 {
			return 0, 0, nil, malformed(b, n)
		}
		fields++
		switch tag {
		case tagValueString:
			typ, num, data = span.TypeString, 0, d
			c.text(d, badString)
		case tagValueBytes:
			typ, num, data = span.TypeBytes, 0, d
		case tagValueBool:
			typ, num, data = span.TypeBool, min(x, 1), nil
			c.loose = c.loose || x > 1
		case tagValueInt:
			typ, num, data = span.TypeInt, x, nil
		case tagValueDouble:
			typ, num, data = span.TypeDouble, x, nil
		case tagValueIndex:
			typ, num, data = span.TypeEmpty, 0, nil
			c.loose = true
		case tagValueArray, tagValueKVList:
			typ, num, data = span.TypeArray, 0, d
			if tag == tagValueKVList {
				typ = span.TypeKVList
			}
			if err := checkList(d, typ, depth+1, c); err != nil {
				return 0, 0, nil, err
			}
		default:
			c.loose = true
			if err := unknown(b, tag, 1<<9-1<<1); err != nil {
				return 0, 0, nil, err
			}
		}
		c.loose = c.loose || !shortest(tag, x, d, n)
		b = b[n:]
	}
	c.loose = c.loose || fields > 1
	return typ, num, data, nil
}

// shortest reports whether a field with a tag of one byte takes no more bytes
// than it needs.
func shortest(tag uint32, num uint64, data []byte, n int) bool {
	switch tag & 7 {
	case wireVarint:
		return n == 1+sizeVarint(num)
	case wireBytes:
		return n == 1+sizeVarint(uint64(len(data)))+len(data)
	}
	return n == 1+8
}

// checkList reads an ArrayValue or KeyValueList. What lies too deep is not
// looked at: its span is rejected whatever it is.
func checkList(b []byte, typ span.Type, depth int, c *check) error {
	if depth > MaxDepth {
		c.fail(badDepth)
		return nil
	}
	for len(b) > 0 {
		tag, num, d, n := field(b)
		if n < 0 {
			return malformed(b, n)
		}
		c.part()
		var err error
		switch {
		case tag != tagListElement:
			c.loose = true
			err = unknown(b, tag, 1<<1)
		case typ == span.TypeArray:
			_, _, _, err = checkValue(d, depth, c)
		default:
			err = checkEntry(d, depth, c)
		}
		if err != nil {
			return err
		}
		c.loose = c.loose || !shortest(tag, num, d, n)
		b = b[n:]
	}
	return nil
}

// checkEntry reads a KeyValue of a kvlist.
func checkEntry(b []byte, depth int, c *check) error {
	keys, values := 0, 0
	for len(b) > 0 {
		tag, num, d, n := field(b)
		if n < 0 {
			return malformed(b, n)
		}
		var err error
		switch tag {
		case tagKey:
			keys++
			c.loose = c.loose || len(d) == 0 || values > 0
			c.text(d, badKey)
		case tagValue:
			values++
			_, _, _, err = checkValue(d, depth, c)
		default:
			c.loose = true
			err = unknown(b, tag, 1<<1|1<<2)
		}
		if err != nil {
			return err
		}
		c.loose = c.loose || !shortest(tag, num, d, n)
		b = b[n:]
	}
	c.loose = c.loose || keys > 1 || values != 1
	return nil
}

// parseValue reads an AnyValue that checkValue has passed.
func parseValue(b []byte) span.Value {
	v, list := span.Value{}, []span.KeyValue(nil)
	typ := span.TypeEmpty // of list
	for len(b) > 0 {
		tag, num, d, n := field(b)
		if n < 0 {
			break
		}
		if tag != tagValueArray && tag != tagValueKVList && tag>>3 <= tagValueIndex>>3 {
			typ, list = span.TypeEmpty, nil
		}
		switch tag {
		case tagValueString:
			v = span.String(string(d))
		case tagValueBytes:
			v = span.Bytes(d)
		case tagValueBool:
			v = span.Bool(num != 0)
		case tagValueInt:
			v = span.Int(int64(num))
		case tagValueDouble:
			v = span.Double(math.Float64frombits(num))
		case tagValueIndex:
			v = span.Value{}
		case tagValueArray:
			if typ != span.TypeArray {
				typ, list = span.TypeArray, nil
			}
			list = appendElements(list, d)
		case tagValueKVList:
			if typ != span.TypeKVList {
				typ, list = span.TypeKVList, nil
			}
			list = appendEntries(list, d)
		}
		b = b[n:]
	}
	switch typ {
	case span.TypeArray:
		return array(list)
	case span.TypeKVList:
		return span.KVList(list...)
	}
	return v
}

func array(list []span.KeyValue) span.Value {
	values := make([]span.Value, len(list))
	for i := range list {
		values[i] = list[i].Value
	}
	return span.Array(values...)
}

func appendElements(list []span.KeyValue, b []byte) []span.KeyValue {
	for len(b) > 0 {
		tag, _, d, n := field(b)
		if n < 0 {
			break
		}
		if tag == tagListElement {
			list = append(list, span.KeyValue{Value: parseValue(d)})
		}
		b = b[n:]
	}
	return list
}

func appendEntries(list []span.KeyValue, b []byte) []span.KeyValue {
	for len(b) > 0 {
		tag, _, d, n := field(b)
		if n < 0 {
			break
		}
		if tag == tagListElement {
			list = append(list, parseEntry(d))
		}
		b = b[n:]
	}
	return list
}

func parseEntry(b []byte) span.KeyValue {
	var kv span.KeyValue
	var value merged
	for len(b) > 0 {
		tag, _, d, n := field(b)
		if n < 0 {
			break
		}
		switch tag {
		case tagKey:
			kv.Key = string(d)
		case tagValue:
			value.add(d)
		}
		b = b[n:]
	}
	kv.Value = parseValue(value.bytes)
	return kv
}
