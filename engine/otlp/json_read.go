package otlp

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// JSONToProto appends to dst the protobuf form of an ExportTraceServiceRequest
// in OTLP's JSON, for Walk to read. The error wraps query.ErrInvalid and says
// where; what is appended to dst then is nothing.
//
// Ids are hex of either case. Integers may be numbers or strings, enums numbers
// or names, doubles numbers or strings, NaN and Infinity among them. Keys are
// lowerCamelCase or as in protobuf; unknown ones are skipped, and null is as if
// the key were not there. An id that is not hex or has a wrong length becomes
// bytes of a wrong length, so that Walk rejects that span alone, and likewise a
// value that nests deeper than MaxDepth.
func JSONToProto(dst, body []byte) ([]byte, error) {
	c := converter{scanner: scanner{b: body}, dst: dst}
	if err := c.message(requestShape, 0); err != nil {
		return dst, err
	}
	if c.peek(); c.i < len(c.b) {
		return dst, c.want("the end of the text")
	}
	return c.dst, nil
}

type converter struct {
	scanner
	dst []byte
}

// message takes an object and appends its fields. A value in it lies within
// depth arrays and kvlists.
func (c *converter) message(shape *jsonShape, depth int) error {
	if !c.take('{') {
		return c.want("an object")
	}
	if c.take('}') {
		return nil
	}
	for {
		key, err := c.key()
		if err != nil {
			return err
		}
		f := shape.fields[string(key)]
		switch {
		case f == nil:
			err = c.skip()
		case c.null():
		case f.repeated:
			err = c.array(f, depth)
		default:
			err = c.field(f, depth)
		}
		if err != nil {
			if f != nil {
				err = within(err, f.name)
			}
			return err
		}
		if !c.take(',') {
			break
		}
	}
	if !c.take('}') {
		return c.want("a comma or a closing brace")
	}
	return nil
}

// array takes an array and appends a field for each element.
func (c *converter) array(f *jsonField, depth int) error {
	if !c.take('[') {
		return c.want("an array")
	}
	if c.take(']') {
		return nil
	}
	for i := 0; ; i++ {
		var err error
		switch {
		case !c.null():
			err = c.field(f, depth)
		case f.holes:
			c.dst = append(c.dst, byte(f.tag), 0)
		}
		if err != nil {
			return within(err, "["+strconv.Itoa(i)+"]")
		}
		if !c.take(',') {
			break
		}
	}
	if !c.take(']') {
		return c.want("a comma or a closing bracket")
	}
	return nil
}

// field takes a value that is not null and appends it with its tag.
func (c *converter) field(f *jsonField, depth int) error {
	switch f.kind {
	case jsonMessage:
		return c.inner(f, depth)
	case jsonText, jsonID, jsonBytes:
		return c.bytes(f)
	case jsonBool:
		return c.bool(f)
	case jsonEnum:
		return c.enum(f)
	case jsonDouble:
		return c.double(f)
	}
	return c.integer(f)
}

func (c *converter) inner(f *jsonField, depth int) error {
	if f.nests {
		depth++
	}
	var at int
	c.dst, at = open(c.dst, byte(f.tag))
	var err error
	if depth > MaxDepth { // Walk rejects the span for being here at all
		err = c.skip()
	} else {
		err = c.message(f.message, depth)
	}
	c.dst = shut(c.dst, at)
	return err
}

func (c *converter) bytes(f *jsonField) error {
	at := c.i
	if c.peek() != '"' {
		return c.want("a string")
	}
	text, err := c.text()
	if err != nil {
		return err
	}
	switch f.kind {
	case jsonID:
		c.id(f, text)
		return nil
	case jsonBytes:
		if text, err = decodeBase64(text); err != nil {
			return &jsonError{offset: at, what: err.Error()}
		}
	}
	c.dst = binary.AppendUvarint(append(c.dst, byte(f.tag)), uint64(len(text)))
	c.dst = append(c.dst, text...)
	return nil
}

// id appends the bytes of a hex id, or for what is not one as many bytes of
// the text as cannot be one.
func (c *converter) id(f *jsonField, text []byte) {
	const most = 64
	at := len(c.dst) + 2
	dst, err := hex.AppendDecode(append(c.dst, byte(f.tag), 0), text)
	if err != nil {
		dst = append(dst[:at], text...)
		if len(text) == f.size {
			dst = append(dst, 0)
		}
	}
	c.dst = dst[:min(len(dst), at+most)]
	c.dst[at-1] = byte(len(c.dst) - at)
}

// decodeBase64 reads the standard or the URL alphabet, padded or not.
func decodeBase64(text []byte) ([]byte, error) {
	text = slices.Clone(text)
	for i, x := range text {
		switch x {
		case '-':
			text[i] = '+'
		case '_':
			text[i] = '/'
		}
	}
	for n := 0; n < 2 && len(text) > 0 && text[len(text)-1] == '='; n++ {
		text = text[:len(text)-1]
	}
	decoded, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil {
		return nil, fmt.Errorf("want base64: %w", err)
	}
	return decoded, nil
}

func (c *converter) bool(f *jsonField) error {
	c.peek()
	switch {
	case c.word("true"):
		c.dst = append(c.dst, byte(f.tag), 1)
	case c.word("false"):
		c.dst = append(c.dst, byte(f.tag), 0)
	default:
		return c.want("true or false")
	}
	return nil
}

