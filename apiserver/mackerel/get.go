package mackerel

import (
	"errors"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/query"
)

// getTrace is GET /api/v0/traces/{traceId}. Its page knows no 401: without a
// good key, access to the trace is not granted.
func (a *Adapter) getTrace(w http.ResponseWriter, r *http.Request) error {
	workspace, ok := apiKey(r)
	if !ok {
		return errGranted
	}
	id, err := parseTraceID(mux.Vars(r)["traceId"])
	if err != nil {
		return err
	}
	spans, err := a.opt.Store.Trace(r.Context(), workspace, id)
	if errors.Is(err, query.ErrNotFound) {
		return rest.Errorf(http.StatusNotFound, "trace %v is not found", id)
	}
	if err != nil {
		return err
	}
	response := traceResponse{Spans: make([]spanBody, len(spans))}
	for i, s := range spans {
		response.Spans[i] = bodyOf(s)
	}
	rest.WriteJSON(w, http.StatusOK, response)
	return nil
}
