package index

import (
	"math"
	"slices"
	"sync"
	"testing"
)

// TestReadersAreShared reads one reader of each kind from several goroutines;
// it is for the race detector.
func TestReadersAreShared(t *testing.T) {
	p, err := OpenPostings(BuildPostings(goldenCodes(), 70))
	if err != nil {
		t.Fatal(err)
	}
	x, err := OpenIDs(BuildIDs(goldenIDs()))
	if err != nil {
		t.Fatal(err)
	}
	h, err := OpenHistogram(BuildHistogram(goldenRows()))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			bm, err := p.Union([]uint32{0, 1, 2, 3, 65, 66})
			if err != nil || bm.GetCardinality() != uint64(p.Rows()) {
				t.Errorf("union: %v", err)
				return
			}
			one, err := p.Bitmap(3)
			if err != nil {
				t.Error(err)
				return
			}
			one.Add(1) // must not reach the postings
			if rows, err := p.AppendRows(nil, 3); err != nil || slices.Contains(rows, 1) {
				t.Errorf("rows of code 3: %v", err)
			}
			if !x.MayContain(goldenIDs()[7]) {
				t.Error("id 7 is not there")
			}
			var n uint64
			add := func(_ uint64, counts []CellCount) {
				for _, c := range counts {
					n += uint64(c.N)
				}
			}
			if err := h.VisitAll(0, math.MaxUint64, add); err != nil || n != h.Rows() {
				t.Errorf("%d rows of %d: %v", n, h.Rows(), err)
			}
			if err := h.Visit([]uint32{0, 1, 2}, 0, math.MaxUint64, add); err != nil || n != 2*h.Rows() {
				t.Errorf("%d rows of twice %d: %v", n, h.Rows(), err)
			}
		})
	}
	wg.Wait()
}

func TestSameInputSameBytes(t *testing.T) {
	for range 3 {
		if !slices.Equal(BuildPostings(goldenCodes(), 70), BuildPostings(goldenCodes(), 70)) ||
			!slices.Equal(BuildIDs(goldenIDs()), BuildIDs(goldenIDs())) ||
			!slices.Equal(BuildHistogram(goldenRows()), BuildHistogram(goldenRows())) {
			t.Fatal("the bytes differ")
		}
	}
}

func TestBuildersRefuse(t *testing.T) {
	for name, build := range map[string]func(){
		"code out of range":       func() { BuildPostings([]uint32{3}, 3) },
		"multi code out of range": func() { BuildMultiPostings([]uint32{0}, []uint32{3}, 1, 3) },
		"rows descend":            func() { BuildMultiPostings([]uint32{1, 0}, []uint32{0, 0}, 2, 1) },
		"row out of range":        func() { BuildMultiPostings([]uint32{2}, []uint32{0}, 2, 1) },
		"series out of range": func() {
			BuildHistogram(HistogramRows{Start: []uint64{1}, Duration: []int64{1}, Series: []uint32{1}, NumSeries: 1})
		},
		"columns differ":      func() { BuildHistogram(HistogramRows{Start: []uint64{1}, NumSeries: 1}) },
		"resolution too fine": func() { BuildHistogram(HistogramRows{Resolution: 1000}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			build()
		})
	}
}

func TestWrongMagicAndVersion(t *testing.T) {
	open := map[string]func([]byte) error{
		"postings":  func(b []byte) error { _, err := OpenPostings(b); return err },
		"ids":       func(b []byte) error { _, err := OpenIDs(b); return err },
		"histogram": func(b []byte) error { _, err := OpenHistogram(b); return err },
	}
	blocks := map[string][]byte{
		"postings":  BuildPostings(goldenCodes(), 70),
		"ids":       BuildIDs(goldenIDs()),
		"histogram": BuildHistogram(goldenRows()),
	}
	for name, b := range blocks {
		for _, at := range []int{0, 3, 4} {
			bad := slices.Clone(b)
			bad[at]++
			if err := open[name](bad); err == nil || !onlyCorrupt(err) {
				t.Errorf("%s, byte %d: %v", name, at, err)
			}
		}
		for n := range b {
			if err := open[name](b[:n]); err == nil || !onlyCorrupt(err) {
				t.Errorf("%s, %d bytes of %d: %v", name, n, len(b), err)
			}
		}
	}
}
