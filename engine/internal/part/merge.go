package part

import (
	"slices"

	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Merge makes one table of the live rows of several parts. The table reads the
// parts while it is built, every column about three times from its first batch
// to its last, and they must stay open until then. A cache of some megabytes
// of their own serves that best.
func Merge(parts []*Part) (*table.Table, error) {
	m := &merger{
		table: &table.Table{}, columns: map[columnKey]*mergedColumn{},
		traces: map[span.TraceID]uint32{}, resources: map[string]uint32{}, scopes: map[string]uint32{},
	}
	for _, p := range parts {
		if err := m.add(p); err != nil {
			return nil, err
		}
	}
	return m.table, m.finish()
}

type columnKey struct {
	field query.Field
	typ   span.Type
}

// merger collects the rows of several parts.
type merger struct {
	table     *table.Table
	sources   []*source
	traces    map[span.TraceID]uint32
	resources map[string]uint32
	scopes    map[string]uint32
	columns   map[columnKey]*mergedColumn
	order     []*mergedColumn
}

// source is one part of a merge.
type source struct {
	part  *Part
	first int      // row of the table that its first live row becomes
	rows  int      // live ones
	live  []uint32 // nil when all are
	fetch *fetcher
}

// each calls fn with the live rows of every batch: their places in the batch,
// which it does not keep, and the table's row of the first.
func (s *source) each(fn func(b int, places []uint32, at int) error) error {
	size, at := s.part.BatchRows(), s.first
	live := s.live
	var places []uint32
	for b := range s.part.r.Batches() {
		places = places[:0]
		if s.live == nil {
			for i := range s.part.r.BatchLen(b) {
				places = append(places, uint32(i))
			}
		}
		for len(live) > 0 && int(live[0]) < (b+1)*size {
			places = append(places, live[0]-uint32(b*size))
			live = live[1:]
		}
		if err := fn(b, places, at); err != nil {
			return err
		}
		at += len(places)
	}
	return nil
}

func (m *merger) add(p *Part) error {
	s := &source{part: p, first: len(m.table.Start), rows: p.Rows(), fetch: &fetcher{part: p}}
	if p.dead != nil {
		s.live = []uint32{}
		for row := range p.Rows() {
			if !p.dead.Contains(uint32(row)) {
				s.live = append(s.live, uint32(row))
			}
		}
		s.rows = len(s.live)
	}
	m.sources = append(m.sources, s)
	if err := m.addRows(s); err != nil {
		return err
	}
	if err := m.addSources(s); err != nil {
		return err
	}
	if err := m.addRare(s); err != nil {
		return err
	}
	return m.addColumns(s)
}

func (m *merger) addRows(s *source) error {
	p, t := s.part, m.table
	t.Start, t.Duration = slices.Grow(t.Start, s.rows), slices.Grow(t.Duration, s.rows)
	t.SpanIDs, t.Parents = slices.Grow(t.SpanIDs, s.rows), slices.Grow(t.Parents, s.rows)
	t.Traces, t.Resources = slices.Grow(t.Traces, s.rows), slices.Grow(t.Resources, s.rows)
	t.Scopes = slices.Grow(t.Scopes, s.rows)
	ids, err := p.TraceIDs()
	if err != nil {
		return err
	}
	known := make([]uint32, len(ids))
	for i, id := range ids {
		code, ok := m.traces[id]
		if !ok {
			code = uint32(len(t.TraceIDs))
			m.traces[id] = code
			t.TraceIDs = append(t.TraceIDs, id)
		}
		known[i] = code
	}
	return s.each(func(b int, places []uint32, _ int) error {
		starts, err := p.Starts(b)
		if err != nil {
			return err
		}
		durations, err := p.Durations(b)
		if err != nil {
			return err
		}
		spans, err := p.SpanIDs(b)
		if err != nil {
			return err
		}
		traces, err := p.TraceCodes(b)
		if err != nil {
			return err
		}
		parents, err := p.Parents(b)
		if err != nil {
			return err
		}
		for _, i := range places {
			t.Start = append(t.Start, starts[i])
			t.Duration = append(t.Duration, durations[i])
			t.SpanIDs = append(t.SpanIDs, spans[i])
			t.Traces = append(t.Traces, known[traces[i]])
			t.Parents = append(t.Parents, parents[i])
		}
		return nil
	})
}

// addSources adds the resources and scopes of the part's rows.
func (m *merger) addSources(s *source) error {
	p, t := s.part, m.table
	resources := make([]uint32, p.resource.size)
	for code := range resources {
		r, err := p.resourceAt(uint32(code))
		if err != nil {
			return err
		}
		resources[code] = numbered(m.resources, resourceKey(r), &t.ResourceList, r)
	}
	scopes, scopeGroup := []uint32{numbered(m.scopes, scopeKey(emptyScope), &t.ScopeList, emptyScope)}, (*group)(nil)
	if g := p.scopeGroup(); g != nil {
		tuples, err := g.tuples()
		if err != nil {
			return err
		}
		scopeGroup, scopes = g, make([]uint32, g.size)
		for code := range scopes {
			tu, err := tuples.at(uint32(code))
			if err != nil {
				return err
			}
			sc := tu.scope
			if sc == nil {
				sc = emptyScope
			}
			scopes[code] = numbered(m.scopes, scopeKey(sc), &t.ScopeList, sc)
		}
	}
	return s.each(func(b int, places []uint32, _ int) error {
		codes, err := p.resource.Codes(b)
		if err != nil {
			return err
		}
		for _, i := range places {
			t.Resources = append(t.Resources, resources[codes.At(int(i))])
		}
		if scopeGroup == nil {
			for range places {
				t.Scopes = append(t.Scopes, scopes[0])
			}
			return nil
		}
		if codes, err = scopeGroup.Codes(b); err != nil {
			return err
		}
		for _, i := range places {
			t.Scopes = append(t.Scopes, scopes[codes.At(int(i))])
		}
		return nil
	})
}

// scopeGroup is the group that the scope's columns are members of.
func (p *Part) scopeGroup() *group {
	for _, g := range p.units {
		if slices.ContainsFunc(g.members, func(d *dict) bool { return isScope(d.field) }) {
			return g
		}
	}
	return nil
}

func numbered[T any](at map[string]uint32, key string, list *[]T, v T) uint32 {
	code, ok := at[key]
	if !ok {
		code = uint32(len(*list))
		at[key] = code
		*list = append(*list, v)
	}
	return code
}

func resourceKey(r *span.Resource) string {
	b := span.KVList(r.Attributes...).AppendKey(nil)
	b = span.String(r.SchemaURL).AppendKey(b)
	b = span.Int(int64(r.DroppedAttributesCount)).AppendKey(b)
	return string(table.EntityValue(r.EntityRefs).AppendKey(b))
}

func scopeKey(s *span.Scope) string {
	b := span.KVList(s.Attributes...).AppendKey(nil)
	for _, text := range []string{s.Name, s.Version, s.SchemaURL} {
		b = span.String(text).AppendKey(b)
	}
	return string(span.Int(int64(s.DroppedAttributesCount)).AppendKey(b))
}

// addRare takes over the attributes that have no column.
func (m *merger) addRare(s *source) error {
	p := s.part
	if p.rare < 0 {
		return nil
	}
	pairs, err := p.rareAttrs.load()
	if err != nil {
		return err
	}
	return s.each(func(b int, places []uint32, at int) error {
		r, err := p.rareBatch(b)
		if err != nil {
			return err
		}
		for k, i := range places {
			for _, c := range r.codes[r.offsets[i]:r.offsets[i+1]] {
				pr := pairs.list[c]
				m.table.Rare = append(m.table.Rare, table.RareAttribute{
					Row: uint32(at + k), Scope: pr.field.Scope, Key: pr.field.Key, Value: pr.value,
				})
			}
		}
		return nil
	})
}

// finish hands the columns, events and links to the table.
func (m *merger) finish() error {
	m.traces, m.resources, m.scopes, m.columns = nil, nil, nil, nil
	for _, c := range m.order {
		if err := c.number(m.table); err != nil {
			return err
		}
	}
	m.table.Events = func(row int) ([]span.Event, error) {
		s, local := m.locate(row)
		return s.events(local)
	}
	m.table.Links = func(row int) ([]span.Link, error) {
		s, local := m.locate(row)
		return s.links(local)
	}
	return nil
}

// locate finds the part and its row that a row of the table comes from.
func (m *merger) locate(row int) (*source, int) {
	i, ok := slices.BinarySearchFunc(m.sources, row, func(s *source, row int) int { return s.first - row })
	if !ok {
		i--
	}
	for m.sources[i].rows == 0 { // an empty one begins where the next does
		i++
	}
	s := m.sources[i]
	if s.live != nil {
		return s, int(s.live[row-s.first])
	}
	return s, row - s.first
}

func (s *source) events(row int) ([]span.Event, error) {
	p := s.part
	if p.events < 0 {
		return nil, nil
	}
	e, err := p.eventBatch(row / p.BatchRows())
	if err != nil {
		return nil, err
	}
	var out span.Span
	i := row % p.BatchRows()
	if e.offsets[i] < e.offsets[i+1] {
		err = s.fetch.fetchEvents(&out, e, int(e.offsets[i]), int(e.offsets[i+1]))
	}
	return out.Events, err
}

func (s *source) links(row int) ([]span.Link, error) {
	p := s.part
	if p.links < 0 {
		return nil, nil
	}
	k, err := p.linkBatch(row / p.BatchRows())
	if err != nil {
		return nil, err
	}
	var out span.Span
	i := row % p.BatchRows()
	if k.offsets[i] < k.offsets[i+1] {
		err = s.fetch.fetchLinks(&out, k, int(k.offsets[i]), int(k.offsets[i+1]))
	}
	return out.Links, err
}
