package lumos

import (
	"net/http"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

const defaultLimit = 100

// parseQuery reads the body: the newest spans in [start_time, end_time) of the
// service and of the name.
func parseQuery(r *http.Request) (query.Spans, error) {
	var req queryRequest
	if err := rest.DecodeJSON(r, &req, rest.JSONOptions{}); err != nil {
		return query.Spans{}, err
	}
	q := query.Spans{Descending: true, Limit: defaultLimit}
	if req.Limit != nil {
		if *req.Limit < 0 {
			return q, fieldError("limit", "limit is negative")
		}
		q.Limit = int(min(*req.Limit, query.MaxLimit))
	}
	var err error
	if q.Range, err = parseRange(&req); err != nil {
		return q, err
	}
	q.Filter = query.And{equals(query.ServiceName, req.ServiceName), equals(query.Name, req.SpanName)}
	return q, nil
}

func parseRange(req *queryRequest) (query.Range, error) {
	from, err := parseTime("start_time", req.StartTime)
	if err != nil {
		return query.Range{}, err
	}
	to, err := parseTime("end_time", req.EndTime)
	if err != nil {
		return query.Range{}, err
	}
	r := query.Range{From: rest.UnixNano(from)}
	if req.EndTime != nil {
		if to.Before(from) {
			return r, fieldError("end_time", "end_time is before start_time")
		}
		r.To = max(rest.UnixNano(to), 1) // 0 would mean no bound
	}
	return r, nil
}

func parseTime(field string, text *string) (time.Time, error) {
	if text == nil {
		return time.Unix(0, 0), nil
	}
	t, err := time.Parse(time.RFC3339, *text)
	if err != nil {
		return t, fieldError(field, field+" is not a date-time of RFC 3339")
	}
	return t, nil
}

// equals compares a field with a wanted text; without one everything matches.
func equals(f query.Field, want *string) query.Expr {
	if want == nil || *want == "" {
		return query.Const(true)
	}
	return query.Cmp(f, query.OpEq, query.Typed, span.String(*want))
}

func fieldError(field, message string) *rest.Error {
	return &rest.Error{Status: http.StatusBadRequest, Field: field, Message: message}
}
