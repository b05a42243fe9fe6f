package plan

import (
	"context"
	"slices"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/index"
)

// Heatmap answers query.Heatmap. A filter of the service alone is answered
// from the stored histograms, whole time cells at a time; the answer is the
// same as from the rows, because both count on one fixed grid.
func Heatmap(ctx context.Context, parts []Part, opt Options, q query.Heatmap) (query.HeatmapAnswer, error) {
	if err := q.Check(); err != nil {
		return query.HeatmapAnswer{}, err
	}
	runs, err := newRuns(ctx, parts, &opt, q.Range, q.Filter)
	if err != nil {
		return query.HeatmapAnswer{}, err
	}
	defer finish(runs)
	h := &heat{step: q.Step, lo: 1 << 30, hi: -1}
	for _, r := range runs {
		if err := r.heat(&q, h); err != nil {
			return query.HeatmapAnswer{}, err
		}
	}
	return h.answer(&q)
}

// heat collects counts by absolute time cell and cell of the duration grid.
type heat struct {
	step        uint64
	entries     []heatEntry
	first, last uint64 // time cells
	lo, hi      int    // grid cells
}

type heatEntry struct {
	time uint64
	grid uint16
	n    uint32
}

func (h *heat) add(time uint64, grid int, n uint32) {
	if len(h.entries) == 0 {
		h.first, h.last = time, time
	}
	h.first, h.last = min(h.first, time), max(h.last, time)
	h.lo, h.hi = min(h.lo, grid), max(h.hi, grid)
	h.entries = append(h.entries, heatEntry{time, uint16(grid), n})
}

// answer lays the counts out as a dense matrix.
func (h *heat) answer(q *query.Heatmap) (query.HeatmapAnswer, error) {
	a := query.HeatmapAnswer{Step: q.Step}
	if len(h.entries) == 0 {
		return a, nil
	}
	if err := q.CheckCells(h.first*q.Step, h.last*q.Step); err != nil {
		return a, err
	}
	width := h.hi - h.lo + 1
	cells := min(q.Cells, width)
	column := make([]int, width)
	for j := range cells {
		from := j * width / cells
		a.Bounds = append(a.Bounds, index.LowerBound(h.lo+from))
		for k := from; k < (j+1)*width/cells; k++ {
			column[k] = j
		}
	}
	a.Bounds = append(a.Bounds, index.UpperBound(h.hi))
	a.Start = h.first * q.Step
	times := int(h.last - h.first + 1)
	flat := make([]uint32, times*cells)
	for _, e := range h.entries {
		flat[int(e.time-h.first)*cells+column[int(e.grid)-h.lo]] += e.n
		a.Total += uint64(e.n)
	}
	for row := range slices.Chunk(flat, cells) {
		a.Counts = append(a.Counts, row)
	}
	return a, nil
}

// heat adds one part's counts.
func (r *run) heat(q *query.Heatmap, h *heat) error {
	done, err := r.heatFromHistogram(q, h)
	if err != nil || done {
		return err
	}
	set := r.bits()
	defer r.release(set)
	for b := range batches(r.part) {
		any, err := r.match(b, set)
		if err != nil {
			return err
		}
		if any {
			if err := r.heatRows(b, set, h); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) heatRows(b int, set *index.Bits, h *heat) error {
	starts, err := r.part.Starts(b)
	if err != nil {
		return err
	}
	durations, err := r.part.Durations(b)
	if err != nil {
		return err
	}
	_, err = eachBit(set, 0, false, func(i int) (bool, error) {
		h.add(starts[i]/h.step, index.CellOf(durations[i]), 1)
		return true, nil
	})
	return err
}
