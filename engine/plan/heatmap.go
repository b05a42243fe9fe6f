package plan

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
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
	h := &heat{step: q.Step}
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
	entries     []heatEntry // of single rows
	blocks      []heatBlock // of whole time cells
	wholes      []wholeHeat // of all rows of a part
	any         bool
	first, last uint64 // time cells
	lo, hi      int    // grid cells
}

type heatEntry struct {
	time uint64
	grid uint16
}

type heatBlock struct {
	time   uint64
	counts []index.CellCount // ascending by cell
}

func (h *heat) cover(time uint64, lo, hi int) {
	if !h.any {
		h.any, h.first, h.last, h.lo, h.hi = true, time, time, lo, hi
	}
	h.first, h.last = min(h.first, time), max(h.last, time)
	h.lo, h.hi = min(h.lo, lo), max(h.hi, hi)
}

// addCounts counts a time cell's rows; it keeps counts.
func (h *heat) addCounts(time uint64, counts []index.CellCount) {
	if len(counts) > 0 {
		h.cover(time, int(counts[0].Cell), int(counts[len(counts)-1].Cell))
		h.blocks = append(h.blocks, heatBlock{time, counts})
	}
}

// answer lays the counts out as a dense matrix.
func (h *heat) answer(q *query.Heatmap) (query.HeatmapAnswer, error) {
	a := query.HeatmapAnswer{Step: q.Step}
	if !h.any {
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
		flat[int(e.time-h.first)*cells+column[int(e.grid)-h.lo]]++
	}
	a.Total = uint64(len(h.entries))
	for _, b := range h.blocks {
		row := flat[int(b.time-h.first)*cells:][:cells]
		for _, c := range b.counts {
			row[column[int(c.Cell)-h.lo]] += c.N
			a.Total += uint64(c.N)
		}
	}
	for i := range h.wholes {
		w := &h.wholes[i]
		m, err := w.matrix(q.Step, cells, h.lo, h.hi, column)
		if err != nil {
			return a, err
		}
		to := flat[int(m.first-h.first)*cells:]
		for k, n := range m.flat {
			to[k] += n
		}
		a.Total += m.total
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
	return r.heatScan(h)
}

// heatScan adds the counts of the matching rows, from two columns.
func (r *run) heatScan(h *heat) error {
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
	h.addRows(set, starts, durations)
	return nil
}

// addRows counts the rows of a set, at least one. A division takes as long as
// all the rest, and rows that follow each other mostly share their time cell.
func (h *heat) addRows(set *index.Bits, starts []uint64, durations []int64) {
	h.entries = slices.Grow(h.entries, count(set))
	lo, hi := index.DurationCells, 0
	first, last := uint64(math.MaxUint64), uint64(0)
	var time, from uint64
	for w, word := range set {
		for ; word != 0; word &= word - 1 {
			i := w<<6 + bits.TrailingZeros64(word)
			if t := starts[i]; last < first || t < from || t-from >= h.step {
				time = t / h.step
				from = time * h.step
				first, last = min(first, time), max(last, time)
			}
			grid := index.CellOf(durations[i])
			lo, hi = min(lo, grid), max(hi, grid)
			h.entries = append(h.entries, heatEntry{time, uint16(grid)})
		}
	}
	h.cover(first, lo, hi)
	h.cover(last, lo, hi)
}

// heatFromHistogram adds the part's counts from its stored histogram, when
// the filter asks for nothing but the service and the steps are whole cells of
// the histogram. Time cells that the range cuts are counted from the rows.
func (r *run) heatFromHistogram(q *query.Heatmap, h *heat) (done bool, err error) {
	if r.opt.NoIndex || r.part.Dead() != nil || !onlyService(q.Filter) {
		return false, nil
	}
	hist, err := r.part.Histogram()
	if err != nil || hist == nil || q.Step%hist.Counts.Resolution() != 0 {
		return false, err
	}
	res := hist.Counts.Resolution()
	lo, hi := r.part.Bounds()
	if hi > math.MaxInt64 {
		return false, nil
	}
	from, to := (max(r.rng.From, lo)+res-1)/res, hi/res+1 // whole cells of the histogram
	if r.rng.From <= lo {
		from = lo / res
	}
	if r.rng.To != 0 && r.rng.To <= hi {
		to = r.rng.To / res
	}
	if from >= to {
		return false, nil
	}
	if err := r.visit(q, hist, from, to, h); err != nil {
		return false, corrupt(r.part, err)
	}
	return true, r.heatEdges(from*res, to*res, h)
}

// visit adds the whole cells from..to of the services that the filter holds for.
func (r *run) visit(q *query.Heatmap, hist *Histogram, from, to uint64, h *heat) error {
	perStep := h.step / hist.Counts.Resolution()
	if q.Filter == nil {
		r.stats.Note = "histogram of all services"
		if r.memory() != nil && r.whole() {
			return h.addWhole(wholeHeat{run: r, counts: hist.Counts, from: from, to: to, perStep: perStep})
		}
		return hist.Counts.VisitAll(from, to, func(time uint64, counts []index.CellCount) {
			h.addCounts(time/perStep, counts)
		})
	}
	var series []uint32
	for i, s := range hist.Series {
		if query.Match(q.Filter, s.span()) {
			series = append(series, uint32(i))
		}
	}
	r.stats.Note = fmt.Sprintf("histograms of %d services", len(series))
	return hist.Counts.Visit(series, from, to, func(time uint64, counts []index.CellCount) {
		h.addCounts(time/perStep, slices.Clone(counts))
	})
}

// span is a span of which only the service is known.
func (s SeriesName) span() *span.Span {
	res := &span.Resource{}
	if s.Has {
		res.Attributes = []span.KeyValue{{Key: query.ServiceName.Key, Value: span.String(s.Service)}}
	}
	return &span.Span{Resource: res}
}

// heatEdges counts the rows in range that start before or at and after the
// whole cells.
func (r *run) heatEdges(from, to uint64, h *heat) error {
	var edges []query.Range
	if r.rng.From < from {
		edges = append(edges, query.Range{From: r.rng.From, To: from})
	}
	if r.rng.To > to {
		edges = append(edges, query.Range{From: to, To: r.rng.To})
	}
	for _, rng := range edges {
		edge := &run{ctx: r.ctx, part: r.part, opt: r.opt, rng: rng, root: r.root, hi: r.part.Rows()}
		if err := edge.clip(); err != nil {
			return err
		}
		if err := edge.heatScan(h); err != nil {
			return err
		}
		r.stats.Touched += edge.stats.Touched
	}
	return nil
}

// onlyService reports that a filter asks for nothing but the service name.
func onlyService(e query.Expr) bool {
	switch e := e.(type) {
	case nil, query.Const:
		return true
	case query.And:
		return !slices.ContainsFunc(e, func(p query.Expr) bool { return !onlyService(p) })
	case query.Or:
		return !slices.ContainsFunc(e, func(p query.Expr) bool { return !onlyService(p) })
	case query.Not:
		return onlyService(e.X)
	case query.Exists:
		return e.Field == query.ServiceName
	case *query.Compare:
		return e.Field == query.ServiceName
	}
	return false
}
