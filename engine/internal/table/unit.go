package table

import (
	"cmp"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// unit is a set of columns that share one code a row: a single column, the
// columns of a resource or a scope, or a code group that was made of several.
type unit struct {
	name    string
	size    int   // number of codes
	alone   bool  // never joined with others
	codes   codes // of each row in order, once it is in a group; below size
	members []member
}

// member is a column of a unit. of holds the column's code for each code of
// the unit, or Missing.
type member struct {
	field  query.Field
	typ    span.Type
	values Values
	of     []uint32
	count  int // rows that have a value
}

// columnUnit loads one column of the table and puts the rows' codes into all.
// Rows without a value get a code of their own, behind the others.
func (s *sorted) columnUnit(c *Column, scratch, all []uint32) (*unit, error) {
	if err := c.Load(scratch); err != nil {
		return nil, err
	}
	n := c.Values.Len()
	u := &unit{name: c.Field.Scope.String() + "." + c.Field.Key, size: n}
	for i, row := range s.order {
		code := scratch[row]
		if code == Missing {
			code = uint32(n)
			u.size = n + 1
		}
		all[i] = code
	}
	m := member{field: c.Field, typ: c.Type, values: c.Values, of: make([]uint32, u.size), count: c.Count}
	for i := range m.of {
		m.of[i] = uint32(i)
		if i == n {
			m.of[i] = Missing
		}
	}
	u.members = []member{m}
	return u, nil
}

// objectUnit makes columns from distinct objects (resources or scopes), given
// the code of each row's object.
type objectUnit struct {
	unit
	of []uint32 // object of each row, not in order
	at map[memberKey]int
}

type memberKey struct {
	field query.Field
	typ   span.Type
}

// set records that object code has the value.
func (o *objectUnit) set(f query.Field, v span.Value, code, rows int) {
	k := memberKey{f, v.Type()}
	i, ok := o.at[k]
	if !ok {
		i = len(o.members)
		o.at[k] = i
		m := member{field: f, typ: v.Type(), of: make([]uint32, o.size)}
		for c := range m.of {
			m.of[c] = Missing
		}
		o.members = append(o.members, m)
	}
	m := &o.members[i]
	m.of[code] = m.values.add(v)
	m.count += rows
}

// add appends a value without looking for an equal one.
func (vs *Values) add(v span.Value) uint32 {
	switch v.Type() {
	case span.TypeInt, span.TypeDouble, span.TypeBool:
		vs.Bits = append(vs.Bits, BitsOf(v))
	default:
		vs.Strings = append(vs.Strings, StringOf(v))
	}
	return uint32(vs.Len() - 1)
}

// sources turns resources and scopes into units, and lists the attributes that
// their objects repeat.
type sources struct {
	resource, scope *objectUnit
	repeats         map[query.Scope][][]span.KeyValue  // by scope and object code
	dropped         map[*objectUnit]map[memberKey]bool // columns beyond the cap
}

func (s *sorted) newSources() *sources {
	src := &sources{repeats: map[query.Scope][][]span.KeyValue{}}
	src.resource = newObjects("resource", s.Resources, len(s.ResourceList))
	rows := countCodes(s.Resources, src.resource.size)
	for code, r := range s.ResourceList {
		src.resource.set(query.ResourceSchemaURL, span.String(r.SchemaURL), code, rows[code])
		src.resource.set(ResourceDropped, span.Int(int64(r.DroppedAttributesCount)), code, rows[code])
		if len(r.EntityRefs) > 0 {
			src.resource.set(ResourceEntities, EntityValue(r.EntityRefs), code, rows[code])
		}
		src.attributes(src.resource, query.ScopeResource, r.Attributes, code, rows[code])
	}
	src.scope = newObjects("scope", s.Scopes, len(s.ScopeList))
	rows = countCodes(s.Scopes, src.scope.size)
	for code, sc := range s.ScopeList {
		src.scope.set(query.ScopeName, span.String(sc.Name), code, rows[code])
		src.scope.set(query.ScopeVersion, span.String(sc.Version), code, rows[code])
		src.scope.set(query.ScopeSchemaURL, span.String(sc.SchemaURL), code, rows[code])
		src.scope.set(ScopeDropped, span.Int(int64(sc.DroppedAttributesCount)), code, rows[code])
		src.attributes(src.scope, query.ScopeInstrumentation, sc.Attributes, code, rows[code])
	}
	return src
}

func newObjects(name string, of []uint32, size int) *objectUnit {
	return &objectUnit{unit: unit{name: name, size: size}, of: of, at: map[memberKey]int{}}
}

// codesIn puts the rows' codes into all.
func (o *objectUnit) codesIn(order, all []uint32) []uint32 {
	for i, row := range order {
		all[i] = o.of[row]
	}
	return all
}

// attributes adds an object's attributes; of a repeated key only the first.
func (src *sources) attributes(o *objectUnit, scope query.Scope, kvs []span.KeyValue, code, rows int) {
	if src.repeats[scope] == nil {
		src.repeats[scope] = make([][]span.KeyValue, o.size)
	}
	seen := make(map[string]bool, len(kvs))
	for _, kv := range kvs {
		if seen[kv.Key] {
			src.repeats[scope][code] = append(src.repeats[scope][code], kv)
			continue
		}
		seen[kv.Key] = true
		o.set(query.Attr(scope, kv.Key), kv.Value, code, rows)
	}
}

func countCodes(codes []uint32, size int) []int {
	counts := make([]int, size)
	for _, c := range codes {
		counts[c]++
	}
	return counts
}

// hasParentUnit is the bool column that tells roots from other spans; it puts
// the rows' codes into all.
func (s *sorted) hasParentUnit(all []uint32) *unit {
	u := &unit{name: "has_parent", size: 2}
	for i, row := range s.order {
		all[i] = 1
		if s.Parents[row].IsZero() {
			all[i] = 0
		}
	}
	u.members = []member{{field: hasParent, typ: span.TypeBool, values: Values{Bits: []uint64{0, 1}}, of: []uint32{0, 1}, count: len(s.order)}}
	return u
}

// tidy drops codes that no row has and numbers the others: by value where the
// unit has one column, most frequent first where it has several. scratch has
// an element for each row.
func (u *unit) tidy(scratch []uint32) {
	u.codes.unpack(scratch)
	counts := countCodes(scratch, u.size)
	order := make([]uint32, 0, u.size)
	for c, n := range counts {
		if n > 0 {
			order = append(order, uint32(c))
		}
	}
	if len(u.members) == 1 {
		m := &u.members[0]
		slices.SortFunc(order, func(a, b uint32) int { return m.compare(m.of[a], m.of[b]) })
	} else {
		slices.SortStableFunc(order, func(a, b uint32) int { return cmp.Compare(counts[b], counts[a]) })
	}
	to := make([]uint32, u.size)
	for i, c := range order {
		to[c] = uint32(i)
	}
	for i, c := range scratch {
		scratch[i] = to[c]
	}
	u.size = len(order)
	u.codes = pack(scratch, u.size)
	for i := range u.members {
		m := &u.members[i]
		of := make([]uint32, len(order))
		for k, c := range order {
			of[k] = m.of[c]
		}
		m.of = of
	}
	u.members = slices.DeleteFunc(u.members, func(m member) bool {
		return !slices.ContainsFunc(m.of, func(c uint32) bool { return c != Missing })
	})
}

// compare orders a column's codes by value, missing last.
func (m *member) compare(a, b uint32) int {
	switch {
	case a == b:
		return 0
	case a == Missing:
		return 1
	case b == Missing:
		return -1
	case m.values.Strings != nil:
		return strings.Compare(m.values.Strings[a], m.values.Strings[b])
	case m.typ == span.TypeInt:
		return cmp.Compare(int64(m.values.Bits[a]), int64(m.values.Bits[b]))
	}
	return cmp.Compare(m.values.Bits[a], m.values.Bits[b])
}
