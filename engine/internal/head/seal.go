package head

import (
	"fmt"

	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Table is all live rows, published or not, for sealing. The caller writes
// nothing to the head any more; the table shares its memory.
func (h *Head) Table() (*table.Table, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &sealer{Head: h}
	s.place()
	r := &h.rows
	t := &table.Table{
		Start: kept(s, r.start), Duration: kept(s, r.duration), SpanIDs: kept(s, r.spanID), Parents: kept(s, r.parent),
		Traces: kept(s, r.trace), TraceIDs: h.traces.ids,
		Resources: kept(s, r.resource), ResourceList: h.resources.list,
		Scopes: kept(s, r.scope), ScopeList: h.scopes.list,
	}
	if h.dead != nil {
		t.Resources, t.ResourceList = used(t.Resources, t.ResourceList)
		t.Scopes, t.ScopeList = used(t.Scopes, t.ScopeList)
	}
	t.Columns = append(s.intrinsics(), s.attributes()...)
	var err error
	if t.Rare, err = s.rareAttributes(); err != nil {
		return nil, fmt.Errorf("rows in memory: %w", err)
	}
	t.Events = func(row int) ([]span.Event, error) { return h.events.readEvents(s.row(row)), nil }
	t.Links = func(row int) ([]span.Link, error) { return h.links.readLinks(s.row(row)), nil }
	return t, nil
}

// sealer renumbers the rows of a head that are live.
type sealer struct {
	*Head
	live   []uint32 // rows by their new number; nil when none is dead
	places []uint32 // new numbers by row; table.Missing for a dead one
}

func (s *sealer) place() {
	if s.dead == nil {
		return
	}
	s.places = make([]uint32, len(s.rows.start))
	for row := range s.places {
		s.places[row] = table.Missing
		if !s.isDead(uint32(row)) {
			s.places[row] = uint32(len(s.live))
			s.live = append(s.live, uint32(row))
		}
	}
}

// row is the head's row of a row of the table.
func (s *sealer) row(i int) uint32 {
	if s.places == nil {
		return uint32(i)
	}
	return s.live[i]
}

// placeOf is the inverse; table.Missing for a dead row.
func (s *sealer) placeOf(row uint32) uint32 {
	if s.places == nil {
		return row
	}
	return s.places[row]
}

// kept leaves the dead rows out.
func kept[T any](s *sealer, all []T) []T {
	if s.places == nil {
		return all
	}
	out := make([]T, len(s.live))
	for i, row := range s.live {
		out[i] = all[row]
	}
	return out
}

// used leaves out what no code names. The codes are changed.
func used[T any](codes []uint32, list []*T) ([]uint32, []*T) {
	to := make([]uint32, len(list))
	var out []*T
	for i, c := range codes {
		if to[c] == 0 {
			out = append(out, list[c])
			to[c] = uint32(len(out))
		}
		codes[i] = to[c] - 1
	}
	return codes, out
}

// intrinsics are the columns of table.SpanFields.
func (s *sealer) intrinsics() []table.Column {
	names, outcomes := kept(s, s.rows.name), kept(s, s.rows.outcome)
	view := s.outcome.view()
	var out []table.Column
	for _, c := range table.SpanFields {
		c.Count = len(names)
		if c.Field == query.Name {
			c.Values = table.Values{Strings: s.names.texts}
			c.Load = func(dst []uint32) error { copy(dst, names); return nil }
		} else {
			var of []uint32
			c.Values, of = view.column(c.Field)
			c.Load = func(dst []uint32) error {
				for i, code := range outcomes {
					dst[i] = of[code]
				}
				return nil
			}
		}
		out = append(out, c)
	}
	return out
}

// column is the distinct values of a field, and which of them each outcome has.
func (o *outcomeView) column(f query.Field) (vs table.Values, of []uint32) {
	texts, numbers := map[string]uint32{}, map[int64]uint32{}
	for code := range o.list {
		v := o.value(uint32(code), f)
		if v.Type() == span.TypeString {
			c, ok := texts[v.Str()]
			if !ok {
				c = uint32(len(vs.Strings))
				texts[v.Str()] = c
				vs.Strings = append(vs.Strings, v.Str())
			}
			of = append(of, c)
			continue
		}
		c, ok := numbers[v.Int()]
		if !ok {
			c = uint32(len(vs.Bits))
			numbers[v.Int()] = c
			vs.Bits = append(vs.Bits, uint64(v.Int()))
		}
		of = append(of, c)
	}
	return vs, of
}

// attributes are the columns of attributes that a live row has.
func (s *sealer) attributes() []table.Column {
	var out []table.Column
	for _, c := range s.columns {
		count := 0
		for _, p := range c.pairs {
			if s.placeOf(p.row) != table.Missing {
				count++
			}
		}
		if count == 0 {
			continue
		}
		out = append(out, table.Column{
			Field: query.Attr(query.ScopeSpan, c.key), Type: c.typ, Count: count,
			Values: table.Values{Strings: c.values.texts, Bits: c.values.bits},
			Load:   func(dst []uint32) error { s.load(dst, c.pairs); return nil },
		})
	}
	return out
}

func (s *sealer) load(dst []uint32, pairs []pair) {
	for i := range dst {
		dst[i] = table.Missing
	}
	for _, p := range pairs {
		if i := s.placeOf(p.row); i != table.Missing {
			dst[i] = p.code
		}
	}
}

func (s *sealer) rareAttributes() ([]table.RareAttribute, error) {
	var out []table.RareAttribute
	for _, p := range s.rare.pairs {
		i := s.placeOf(p.row)
		if i == table.Missing {
			continue
		}
		key, v, err := readRare(s.rare.values.texts[p.code])
		if err != nil {
			return nil, err
		}
		out = append(out, table.RareAttribute{Row: i, Scope: query.ScopeSpan, Key: key, Value: v})
	}
	return out, nil
}
