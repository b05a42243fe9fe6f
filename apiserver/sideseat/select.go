package sideseat

import (
	"context"
	"errors"
	"slices"

	"github.com/spanstead/spanstead/apiserver/sideseat/derive"
	"github.com/spanstead/spanstead/apiserver/sideseat/filter"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// selection says which spans are asked for.
type selection struct {
	window     query.Range
	conditions []*filter.Condition
	// observed: only steps of GenAI applications.
	observations bool
	// traces, if not nil, are the only ones that count.
	traces []span.TraceID
	// faults are conditions that cannot be evaluated: they fail on the first
	// span that has a value for them, and hold for no other.
	faults []*filter.Condition
}

// stumble fails as the service does: at once for an operator that does not
// apply, otherwise when a span that the other conditions let
// through has a value that a faulty condition cannot be compared with. When
// none has, nothing matches. Sessions and observations are told apart later.
func (a *Adapter) stumble(ctx context.Context, project string, sel *selection) error {
	if sel.faults == nil {
		return nil
	}
	for _, c := range sel.faults {
		if errors.Is(c.Fault(), filter.ErrOperator) {
			return errDatabase
		}
		others := selection{window: sel.window}
		others.conditions = append(slices.Clone(sel.conditions), c.Present())
		found := false
		err := a.each(ctx, project, &others, query.Spans{}, func(*item) bool {
			found = true
			return false
		})
		if err != nil {
			return err
		}
		if found {
			return errDatabase
		}
	}
	sel.traces = []span.TraceID{}
	return nil
}

// plan is the selection as the store can answer it.
func (s *selection) plan() filter.Plan {
	p := filter.All(s.conditions)
	var and query.And
	if s.observations {
		and = append(and, derive.IsObservation())
	}
	if s.traces != nil {
		and = append(and, inTraces(s.traces))
	}
	if and == nil {
		return p
	}
	p.Sure = append(slices.Clone(and), p.Sure)
	if p.Doubt != nil {
		p.Doubt = append(slices.Clone(and), p.Doubt)
	}
	return p
}

// matches reports whether one span is asked for.
func (s *selection) matches(it *item) bool {
	if !s.window.Contains(it.Raw.StartTimeUnixNano) || s.observations && !it.IsObservation() {
		return false
	}
	if s.traces != nil && !slices.Contains(s.traces, it.Raw.TraceID) {
		return false
	}
	row := it.filterRow()
	for _, c := range s.conditions {
		if !c.Holds(row) {
			return false
		}
	}
	return true
}

// narrow is matches for a span of a trace that is known to count.
func (s *selection) narrow() func(*item) bool {
	inner := *s
	inner.traces = nil
	return inner.matches
}

func inTraces(ids []span.TraceID) query.Expr {
	values := make([]span.Value, len(ids))
	for i, id := range ids {
		values[i] = span.String(id.String())
	}
	c, err := query.NewCompare(query.Compare{Field: query.TraceID, Values: values})
	if err != nil {
		panic(err) // an equality over text
	}
	return c
}

// each calls fn with every span that is asked for, in the order of q.
func (a *Adapter) each(ctx context.Context, project string, sel *selection, q query.Spans, fn func(*item) bool) error {
	p := sel.plan()
	q.Range, q.Filter = sel.window, p.Sure
	if p.Doubt != nil {
		q.Filter = query.Or{p.Sure, p.Doubt}
	}
	narrow := sel.narrow()
	return a.opt.Store.Each(ctx, project, q, func(s *span.Span) bool {
		it := a.item(s)
		if p.Doubt != nil && !narrow(it) {
			return true
		}
		return fn(it)
	})
}

// chunk is how many traces are named in one question.
const chunk = 5000

// load reads all spans of some traces.
func (a *Adapter) load(ctx context.Context, project string, ids []span.TraceID) (map[span.TraceID]*trace, error) {
	byTrace := make(map[span.TraceID][]*item, len(ids))
	for part := range slices.Chunk(ids, chunk) {
		err := a.opt.Store.Each(ctx, project, query.Spans{Filter: inTraces(part)}, func(s *span.Span) bool {
			byTrace[s.TraceID] = append(byTrace[s.TraceID], a.item(s))
			return true
		})
		if err != nil {
			return nil, err
		}
	}
	traces := make(map[span.TraceID]*trace, len(byTrace))
	for id, items := range byTrace {
		traces[id] = newTrace(items)
	}
	return traces, nil
}

// loadOne reads all spans of a trace; nil when there are none.
func (a *Adapter) loadOne(ctx context.Context, project, id string) (*trace, error) {
	key, ok := traceIDOf(id)
	if !ok {
		return nil, nil
	}
	spans, err := a.opt.Store.Trace(ctx, project, key)
	if errors.Is(err, query.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	items := make([]*item, len(spans))
	for i, s := range spans {
		items[i] = a.item(s)
	}
	t := newTrace(items)
	if t.items[0].traceID != id {
		return nil, nil
	}
	return t, nil
}

// tracesOf lists the traces that have a span that is asked for. A selection
// in doubt, which the store cannot decide alone, is decided span by span.
func (a *Adapter) tracesOf(ctx context.Context, project string, sel *selection) ([]span.TraceID, error) {
	p := sel.plan()
	if p.Doubt != nil {
		seen := map[span.TraceID]bool{}
		var ids []span.TraceID
		err := a.each(ctx, project, sel, query.Spans{}, func(it *item) bool {
			if !seen[it.Raw.TraceID] {
				seen[it.Raw.TraceID] = true
				ids = append(ids, it.Raw.TraceID)
			}
			return true
		})
		return ids, err
	}
	page, err := a.opt.Store.Traces(ctx, project, query.Traces{Range: sel.window, Filter: p.Sure, Limit: query.MaxLimit})
	ids := make([]span.TraceID, len(page.Traces))
	for i := range page.Traces {
		ids[i] = page.Traces[i].TraceID
	}
	return ids, err
}

// inSession narrows a selection to the traces that have a span of a session.
func (a *Adapter) inSession(ctx context.Context, project string, sel *selection, session string) error {
	ids, err := a.tracesOf(ctx, project, &selection{conditions: []*filter.Condition{filter.Traces.AnyOf("session_id", session)}})
	if err == nil {
		sel.traces = append([]span.TraceID{}, ids...)
	}
	return err
}
