package part

import (
	"cmp"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/segment"
)

// catalog says what each column and group of a segment is.
type catalog struct {
	start, duration, spanID, parentRow, traceID, parentID int // columns
	events, links, rare                                   int // columns, or -1

	groups      []*group // all groups of the segment, by number
	planGroups  []plan.Group
	trace       *group
	parentGroup int
	resource    *group
	units       []*group // code groups that hold a span's fields, the resource's left out

	columns map[query.Field][]plan.Column // all but those of lists
	keys    []query.Key                   // of columns, sorted
	wides   []*wide
	// lists are the multi-valued columns of attributes.
	eventAttrs, linkAttrs, rareAttrs *pairColumn
}

// identity are the columns without which a segment is not one of ours, with
// their types.
var identity = []struct {
	name    string
	typ     arrow.Type
	grouped bool
}{
	{table.ColStart, arrow.UINT64, false},
	{table.ColDuration, arrow.INT64, false},
	{table.ColSpanID, arrow.FIXED_SIZE_BINARY, false},
	{table.ColParentRow, arrow.INT32, false},
	{table.ColTraceID, arrow.FIXED_SIZE_BINARY, true},
	{table.ColParentID, arrow.FIXED_SIZE_BINARY, true},
}

func (c *catalog) read(p *Part) error {
	spec := p.r.Spec()
	at := map[string]int{}
	for i, col := range spec.Columns {
		at[col.Field.Name] = i
	}
	for _, id := range identity {
		i, ok := at[id.name]
		if !ok || spec.Columns[i].Field.Type.ID() != id.typ || spec.Columns[i].Group != segment.Plain != id.grouped {
			return p.corruptf("no column %s as it should be", id.name)
		}
	}
	c.start, c.duration, c.spanID = at[table.ColStart], at[table.ColDuration], at[table.ColSpanID]
	c.parentRow, c.traceID, c.parentID = at[table.ColParentRow], at[table.ColTraceID], at[table.ColParentID]
	for i, g := range spec.Groups {
		c.groups = append(c.groups, &group{part: p, number: i, name: g.Name, size: g.Codes, multi: g.List})
		c.planGroups = append(c.planGroups, c.groups[i])
	}
	c.trace, c.parentGroup = c.groups[spec.Columns[c.traceID].Group], spec.Columns[c.parentID].Group
	if c.trace.size == 0 {
		return p.corruptf("no trace ids")
	}
	c.columns = map[query.Field][]plan.Column{}
	for i := range spec.Columns {
		if err := c.addColumn(p, i, spec.Columns[i]); err != nil {
			return err
		}
	}
	if c.resource == nil {
		return p.corruptf("no resource group")
	}
	return c.addLists(p, at)
}

func (c *catalog) addColumn(p *Part, i int, col segment.Column) error {
	f, t, ok := table.FieldOf(col.Field)
	if !ok {
		return nil
	}
	if err := checkType(p, col, t); err != nil {
		return err
	}
	pc := plan.Column{Field: f, Type: t, Group: -1}
	if col.Group == segment.Plain {
		w := &wide{part: p, column: i, field: f, typ: t}
		c.wides = append(c.wides, w)
		pc.Wide = w
	} else {
		g := c.groups[col.Group]
		d := &dict{part: p, column: i, field: f, typ: t, group: g}
		g.members = append(g.members, d)
		pc.Group, pc.Dict = col.Group, d
		if len(g.members) == 1 {
			if g.name == table.GroupResource {
				c.resource = g
			} else {
				c.units = append(c.units, g)
			}
		}
	}
	c.columns[f] = append(c.columns[f], pc)
	if f.Scope != query.ScopeIntrinsic {
		c.keys = addKey(c.keys, f, t)
	}
	return nil
}

// checkType refuses a column whose Arrow type is not that of its values.
func checkType(p *Part, col segment.Column, t span.Type) error {
	want := arrow.BINARY
	switch t {
	case span.TypeString:
		want = arrow.STRING
	case span.TypeInt:
		want = arrow.INT64
	case span.TypeDouble:
		want = arrow.FLOAT64
	case span.TypeBool:
		want = arrow.BOOL
	}
	number := t == span.TypeInt || t == span.TypeDouble
	if col.Field.Type.ID() != want || col.Group == segment.Plain && !number {
		return p.corruptf("column %q: %v for values of type %v", col.Field.Name, col.Field.Type, t)
	}
	return nil
}

