package lumos

import (
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/span"
)

// queryTraces is POST /query/traces: the newest spans that match, each as one
// Trace of the vendor's schema.
func (a *Adapter) queryTraces(w http.ResponseWriter, r *http.Request) error {
	workspace, err := workspaceOf(r)
	if err != nil {
		return err
	}
	q, err := parseQuery(r)
	if err != nil {
		return err
	}
	return rest.WriteArray(w, r, func(add func(any) bool) error {
		if q.Limit == 0 { // none are wanted; to Each it would mean all
			return nil
		}
		return a.opt.Store.Each(r.Context(), workspace, q, func(s *span.Span) bool { return add(traceOf(s)) })
	})
}
