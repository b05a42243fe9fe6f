package last9

import (
	"net/http"
	"strings"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/last9/pipeline"
	"github.com/spanstead/spanstead/engine/query"
)

// maxResolution bounds time_resolution_sec.
const maxResolution = 366 * 86400

// heatmap is POST …/traces/v2/heatmap/json.
func (a *Adapter) heatmap(w http.ResponseWriter, r *request) error {
	q, err := parseHeatmap(r.Request)
	if err != nil {
		return err
	}
	answer, err := a.opt.Store.Heatmap(r.Context(), r.org, q)
	if err != nil {
		return err
	}
	rest.WriteJSON(w, http.StatusOK, heatmapOf(&answer))
	return nil
}

func parseHeatmap(r *http.Request) (query.Heatmap, error) {
	var q query.Heatmap
	p := paramsOf(r)
	var err error
	if q.Range, err = p.window(); err != nil {
		return q, err
	}
	step, err := p.integer("time_resolution_sec", 0, maxResolution)
	if err != nil {
		return q, err
	}
	if q.Cells, err = p.integer("buckets", 0, query.MaxDurationCells); err != nil {
		return q, err
	}
	q.Step = uint64(step) * 1e9
	if q.Filter, err = filterOf(r); err != nil {
		return q, err
	}
	if err := q.CheckCells(q.Range.From, q.Range.To-1); err != nil {
		return q, badRequest("%s", strings.TrimPrefix(err.Error(), query.ErrInvalid.Error()+": "))
	}
	return q, nil
}

// heatmapOf leaves out cells without spans.
func heatmapOf(h *query.HeatmapAnswer) heatmapAnswer {
	answer := heatmapAnswer{Data: []heatmapPoint{}}
	for i, counts := range h.Counts {
		point := heatmapPoint{Timestamp: pipeline.FormatTime(h.Start + uint64(i)*h.Step)}
		for j, n := range counts {
			if n > 0 {
				point.Values = append(point.Values, [2]float64{milliseconds(h.Bounds[j+1]), float64(n)})
			}
		}
		if point.Values != nil {
			answer.Data = append(answer.Data, point)
		}
	}
	return answer
}
