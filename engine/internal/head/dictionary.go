package head

import (
	"slices"

	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

// dictionary numbers distinct values by first appearance: texts or numbers,
// as table.Values holds them.
type dictionary struct {
	texts []string
	bits  []uint64
	table slots
	last  uint32 // asked for last
}

func (d *dictionary) text(h *Head, b []byte) uint32 {
	if int(d.last) < len(d.texts) && d.texts[d.last] == string(b) {
		return d.last
	}
	d.table.grow()
	hash := h.seeds.hashBytes(b)
	i := d.table.home(hash)
	for ; d.table.cells[i] != 0; i = d.table.after(i) {
		c := d.table.cells[i]
		if uint32(c>>32) == hash && d.texts[uint32(c)-1] == string(b) {
			d.last = uint32(c) - 1
			return d.last
		}
	}
	d.last = uint32(len(d.texts))
	d.texts = append(d.texts, h.arena.string(b))
	d.table.put(i, hash, d.last)
	return d.last
}

func (d *dictionary) number(h *Head, x uint64) uint32 {
	if int(d.last) < len(d.bits) && d.bits[d.last] == x {
		return d.last
	}
	d.table.grow()
	hash := h.seeds.hashNumber(x)
	i := d.table.home(hash)
	for ; d.table.cells[i] != 0; i = d.table.after(i) {
		c := d.table.cells[i]
		if uint32(c>>32) == hash && d.bits[uint32(c)-1] == x {
			d.last = uint32(c) - 1
			return d.last
		}
	}
	d.last = uint32(len(d.bits))
	d.bits = append(d.bits, x)
	d.table.put(i, hash, d.last)
	return d.last
}

// truncate keeps the first n values. Snapshots may hold the others still, so
// their memory is not used again.
func (d *dictionary) truncate(s *seeds, n int) {
	if n >= len(d.texts)+len(d.bits) {
		return
	}
	d.last, d.table = 0, slots{}
	if d.texts != nil {
		d.texts = slices.Clip(d.texts[:n])
	} else {
		d.bits = slices.Clip(d.bits[:n])
	}
	for i, t := range d.texts {
		d.table.insert(s.hashString(t), uint32(i))
	}
	for i, x := range d.bits {
		d.table.insert(s.hashNumber(x), uint32(i))
	}
}

func (d *dictionary) size() int64 {
	return int64(16*cap(d.texts) + 8*cap(d.bits) + 8*cap(d.table.cells))
}

// isNumber: values of the type lie in bits.
func isNumber(t span.Type) bool {
	return t == span.TypeInt || t == span.TypeDouble || t == span.TypeBool
}

// view is a dictionary as it was at one moment.
func (d *dictionary) view() values {
	return values{table.Values{Strings: d.texts, Bits: d.bits}, d.table}
}

// values are distinct values with the table to find them by.
type values struct {
	table.Values
	table slots
}

// find is the code of a value of the type that the values have.
func (v values) find(s *seeds, want span.Value) (uint32, bool) {
	if isNumber(want.Type()) {
		x := table.BitsOf(want)
		return v.table.find(s.hashNumber(x), func(n uint32) bool { return int(n) < len(v.Bits) && v.Bits[n] == x })
	}
	text := textOf(want)
	return v.table.find(s.hashString(text), func(n uint32) bool { return int(n) < len(v.Strings) && v.Strings[n] == text })
}

// textOf is a value that is no number, as table.Values holds it.
func textOf(v span.Value) string {
	if t := v.Type(); t == span.TypeString || t == span.TypeBytes {
		return v.Str()
	}
	return string(otlp.AppendValue(nil, v))
}
