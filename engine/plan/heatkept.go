package plan

import (
	"fmt"

	"github.com/spanstead/spanstead/index"
)

// wholeHeat is a part all of whose rows are counted. What its histogram gives
// for a step and a division of the durations is kept in the part's memory.
type wholeHeat struct {
	run      *run
	counts   *index.Histogram
	from, to uint64 // cells of the histogram
	perStep  uint64 // cells in a step
	extent   heatExtent
}

// heatExtent is where a part's counts lie: cells of time and of the grid.
type heatExtent struct {
	first, last uint64
	lo, hi      int
}

// heatMatrix is a part's counts: a row of cells for every step from first on.
type heatMatrix struct {
	first uint64
	flat  []uint32
	total uint64
}

func (w *wholeHeat) visit(fn func(time uint64, counts []index.CellCount)) error {
	return corrupt(w.run.part, w.counts.VisitAll(w.from, w.to, func(time uint64, counts []index.CellCount) {
		if len(counts) > 0 {
			fn(time/w.perStep, counts)
		}
	}))
}

// addWhole notes a part to be counted as a whole.
func (h *heat) addWhole(w wholeHeat) error {
	m, key := w.run.memory(), fmt.Sprintf("heat %d", h.step)
	e, ok := m.Recall(key, -1).(heatExtent)
	if !ok {
		some := heat{}
		err := w.visit(func(time uint64, counts []index.CellCount) {
			some.cover(time, int(counts[0].Cell), int(counts[len(counts)-1].Cell))
		})
		if err != nil || !some.any {
			return err
		}
		e = heatExtent{some.first, some.last, some.lo, some.hi}
		m.Keep(key, -1, e, 64)
	}
	w.extent = e
	h.cover(e.first, e.lo, e.hi)
	h.cover(e.last, e.lo, e.hi)
	h.wholes = append(h.wholes, w)
	return nil
}

// matrix is the part's counts in the given number of cells, to which column
// leads from the cells of the grid from lo on.
func (w *wholeHeat) matrix(step uint64, cells, lo, hi int, column []int) (*heatMatrix, error) {
	m, key := w.run.memory(), fmt.Sprintf("heat %d %d %d %d", step, cells, lo, hi)
	if x, ok := m.Recall(key, -1).(*heatMatrix); ok {
		w.run.stats.Remembered++
		return x, nil
	}
	x := &heatMatrix{first: w.extent.first}
	x.flat = make([]uint32, int(w.extent.last-x.first+1)*cells)
	err := w.visit(func(time uint64, counts []index.CellCount) {
		row := x.flat[int(time-x.first)*cells:][:cells]
		for _, c := range counts {
			row[column[int(c.Cell)-lo]] += c.N
			x.total += uint64(c.N)
		}
	})
	if err == nil {
		m.Keep(key, -1, x, 4*len(x.flat))
	}
	return x, err
}
