package truefoundry

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/spanstead/spanstead/engine/span"
)

// kind is what a filter's value is, or the elements of one that is an array.
type kind uint8

const (
	none    kind = 0 // no value, null, or an array of no elements
	text    kind = 1 << iota
	number  kind = 1 << iota
	boolean kind = 1 << iota
)

var kindNames = map[kind]string{none: "null", text: "string", number: "number", boolean: "boolean"}

// operand is the value of a filter: one of its lists has what the kind says,
// a single value being a list of one.
type operand struct {
	kind    kind
	list    bool // it was an array
	texts   []string
	numbers []float64
	bools   []bool
}

func (v *operand) size() int { return len(v.texts) + len(v.numbers) + len(v.bools) }

// at is one value of several.
func (v *operand) at(i int) operand {
	one := operand{kind: v.kind}
	switch v.kind {
	case text:
		one.texts = v.texts[i : i+1]
	case number:
		one.numbers = v.numbers[i : i+1]
	case boolean:
		one.bools = v.bools[i : i+1]
	}
	return one
}

// strings are the texts as values.
func (v *operand) strings() []span.Value {
	values := make([]span.Value, len(v.texts))
	for i, s := range v.texts {
		values[i] = span.String(s)
	}
	return values
}

// String says what it is, for messages.
func (v *operand) String() string {
	switch {
	case !v.list && v.kind == none:
		return "no value"
	case !v.list:
		return "a " + kindNames[v.kind]
	case v.kind == none:
		return "an empty array"
	}
	return fmt.Sprintf("an array of %d %ss", v.size(), kindNames[v.kind])
}

// parseOperand reads a string, number or boolean, or an array of one of them.
func parseOperand(raw json.RawMessage) (operand, error) {
	var v operand
	if len(raw) == 0 || string(raw) == "null" {
		return v, nil
	}
	if raw[0] != '[' {
		return v, v.add(raw)
	}
	v.list = true
	var elements []json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil {
		return v, err
	}
	for i, e := range elements {
		before := v.kind
		if err := v.add(e); err != nil {
			return v, fmt.Errorf("element %d: %w", i, err)
		}
		if i > 0 && v.kind != before {
			return v, fmt.Errorf("element %d is a %s after a %s; an array is of one type", i, kindNames[v.kind], kindNames[before])
		}
	}
	return v, nil
}

func (v *operand) add(raw json.RawMessage) error {
	switch c := raw[0]; {
	case c == '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		v.kind, v.texts = text, append(v.texts, s)
	case c == 't', c == 'f':
		v.kind, v.bools = boolean, append(v.bools, c == 't')
	case c == '-', c >= '0' && c <= '9':
		f, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || math.IsInf(f, 0) {
			return fmt.Errorf("%.40s is past the range of numbers", raw)
		}
		v.kind, v.numbers = number, append(v.numbers, f)
	default:
		return fmt.Errorf("want a string, number or boolean, or an array of one of them")
	}
	return nil
}
