package pipeline

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/spanstead/spanstead/engine/span"
)

// jsonLabels reads an object. Wanted keys may be paths with dots, of which a
// key that holds the dots itself wins; without wanted keys it is those of the
// object itself. Strings come as they are, anything else as its JSON.
func jsonLabels(text string, wanted []pair) []label {
	if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") || !json.Valid([]byte(text)) {
		return nil
	}
	if wanted == nil {
		return topLabels(text)
	}
	top := fieldsOf(json.RawMessage(text))
	var found []label
	for _, w := range wanted {
		if raw, ok := pathIn(top, w.field.Name); ok {
			found = append(found, label{w.alias, plain(raw)})
		}
	}
	return found
}

// topLabels keeps the order of the object, as far as the bound goes.
func topLabels(text string) []label {
	d := json.NewDecoder(strings.NewReader(text))
	var found []label
	if _, err := d.Token(); err != nil {
		return nil
	}
	for d.More() && len(found) < maxLabels {
		key, err := d.Token()
		if err != nil {
			return found
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return found
		}
		if name, ok := key.(string); ok && name != "" {
			found = append(found, label{name, plain(raw)})
		}
	}
	return found
}

func fieldsOf(raw json.RawMessage) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

func pathIn(top map[string]json.RawMessage, path string) (json.RawMessage, bool) {
	if raw, ok := top[path]; ok {
		return raw, true
	}
	head, rest, ok := strings.Cut(path, ".")
	if !ok || top[head] == nil {
		return nil, false
	}
	return pathIn(fieldsOf(top[head]), rest)
}

func plain(raw json.RawMessage) span.Value {
	var s string
	if bytes.HasPrefix(raw, []byte(`"`)) && json.Unmarshal(raw, &s) == nil {
		return span.String(s)
	}
	if bytes.Equal(raw, []byte("null")) {
		return span.String("")
	}
	return span.String(string(raw))
}
