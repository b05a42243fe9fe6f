package part

import (
	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// mergedColumn is a field of one type in several parts.
type mergedColumn struct {
	field query.Field
	typ   span.Type
	from  []columnSource
	count int // live rows that have a value
}

// columnSource is the column in one part: a dictionary whose codes become those
// of the merged column, or wide numbers.
type columnSource struct {
	source *source
	dict   *dict
	counts []uint32 // live rows of each code of the dictionary's group
	codes  []uint32 // of the merged column by code of the group, or table.Missing
	bits   []uint64 // or values, where the merged column is wide
	wide   *wide
}

// valueTable numbers distinct values of one type.
type valueTable struct {
	values  table.Values
	strings map[string]uint32
	bits    map[uint64]uint32
}

func newValueTable() *valueTable {
	return &valueTable{strings: map[string]uint32{}, bits: map[uint64]uint32{}}
}

func (v *valueTable) of(value span.Value) uint32 {
	switch value.Type() {
	case span.TypeInt, span.TypeDouble, span.TypeBool:
		b := table.BitsOf(value)
		code, ok := v.bits[b]
		if !ok {
			code = uint32(len(v.values.Bits))
			v.bits[b] = code
			v.values.Bits = append(v.values.Bits, b)
		}
		return code
	}
	s := table.StringOf(value)
	code, ok := v.strings[s]
	if !ok {
		code = uint32(len(v.values.Strings))
		v.strings[s] = code
		v.values.Strings = append(v.values.Strings, s)
	}
	return code
}

func (m *merger) column(f query.Field, t span.Type) *mergedColumn {
	k := columnKey{f, t}
	c := m.columns[k]
	if c == nil {
		c = &mergedColumn{field: f, typ: t}
		m.columns[k] = c
		m.order = append(m.order, c)
	}
	return c
}

// addColumns notes the part's columns of the span itself. Their values are
// read later, one column of all parts after another.
func (m *merger) addColumns(s *source) error {
	for _, g := range s.part.units {
		counts, err := s.counts(g)
		if err != nil {
			return err
		}
		for _, d := range g.members {
			if d.field != plan.HasParent && !isScope(d.field) {
				c := m.column(d.field, d.typ)
				c.from = append(c.from, columnSource{source: s, dict: d, counts: counts})
			}
		}
	}
	for _, w := range s.part.wides {
		c := m.column(w.field, w.typ)
		c.from = append(c.from, columnSource{source: s, wide: w})
	}
	return nil
}

// counts counts the live rows of each code of a group.
func (s *source) counts(g *group) ([]uint32, error) {
	counts := make([]uint32, g.size)
	err := s.each(func(b int, places []uint32, _ int) error {
		codes, err := g.Codes(b)
		if err != nil {
			return err
		}
		for _, i := range places {
			counts[codes.At(int(i))]++
		}
		return nil
	})
	return counts, err
}

// number gives the column's distinct values their codes, and adds it to the
// table if a live row has it. A column that is wide in any part stays wide.
func (c *mergedColumn) number(t *table.Table) error {
	out := table.Column{Field: c.field, Type: c.typ}
	values, isWide := newValueTable(), false
	for i := range c.from {
		isWide = isWide || c.from[i].wide != nil
	}
	for i := range c.from {
		f := &c.from[i]
		if f.wide != nil {
			if err := eachWide(f.source, f.wide, func(int, uint64) { c.count++ }); err != nil {
				return err
			}
			continue
		}
		if err := f.number(c, values, isWide); err != nil {
			return err
		}
	}
	if c.count == 0 {
		return nil // only deleted rows had it
	}
	out.Count = c.count
	if isWide {
		out.LoadWide = c.loadWide
	} else {
		out.Values, out.Load = values.values, c.load
	}
	t.Columns = append(t.Columns, out)
	return nil
}

func (f *columnSource) number(c *mergedColumn, values *valueTable, isWide bool) error {
	f.codes = make([]uint32, len(f.counts))
	for i := range f.codes {
		f.codes[i] = table.Missing
	}
	if isWide {
		f.bits = make([]uint64, len(f.counts))
	}
	err := f.dict.Each(func(code uint32, v span.Value) bool {
		n := f.counts[code]
		c.count += int(n)
		switch {
		case n == 0: // a value that only deleted rows have is gone
		case isWide:
			f.codes[code], f.bits[code] = 0, table.BitsOf(v)
		default:
			f.codes[code] = values.of(v)
		}
		return true
	})
	f.counts = nil
	return err
}

func eachWide(s *source, w *wide, fn func(row int, bits uint64)) error {
	return s.each(func(b int, places []uint32, at int) error {
		values, valid, err := w.Values(b)
		if err != nil {
			return err
		}
		for k, i := range places {
			if valid == nil || valid[i>>6]>>(i&63)&1 != 0 {
				fn(at+k, values[i])
			}
		}
		return nil
	})
}

// eachCode calls fn with the group's code of every live row.
func (f *columnSource) eachCode(fn func(row int, code uint32)) error {
	return f.source.each(func(b int, places []uint32, at int) error {
		codes, err := f.dict.group.Codes(b)
		if err != nil {
			return err
		}
		for k, i := range places {
			fn(at+k, codes.At(int(i)))
		}
		return nil
	})
}

// load fills dst with the column's codes, as table.Column.Load.
func (c *mergedColumn) load(dst []uint32) error {
	for i := range dst {
		dst[i] = table.Missing
	}
	for i := range c.from {
		f := &c.from[i]
		err := f.source.each(func(b int, places []uint32, at int) error {
			codes, err := f.dict.group.Codes(b)
			if err != nil {
				return err
			}
			for k, i := range places {
				if code := f.codes[codes.At(int(i))]; code != table.Missing {
					dst[at+k] = code
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// loadWide gives set every live row's number, as table.Column.LoadWide.
func (c *mergedColumn) loadWide(set func(row int, bits uint64)) error {
	for i := range c.from {
		f := &c.from[i]
		var err error
		if f.wide != nil {
			err = eachWide(f.source, f.wide, set)
		} else {
			err = f.eachCode(func(row int, code uint32) {
				if f.codes[code] != table.Missing {
					set(row, f.bits[code])
				}
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
