package table

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/segment"
)

// Bounds on the columns of one segment. What is beyond them goes, the rarest
// first, into the list column of rare attributes.
const (
	MaxColumns = 512
	// maxObjectCells bounds the dictionary entries of the resource or scope
	// group: objects times attributes.
	maxObjectCells = 8 << 20
)

// Options say how a segment is built. The zero value is the default.
type Options struct {
	ID        uint64
	BatchRows int // 0 means segment.BatchRows
	Columns   int // attribute columns at most; 0 means MaxColumns
	// NoGroups keeps every column in a group of its own, for comparison.
	NoGroups bool
	Segment  segment.Options
	Info     segment.Info
}

// Build writes the table as a segment. Nothing is synced and out is not
// closed.
func Build(t *Table, out io.Writer, o Options) (segment.Summary, error) {
	b := &builder{sorted: newSorted(t), opt: o}
	if b.opt.BatchRows == 0 {
		b.opt.BatchRows = segment.BatchRows
	}
	if b.opt.Columns == 0 {
		b.opt.Columns = MaxColumns
	}
	if err := b.arrange(); err != nil {
		return segment.Summary{}, fmt.Errorf("segment %06d: %w", o.ID, err)
	}
	return b.write(out)
}

// builder is one segment in the making.
type builder struct {
	*sorted
	opt     Options
	parents parents
	units   []*unit // the code groups
	wides   []*wide
	events  *eventLists
	links   *linkLists
	rare    rareLists
}

// arrange decides where every value goes.
func (b *builder) arrange() (err error) {
	b.parents = b.findParents()
	if b.events, err = b.eventLists(); err != nil {
		return err
	}
	if b.links, err = b.linkLists(); err != nil {
		return err
	}
	src := b.newSources()
	columns := b.capColumns(src)
	if err := b.group(src, columns.kept); err != nil {
		return err
	}
	if err := b.addRare(src, columns.rare); err != nil {
		return err
	}
	scratch := make([]uint32, b.Rows())
	for _, u := range b.units {
		u.tidy(scratch)
	}
	return nil
}

// capped is the span's columns, parted into those that stay and the rest.
type capped struct {
	kept []*Column
	rare []*Column
}

// capColumns chooses, over span, resource and scope, the attributes that get a
// column: the most frequent, ties by scope, key and type.
func (b *builder) capColumns(src *sources) capped {
	type candidate struct {
		memberKey
		count  int
		column *Column
		object *objectUnit
	}
	var all []candidate
	var c capped
	for i := range b.Columns {
		col := &b.Columns[i]
		if col.Field.Scope == query.ScopeIntrinsic {
			c.kept = append(c.kept, col)
			continue
		}
		all = append(all, candidate{memberKey: memberKey{col.Field, col.Type}, count: col.Count, column: col})
	}
	for _, o := range []*objectUnit{src.resource, src.scope} {
		for _, m := range o.members {
			if m.field.Scope != query.ScopeIntrinsic {
				all = append(all, candidate{memberKey: memberKey{m.field, m.typ}, count: m.count, object: o})
			}
		}
	}
	slices.SortFunc(all, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(y.count, x.count), compareFields(x.field, y.field), cmp.Compare(x.typ, y.typ))
	})
	cells := map[*objectUnit]int{}
	drop := map[*objectUnit]map[memberKey]bool{src.resource: {}, src.scope: {}}
	for i, k := range all {
		if k.object != nil {
			cells[k.object] += k.object.size
		}
		fits := i < b.opt.Columns && (k.object == nil || cells[k.object] <= maxObjectCells)
		switch {
		case k.column != nil && fits:
			c.kept = append(c.kept, k.column)
		case k.column != nil:
			c.rare = append(c.rare, k.column)
		case !fits:
			drop[k.object][k.memberKey] = true
		}
	}
	for o, keys := range drop {
		o.members = slices.DeleteFunc(o.members, func(m member) bool { return keys[memberKey{m.field, m.typ}] })
	}
	src.dropped = drop
	return c
}

