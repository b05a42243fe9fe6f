package plan

import (
	"cmp"
	"context"
	"slices"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Trace returns all spans of a trace by start time, then span id, or
// query.ErrNotFound.
func Trace(ctx context.Context, parts []Part, opt Options, id span.TraceID) ([]*span.Span, error) {
	var out []*span.Span
	for _, p := range parts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		read := bytesRead(p)
		rows, err := rowsOfTrace(p, id)
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			continue
		}
		spans, err := fetchRows(ctx, p, rows)
		if err != nil {
			return nil, err
		}
		out = append(out, spans...)
		if opt.Explain != nil {
			opt.Explain(Stats{Part: p.Name(), Batches: batches(p), RowLists: 1, Rows: len(rows), Fetched: len(rows), Bytes: bytesRead(p) - read})
		}
	}
	if len(out) == 0 {
		return nil, query.ErrNotFound
	}
	slices.SortFunc(out, func(a, b *span.Span) int {
		return cmp.Or(cmp.Compare(a.StartTimeUnixNano, b.StartTimeUnixNano), a.SpanID.Compare(b.SpanID))
	})
	return out, nil
}

func rowsOfTrace(p Part, id span.TraceID) ([]uint32, error) {
	code, ok, err := p.FindTrace(id)
	if err != nil || !ok {
		return nil, err
	}
	rows, err := p.AppendTraceRows(nil, code)
	return live(p, rows), err
}

// HasTrace reports whether any part has a live span of the trace.
func HasTrace(parts []Part, id span.TraceID) (bool, error) {
	for _, p := range parts {
		rows, err := rowsOfTrace(p, id)
		if err != nil || len(rows) > 0 {
			return err == nil, err
		}
	}
	return false, nil
}