func addKey(keys []query.Key, f query.Field, t span.Type) []query.Key {
	i, ok := slices.BinarySearchFunc(keys, f, func(k query.Key, f query.Field) int { return compareFields(k.Field, f) })
	if !ok {
		return slices.Insert(keys, i, query.Key{Field: f, Types: []span.Type{t}})
	}
	if !slices.Contains(keys[i].Types, t) {
		types := append(slices.Clone(keys[i].Types), t)
		slices.Sort(types)
		keys[i].Types = types
	}
	return keys
}

func compareFields(a, b query.Field) int {
	return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Key, b.Key))
}

// addLists finds the list columns and the groups inside them.
func (c *catalog) addLists(p *Part, at map[string]int) error {
	c.events, c.links, c.rare = -1, -1, -1
	spec := p.r.Spec()
	inner := func(name string, t arrow.DataType) (int, []int, error) {
		i, ok := at[name]
		if !ok {
			return -1, nil, nil
		}
		col := spec.Columns[i]
		if col.Group != segment.Plain || !arrow.TypeEqual(col.Field.Type, t) {
			return 0, nil, p.corruptf("column %s is %v", name, col.Field.Type)
		}
		return i, col.Inner, nil
	}
	events, in, err := inner(table.ColEvents, table.EventType)
	if err != nil {
		return err
	}
	if c.events = events; events >= 0 {
		c.addText(p, query.EventName, in[0], events, 0)
		c.eventAttrs = c.addPairs(p, query.ScopeEvent, in[1], events, -1, 1)
	}
	links, in, err := inner(table.ColLinks, table.LinkType)
	if err != nil {
		return err
	}
	if c.links = links; links >= 0 {
		c.addText(p, query.LinkTraceID, in[0], links, 0)
		c.addText(p, query.LinkSpanID, in[1], links, 1)
		c.linkAttrs = c.addPairs(p, query.ScopeLink, in[3], links, -1, 3)
	}
	rare, in, err := inner(table.ColRare, table.RareType)
	if err != nil {
		return err
	}
	if c.rare = rare; rare >= 0 {
		c.rareAttrs = c.addPairs(p, query.ScopeAny, in[0], rare, 0, 1)
	}
	return nil
}

// addText adds an intrinsic field that each event or link has one text for.
func (c *catalog) addText(p *Part, f query.Field, g, column, leaf int) {
	d := &innerDict{part: p, column: column, leaf: leaf}
	c.columns[f] = []plan.Column{{Field: f, Type: span.TypeString, Group: g, Dict: d}}
}

func (c *catalog) addPairs(p *Part, scope query.Scope, g, column, scopeLeaf, keyLeaf int) *pairColumn {
	return &pairColumn{part: p, scope: scope, group: g, column: column, scopeLeaf: scopeLeaf, keyLeaf: keyLeaf}
}

// Groups implements plan.Part.
func (p *Part) Groups() []plan.Group { return p.planGroups }

// Columns implements plan.Part.
func (p *Part) Columns(f query.Field) ([]plan.Column, error) {
	cols := p.columns[f]
	for _, pc := range []*pairColumn{p.eventAttrs, p.linkAttrs, p.rareAttrs} {
		if pc == nil || !pc.mayHold(f.Scope) {
			continue
		}
		pairs, err := pc.load()
		if err != nil {
			return nil, err
		}
		if len(pairs.codes[f]) > 0 {
			d := &pairDict{column: pc, codes: pairs.codes[f], pairs: pairs}
			cols = append(slices.Clone(cols), plan.Column{Field: f, Type: plan.Mixed, Group: pc.group, Dict: d})
		}
	}
	return cols, nil
}

// Fields implements plan.Part.
func (p *Part) Fields() ([]query.Key, error) {
	keys := p.keys
	for _, pc := range []*pairColumn{p.eventAttrs, p.linkAttrs, p.rareAttrs} {
		if pc == nil {
			continue
		}
		pairs, err := pc.load()
		if err != nil {
			return nil, err
		}
		keys = slices.Clone(keys)
		for f, types := range pairs.types {
			for _, t := range types {
				keys = addKey(keys, f, t)
			}
		}
	}
	return keys, nil
}