// group makes the code groups.
func (b *builder) group(src *sources, columns []*Column) error {
	g := newGroups(b.Rows())
	addObjects := func(o *objectUnit, alone bool) {
		g.add(&o.unit, o.codesIn(b.order, g.fresh), alone)
	}
	addObjects(src.resource, true)
	scratch := make([]uint32, b.Rows())
	slices.SortStableFunc(columns, func(x, y *Column) int { return cmp.Compare(x.Values.Len(), y.Values.Len()) })
	scope := src.scope
	g.add(b.hasParentUnit(g.fresh), g.fresh, b.opt.NoGroups)
	for _, c := range columns {
		if scope != nil && scope.size <= c.Values.Len() {
			addObjects(scope, b.opt.NoGroups)
			scope = nil
		}
		if wantsWide(c) {
			w, err := b.wideColumn(c, scratch)
			if err != nil {
				return err
			}
			b.wides = append(b.wides, w)
			continue
		}
		u, err := b.columnUnit(c, scratch, g.fresh)
		if err != nil {
			return err
		}
		g.add(u, g.fresh, b.opt.NoGroups)
	}
	if scope != nil {
		addObjects(scope, b.opt.NoGroups)
	}
	b.units = g.list
	return nil
}

// addRare lists the attributes that have no column, row by row: columns that
// were dropped, by field and type, then repeats in the order of the span.
func (b *builder) addRare(src *sources, columns []*Column) error {
	slices.SortFunc(columns, func(x, y *Column) int {
		return cmp.Or(compareFields(x.Field, y.Field), cmp.Compare(x.Type, y.Type))
	})
	scratch := make([]uint32, b.Rows())
	for _, c := range columns {
		if err := b.addRareColumn(c, scratch); err != nil {
			return err
		}
	}
	b.addRareObjects(src)
	place := make([]uint32, b.Rows())
	for i, row := range b.order {
		place[row] = uint32(i)
	}
	for _, r := range b.Rare {
		b.rare.add(place[r.Row], r.Scope, r.Key, r.Value)
	}
	b.rare.settle(b.Rows())
	return nil
}

func (b *builder) addRareColumn(c *Column, scratch []uint32) error {
	if c.LoadWide != nil {
		return b.eachNumber(c, scratch, func(i int, bits uint64) {
			b.rare.add(uint32(i), c.Field.Scope, c.Field.Key, NumberOf(c.Type, bits))
		})
	}
	if err := c.Load(scratch); err != nil {
		return err
	}
	for i, row := range b.order {
		if scratch[row] == Missing {
			continue
		}
		v, err := c.Values.At(c.Type, scratch[row])
		if err != nil {
			return err
		}
		b.rare.add(uint32(i), c.Field.Scope, c.Field.Key, v)
	}
	return nil
}

// addRareObjects gives every row what its resource and scope have beyond columns.
func (b *builder) addRareObjects(src *sources) {
	resource := src.beyond(src.resource, query.ScopeResource, func(i int) []span.KeyValue { return b.ResourceList[i].Attributes })
	scope := src.beyond(src.scope, query.ScopeInstrumentation, func(i int) []span.KeyValue { return b.ScopeList[i].Attributes })
	if resource == nil && scope == nil {
		return
	}
	for i, row := range b.order {
		if resource != nil {
			for _, kv := range resource[b.Resources[row]] {
				b.rare.add(uint32(i), query.ScopeResource, kv.Key, kv.Value)
			}
		}
		if scope != nil {
			for _, kv := range scope[b.Scopes[row]] {
				b.rare.add(uint32(i), query.ScopeInstrumentation, kv.Key, kv.Value)
			}
		}
	}
}

// beyond returns, by object, the attributes that have no column; nil if every
// attribute has one.
func (src *sources) beyond(o *objectUnit, scope query.Scope, attrs func(int) []span.KeyValue) [][]span.KeyValue {
	dropped, repeats := src.dropped[o], src.repeats[scope]
	any := len(dropped) > 0
	for _, r := range repeats {
		any = any || len(r) > 0
	}
	if !any {
		return nil
	}
	out := make([][]span.KeyValue, len(repeats))
	for code := range out {
		seen := map[string]bool{}
		for _, kv := range attrs(code) {
			if first := !seen[kv.Key]; first && dropped[memberKey{query.Attr(scope, kv.Key), kv.Value.Type()}] {
				out[code] = append(out[code], kv)
			}
			seen[kv.Key] = true
		}
		out[code] = append(out[code], repeats[code]...)
	}
	return out
}
