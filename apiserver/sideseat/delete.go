package sideseat

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/sideseat/filter"
	"github.com/spanstead/spanstead/engine/span"
)

// maxDelete is how many traces one request may delete.
const maxDelete = 100

// deleteTraces answers DELETE /traces: 204 whether the traces are there or not.
func (a *Adapter) deleteTraces(w http.ResponseWriter, r *request) error {
	texts, err := r.deleteBody()
	if err != nil {
		return err
	}
	var ids []span.TraceID
	for _, text := range texts {
		if id, ok := traceIDOf(text); ok {
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 {
		if _, err := a.opt.Store.DeleteTraces(r.Context(), r.project, ids); err != nil {
			return err
		}
		if err := a.dropResent(r.Context(), r.project, ids); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// deleteBody reads the ids of the request's body.
func (r *request) deleteBody() ([]string, error) {
	if !isJSONBody(r.Request) {
		return nil, bad("JSON_PARSE_ERROR", "Expected request with `Content-Type: application/json`")
	}
	body, err := rest.ReadBody(r.Request, 0)
	if err != nil {
		return nil, err
	}
	texts, err := filter.Strings(string(body), "trace_ids", "DeleteTracesBody")
	var shape *filter.ShapeError
	switch {
	case errors.As(err, &shape):
		return nil, bad("JSON_PARSE_ERROR", "Failed to deserialize the JSON body into the target type: "+err.Error())
	case err != nil:
		return nil, bad("JSON_PARSE_ERROR", "Failed to parse the request body as JSON: "+err.Error())
	case len(texts) == 0:
		return nil, bad("VALIDATION_ERROR", "IDs cannot be empty")
	case len(texts) > maxDelete:
		return nil, bad("VALIDATION_ERROR", fmt.Sprintf("Cannot process more than %d IDs at once", maxDelete))
	case slices.ContainsFunc(texts, func(t string) bool { return len(t) > maxIDLength }):
		return nil, bad("VALIDATION_ERROR", fmt.Sprintf("ID too long (max %d chars)", maxIDLength))
	}
	return texts, nil
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
