package enginetest

import (
	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Table makes a table of spans, in their order, the slow way.
func Table(spans []*span.Span) *table.Table {
	t := &table.Table{}
	traces := map[span.TraceID]uint32{}
	resources, scopes := map[*span.Resource]uint32{}, map[*span.Scope]uint32{}
	b := &columns{at: map[columnKey]int{}, rows: len(spans)}
	for row, s := range spans {
		t.Start = append(t.Start, s.StartTimeUnixNano)
		t.Duration = append(t.Duration, s.DurationNano())
		t.SpanIDs = append(t.SpanIDs, s.SpanID)
		t.Parents = append(t.Parents, s.ParentSpanID)
		t.Traces = append(t.Traces, number(traces, s.TraceID, &t.TraceIDs))
		t.Resources = append(t.Resources, number(resources, s.Resource, &t.ResourceList))
		t.Scopes = append(t.Scopes, number(scopes, s.Scope, &t.ScopeList))
		for _, f := range table.SpanFields {
			b.set(row, f.Field, query.AppendValues(nil, s, f.Field)[0])
		}
		seen := map[string]bool{}
		for _, kv := range s.Attributes {
			if seen[kv.Key] {
				t.Rare = append(t.Rare, table.RareAttribute{Row: uint32(row), Scope: query.ScopeSpan, Key: kv.Key, Value: kv.Value})
				continue
			}
			seen[kv.Key] = true
			b.set(row, query.Attr(query.ScopeSpan, kv.Key), kv.Value)
		}
	}
	t.Columns = b.list
	t.Events = func(row int) ([]span.Event, error) { return spans[row].Events, nil }
	t.Links = func(row int) ([]span.Link, error) { return spans[row].Links, nil }
	return t
}

func number[K comparable](at map[K]uint32, k K, list *[]K) uint32 {
	n, ok := at[k]
	if !ok {
		n = uint32(len(*list))
		at[k] = n
		*list = append(*list, k)
	}
	return n
}

type columnKey struct {
	field query.Field
	typ   span.Type
}

type columns struct {
	at   map[columnKey]int
	list []table.Column
	rows int
	code []map[string]uint32
	data [][]uint32
}

func (b *columns) set(row int, f query.Field, v span.Value) {
	k := columnKey{f, v.Type()}
	i, ok := b.at[k]
	if !ok {
		i = len(b.list)
		b.at[k] = i
		data := make([]uint32, b.rows)
		for j := range data {
			data[j] = table.Missing
		}
		b.data = append(b.data, data)
		b.code = append(b.code, map[string]uint32{})
		b.list = append(b.list, table.Column{Field: f, Type: v.Type(), Load: func(dst []uint32) error {
			copy(dst, data)
			return nil
		}})
	}
	c := &b.list[i]
	key := string(v.AppendKey(nil))
	code, ok := b.code[i][key]
	if !ok {
		code = uint32(c.Values.Len())
		b.code[i][key] = code
		switch v.Type() {
		case span.TypeString, span.TypeBytes:
			c.Values.Strings = append(c.Values.Strings, v.Str())
		case span.TypeInt, span.TypeDouble, span.TypeBool:
			c.Values.Bits = append(c.Values.Bits, table.BitsOf(v))
		default:
			c.Values.Strings = append(c.Values.Strings, string(otlp.AppendValue(nil, v)))
		}
	}
	b.data[i][row] = code
	c.Count++
}
