package head

import (
	"cmp"
	"slices"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

// column is an attribute's values of one type.
type column struct {
	key    string
	typ    span.Type
	values dictionary
	pairs  []pair
	kept   keptCodes
}

// pair is a row that has a value in a column. Pairs ascend by row.
type pair struct{ row, code uint32 }

// below is how many pairs are of rows below n.
func below(pairs []pair, n int) int {
	if len(pairs) == 0 || int(pairs[len(pairs)-1].row) < n {
		return len(pairs)
	}
	k, _ := slices.BinarySearchFunc(pairs, n, func(p pair, n int) int { return cmp.Compare(int(p.row), n) })
	return k
}

func (c *column) truncate(s *seeds, n int) {
	c.pairs = c.pairs[:below(c.pairs, n)]
	values := 0
	for _, p := range c.pairs {
		values = max(values, int(p.code)+1)
	}
	c.values.truncate(s, values)
}

func (c *column) size() int64 { return 8*int64(cap(c.pairs)) + c.values.size() + 256 }

// attrKey is an attribute key that has a column, by type of value.
type attrKey struct {
	name    string
	columns [span.TypeKVList + 1]*column
	last    uint32 // row+1 of the last span that has the key
}

// shape is the keys of a span, by which those of the next like it are guessed.
type shape struct{ keys []*attrKey }

const (
	shapes   = 1024 // a power of two
	maxShape = 64
)

// attributes stores a row's attributes.
func (h *Head) attributes(row uint32, attrs []otlp.AttrView, sh *shape) {
	guess, right := 0, true
	for i := range attrs {
		a := &attrs[i]
		var k *attrKey
		switch n := len(sh.keys); {
		case guess < n && sh.keys[guess].name == string(a.Key):
			k = sh.keys[guess]
			guess++
		case guess+1 < n && sh.keys[guess+1].name == string(a.Key):
			k = sh.keys[guess+1]
			guess += 2
		default:
			k = h.keys[string(a.Key)]
			right = false
		}
		h.attribute(row, a, k)
	}
	if !right {
		h.reshape(sh, attrs)
	}
}

// reshape makes the shape that of these attributes.
func (h *Head) reshape(sh *shape, attrs []otlp.AttrView) {
	clear(sh.keys)
	sh.keys = sh.keys[:0]
	for i := range attrs[:min(len(attrs), maxShape)] {
		if k := h.keys[string(attrs[i].Key)]; k != nil {
			sh.keys = append(sh.keys, k)
		}
	}
}

// attribute stores one attribute: the first of its key in its column, any
// other, and one for which there is no column, among the rare ones.
func (h *Head) attribute(row uint32, a *otlp.AttrView, k *attrKey) {
	if k == nil {
		if len(h.columns) >= h.opt.Columns {
			h.addRare(row, a)
			return
		}
		k = &attrKey{name: h.arena.string(a.Key)}
		h.keys[k.name] = k
	}
	if k.last == row+1 {
		h.addRare(row, a)
		return
	}
	k.last = row + 1
	c := k.columns[a.Type]
	if c == nil {
		if len(h.columns) >= h.opt.Columns {
			h.addRare(row, a)
			return
		}
		c = &column{key: k.name, typ: a.Type}
		k.columns[a.Type] = c
		h.columns = append(h.columns, c)
	}
	var code uint32
	switch a.Type {
	case span.TypeInt, span.TypeDouble, span.TypeBool:
		code = c.values.number(h, a.Num)
	default:
		code = c.values.text(h, a.Bytes)
	}
	c.pairs = append(c.pairs, pair{row, code})
}