// enum takes a number, in a string or not, or a name.
func (c *converter) enum(f *jsonField) error {
	at := c.i
	text, err := c.numeric()
	if err != nil {
		return err
	}
	n := int64(slices.Index(f.names, string(text)))
	if n < 0 {
		var ok bool
		if n, ok = parseInt(text); !ok || n != int64(int32(n)) {
			return &jsonError{offset: at, what: fmt.Sprintf("want a number or name, got %.40q", text)}
		}
	}
	c.dst = binary.AppendUvarint(append(c.dst, byte(f.tag)), uint64(n))
	return nil
}

// integer takes a whole number, in a string or not, that the field can hold.
func (c *converter) integer(f *jsonField) error {
	at := c.i
	text, err := c.numeric()
	if err != nil {
		return err
	}
	var n uint64
	var ok bool
	if f.kind == jsonInt {
		var i int64
		i, ok = parseInt(text)
		n = uint64(i)
	} else {
		var negative bool
		n, negative, ok = parseWhole(text)
		ok = ok && (!negative || n == 0) && (f.kind == jsonFixed64 || n <= math.MaxUint32)
	}
	if !ok {
		return &jsonError{offset: at, what: fmt.Sprintf("want a whole number within the field's range, got %.40q", text)}
	}
	c.dst = binary.AppendUvarint(c.dst, uint64(f.tag))
	switch f.kind {
	case jsonFixed32:
		c.dst = binary.LittleEndian.AppendUint32(c.dst, uint32(n))
	case jsonFixed64:
		c.dst = binary.LittleEndian.AppendUint64(c.dst, n)
	default:
		c.dst = binary.AppendUvarint(c.dst, n)
	}
	return nil
}

// double takes a number, in a string or not, or the name of a special one.
func (c *converter) double(f *jsonField) error {
	at := c.i
	text, err := c.numeric()
	if err != nil {
		return err
	}
	d, ok := parseDouble(text)
	if !ok {
		return &jsonError{offset: at, what: fmt.Sprintf("want a number that a double can hold, got %.40q", text)}
	}
	c.dst = binary.LittleEndian.AppendUint64(append(c.dst, byte(f.tag)), math.Float64bits(d))
	return nil
}

// numeric takes a number or a string, and returns its text.
func (c *converter) numeric() ([]byte, error) {
	switch x := c.peek(); {
	case x == '"':
		return c.text()
	case x == '-' || x >= '0' && x <= '9':
		return c.number()
	}
	return nil, c.want("a number or a string")
}

func parseDouble(text []byte) (float64, bool) {
	switch string(text) {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	s := scanner{b: text}
	if _, err := s.number(); err != nil || s.i != len(text) {
		return 0, false
	}
	d, err := strconv.ParseFloat(string(text), 64)
	return d, err == nil
}

func parseInt(text []byte) (int64, bool) {
	n, negative, ok := parseWhole(text)
	switch {
	case negative:
		return -int64(n), ok && n <= 1<<63
	default:
		return int64(n), ok && n < 1<<63
	}
}

// parseWhole reads a JSON number that is whole, be it written with a fraction
// or an exponent: 1e3 and 1.50e1 are. It is exact.
func parseWhole(text []byte) (n uint64, negative, ok bool) {
	if len(text) > 0 && text[0] == '-' {
		negative, text = true, text[1:]
	}
	if n, ok := parseDigits(text); ok {
		return n, negative, len(text) == 1 || text[0] != '0'
	}
	s := scanner{b: text}
	if len(text) == 0 || text[0] == '-' {
		return 0, false, false
	}
	if _, err := s.number(); err != nil || s.i != len(text) {
		return 0, false, false
	}
	digits, exponent := decimal(text)
	if len(digits) == 0 {
		return 0, negative, true
	}
	if exponent < 0 || exponent > 20 {
		return 0, false, false
	}
	for range exponent {
		digits = append(digits, '0')
	}
	n, ok = parseDigits(digits)
	return n, negative, ok
}

// decimal takes a JSON number without sign apart: it is the digits, without
// zeros at either end, times ten to the exponent.
func decimal(text []byte) (digits []byte, exponent int) {
	for i, x := range text {
		if x == 'e' || x == 'E' {
			e, err := strconv.Atoi(string(text[i+1:]))
			if err != nil || e > 1<<30 || e < -1<<30 {
				e = 1 << 30 // beyond any number of digits; a zero stays one
			}
			exponent += e
			break
		}
		if x == '.' {
			exponent -= fraction(text[i+1:])
			continue
		}
		digits = append(digits, x)
	}
	for len(digits) > 0 && digits[0] == '0' {
		digits = digits[1:]
	}
	for len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
		exponent++
	}
	return digits, exponent
}

// fraction is the number of leading digits.
func fraction(text []byte) int {
	s := scanner{b: text}
	return s.digits()
}

// parseDigits reads decimal digits that fit into 64 bits.
func parseDigits(text []byte) (n uint64, ok bool) {
	for _, x := range text {
		d := uint64(x - '0')
		if d > 9 || n > math.MaxUint64/10 || n*10 > math.MaxUint64-d {
			return 0, false
		}
		n = n*10 + d
	}
	return n, len(text) > 0
}
