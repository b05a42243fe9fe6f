package sideseat

import (
	"fmt"
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/span"
)

// maxDelete is how many traces one request may delete.
const maxDelete = 100

type deleteRequest struct {
	TraceIDs []string `json:"trace_ids"`
}

// deleteTraces answers DELETE /traces: 204 whether the traces are there or not.
func (a *Adapter) deleteTraces(w http.ResponseWriter, r *request) error {
	var body deleteRequest
	if err := rest.DecodeJSON(r.Request, &body, rest.JSONOptions{}); err != nil {
		return bodyError(err)
	}
	switch {
	case body.TraceIDs == nil:
		return bad("JSON_PARSE_ERROR", "Failed to deserialize the JSON body into the target type: missing field `trace_ids`")
	case len(body.TraceIDs) == 0 || len(body.TraceIDs) > maxDelete:
		return bad("VALIDATION_ERROR", fmt.Sprintf("trace_ids must have 1-%d items", maxDelete))
	}
	var ids []span.TraceID
	for _, text := range body.TraceIDs {
		if len(text) > maxIDLength {
			return bad("INVALID_TRACE_ID", fmt.Sprintf("Invalid trace_id: must be 1-%d characters", maxIDLength))
		}
		if id, ok := traceIDOf(text); ok {
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 {
		if _, err := a.opt.Store.DeleteTraces(r.Context(), r.project, ids); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func bodyError(err error) error {
	if rest.Status(err) == http.StatusBadRequest {
		return bad("JSON_PARSE_ERROR", "Failed to parse the request body as JSON: "+err.Error())
	}
	return err
}

// deleteTrace answers the page's DELETE /traces/{trace}.
func (a *Adapter) deleteTrace(w http.ResponseWriter, r *request) error {
	id, err := r.traceID()
	if err != nil {
		return err
	}
	key, ok := traceIDOf(id)
	if !ok {
		return unknownTrace(id)
	}
	n, err := a.opt.Store.DeleteTraces(r.Context(), r.project, []span.TraceID{key})
	if err != nil {
		return err
	}
	if n == 0 {
		return unknownTrace(id)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
