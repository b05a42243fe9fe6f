package rest

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
)

// Integer is a whole number of a JSON body. It may be written as JSON allows,
// 20 or 20.0 or 2e1; a fraction is an error, and so is a number past 64 bits.
type Integer int64

// UnmarshalJSON reads a number; null leaves it as it is.
func (n *Integer) UnmarshalJSON(b []byte) error {
	s := string(b)
	if s == "null" {
		return nil
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		*n = Integer(i)
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return &json.UnmarshalTypeError{Value: jsonKind(s), Type: reflect.TypeFor[Integer]()}
	}
	*n = Integer(f)
	return nil
}

// jsonKind names what a JSON value is, by its first byte.
func jsonKind(s string) string {
	switch {
	case s == "":
		return "nothing"
	case s[0] == '"':
		return "string"
	case s[0] == '{':
		return "object"
	case s[0] == '[':
		return "array"
	case s == "true" || s == "false":
		return "bool"
	}
	return "number " + s[:min(len(s), 40)]
}

var integerType = reflect.TypeFor[Integer]()

// wanted names in JSON's words what a Go type is read from.
func wanted(t reflect.Type) string {
	switch {
	case t == integerType:
		return "an integer"
	case t.Kind() == reflect.Pointer:
		return wanted(t.Elem())
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "an integer"
}
