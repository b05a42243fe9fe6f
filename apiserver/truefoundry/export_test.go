package truefoundry

import (
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/query"
)

// Parse is the question that a request's body asks.
func Parse(body string, now time.Time) (query.Spans, error) {
	var req queryRequest
	if err := rest.UnmarshalJSON([]byte(body), &req, rest.JSONOptions{}); err != nil {
		return query.Spans{}, err
	}
	q, err := parseQuery(&req, now)
	if err != nil {
		return query.Spans{}, err
	}
	return q.spans, nil
}
