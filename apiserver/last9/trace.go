package last9

import (
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// trace is GET …/cat/api/traces/{traceID}: the spans of a trace that start in
// the range, earliest first.
func (a *Adapter) trace(w http.ResponseWriter, r *request) error {
	p := paramsOf(r.Request)
	window, err := p.window()
	if err != nil {
		return err
	}
	limit, err := p.integer("limit", defaultTraceLimit, maxTraceLimit)
	if err != nil {
		return err
	}
	id, err := span.ParseTraceID(r.vars["traceID"])
	if err != nil {
		return badRequest("%v", err)
	}
	spans, err := a.opt.Store.Trace(r.Context(), r.org, id)
	if err != nil {
		return err
	}
	spans = within(spans, window, limit)
	if len(spans) == 0 {
		return errNotFound
	}
	body := []byte(`{"traces":[`)
	for i, s := range spans {
		if i > 0 {
			body = append(body, ',')
		}
		body = appendWhole(body, s)
	}
	rest.WriteBody(w, http.StatusOK, "application/json", append(body, "]}\n"...))
	return nil
}

func within(spans []*span.Span, window query.Range, limit int) []*span.Span {
	var kept []*span.Span
	for _, s := range spans {
		if window.Contains(s.StartTimeUnixNano) && len(kept) < limit {
			kept = append(kept, s)
		}
	}
	return kept
}
