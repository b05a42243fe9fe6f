package span

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Type says which kind of OTLP AnyValue a Value holds.
type Type uint8

// The types of AnyValue. TypeEmpty is an AnyValue with nothing set.
const (
	TypeEmpty Type = iota
	TypeString
	TypeBool
	TypeInt
	TypeDouble
	TypeBytes
	TypeArray
	TypeKVList
)

var typeNames = [...]string{"empty", "string", "bool", "int", "double", "bytes", "array", "kvlist"}

// String is the type's name in OTLP, "string" for string_value.
func (t Type) String() string {
	if int(t) >= len(typeNames) {
		return "empty"
	}
	return typeNames[t]
}

// ParseType is the inverse of Type.String.
func ParseType(s string) (Type, bool) {
	i := slices.Index(typeNames[:], s)
	return Type(max(i, 0)), i >= 0
}

// Value is an OTLP AnyValue. The zero Value is the empty one. Values are
// immutable: share them freely, and do not change a slice one was made from.
type Value struct {
	str  string     // string, bytes
	list []KeyValue // array (keys unused), kvlist
	num  uint64     // bool, int, double
	typ  Type
}

// KeyValue is one attribute, or one entry of a kvlist.
type KeyValue struct {
	Key   string
	Value Value
}

// String makes a string value.
func String(s string) Value { return Value{typ: TypeString, str: s} }

// Bool makes a bool value.
func Bool(b bool) Value {
	v := Value{typ: TypeBool}
	if b {
		v.num = 1
	}
	return v
}

// Int makes an int value.
func Int(i int64) Value { return Value{typ: TypeInt, num: uint64(i)} }

// Double makes a double value.
func Double(f float64) Value { return Value{typ: TypeDouble, num: math.Float64bits(f)} }

// Bytes makes a bytes value; b is copied.
func Bytes(b []byte) Value { return Value{typ: TypeBytes, str: string(b)} }

// BytesString makes a bytes value of the string's bytes, without a copy.
func BytesString(s string) Value { return Value{typ: TypeBytes, str: s} }

// Array makes an array value.
func Array(vs ...Value) Value {
	list := make([]KeyValue, len(vs))
	for i, v := range vs {
		list[i].Value = v
	}
	return Value{typ: TypeArray, list: list}
}

// KVList makes a kvlist value that keeps the slice.
func KVList(kvs ...KeyValue) Value { return Value{typ: TypeKVList, list: kvs} }

// Type is the value's type.
func (v Value) Type() Type { return v.typ }

// Str is the text of a string value or the bytes of a bytes value; otherwise "".
func (v Value) Str() string { return v.str }

// Bool is the value of a bool; otherwise false.
func (v Value) Bool() bool { return v.typ == TypeBool && v.num != 0 }

// Int is the value of an int; otherwise 0.
func (v Value) Int() int64 {
	if v.typ != TypeInt {
		return 0
	}
	return int64(v.num)
}

// Double is the value of a double; otherwise 0.
func (v Value) Double() float64 {
	if v.typ != TypeDouble {
		return 0
	}
	return math.Float64frombits(v.num)
}

// List is the elements of an array (keys unused) or the entries of a kvlist.
// The slice belongs to the value.
func (v Value) List() []KeyValue { return v.list }

// Equal reports whether both have the same type and contents. Doubles are
// compared by their bits, so a NaN equals itself.
func (v Value) Equal(w Value) bool {
	if v.typ != w.typ || v.num != w.num || v.str != w.str || len(v.list) != len(w.list) {
		return false
	}
	for i := range v.list {
		if v.list[i].Key != w.list[i].Key || !v.list[i].Value.Equal(w.list[i].Value) {
			return false
		}
	}
	return true
}

// Number is the value as a float64: an int, a double, or a string that holds
// a number in Go's decimal or exponent form. ok is false for anything else.
func (v Value) Number() (f float64, ok bool) {
	switch v.typ {
	case TypeInt:
		return float64(int64(v.num)), true
	case TypeDouble:
		return math.Float64frombits(v.num), true
	case TypeString:
		if v.str == "" || len(v.str) > 64 || !numeric(v.str[0]) {
			return 0, false
		}
		f, err := strconv.ParseFloat(v.str, 64)
		return f, err == nil
	}
	return 0, false
}

