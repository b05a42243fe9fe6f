package part

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/spanstead/spanstead/engine/plan"
)

// attrBatch is the attribute lists of a batch's events or links: list i has
// codes[offsets[i]:offsets[i+1]].
type attrBatch struct {
	offsets []int32
	codes   []uint32
}

// lists joins the attributes of each row's events or links.
func (a attrBatch) lists(rows []int32) plan.Lists {
	out := plan.Lists{Offsets: make([]int32, len(rows)), Codes: a.codes}
	for i, o := range rows {
		out.Offsets[i] = a.offsets[o]
	}
	return out
}

type eventBatch struct {
	offsets []int32
	times   []uint64
	names   []uint32
	attrs   attrBatch
	dropped []uint32
}

type linkBatch struct {
	offsets []int32
	traces  []uint32
	spans   []uint32
	states  []uint32
	attrs   attrBatch
	dropped []uint32
	flags   []uint32
}

type rareBatch struct {
	offsets []int32
	codes   []uint32
}

// listOf returns a list array's offsets and its elements' fields.
func listOf(a arrow.Array) (offsets []int32, elements *array.Struct) {
	l := a.(*array.List)
	return l.Offsets()[:l.Len()+1], l.ListValues().(*array.Struct)
}

func attrsOf(a arrow.Array) attrBatch {
	offsets, elements := listOf(a)
	return attrBatch{offsets, uint32sOf(elements.Field(0))}
}

func uint32sOf(a arrow.Array) []uint32 { return a.(*array.Uint32).Uint32Values() }

// nested decodes one batch of a list column and keeps the result.
func nested[T any](p *Part, column, b int, decode func(offsets []int32, elements *array.Struct) *T) (*T, error) {
	return get(p.cache, p.key(kindNested, column, b), func() (*T, int, error) {
		a, err := p.r.Column(column, b)
		if err != nil {
			return nil, 0, p.corrupt(err)
		}
		offsets, elements := listOf(a)
		return decode(offsets, elements), sizeOf(a.Data()), nil
	})
}

func (p *Part) eventBatch(b int) (*eventBatch, error) {
	return nested(p, p.events, b, func(offsets []int32, e *array.Struct) *eventBatch {
		return &eventBatch{offsets, e.Field(0).(*array.Uint64).Uint64Values(), uint32sOf(e.Field(1)), attrsOf(e.Field(2)), uint32sOf(e.Field(3))}
	})
}

func (p *Part) linkBatch(b int) (*linkBatch, error) {
	return nested(p, p.links, b, func(offsets []int32, e *array.Struct) *linkBatch {
		return &linkBatch{
			offsets, uint32sOf(e.Field(0)), uint32sOf(e.Field(1)), uint32sOf(e.Field(2)),
			attrsOf(e.Field(3)), uint32sOf(e.Field(4)), uint32sOf(e.Field(5)),
		}
	})
}

func (p *Part) rareBatch(b int) (*rareBatch, error) {
	return nested(p, p.rare, b, func(offsets []int32, e *array.Struct) *rareBatch {
		return &rareBatch{offsets, uint32sOf(e.Field(0))}
	})
}
