package oracle

import (
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/index"
)

// Heatmap answers a question for a heatmap. It fails with query.ErrInvalid
// when the matching spans lie too far apart for the asked step.
//
// The duration cells are runs of cells of the fixed grid: with w grid cells
// from the lowest to the highest that hold a matching span and n the smaller
// of w and the wanted number, cell j covers the grid cells from lo + j*w/n up
// to, but without, lo + (j+1)*w/n.
func Heatmap(all []*span.Span, q query.Heatmap) (query.HeatmapAnswer, error) {
	answer := query.HeatmapAnswer{Step: q.Step}
	found := matching(all, q.Range, q.Filter)
	if len(found) == 0 {
		return answer, nil
	}
	first, last := found[0].StartTimeUnixNano, found[0].StartTimeUnixNano
	lo, hi := gridCell(found[0]), gridCell(found[0])
	for _, s := range found {
		first, last = min(first, s.StartTimeUnixNano), max(last, s.StartTimeUnixNano)
		lo, hi = min(lo, gridCell(s)), max(hi, gridCell(s))
	}
	if err := q.CheckCells(first, last); err != nil {
		return query.HeatmapAnswer{}, err
	}
	w := hi - lo + 1
	n := min(q.Cells, w)
	for j := range n {
		answer.Bounds = append(answer.Bounds, index.LowerBound(lo+j*w/n))
	}
	answer.Bounds = append(answer.Bounds, index.UpperBound(hi))

	answer.Start = first / q.Step * q.Step
	answer.Counts = make([][]uint32, last/q.Step-first/q.Step+1)
	for i := range answer.Counts {
		answer.Counts[i] = make([]uint32, n)
	}
	for _, s := range found {
		j := 0
		for gridCell(s) >= lo+(j+1)*w/n {
			j++
		}
		answer.Counts[(s.StartTimeUnixNano-answer.Start)/q.Step][j]++
		answer.Total++
	}
	return answer, nil
}

func gridCell(s *span.Span) int { return index.CellOf(s.DurationNano()) }