func numeric(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.'
}

// Text is the value as text: a string as it is, numbers in shortest decimal
// form, true and false, bytes in standard base64, arrays and kvlists as JSON,
// the empty value "".
func (v Value) Text() string {
	switch v.typ {
	case TypeString:
		return v.str
	case TypeBool:
		return strconv.FormatBool(v.num != 0)
	case TypeInt:
		return strconv.FormatInt(int64(v.num), 10)
	case TypeDouble:
		return formatDouble(math.Float64frombits(v.num))
	case TypeBytes:
		return base64.StdEncoding.EncodeToString([]byte(v.str))
	case TypeArray, TypeKVList:
		return string(v.AppendJSON(nil))
	}
	return ""
}

func formatDouble(f float64) string {
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// AppendJSON appends the value as plain JSON: no type wrappers, bytes in
// base64, NaN and infinities as strings, the empty value null. In a kvlist the
// last of equal keys wins, as JSON readers have it.
func (v Value) AppendJSON(b []byte) []byte {
	switch v.typ {
	case TypeString, TypeBytes:
		return appendString(b, v.Text())
	case TypeBool, TypeInt:
		return append(b, v.Text()...)
	case TypeDouble:
		if f := v.Double(); math.IsNaN(f) || math.IsInf(f, 0) {
			return appendString(b, v.Text())
		}
		return append(b, v.Text()...)
	case TypeArray:
		b = append(b, '[')
		for i, e := range v.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = e.Value.AppendJSON(b)
		}
		return append(b, ']')
	case TypeKVList:
		return AppendJSONObject(b, v.list)
	}
	return append(b, "null"...)
}

// AppendJSONObject appends attributes as one plain JSON object.
func AppendJSONObject(b []byte, kvs []KeyValue) []byte {
	last := lastOf(kvs)
	b = append(b, '{')
	first := true
	for i, kv := range kvs {
		if last(i) {
			if !first {
				b = append(b, ',')
			}
			first = false
			b = appendString(b, kv.Key)
			b = append(b, ':')
			b = kv.Value.AppendJSON(b)
		}
	}
	return append(b, '}')
}

// lastOf tells whether entry i is the last one of its key, without quadratic
// cost for a long hostile list.
func lastOf(kvs []KeyValue) func(i int) bool {
	if len(kvs) <= 32 {
		return func(i int) bool {
			return !slices.ContainsFunc(kvs[i+1:], func(kv KeyValue) bool { return kv.Key == kvs[i].Key })
		}
	}
	at := make(map[string]int, len(kvs))
	for i, kv := range kvs {
		at[kv.Key] = i
	}
	return func(i int) bool { return at[kvs[i].Key] == i }
}

// MarshalJSON is AppendJSON.
func (v Value) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil), nil }

func appendString(b []byte, s string) []byte {
	j, err := json.Marshal(strings.ToValidUTF8(s, "\uFFFD"))
	if err != nil { // a string cannot fail to marshal
		panic(err)
	}
	return append(b, j...)
}

// Lookup finds the first attribute of that key.
func Lookup(kvs []KeyValue, key string) (Value, bool) {
	for i := range kvs {
		if kvs[i].Key == key {
			return kvs[i].Value, true
		}
	}
	return Value{}, false
}

// AppendKey appends bytes that are equal for equal values and for no others.
func (v Value) AppendKey(b []byte) []byte {
	b = append(b, byte(v.typ))
	switch v.typ {
	case TypeString, TypeBytes:
		b = binary.AppendUvarint(b, uint64(len(v.str)))
		b = append(b, v.str...)
	case TypeBool, TypeInt, TypeDouble:
		b = binary.LittleEndian.AppendUint64(b, v.num)
	case TypeArray, TypeKVList:
		b = binary.AppendUvarint(b, uint64(len(v.list)))
		for _, kv := range v.list {
			b = binary.AppendUvarint(b, uint64(len(kv.Key)))
			b = append(b, kv.Key...)
			b = kv.Value.AppendKey(b)
		}
	}
	return b
}
