package span

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Object is the value as an object: the entries of a kvlist, or of a string
// that holds a JSON object, the latter sorted by key with the last of equal
// keys. ok is false for anything else.
func (v Value) Object() (entries []KeyValue, ok bool) {
	switch v.typ {
	case TypeKVList:
		return v.list, true
	case TypeString:
		return parseObject(v.str)
	}
	return nil, false
}

// Member is the value of one entry of Object, the last of equal keys. ok is
// false when there is none or it is empty, which JSON calls null.
func (v Value) Member(key string) (member Value, ok bool) {
	if v.typ == TypeString && !strings.Contains(v.str, key) && !strings.Contains(v.str, `\`) {
		return Value{}, false // not worth parsing
	}
	entries, _ := v.Object()
	for _, e := range slices.Backward(entries) {
		if e.Key == key {
			return e.Value, e.Value.typ != TypeEmpty
		}
	}
	return Value{}, false
}

func parseObject(text string) ([]KeyValue, bool) {
	text = strings.TrimLeft(text, " \t\r\n")
	if !strings.HasPrefix(text, "{") {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var object map[string]any
	if d.Decode(&object) != nil || strings.Trim(text[d.InputOffset():], " \t\r\n") != "" {
		return nil, false
	}
	return entriesOf(object), true
}

func entriesOf(object map[string]any) []KeyValue {
	entries := make([]KeyValue, 0, len(object))
	for _, key := range slices.Sorted(maps.Keys(object)) {
		entries = append(entries, KeyValue{key, fromJSON(object[key])})
	}
	return entries
}

// fromJSON makes a value of what a decoder with UseNumber returns.
func fromJSON(v any) Value {
	switch v := v.(type) {
	case string:
		return String(v)
	case bool:
		return Bool(v)
	case json.Number:
		if i, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return Int(i)
		}
		if f, err := v.Float64(); err == nil {
			return Double(f)
		}
		return String(string(v)) // past a double's range
	case []any:
		list := make([]Value, len(v))
		for i, e := range v {
			list[i] = fromJSON(e)
		}
		return Array(list...)
	case map[string]any:
		return KVList(entriesOf(v)...)
	}
	return Value{}
}
