package mackerel

import (
	"context"
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// listTraces is POST /api/v0/traces.
func (a *Adapter) listTraces(w http.ResponseWriter, r *http.Request) error {
	workspace, ok := apiKey(r)
	if !ok {
		return errKey
	}
	if a.opt.RateLimit && !a.limiter.pass(workspace, rest.Now(r.Context(), a.opt.Now)) {
		return errRate
	}
	var req listRequest
	if err := rest.DecodeJSON(r, &req, rest.JSONOptions{}); err != nil {
		return err
	}
	q, err := parseList(&req)
	if err != nil {
		return err
	}
	answer, err := a.opt.Store.Traces(r.Context(), workspace, q)
	if err != nil {
		return err
	}
	response := listResponse{Results: []listResult{}, HasNextPage: answer.More}
	for i := range answer.Traces {
		env := textOf(req.Environment)
		if req.Environment == nil {
			if env, err = a.environmentOf(r.Context(), workspace, q, answer.Traces[i].TraceID); err != nil {
				return err
			}
		}
		response.Results = append(response.Results, resultOf(&answer.Traces[i], &req, env))
	}
	rest.WriteJSON(w, http.StatusOK, response)
	return nil
}

// environmentOf is that of the earliest span for which the trace was listed.
func (a *Adapter) environmentOf(ctx context.Context, workspace string, q query.Traces, id span.TraceID) (string, error) {
	one := query.Spans{
		Range:  q.Range,
		Filter: query.And{query.Cmp(query.TraceID, query.OpEq, query.Typed, span.String(id.String())), q.Filter},
		Limit:  1,
	}
	answer, err := a.opt.Store.Spans(ctx, workspace, one)
	if err != nil || len(answer.Spans) == 0 { // none: deleted in between
		return "", err
	}
	return environment(answer.Spans[0]), nil
}

// environment is the deployment's name under the newer attribute, else under
// the older one.
func environment(s *span.Span) string {
	for _, key := range environmentKeys {
		if v, ok := span.Lookup(s.Resource.Attributes, key); ok {
			return v.Text()
		}
	}
	return ""
}

func resultOf(t *query.TraceSummary, req *listRequest, environment string) listResult {
	return listResult{
		TraceID:              t.TraceID.String(),
		ServiceName:          *req.ServiceName,
		ServiceNamespace:     textOf(req.ServiceNamespace),
		Environment:          environment,
		Title:                t.RootName,
		TraceStartAt:         seconds(t.Start),
		TraceLatencyMillis:   millis(t.Start, t.End),
		ServiceStartAt:       seconds(t.Focus.Start),
		ServiceLatencyMillis: millis(t.Focus.Start, t.Focus.End),
	}
}

func seconds(unixNano uint64) int64 { return int64(unixNano / 1e9) }

func millis(start, end uint64) int64 { return int64((end - start) / 1e6) }

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
