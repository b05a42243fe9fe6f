package pipeline

import "github.com/spanstead/spanstead/engine/span"

// maxLabels bounds the names that one stage maps.
const maxLabels = 256

// pair is one entry of {"Field": "alias"}.
type pair struct {
	field Field
	alias string
}

// pairs reads {"Field": "alias"}; an empty alias means the field's own name.
func pairs(n *node, fields scopeOf) ([]pair, error) {
	if len(n.members) > maxLabels {
		return nil, faultf("%d names, at most %d", len(n.members), maxLabels)
	}
	list := make([]pair, 0, len(n.members))
	for i := range n.members {
		m := &n.members[i]
		f, err := fields(m.key)
		if err != nil {
			return nil, err
		}
		if m.value.kind != isString {
			return nil, atKey(faultf("an alias is a string, got %v", m.value.kind), m.key)
		}
		alias := m.value.text
		if alias == "" {
			alias = m.key
		}
		list = append(list, pair{f, alias})
	}
	return list, distinct(list)
}

func distinct(list []pair) error {
	seen := make(map[string]bool, len(list))
	for _, p := range list {
		if seen[p.alias] {
			return faultf("the name %q is given twice", short(p.alias))
		}
		seen[p.alias] = true
	}
	return nil
}

func parseSelect(n *node, fields scopeOf) (stage, error) {
	labels, err := n.want("labels", isObject)
	if err != nil {
		return nil, err
	}
	list, err := pairs(labels, fields)
	if err == nil && len(list) == 0 {
		err = faultf("nothing is selected")
	}
	if err != nil {
		return nil, atKey(err, "labels")
	}
	return mapping(func(row *span.Span) *span.Span { return selected(row, list) }), nil
}

// selected is a line of a table. It keeps the span's start, for a window.
func selected(row *span.Span, list []pair) *span.Span {
	line := &span.Span{StartTimeUnixNano: row.StartTimeUnixNano}
	line.Attributes = make([]span.KeyValue, len(list))
	for i, p := range list {
		line.Attributes[i] = span.KeyValue{Key: p.alias, Value: p.field.Of(row)}
	}
	return line
}
