package part

import (
	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// mergedColumn is a field of one type in several parts.
type mergedColumn struct {
	values valueTable
	count  int // live rows that have a value
	from   []columnSource
}

// columnSource is the column in one part: a dictionary whose codes become those
// of the merged column, or wide numbers.
type columnSource struct {
	source *source
	group  *group
	codes  []uint32 // of the merged column by code of the group, or table.Missing
	wide   *wide
}

// valueTable numbers distinct values of one type.
type valueTable struct {
	values  table.Values
	strings map[string]uint32
	bits    map[uint64]uint32
}

func (v *valueTable) ofString(s string) uint32 {
	code, ok := v.strings[s]
	if !ok {
		if v.strings == nil {
			v.strings = map[string]uint32{}
		}
		code = uint32(len(v.values.Strings))
		v.strings[s] = code
		v.values.Strings = append(v.values.Strings, s)
	}
	return code
}

func (v *valueTable) ofBits(b uint64) uint32 {
	code, ok := v.bits[b]
	if !ok {
		if v.bits == nil {
			v.bits = map[uint64]uint32{}
		}
		code = uint32(len(v.values.Bits))
		v.bits[b] = code
		v.values.Bits = append(v.values.Bits, b)
	}
	return code
}

func (v *valueTable) of(value span.Value) uint32 {
	switch value.Type() {
	case span.TypeInt, span.TypeDouble, span.TypeBool:
		return v.ofBits(table.BitsOf(value))
	}
	return v.ofString(table.StringOf(value))
}

func (m *merger) column(f query.Field, t span.Type) *mergedColumn {
	k := columnKey{f, t}
	c := m.columns[k]
	if c == nil {
		c = &mergedColumn{}
		m.columns[k] = c
		m.order = append(m.order, k)
	}
	return c
}

// addColumns adds the part's columns of the span itself.
func (m *merger) addColumns(s *source) error {
	for _, g := range s.part.units {
		if err := m.addGroup(s, g); err != nil {
			return err
		}
	}
	for _, w := range s.part.wides {
		if err := m.addWide(s, w); err != nil {
			return err
		}
	}
	return nil
}

func (m *merger) addGroup(s *source, g *group) error {
	counts := make([]int, g.size)
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
	if err != nil {
		return err
	}
	for _, d := range g.members {
		if d.field == plan.HasParent || isScope(d.field) {
			continue
		}
		c := m.column(d.field, d.typ)
		codes := make([]uint32, g.size)
		for i := range codes {
			codes[i] = table.Missing
		}
		err := d.Each(func(code uint32, v span.Value) bool {
			if counts[code] > 0 { // a value that only deleted rows have is gone
				codes[code] = c.values.of(v)
				c.count += counts[code]
			}
			return true
		})
		if err != nil {
			return err
		}
		c.from = append(c.from, columnSource{source: s, group: g, codes: codes})
	}
	return nil
}

func (m *merger) addWide(s *source, w *wide) error {
	c := m.column(w.field, w.typ)
	c.from = append(c.from, columnSource{source: s, wide: w})
	return eachWide(s, w, func(_ int, bits uint64) {
		c.values.ofBits(bits)
		c.count++
	})
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

// load fills dst with the column's codes, as table.Column.Load.
func (c *mergedColumn) load(dst []uint32) error {
	for i := range dst {
		dst[i] = table.Missing
	}
	for _, f := range c.from {
		if f.wide != nil {
			if err := eachWide(f.source, f.wide, func(row int, bits uint64) { dst[row] = c.values.ofBits(bits) }); err != nil {
				return err
			}
			continue
		}
		err := f.source.each(func(b int, places []uint32, at int) error {
			codes, err := f.group.Codes(b)
			if err != nil {
				return err
			}
			for k, i := range places {
				dst[at+k] = f.codes[codes.At(int(i))]
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
