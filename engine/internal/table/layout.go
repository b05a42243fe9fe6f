package table

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/segment"
)

// Names of columns, groups and sections of a segment, as FORMAT.md of the
// engine lists them.
const (
	ColStart     = "start_time_unix_nano"
	ColDuration  = "duration_nano"
	ColTraceID   = "trace_id"
	ColSpanID    = "span_id"
	ColParentRow = "parent_row"
	ColParentID  = "parent_span_id"
	ColEvents    = "events"
	ColLinks     = "links"
	ColRare      = "attributes"

	GroupTrace     = "trace_id"
	GroupParent    = "parent_span_id"
	GroupResource  = "resource"
	GroupEventName = "event_name"
	GroupEventAttr = "event_attributes"
	GroupLinkTrace = "link_trace_id"
	GroupLinkSpan  = "link_span_id"
	GroupLinkState = "link_trace_state"
	GroupLinkAttr  = "link_attributes"
	GroupRare      = "attributes"

	SectionPostings  = "postings/" // followed by the group's name
	SectionIDs       = "ids/trace_id"
	SectionHistogram = "histogram/duration_nano"
	SectionSeries    = "histogram/services"
	SectionBounds    = "bounds/start_time_unix_nano"

	MetaScope = "scope"
	MetaKey   = "key"
	MetaType  = "type"
)

// FieldOf reads from a column's metadata which field of which type it holds.
func FieldOf(f arrow.Field) (query.Field, span.Type, bool) {
	scope, ok1 := f.Metadata.GetValue(MetaScope)
	key, ok2 := f.Metadata.GetValue(MetaKey)
	typ, ok3 := f.Metadata.GetValue(MetaType)
	t, ok4 := span.ParseType(typ)
	for s := query.ScopeIntrinsic; s < query.ScopeAny; s++ {
		if s.String() == scope {
			return query.Field{Scope: s, Key: key}, t, ok1 && ok2 && ok3 && ok4
		}
	}
	return query.Field{}, 0, false
}

func metadataOf(f query.Field, t span.Type) arrow.Metadata {
	return arrow.NewMetadata([]string{MetaScope, MetaKey, MetaType}, []string{f.Scope.String(), f.Key, t.String()})
}

// layout is a segment's schema while it is put together.
type layout struct {
	spec  segment.Spec
	names map[string]bool
	// dicts are the dictionaries in the order of writing.
	dicts []func(*segment.Writer) error
	// plain gives each plain column's rows from..to.
	plain []func(from, to int) arrow.Array
	// codes gives each group's codes of rows from..to; nil for list groups.
	codes []func(from, to int) arrow.Array
}

func (l *layout) group(g segment.Group, codes func(from, to int) arrow.Array) int {
	l.spec.Groups = append(l.spec.Groups, g)
	l.codes = append(l.codes, codes)
	return len(l.spec.Groups) - 1
}

// coded adds a column of a group with its dictionary, which is made when it is
// written: those of all columns at once are a good part of the segment.
func (l *layout) coded(f arrow.Field, group int, values func() arrow.Array) {
	column := len(l.spec.Columns)
	l.spec.Columns = append(l.spec.Columns, segment.Column{Field: f, Group: group})
	l.dicts = append(l.dicts, func(w *segment.Writer) error { return w.WriteDictionary(column, values()) })
}

// flat adds a plain column, with the groups and dictionaries inside it.
func (l *layout) flat(f arrow.Field, rows func(from, to int) arrow.Array, inner []int, values ...arrow.Array) {
	column := len(l.spec.Columns)
	l.spec.Columns = append(l.spec.Columns, segment.Column{Field: f, Group: segment.Plain, Inner: inner})
	l.plain = append(l.plain, rows)
	for leaf, v := range values {
		l.dicts = append(l.dicts, func(w *segment.Writer) error { return w.WriteInnerDictionary(column, leaf, v) })
	}
}

// name makes a column's name: the field's, with the type where another column
// has that name already.
func (l *layout) name(f query.Field, t span.Type) string {
	base := f.Key
	if f.Scope != query.ScopeIntrinsic {
		base = f.Scope.String() + "." + f.Key
	}
	name := base
	for i := 0; l.names[name]; i++ {
		name = base + ":" + t.String()
		if i > 0 {
			name = fmt.Sprintf("%s:%d", name, i)
		}
	}
	l.names[name] = true
	return name
}

// valueType is the Arrow type of a column's values.
func valueType(t span.Type) arrow.DataType {
	switch t {
	case span.TypeString:
		return arrow.BinaryTypes.String
	case span.TypeInt:
		return arrow.PrimitiveTypes.Int64
	case span.TypeDouble:
		return arrow.PrimitiveTypes.Float64
	case span.TypeBool:
		return arrow.FixedWidthTypes.Boolean
	}
	return arrow.BinaryTypes.Binary
}

