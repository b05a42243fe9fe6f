package pipeline

import (
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// MaxStages bounds the stages of a pipeline.
const MaxStages = 64

// Pipeline is what a request's pipeline asks for.
type Pipeline struct {
	// Filter is what the leading filter and where stages ask of a span; nil
	// when there are none. The store answers it.
	Filter query.Expr
	// Table says that the rows that come out are lines of a table, no spans.
	Table bool
	// Aggregated says that rows are made only when all input has been seen.
	Aggregated bool

	stages []stage
}

// stage is one step behind the leading filters.
type stage interface {
	// start makes the step of one run, which hands its rows to next.
	start(r *Run, next step) step
}

// step takes rows, and at the end is told that there are no more. A row that
// is pushed belongs to the step. more is false when no further row can matter.
type step interface {
	push(row *span.Span) (more bool, err error)
	close() error
}

// OnlyFilters reports whether the store can answer the whole pipeline.
func (p *Pipeline) OnlyFilters() bool { return len(p.stages) == 0 }

// Parse reads the value of a request's "pipeline": an array of stages, or
// null for none. body is valid JSON. The error wraps query.ErrInvalid and names
// the place.
func Parse(body []byte) (*Pipeline, error) {
	p := &Pipeline{}
	if len(body) == 0 {
		return p, nil
	}
	n, err := decode(body)
	if err != nil {
		return nil, faultf("invalid JSON: %v", err)
	}
	switch {
	case n.kind == isNull:
		return p, nil
	case n.kind != isArray:
		return nil, faultf("want an array of stages, got %v", n.kind)
	case len(n.list) > MaxStages:
		return nil, faultf("%d stages, at most %d", len(n.list), MaxStages)
	}
	for i := range n.list {
		if err := p.add(&n.list[i]); err != nil {
			return nil, atIndex(err, i)
		}
	}
	return p, at(query.Check(p.Filter), "")
}

func (p *Pipeline) add(n *node) error {
	if n.kind != isObject {
		return faultf("a stage is an object, got %v", n.kind)
	}
	typ, err := n.want("type", isString)
	if err != nil {
		return err
	}
	var s stage
	switch typ.text {
	case "filter", "where":
		return p.addFilter(n)
	case "parse":
		s, err = parseParse(n, p.fields())
	case "select":
		s, err = parseSelect(n, p.fields())
	case "transform":
		s, err = parseTransform(n, p.fields())
	case "aggregate":
		s, err = parseAggregate(n, p.fields())
	case "window_aggregate":
		s, err = p.parseWindow(n)
	default:
		return atKey(faultf("unknown stage %q, want filter, where, parse, select, transform, aggregate or window_aggregate", short(typ.text)), "type")
	}
	if err != nil {
		return err
	}
	p.stages = append(p.stages, s)
	switch typ.text {
	case "aggregate", "window_aggregate":
		p.Aggregated, p.Table = true, true
	case "select":
		p.Table = true
	}
	return nil
}

func (p *Pipeline) fields() scopeOf {
	if p.Table {
		return cell
	}
	return ParseField
}

func (p *Pipeline) addFilter(n *node) error {
	q, err := n.want("query", isObject)
	if err != nil {
		return err
	}
	e, err := condition(q, p.fields())
	if err == nil {
		err = query.Check(e)
	}
	if err != nil {
		return atKey(err, "query")
	}
	switch {
	case len(p.stages) > 0:
		p.stages = append(p.stages, filter{e})
	case p.Filter == nil:
		p.Filter = e
	default:
		p.Filter = query.And{p.Filter, e}
	}
	return nil
}
