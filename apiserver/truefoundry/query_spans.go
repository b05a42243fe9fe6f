package truefoundry

import (
	"net/http"
	"slices"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/query"
)

// querySpans is POST /api/svc/v1/spans/query: one page of the spans that match.
func (a *Adapter) querySpans(w http.ResponseWriter, r *http.Request) error {
	now := rest.Now(r.Context(), a.opt.Now)
	if err := authorize(r, now); err != nil {
		return err
	}
	var req queryRequest
	if err := rest.DecodeJSON(r, &req, rest.JSONOptions{}); err != nil {
		return err
	}
	q, err := parseQuery(&req, now)
	if err != nil {
		return err
	}
	from, err := a.readToken(&req, q.digest)
	if err != nil {
		return err
	}
	if from != nil {
		q.spans.Range.To, q.spans.After = from.to, &from.at
		q.spans.Descending = q.spans.Descending != from.back
	}
	answer, err := a.opt.Store.Spans(r.Context(), q.workspace, q.spans)
	if err != nil {
		return err
	}
	if from != nil && from.back {
		slices.Reverse(answer.Spans)
	}
	response := queryResponse{Data: make([]traceSpan, len(answer.Spans)), Pagination: a.pagination(q, from, answer)}
	for i, s := range answer.Spans {
		response.Data[i] = traceSpanOf(s, q.feedbacks)
	}
	rest.WriteJSON(w, http.StatusOK, response)
	return nil
}

// pagination leads on from the last span of the page, and back from its first.
// Whoever came from one side can go back to it.
func (a *Adapter) pagination(q *question, from *cursor, answer query.SpanPage) tokenPagination {
	p := tokenPagination{Limit: q.spans.Limit}
	if len(answer.Spans) == 0 {
		return p
	}
	back := from != nil && from.back
	if answer.More || back {
		last := answer.Spans[len(answer.Spans)-1]
		p.NextPageToken = a.token(&cursor{false, q.spans.Range.To, query.PositionOf(last, query.OrderStart)}, q.digest)
	}
	if answer.More && back || from != nil && !back {
		first := answer.Spans[0]
		p.PreviousPageToken = a.token(&cursor{true, q.spans.Range.To, query.PositionOf(first, query.OrderStart)}, q.digest)
	}
	return p
}
