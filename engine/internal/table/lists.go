package table

import (
	"slices"
	"strings"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// pairTable numbers distinct attributes of lists by first appearance.
type pairTable struct {
	scopes []string // only for rare attributes
	keys   []string
	values []string // OTLP AnyValue messages
	at     map[string]uint32
	buf    []byte
}

func (p *pairTable) code(scope, key string, v span.Value) uint32 {
	p.buf = append(append(p.buf[:0], scope...), 0)
	p.buf = span.String(key).AppendKey(p.buf)
	p.buf = v.AppendKey(p.buf)
	if c, ok := p.at[string(p.buf)]; ok {
		return c
	}
	if p.at == nil {
		p.at = map[string]uint32{}
	}
	c := uint32(len(p.keys))
	p.at[string(p.buf)] = c
	p.scopes = append(p.scopes, scope)
	p.keys = append(p.keys, key)
	p.values = append(p.values, string(anyValue(v)))
	return c
}

// textTable numbers distinct strings by first appearance.
type textTable struct {
	list []string
	at   map[string]uint32
}

func (t *textTable) code(s string) uint32 {
	if c, ok := t.at[s]; ok {
		return c
	}
	if t.at == nil {
		t.at = map[string]uint32{}
	}
	c := uint32(len(t.list))
	t.at[s] = c
	t.list = append(t.list, s)
	return c
}

// attrLists are the attribute lists of events or links, or of rows.
type attrLists struct {
	pairs   pairTable
	offsets []int32 // one more than there are lists
	codes   []uint32
}

func (a *attrLists) append(kvs []span.KeyValue) {
	for _, kv := range kvs {
		a.codes = append(a.codes, a.pairs.code("", kv.Key, kv.Value))
	}
	a.offsets = append(a.offsets, int32(len(a.codes)))
}

// eventLists are the events of all rows, in order.
type eventLists struct {
	offsets []int32
	times   []uint64
	names   []uint32
	text    textTable
	attrs   attrLists
	dropped []uint32
}

func (s *sorted) eventLists() (*eventLists, error) {
	e := &eventLists{offsets: []int32{0}, attrs: attrLists{offsets: []int32{0}}}
	for _, row := range s.order {
		events, err := s.Events(int(row))
		if err != nil {
			return nil, err
		}
		for i := range events {
			ev := &events[i]
			e.times = append(e.times, ev.TimeUnixNano)
			e.names = append(e.names, e.text.code(ev.Name))
			e.attrs.append(ev.Attributes)
			e.dropped = append(e.dropped, ev.DroppedAttributesCount)
		}
		e.offsets = append(e.offsets, int32(len(e.times)))
	}
	return e, nil
}

// linkLists are the links of all rows, in order.
type linkLists struct {
	offsets  []int32
	traces   []uint32
	traceIDs textTable
	spans    []uint32
	spanIDs  textTable
	states   []uint32
	text     textTable
	attrs    attrLists
	dropped  []uint32
	flags    []uint32
}

func (s *sorted) linkLists() (*linkLists, error) {
	l := &linkLists{offsets: []int32{0}, attrs: attrLists{offsets: []int32{0}}}
	for _, row := range s.order {
		links, err := s.Links(int(row))
		if err != nil {
			return nil, err
		}
		for i := range links {
			k := &links[i]
			l.traces = append(l.traces, l.traceIDs.code(string(k.TraceID[:])))
			l.spans = append(l.spans, l.spanIDs.code(string(k.SpanID[:])))
			l.states = append(l.states, l.text.code(k.TraceState))
			l.attrs.append(k.Attributes)
			l.dropped = append(l.dropped, k.DroppedAttributesCount)
			l.flags = append(l.flags, k.Flags)
		}
		l.offsets = append(l.offsets, int32(len(l.traces)))
	}
	return l, nil
}

// rareLists are the attributes without a column, by row in order.
type rareLists struct {
	pairs   pairTable
	entries []rareEntry
	offsets []int32
	codes   []uint32
}

type rareEntry struct{ place, code uint32 }

func (r *rareLists) add(place uint32, scope query.Scope, key string, v span.Value) {
	r.entries = append(r.entries, rareEntry{place, r.pairs.code(scope.String(), key, v)})
}

// settle orders the entries by row, keeping the order in which a row's were added.
func (r *rareLists) settle(rows int) {
	slices.SortStableFunc(r.entries, func(a, b rareEntry) int { return int(a.place) - int(b.place) })
	r.offsets = make([]int32, 1, rows+1)
	next := 0
	for place := range rows {
		for ; next < len(r.entries) && r.entries[next].place == uint32(place); next++ {
			r.codes = append(r.codes, r.entries[next].code)
		}
		r.offsets = append(r.offsets, int32(len(r.codes)))
	}
}

// listRows returns the row of every element of a list column.
func listRows(offsets []int32) []uint32 {
	rows := make([]uint32, 0, offsets[len(offsets)-1])
	for row := range len(offsets) - 1 {
		for range offsets[row+1] - offsets[row] {
			rows = append(rows, uint32(row))
		}
	}
	return rows
}

// innerRows returns the row of every element of a list inside a list column.
func innerRows(offsets, inner []int32) []uint32 {
	rows := make([]uint32, 0, inner[len(inner)-1])
	for row := range len(offsets) - 1 {
		for range inner[offsets[row+1]] - inner[offsets[row]] {
			rows = append(rows, uint32(row))
		}
	}
	return rows
}

// wide is a numeric column that has no dictionary.
type wide struct {
	field query.Field
	typ   span.Type
	bits  []uint64
	valid []bool
	nulls int
}

func (s *sorted) wideColumn(c *Column, scratch []uint32) (*wide, error) {
	w := &wide{field: c.Field, typ: c.Type, bits: make([]uint64, len(s.order)), valid: make([]bool, len(s.order))}
	w.nulls = len(s.order)
	err := s.eachNumber(c, scratch, func(i int, bits uint64) {
		w.bits[i], w.valid[i] = bits, true
		w.nulls--
	})
	return w, err
}

// eachNumber calls fn with the place and the bits of each row that has a value
// in a numeric column, in any order.
func (s *sorted) eachNumber(c *Column, scratch []uint32, fn func(i int, bits uint64)) error {
	if c.LoadWide != nil {
		for i, row := range s.order { // scratch holds the place of each row
			scratch[row] = uint32(i)
		}
		return c.LoadWide(func(row int, bits uint64) { fn(int(scratch[row]), bits) })
	}
	if err := c.Load(scratch); err != nil {
		return err
	}
	for i, row := range s.order {
		if code := scratch[row]; code != Missing {
			fn(i, c.Values.Bits[code])
		}
	}
	return nil
}

// wantsWide: so many different numbers that a dictionary only costs.
func wantsWide(c *Column) bool {
	if c.LoadWide != nil {
		return true
	}
	n := c.Values.Len()
	return (c.Type == span.TypeInt || c.Type == span.TypeDouble) && n > minWide && n > c.Count/2
}

// compareFields orders columns by scope, key and type.
func compareFields(a, b query.Field) int {
	if a.Scope != b.Scope {
		return int(a.Scope) - int(b.Scope)
	}
	return strings.Compare(a.Key, b.Key)
}
