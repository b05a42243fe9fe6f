package head

import (
	"strings"
	"sync"

	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/index"
)

// noPostings is what all groups of a head have in common: nothing is indexed.
type noPostings struct{ name string }

// Name implements plan.Group.
func (g noPostings) Name() string { return g.name }

// Postings implements plan.Group.
func (noPostings) Postings() (*index.Postings, error) { return nil, nil }

// codesGroup has a code for each row at hand.
type codesGroup struct {
	noPostings
	snapshot *Snapshot
	codes    []uint32
	size     int
}

// Len implements plan.Group.
func (g *codesGroup) Len() int { return g.size }

// Multi implements plan.Group.
func (g *codesGroup) Multi() bool { return false }

// Codes implements plan.Group.
func (g *codesGroup) Codes(b int) (plan.Codes, error) {
	return plan.Codes{U32: of(g.snapshot, g.codes, b)}, nil
}

// Lists implements plan.Group.
func (g *codesGroup) Lists(int) (plan.Lists, error) { panic("codesGroup is single-valued") }

// columnGroup is an attribute column. Code 0 is no value, others are one more
// than in the column.
type columnGroup struct {
	noPostings
	snapshot *Snapshot
	*columnView
	mu   sync.Mutex
	last plan.Codes // of the last batch, when it is not whole; cached
}

// Len implements plan.Group.
func (g *columnGroup) Len() int { return g.values.Len() + 1 }

// Multi implements plan.Group.
func (g *columnGroup) Multi() bool { return false }

// Codes implements plan.Group.
func (g *columnGroup) Codes(b int) (plan.Codes, error) {
	from, to := g.snapshot.span(b)
	if to-from == g.snapshot.batchRows {
		return g.kept.codes(g, b, from, to), nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last.Len() == 0 {
		g.last = denseCodes(g.pairs, from, to)
	}
	return g.last, nil
}

// Lists implements plan.Group.
func (g *columnGroup) Lists(int) (plan.Lists, error) { panic("columnGroup is single-valued") }

// keptCodes are a column's codes of whole batches, which never change, so that
// all snapshots share them.
type keptCodes struct {
	mu      sync.Mutex
	batches []plan.Codes
}

func (k *keptCodes) codes(g *columnGroup, b, from, to int) plan.Codes {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.batches) <= b {
		k.batches = append(k.batches, plan.Codes{})
	}
	if k.batches[b].Len() == 0 {
		c := denseCodes(g.pairs, from, to)
		k.batches[b] = c
		g.snapshot.shared.cached.Add(int64(len(c.U8) + 2*len(c.U16) + 4*len(c.U32)))
	}
	return k.batches[b]
}

// denseCodes gives each row from..to its code plus one, or 0, in the narrowest
// form.
func denseCodes(pairs []pair, from, to int) plan.Codes {
	pairs = pairs[below(pairs, from):below(pairs, to)]
	most := uint32(0)
	for _, p := range pairs {
		most = max(most, p.code+1)
	}
	switch {
	case most < 1<<8:
		return plan.Codes{U8: spread[uint8](pairs, from, to)}
	case most < 1<<16:
		return plan.Codes{U16: spread[uint16](pairs, from, to)}
	}
	return plan.Codes{U32: spread[uint32](pairs, from, to)}
}

func spread[T uint8 | uint16 | uint32](pairs []pair, from, to int) []T {
	out := make([]T, to-from)
	for _, p := range pairs {
		out[int(p.row)-from] = T(p.code + 1)
	}
	return out
}

// listGroup is a multi-valued group.
type listGroup struct {
	noPostings
	size  func() int
	lists func(b int) plan.Lists
	mu    sync.Mutex
	kept  map[int]plan.Lists
}

// Len implements plan.Group.
func (g *listGroup) Len() int { return g.size() }

// Multi implements plan.Group.
func (g *listGroup) Multi() bool { return true }

// Codes implements plan.Group.
func (g *listGroup) Codes(int) (plan.Codes, error) { panic("listGroup is multi-valued") }

// Lists implements plan.Group.
func (g *listGroup) Lists(b int) (plan.Lists, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l, ok := g.kept[b]
	if !ok {
		if g.kept == nil {
			g.kept = map[int]plan.Lists{}
		}
		l = g.lists(b)
		g.kept[b] = l
	}
	return l, nil
}

// valuesDict is the distinct values of one type, with codes from shift on.
type valuesDict struct {
	values
	seeds *seeds
	typ   span.Type
	shift uint32
}

// Each implements plan.Dict.
func (d *valuesDict) Each(fn func(code uint32, v span.Value) bool) error {
	for code := range uint32(d.Len()) {
		v, err := d.Values.At(d.typ, code)
		if err != nil {
			return err
		}
		if !fn(code+d.shift, v) {
			break
		}
	}
	return nil
}

// At implements plan.Dict.
func (d *valuesDict) At(code uint32) (v span.Value, ok bool, err error) {
	if code < d.shift {
		return v, false, nil
	}
	v, err = d.Values.At(d.typ, code-d.shift)
	return v, true, err
}

// Find implements plan.Dict.
func (d *valuesDict) Find(dst []uint32, v span.Value) ([]uint32, bool, error) {
	if v.Type() != d.typ {
		return dst, true, nil
	}
	if code, ok := d.find(d.seeds, v); ok {
		dst = append(dst, code+d.shift)
	}
	return dst, true, nil
}

// EachContaining implements plan.TextDict.
func (d *valuesDict) EachContaining(text string, fn func(code uint32, v string) bool) error {
	for code, s := range d.Strings {
		if strings.Contains(s, text) && !fn(uint32(code)+d.shift, s) {
			break
		}
	}
	return nil
}
