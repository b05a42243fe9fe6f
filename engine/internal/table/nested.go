package table

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/spanstead/spanstead/segment"
)

func dictOf(t arrow.DataType) arrow.DataType {
	return &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint32, ValueType: t}
}

func field(name string, t arrow.DataType) arrow.Field { return arrow.Field{Name: name, Type: t} }

// attrType is the list of an event's or link's attributes: the key and the
// OTLP AnyValue message of each.
var attrType = arrow.ListOfField(field("item", arrow.StructOf(
	field("key", dictOf(arrow.BinaryTypes.String)), field("value", dictOf(arrow.BinaryTypes.Binary)))))

// EventType, LinkType and RareType are the types of the list columns.
var (
	EventType = arrow.ListOfField(field("item", arrow.StructOf(
		field("time_unix_nano", arrow.PrimitiveTypes.Uint64),
		field("name", dictOf(arrow.BinaryTypes.String)),
		field("attributes", attrType),
		field("dropped_attributes_count", arrow.PrimitiveTypes.Uint32))))
	LinkType = arrow.ListOfField(field("item", arrow.StructOf(
		field("trace_id", dictOf(&arrow.FixedSizeBinaryType{ByteWidth: 16})),
		field("span_id", dictOf(&arrow.FixedSizeBinaryType{ByteWidth: 8})),
		field("trace_state", dictOf(arrow.BinaryTypes.String)),
		field("attributes", attrType),
		field("dropped_attributes_count", arrow.PrimitiveTypes.Uint32),
		field("flags", arrow.PrimitiveTypes.Uint32))))
	RareType = arrow.ListOfField(field("item", arrow.StructOf(
		field("scope", dictOf(arrow.BinaryTypes.String)),
		field("key", dictOf(arrow.BinaryTypes.String)),
		field("value", dictOf(arrow.BinaryTypes.Binary)))))
)

// layoutLists adds the list columns that have any element.
func (b *builder) layoutLists(l *layout) {
	utf8, bin := arrow.BinaryTypes.String, arrow.BinaryTypes.Binary
	if e := b.events; len(e.times) > 0 {
		name := l.listGroup(GroupEventName, len(e.text.list))
		attr := l.listGroup(GroupEventAttr, max(len(e.attrs.pairs.keys), 1))
		keys, values := e.attrs.pairs.arrays()
		l.flat(field(ColEvents, EventType), e.rows, []int{name, attr, attr}, texts(utf8, e.text.list), keys, values)
	}
	if k := b.links; len(k.traces) > 0 {
		trace := l.listGroup(GroupLinkTrace, len(k.traceIDs.list))
		id := l.listGroup(GroupLinkSpan, len(k.spanIDs.list))
		state := l.listGroup(GroupLinkState, len(k.text.list))
		attr := l.listGroup(GroupLinkAttr, max(len(k.attrs.pairs.keys), 1))
		keys, values := k.attrs.pairs.arrays()
		l.flat(field(ColLinks, LinkType), k.rows, []int{trace, id, state, attr, attr},
			ids(16, k.traceIDs.list), ids(8, k.spanIDs.list), texts(utf8, k.text.list), keys, values)
	}
	if r := &b.rare; len(r.codes) > 0 {
		g := l.listGroup(GroupRare, len(r.pairs.keys))
		l.flat(field(ColRare, RareType), r.rows, []int{g, g, g},
			texts(utf8, r.pairs.scopes), texts(utf8, r.pairs.keys), texts(bin, r.pairs.values))
	}
}

func (l *layout) listGroup(name string, size int) int {
	return l.group(segment.Group{Name: name, Codes: size, List: true}, nil)
}

// arrays are the dictionaries of keys and values; where no list has any
// attribute they hold one entry that no code names.
func (p *pairTable) arrays() (keys, values arrow.Array) {
	k, v := p.keys, p.values
	if len(k) == 0 {
		k, v = []string{""}, []string{""}
	}
	return texts(arrow.BinaryTypes.String, k), texts(arrow.BinaryTypes.Binary, v)
}

func ids(width int, list []string) arrow.Array {
	var flat []byte
	for _, id := range list {
		flat = append(flat, id...)
	}
	return fixedArray(&arrow.FixedSizeBinaryType{ByteWidth: width}, flat, len(list), nil)
}

func storage(t arrow.DataType) *arrow.ListType { return segment.StorageType(t).(*arrow.ListType) }

func (a *attrLists) rows(from, to int32) arrow.Array {
	t := storage(attrType)
	codes := uint32s(a.codes[a.offsets[from]:a.offsets[to]])
	child := structData(t.Elem(), codes.Len(), codes, codes)
	return array.MakeFromData(listData(t, a.offsets[from:to+1], child))
}

func (e *eventLists) rows(from, to int) arrow.Array {
	t := storage(EventType)
	lo, hi := e.offsets[from], e.offsets[to]
	child := structData(t.Elem(), int(hi-lo), uint64s(e.times[lo:hi]), uint32s(e.names[lo:hi]),
		e.attrs.rows(lo, hi), uint32s(e.dropped[lo:hi]))
	return array.MakeFromData(listData(t, e.offsets[from:to+1], child))
}

func (k *linkLists) rows(from, to int) arrow.Array {
	t := storage(LinkType)
	lo, hi := k.offsets[from], k.offsets[to]
	child := structData(t.Elem(), int(hi-lo), uint32s(k.traces[lo:hi]), uint32s(k.spans[lo:hi]), uint32s(k.states[lo:hi]),
		k.attrs.rows(lo, hi), uint32s(k.dropped[lo:hi]), uint32s(k.flags[lo:hi]))
	return array.MakeFromData(listData(t, k.offsets[from:to+1], child))
}

func (r *rareLists) rows(from, to int) arrow.Array {
	t := storage(RareType)
	codes := uint32s(r.codes[r.offsets[from]:r.offsets[to]])
	child := structData(t.Elem(), codes.Len(), codes, codes, codes)
	return array.MakeFromData(listData(t, r.offsets[from:to+1], child))
}
