package head

import (
	"cmp"
	"slices"

	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// The groups of a snapshot: these, then the attribute columns.
const (
	groupResource = iota
	groupScope
	groupName
	groupOutcome
	groupEventName
	groupEventAttr
	groupLinkTrace
	groupLinkSpan
	groupLinkAttr
	groupRare
	groupResourceRepeats
	groupScopeRepeats
	firstColumn
)

// directory says where a snapshot has its fields. It is made when it is first
// asked for.
type directory struct {
	groups    []plan.Group
	byKey     map[string][]plan.Column // attribute columns
	sorted    []*columnView            // by key
	resources *sourceIndex
	scopes    *sourceIndex
}

func (s *Snapshot) newDirectory() *directory {
	d := &directory{groups: make([]plan.Group, firstColumn, firstColumn+len(s.columns)), byKey: map[string][]plan.Column{}}
	d.resources = s.shared.resources.of(len(s.resources), query.ScopeResource, func(i int) []span.KeyValue { return s.resources[i].Attributes })
	d.scopes = s.shared.scopes.of(len(s.scopes), query.ScopeInstrumentation, func(i int) []span.KeyValue { return s.scopes[i].Attributes })
	codes := func(g int, name string, codes []uint32, size int) {
		d.groups[g] = &codesGroup{noPostings: noPostings{name}, snapshot: s, codes: codes, size: size}
	}
	codes(groupResource, "resource", s.rows.resource, len(s.resources))
	codes(groupScope, "scope", s.rows.scope, len(s.scopes))
	codes(groupName, "name", s.rows.name, s.names.Len())
	codes(groupOutcome, "outcome", s.rows.outcome, len(s.outcomes.list))
	s.addListGroups(d)
	for i := range s.columns {
		c := &s.columns[i]
		d.sorted = append(d.sorted, c)
		d.byKey[c.key] = append(d.byKey[c.key], plan.Column{
			Field: query.Attr(query.ScopeSpan, c.key), Type: c.typ, Group: len(d.groups),
			Dict: s.dictOf(c.values, c.typ, 1),
		})
		d.groups = append(d.groups, &columnGroup{noPostings: noPostings{"span." + c.key}, snapshot: s, columnView: c})
	}
	slices.SortFunc(d.sorted, func(a, b *columnView) int { return cmp.Compare(a.key, b.key) })
	return d
}

func (s *Snapshot) addListGroups(d *directory) {
	list := func(g int, name string, size func() int, lists func(base, n int) plan.Lists) {
		d.groups[g] = &listGroup{noPostings: noPostings{name}, size: size, lists: func(b int) plan.Lists {
			from, to := s.span(b)
			return lists(from, to-from)
		}}
	}
	texts := func(g int, name string, view func() *listView, which int) {
		list(g, name, func() int { return len(view().texts[which]) },
			func(base, n int) plan.Lists { return view().textLists(base, n, which) })
	}
	attrs := func(g int, name string, view func() *listView) {
		list(g, name, func() int { return view().values }, func(base, n int) plan.Lists { return view().attrLists(base, n) })
	}
	repeats := func(g int, name string, codes []uint32, x *sourceIndex) {
		list(g, name, func() int { return len(x.repeats.list) },
			func(base, n int) plan.Lists { return x.lists(codes[base : base+n]) })
	}
	texts(groupEventName, "event_name", s.eventView, 0)
	attrs(groupEventAttr, "event_attributes", s.eventView)
	texts(groupLinkTrace, "link_trace_id", s.linkView, 0)
	texts(groupLinkSpan, "link_span_id", s.linkView, 1)
	attrs(groupLinkAttr, "link_attributes", s.linkView)
	list(groupRare, "attributes", s.rareLimit, func(base, n int) plan.Lists { return pairLists(s.rare, base, n) })
	repeats(groupResourceRepeats, "resource_attributes", s.rows.resource, d.resources)
	repeats(groupScopeRepeats, "scope_attributes", s.rows.scope, d.scopes)
}

// dictOf makes a column's dictionary, with codes from shift on.
func (s *Snapshot) dictOf(v values, t span.Type, shift uint32) plan.Dict {
	return &valuesDict{values: v, seeds: s.seeds, typ: t, shift: shift}
}

// lists gives rows, by the codes of their sources, the repeats of those.
func (x *sourceIndex) lists(sources []uint32) plan.Lists {
	out := plan.Lists{Offsets: make([]int32, len(sources)+1)}
	for i, c := range sources {
		for code := x.offsets[c]; code < x.offsets[c+1]; code++ {
			out.Codes = append(out.Codes, code)
		}
		out.Offsets[i+1] = int32(len(out.Codes))
	}
	return out
}

// Groups implements plan.Part.
func (s *Snapshot) Groups() []plan.Group { return s.directory().groups }

// Columns implements plan.Part.
func (s *Snapshot) Columns(f query.Field) ([]plan.Column, error) {
	d := s.directory()
	switch f.Scope {
	case query.ScopeIntrinsic:
		return s.intrinsic(f), nil
	case query.ScopeSpan:
		return s.withRare(f, d.byKey[f.Key])
	case query.ScopeResource:
		return d.resources.of(f, groupResource, groupResourceRepeats), nil
	case query.ScopeInstrumentation:
		return d.scopes.of(f, groupScope, groupScopeRepeats), nil
	case query.ScopeEvent:
		return listColumn(s.eventView(), f, groupEventAttr), nil
	case query.ScopeLink:
		return listColumn(s.linkView(), f, groupLinkAttr), nil
	}
	return nil, nil
}

func (s *Snapshot) intrinsic(f query.Field) []plan.Column {
	one := func(g int, t span.Type, d plan.Dict) []plan.Column {
		return []plan.Column{{Field: f, Type: t, Group: g, Dict: d}}
	}
	switch f {
	case query.Name:
		return one(groupName, span.TypeString, s.dictOf(s.names, span.TypeString, 0))
	case query.StatusMessage, query.TraceState:
		return one(groupOutcome, span.TypeString, outcomeDict{&s.outcomes, f})
	case query.ResourceSchemaURL:
		return one(groupResource, span.TypeString, textOfEach(s.resources, func(r *span.Resource) string { return r.SchemaURL }))
	case query.ScopeName:
		return one(groupScope, span.TypeString, textOfEach(s.scopes, func(c *span.Scope) string { return c.Name }))
	case query.ScopeVersion:
		return one(groupScope, span.TypeString, textOfEach(s.scopes, func(c *span.Scope) string { return c.Version }))
	case query.ScopeSchemaURL:
		return one(groupScope, span.TypeString, textOfEach(s.scopes, func(c *span.Scope) string { return c.SchemaURL }))
	}
	switch {
	case slices.Contains(outcomeFields, f):
		return one(groupOutcome, span.TypeInt, outcomeDict{&s.outcomes, f})
	case f == query.EventName && len(s.events.raw) > 0:
		return one(groupEventName, span.TypeString, textsDict(s.eventView().texts[0]))
	case f == query.LinkTraceID && len(s.links.raw) > 0:
		return one(groupLinkTrace, span.TypeString, textsDict(s.linkView().texts[0]))
	case f == query.LinkSpanID && len(s.links.raw) > 0:
		return one(groupLinkSpan, span.TypeString, textsDict(s.linkView().texts[1]))
	}
	return nil
}

func textOfEach[T any](list []*T, text func(*T) string) textsDict {
	out := make(textsDict, len(list))
	for i, x := range list {
		out[i] = text(x)
	}
	return out
}

// withRare adds the rare attributes of a field to its columns.
func (s *Snapshot) withRare(f query.Field, columns []plan.Column) ([]plan.Column, error) {
	limit := s.rareLimit()
	if limit == 0 {
		return columns, nil
	}
	x := &s.shared.rare
	err := x.extend(s.rareTexts[:limit])
	defer x.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if dict, ok := x.values.dict(f, limit); ok {
		columns = append(slices.Clone(columns), plan.Column{Field: f, Type: plan.Mixed, Group: groupRare, Dict: dict})
	}
	return columns, nil
}

func listColumn(v *listView, f query.Field, group int) []plan.Column {
	d, ok := v.dict(f)
	if !ok {
		return nil
	}
	return []plan.Column{{Field: f, Type: plan.Mixed, Group: group, Dict: d}}
}

// of is the columns of a field.
func (x *sourceIndex) of(f query.Field, group, repeats int) []plan.Column {
	var out []plan.Column
	for _, d := range x.columns[f] {
		out = append(out, plan.Column{Field: f, Type: d.typ, Group: group, Dict: d})
	}
	if d, ok := x.repeats.dict(f, len(x.repeats.list)); ok {
		out = append(out, plan.Column{Field: f, Type: plan.Mixed, Group: repeats, Dict: d})
	}
	return out
}

// Fields implements plan.Part.
func (s *Snapshot) Fields() ([]query.Key, error) {
	d := s.directory()
	found := fieldSet{}
	for i := range s.columns {
		found.add(query.Attr(query.ScopeSpan, s.columns[i].key), s.columns[i].typ)
	}
	for _, x := range []*sourceIndex{d.resources, d.scopes} {
		for f, columns := range x.columns {
			for _, c := range columns {
				found.add(f, c.typ)
			}
		}
		x.repeats.eachType(len(x.repeats.list), found.add)
	}
	s.eventView().eachType(found.add)
	s.linkView().eachType(found.add)
	if limit := s.rareLimit(); limit > 0 {
		x := &s.shared.rare
		err := x.extend(s.rareTexts[:limit])
		defer x.mu.Unlock()
		if err != nil {
			return nil, err
		}
		x.values.eachType(limit, found.add)
	}
	return found.keys(), nil
}

// fieldSet is fields with the types of their values.
type fieldSet map[query.Field][]span.Type

func (s fieldSet) add(f query.Field, t span.Type) {
	if !slices.Contains(s[f], t) {
		s[f] = append(s[f], t)
	}
}

// keys are the fields by scope and key.
func (s fieldSet) keys() []query.Key {
	keys := make([]query.Key, 0, len(s))
	for f, types := range s {
		slices.Sort(types)
		keys = append(keys, query.Key{Field: f, Types: types})
	}
	slices.SortFunc(keys, func(a, b query.Key) int {
		return cmp.Or(cmp.Compare(a.Field.Scope, b.Field.Scope), cmp.Compare(a.Field.Key, b.Field.Key))
	})
	return keys
}
