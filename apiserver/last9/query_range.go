package last9

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"github.com/spanstead/spanstead/apiserver/last9/pipeline"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// rangeQuery is a query_range request.
type rangeQuery struct {
	*request
	window  query.Range
	order   ordering
	limit   int
	byTrace bool
	pipe    *pipeline.Pipeline
}

func (a *Adapter) queryRange(w http.ResponseWriter, r *request) error {
	q, err := a.parseRange(r)
	if err != nil {
		return err
	}
	return writeResult(w, r.Request, func(out *result) error {
		switch {
		case q.pipe.Aggregated:
			return a.aggregated(q, out)
		case q.byTrace:
			return a.traceRows(q, out)
		}
		return a.spanRows(q, out)
	})
}

func (a *Adapter) parseRange(r *request) (*rangeQuery, error) {
	q, p := &rangeQuery{request: r}, paramsOf(r.Request)
	var err error
	if q.window, err = p.window(); err != nil {
		return nil, err
	}
	if q.limit, err = p.integer("limit", defaultLimit, maxLimit); err != nil {
		return nil, err
	}
	if q.order, err = p.ordering(); err != nil {
		return nil, err
	}
	if q.byTrace, err = p.byTrace(false); err != nil {
		return nil, err
	}
	b, pipe, err := body(r.Request)
	if err != nil {
		return nil, err
	}
	q.pipe = pipe
	return q, a.remember(r, b, q.byTrace, p.Get("query_source"))
}

// spanRows are the matching spans, or the rows that the stages make of them.
func (a *Adapter) spanRows(q *rangeQuery, out *result) error {
	ask := query.Spans{Range: q.window, Filter: q.pipe.Filter, Order: q.order.by, Descending: q.order.descending}
	if q.pipe.OnlyFilters() {
		ask.Limit = q.limit
	}
	return q.limited(out, func(run *pipeline.Run) error {
		return a.feed(q, ask, run)
	})
}

// limited starts a run whose rows go to the answer, no more of them than asked.
func (q *rangeQuery) limited(out *result, feed func(*pipeline.Run) error) error {
	var rows []*span.Span // held back only when they are shown the other way round
	n := 0
	run := q.pipe.Start(q.window, func(row *span.Span) bool {
		n++
		if q.order.reversed {
			rows = append(rows, row)
			return n < q.limit
		}
		return out.row(row, q.pipe.Table) && n < q.limit
	})
	if err := feed(run); err != nil {
		return err
	}
	for _, row := range slices.Backward(rows) {
		if !out.row(row, q.pipe.Table) {
			break
		}
	}
	return nil
}

// feed pushes the spans that the store answers with.
func (a *Adapter) feed(q *rangeQuery, ask query.Spans, run *pipeline.Run) error {
	var failed error
	err := a.opt.Store.Each(q.Context(), q.org, ask, func(s *span.Span) bool {
		more, err := run.Push(s)
		failed = err
		return more && err == nil
	})
	if err := cmp.Or(failed, err); err != nil {
		return err
	}
	return run.Close()
}

// traceRows are all the spans of the traces in which a span matches, trace by
// trace; the limit counts traces.
func (a *Adapter) traceRows(q *rangeQuery, out *result) error {
	found, err := a.opt.Store.Traces(q.Context(), q.org, query.Traces{
		Range: q.window, Filter: q.pipe.Filter, Order: q.order.by, Descending: q.order.descending, Limit: q.limit,
	})
	if err != nil {
		return err
	}
	if q.order.reversed {
		slices.Reverse(found.Traces)
	}
	run := q.pipe.Start(q.window, func(row *span.Span) bool { return out.row(row, q.pipe.Table) })
	for _, t := range found.Traces {
		spans, err := a.opt.Store.Trace(q.Context(), q.org, t.TraceID)
		if errors.Is(err, query.ErrNotFound) {
			continue // deleted since
		}
		if err != nil {
			return err
		}
		for _, s := range spans {
			if more, err := run.Push(s); err != nil || !more {
				return err
			}
		}
	}
	return run.Close()
}

// aggregated are the lines that are made of all matching spans, windows in the
// order asked for.
func (a *Adapter) aggregated(q *rangeQuery, out *result) error {
	var lines []*span.Span
	run := q.pipe.Start(q.window, func(line *span.Span) bool {
		lines = append(lines, line)
		return true
	})
	ask := query.Spans{Range: q.window, Filter: q.pipe.Filter}
	if err := a.feed(q, ask, run); err != nil {
		return err
	}
	if q.order.shownDescending() {
		slices.SortStableFunc(lines, func(x, y *span.Span) int {
			return cmp.Compare(y.StartTimeUnixNano, x.StartTimeUnixNano)
		})
	}
	for _, line := range lines[:min(len(lines), q.limit)] {
		if !out.row(line, true) {
			break
		}
	}
	return nil
}
