package part

import (
	"slices"

	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/index"
)

// group is one code group of a segment.
type group struct {
	part    *Part
	number  int
	name    string
	size    int
	multi   bool
	members []*dict
}

// Name implements plan.Group.
func (g *group) Name() string { return g.name }

// Len implements plan.Group.
func (g *group) Len() int { return g.size }

// Multi implements plan.Group.
func (g *group) Multi() bool { return g.multi }

// Codes implements plan.Group.
func (g *group) Codes(b int) (plan.Codes, error) {
	p := g.part
	return get(p.cache, p.key(kindCodes, g.number, b), func() (plan.Codes, int, error) {
		a, err := p.r.Codes(g.number, b)
		if err != nil {
			return plan.Codes{}, 0, p.corrupt(err)
		}
		return codesOf(a), sizeOf(a.Data()), nil
	})
}

// Lists implements plan.Group.
func (g *group) Lists(b int) (plan.Lists, error) {
	p := g.part
	return get(p.cache, p.key(kindLists, g.number, b), func() (plan.Lists, int, error) {
		l, err := g.loadLists(b)
		return l, 4*len(l.Offsets) + 4*len(l.Codes), err
	})
}

func (g *group) loadLists(b int) (plan.Lists, error) {
	switch g.name {
	case table.GroupRare:
		r, err := g.part.rareBatch(b)
		if err != nil {
			return plan.Lists{}, err
		}
		return plan.Lists{Offsets: r.offsets, Codes: r.codes}, nil
	case table.GroupEventName, table.GroupEventAttr:
		e, err := g.part.eventBatch(b)
		if err != nil {
			return plan.Lists{}, err
		}
		if g.name == table.GroupEventName {
			return plan.Lists{Offsets: e.offsets, Codes: e.names}, nil
		}
		return e.attrs.lists(e.offsets), nil
	}
	k, err := g.part.linkBatch(b)
	if err != nil {
		return plan.Lists{}, err
	}
	switch g.name {
	case table.GroupLinkTrace:
		return plan.Lists{Offsets: k.offsets, Codes: k.traces}, nil
	case table.GroupLinkSpan:
		return plan.Lists{Offsets: k.offsets, Codes: k.spans}, nil
	case table.GroupLinkState:
		return plan.Lists{Offsets: k.offsets, Codes: k.states}, nil
	}
	return k.attrs.lists(k.offsets), nil
}

// Postings implements plan.Group.
func (g *group) Postings() (*index.Postings, error) {
	p := g.part
	name := table.SectionPostings + g.name
	if g.number == p.parentGroup || !slices.Contains(p.sections, name) {
		return nil, nil
	}
	return get(p.cache, p.key(kindPostings, g.number, -1), func() (*index.Postings, int, error) {
		b, err := p.r.Section(name)
		if err != nil {
			return nil, 0, p.corrupt(err)
		}
		x, err := index.OpenPostings(b)
		if err != nil {
			return nil, 0, p.corrupt(err)
		}
		if x.Codes() != g.size || x.Rows() != p.Rows() {
			return nil, 0, p.corruptf("row lists of %s: %d codes of %d, %d rows of %d", g.name, x.Codes(), g.size, x.Rows(), p.Rows())
		}
		return x, len(b), nil
	})
}
