package index

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// at is one cell of a heatmap.
type heatCell struct {
	Time uint64
	Cell uint16
}

// countRows counts rows one by one.
func countRows(rows HistogramRows, resolution, from, to uint64, keep func(series uint32) bool) map[heatCell]uint32 {
	m := map[heatCell]uint32{}
	for i, start := range rows.Start {
		if t := start / resolution; t >= from && t < to && keep(rows.Series[i]) {
			m[heatCell{t, uint16(slowCell(rows.Duration[i]))}]++
		}
	}
	return m
}

func heatmap(t *testing.T, visit func(fn func(time uint64, counts []CellCount)) error) map[heatCell]uint32 {
	t.Helper()
	m := map[heatCell]uint32{}
	err := visit(func(time uint64, counts []CellCount) {
		for _, c := range counts {
			m[heatCell{time, c.Cell}] += c.N
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func histogramCases() map[string]HistogramRows {
	r := rand.New(rand.NewPCG(4, 4))
	return map[string]HistogramRows{
		"empty":    {},
		"no rows":  {NumSeries: 5},
		"one":      {Start: []uint64{math.MaxUint64}, Duration: []int64{math.MaxInt64}, Series: []uint32{1}, NumSeries: 2},
		"extremes": extremes(),
		"day":      spans(r, 8_000, 12, 86_400e9, true),
		"minute":   spans(r, 8_000, 3, 60e9, true),
		"unsorted": spans(r, 5_000, 12, 86_400e9, false),
		"fine":     withResolution(spans(r, 5_000, 4, 86_400e9, true), 1_000_000),
		"coarse":   withResolution(spans(r, 5_000, 4, 86_400e9, true), 3_600e9),
		"sparse":   spans(r, 500, 40, 1e18, true),
	}
}

func withResolution(rows HistogramRows, resolution uint64) HistogramRows {
	rows.Resolution = resolution
	return rows
}

func extremes() HistogramRows {
	rows := HistogramRows{NumSeries: 1, Resolution: 1_000_000}
	for _, start := range []uint64{0, 1, 5e6, 1e18, math.MaxInt64, math.MaxUint64 - 1e6, math.MaxUint64} {
		for _, d := range []int64{math.MinInt64, -1, 0, 1, math.MaxInt64} {
			rows.Start, rows.Duration, rows.Series = append(rows.Start, start), append(rows.Duration, d), append(rows.Series, 0)
		}
	}
	return rows
}

// spans draws rows of skewed series with log-normal durations.
func spans(r *rand.Rand, n, series int, width float64, sorted bool) HistogramRows {
	rows := HistogramRows{NumSeries: series}
	for range n {
		s := uint32(min(r.ExpFloat64()*float64(series)/5, float64(series-1)))
		rows.Start = append(rows.Start, 1_700_000_000e9+uint64(r.Float64()*width))
		rows.Duration = append(rows.Duration, int64(math.Exp(13+float64(s%7)/2+r.NormFloat64()*0.8)))
		rows.Series = append(rows.Series, s)
	}
	if sorted {
		slices.Sort(rows.Start)
	}
	return rows
}

func TestHistogram(t *testing.T) {
	for name, rows := range histogramCases() {
		t.Run(name, func(t *testing.T) {
			h, err := OpenHistogram(BuildHistogram(rows))
			if err != nil {
				t.Fatal(err)
			}
			resolution := rows.Resolution
			if resolution == 0 {
				resolution = DefaultResolution
			}
			if h.Resolution() != resolution || h.Rows() != uint64(len(rows.Start)) || h.Series() != rows.NumSeries {
				t.Fatalf("resolution %d, %d rows, %d series", h.Resolution(), h.Rows(), h.Series())
			}
			checkHistogram(t, h, rows)
		})
	}
}

func checkHistogram(t *testing.T, h *Histogram, rows HistogramRows) {
	t.Helper()
	first, last := h.Times()
	third := (last - first) / 3
	ranges := [][2]uint64{{0, math.MaxUint64}, {first, last}, {first + third, last - third}, {last, last + 1}, {5, 5}, {9, 3}}
	for _, rg := range ranges {
		from, to := rg[0], rg[1]
		all := heatmap(t, func(fn func(uint64, []CellCount)) error { return h.VisitAll(from, to, fn) })
		want := countRows(rows, h.Resolution(), from, to, func(uint32) bool { return true })
		if diff := cmp.Diff(want, all); diff != "" {
			t.Fatalf("%d to %d: %s", from, to, diff)
		}
		odd := []uint32{}
		for s := uint32(1); s < uint32(rows.NumSeries)+2; s += 2 {
			odd = append(odd, s)
		}
		some := heatmap(t, func(fn func(uint64, []CellCount)) error { return h.Visit(odd, from, to, fn) })
		want = countRows(rows, h.Resolution(), from, to, func(s uint32) bool { return s&1 == 1 })
		if diff := cmp.Diff(want, some); diff != "" {
			t.Fatalf("%d to %d, odd series: %s", from, to, diff)
		}
	}
}

func TestHistogramHostile(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 5))
	for name, rows := range histogramCases() {
		blob := BuildHistogram(rows)
		for range 100 {
			b := slices.Clone(blob)
			for range 1 + r.IntN(3) {
				at := r.IntN(len(b))
				if r.IntN(2) == 0 {
					at = r.IntN(min(len(b), 150))
				}
				b[at] = byte(r.Uint32())
			}
			if r.IntN(5) == 0 {
				b = b[:r.IntN(len(b))]
			}
			if err := exerciseHistogram(b); !onlyCorrupt(err) {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

func exerciseHistogram(b []byte) error {
	h, err := OpenHistogram(b)
	if err != nil {
		return err
	}
	var prev uint64
	err = h.VisitAll(0, math.MaxUint64, func(time uint64, counts []CellCount) {
		prev = max(prev, time)
		for _, c := range counts {
			if c.Cell >= DurationCells || c.N == 0 {
				panic(fmt.Sprint(c))
			}
		}
	})
	if _, last := h.Times(); prev > last {
		return fmt.Errorf("time cell %d after %d", prev, last)
	}
	if err != nil {
		return err
	}
	return h.Visit([]uint32{0, 1, 2, 3}, 0, math.MaxUint64, func(uint64, []CellCount) {})
}