func (b *builder) layout() *layout {
	l := &layout{names: map[string]bool{}}
	for _, reserved := range []string{ColStart, ColDuration, ColTraceID, ColSpanID, ColParentRow, ColParentID, ColEvents, ColLinks, ColRare} {
		l.names[reserved] = true
	}
	l.spec.ID, l.spec.BatchRows = b.opt.ID, b.opt.BatchRows
	b.layoutIdentity(l)
	b.layoutUnits(l)
	slices.SortFunc(b.wides, func(x, y *wide) int {
		return cmp.Or(compareFields(x.field, y.field), cmp.Compare(x.typ, y.typ))
	})
	for _, w := range b.wides {
		f := arrow.Field{Name: l.name(w.field, w.typ), Type: valueType(w.typ), Nullable: w.nulls > 0, Metadata: metadataOf(w.field, w.typ)}
		l.flat(f, w.rows, nil)
	}
	b.layoutLists(l)
	return l
}

func (b *builder) layoutIdentity(l *layout) {
	u64, i64, i32 := arrow.PrimitiveTypes.Uint64, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Int32
	starts := func(dst []byte, from, to int) []byte {
		for _, row := range b.order[from:to] {
			dst = binary.NativeEndian.AppendUint64(dst, b.Start[row])
		}
		return dst
	}
	durations := func(dst []byte, from, to int) []byte {
		for _, row := range b.order[from:to] {
			dst = binary.NativeEndian.AppendUint64(dst, uint64(b.Duration[row]))
		}
		return dst
	}
	ids := func(dst []byte, from, to int) []byte {
		for _, row := range b.order[from:to] {
			dst = append(dst, b.SpanIDs[row][:]...)
		}
		return dst
	}
	parents := func(from, to int) arrow.Array {
		return fixedArray(i32, arrow.Int32Traits.CastToBytes(b.parents.distance[from:to]), to-from, nil)
	}
	id16, id8 := &arrow.FixedSizeBinaryType{ByteWidth: 16}, &arrow.FixedSizeBinaryType{ByteWidth: 8}
	l.flat(arrow.Field{Name: ColStart, Type: u64}, slicer(u64, starts), nil)
	l.flat(arrow.Field{Name: ColDuration, Type: i64}, slicer(i64, durations), nil)
	g := l.group(segment.Group{Name: GroupTrace, Codes: len(b.traceIDs)}, codeSlicer(b.traces, len(b.traceIDs)))
	l.coded(arrow.Field{Name: ColTraceID, Type: id16}, g, func() arrow.Array { return fixedArray(id16, flatIDs(b.traceIDs), len(b.traceIDs), nil) })
	l.flat(arrow.Field{Name: ColSpanID, Type: id8}, slicer(id8, ids), nil)
	l.flat(arrow.Field{Name: ColParentRow, Type: i32}, parents, nil)

	none := uint32(len(b.parents.foreign))
	for i, c := range b.parents.codes {
		b.parents.codes[i] = min(c, none)
	}
	foreign := make([]byte, 0, 8*(none+1))
	for _, id := range b.parents.foreign {
		foreign = append(foreign, id[:]...)
	}
	foreign = append(foreign, make([]byte, 8)...)
	g = l.group(segment.Group{Name: GroupParent, Codes: int(none) + 1}, codeSlicer(b.parents.codes, int(none)+1))
	l.coded(arrow.Field{Name: ColParentID, Type: id8, Nullable: true}, g, func() arrow.Array {
		return fixedArray(id8, foreign, int(none)+1, func(i int) bool { return i < int(none) })
	})
}

func flatIDs(ids []span.TraceID) []byte {
	out := make([]byte, 0, 16*len(ids))
	for _, id := range ids {
		out = append(out, id[:]...)
	}
	return out
}

// layoutUnits adds the code groups' columns, most frequent first, so that the
// plain name goes to a key's most frequent type.
func (b *builder) layoutUnits(l *layout) {
	slices.SortStableFunc(b.units, func(x, y *unit) int { return cmp.Compare(x.rank(), y.rank()) })
	type entry struct {
		m     *member
		group int
	}
	var all []entry
	for i, u := range b.units {
		if u.name != GroupResource {
			u.name = fmt.Sprintf("span%d", i)
		}
		if len(u.members) == 0 {
			continue
		}
		g := l.group(segment.Group{Name: u.name, Codes: u.size}, u.codes.slice)
		for k := range u.members {
			all = append(all, entry{&u.members[k], g})
		}
	}
	slices.SortStableFunc(all, func(x, y entry) int {
		return cmp.Or(compareFields(x.m.field, y.m.field), cmp.Compare(y.m.count, x.m.count), cmp.Compare(x.m.typ, y.m.typ))
	})
	for _, e := range all {
		f := arrow.Field{Name: l.name(e.m.field, e.m.typ), Type: valueType(e.m.typ), Metadata: metadataOf(e.m.field, e.m.typ)}
		f.Nullable = slices.Contains(e.m.of, Missing)
		l.coded(f, e.group, e.m.array)
	}
}

// rank puts the resource group first, then groups by size.
func (u *unit) rank() int {
	if u.name == GroupResource {
		return -1
	}
	return u.size
}
