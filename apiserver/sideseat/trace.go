package sideseat

import (
	"fmt"
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// Bounds on one trace.
const (
	maxIDLength   = 256
	maxTraceSpans = 2500
)

var detailFields = fields{"include_raw_span": fieldBool}

// getTrace answers GET /traces/{trace}.
func (a *Adapter) getTrace(w http.ResponseWriter, r *request) error {
	id, err := r.traceID()
	if err != nil {
		return err
	}
	if err := r.query.check(detailFields); err != nil {
		return plainError(err)
	}
	t, err := a.loadOne(r.Context(), r.project, id)
	if err != nil {
		return err
	}
	if t == nil {
		return unknownTrace(id)
	}
	raw := r.query.bool("include_raw_span", false)
	detail := traceDetail{traceRow: t.row(nil), Spans: []spanRow{}}
	for _, it := range t.items[:min(len(t.items), maxTraceSpans)] {
		detail.Spans = append(detail.Spans, it.rowWithRaw(r.project, raw))
	}
	w.Header().Set("ETag", fmt.Sprintf(`W/"%d-%d-false"`, detail.SpanCount, int64(detail.EndTime)/1000))
	rest.WriteJSON(w, http.StatusOK, detail)
	return nil
}

func (r *request) traceID() (string, error) {
	id := r.vars["trace"]
	if len(id) > maxIDLength {
		return "", bad("INVALID_TRACE_ID", fmt.Sprintf("Invalid trace_id: must be 1-%d characters", maxIDLength))
	}
	return id, nil
}

func unknownTrace(id string) error {
	return notFound("TRACE_NOT_FOUND", "Trace not found: "+id)
}

// getSpan answers GET /traces/{trace}/spans/{span}.
func (a *Adapter) getSpan(w http.ResponseWriter, r *request) error {
	id, err := r.traceID()
	if err != nil {
		return err
	}
	if len(r.vars["span"]) > maxIDLength {
		return bad("INVALID_SPAN_ID", fmt.Sprintf("Invalid span_id: must be 1-%d characters", maxIDLength))
	}
	if err := r.query.check(detailFields); err != nil {
		return plainError(err)
	}
	t, err := a.loadOne(r.Context(), r.project, id)
	if err != nil {
		return err
	}
	if t != nil {
		for _, it := range t.items {
			if it.spanID == r.vars["span"] {
				rest.WriteJSON(w, http.StatusOK, it.rowWithRaw(r.project, r.query.bool("include_raw_span", false)))
				return nil
			}
		}
	}
	return notFound("SPAN_NOT_FOUND", "Span not found: "+id+"/"+r.vars["span"])
}
