package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// kind is what a JSON value is.
type kind uint8

const (
	isNull kind = iota
	isBool
	isNumber
	isString
	isArray
	isObject
)

var kindNames = [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}

func (k kind) String() string { return kindNames[k] }

// node is a JSON value whose objects keep their order and repeated keys.
type node struct {
	kind    kind
	text    string // string, number as written, "true" or "false"
	list    []node // array
	members []member
}

type member struct {
	key   string
	value node
}

// maxDepth bounds how deep a pipeline nests.
const maxDepth = 128

// decode reads one JSON value in a single pass.
func decode(body []byte) (node, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return decodeValue(d, 0)
}

func decodeValue(d *json.Decoder, depth int) (node, error) {
	if depth > maxDepth {
		return node{}, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return node{}, err
	}
	switch t := t.(type) {
	case nil:
		return node{}, nil
	case bool:
		return node{kind: isBool, text: fmt.Sprint(t)}, nil
	case json.Number:
		return node{kind: isNumber, text: t.String()}, nil
	case string:
		return node{kind: isString, text: t}, nil
	case json.Delim:
		if t == '[' {
			return decodeArray(d, depth+1)
		}
		return decodeObject(d, depth+1)
	}
	return node{}, fmt.Errorf("unexpected %v", t)
}

func decodeArray(d *json.Decoder, depth int) (node, error) {
	n := node{kind: isArray}
	for d.More() {
		e, err := decodeValue(d, depth)
		if err != nil {
			return n, err
		}
		n.list = append(n.list, e)
	}
	_, err := d.Token()
	return n, err
}

func decodeObject(d *json.Decoder, depth int) (node, error) {
	n := node{kind: isObject}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return n, err
		}
		key, ok := t.(string)
		if !ok {
			return n, fmt.Errorf("object key is %v", t)
		}
		v, err := decodeValue(d, depth)
		if err != nil {
			return n, err
		}
		n.members = append(n.members, member{key, v})
	}
	_, err := d.Token()
	return n, err
}

// get is the last member of that key, nil if there is none or it is null.
func (n *node) get(key string) *node {
	for i := len(n.members) - 1; i >= 0; i-- {
		if n.members[i].key == key && n.members[i].value.kind != isNull {
			return &n.members[i].value
		}
	}
	return nil
}

// want is get for a member that has to be there and be of a kind.
func (n *node) want(key string, k kind) (*node, error) {
	v := n.get(key)
	if v == nil {
		return nil, faultf("%q is required", key)
	}
	if v.kind != k {
		return nil, atKey(faultf("want %v, got %v", k, v.kind), key)
	}
	return v, nil
}

// textOf is a member that has to be a string; ok is false when it is absent.
func (n *node) textOf(key string) (s string, ok bool, err error) {
	v := n.get(key)
	if v == nil {
		return "", false, nil
	}
	if v.kind != isString {
		return "", false, atKey(faultf("want a string, got %v", v.kind), key)
	}
	return v.text, true, nil
}
