package index

import (
	"math"
	"math/big"
	"math/rand/v2"
	"sort"
	"testing"
)

// floorRoot returns the 16th root of 2^k, rounded down.
func floorRoot(k uint) *big.Int {
	x := new(big.Int).Lsh(big.NewInt(1), k)
	for range 4 {
		x.Sqrt(x)
	}
	return x
}

func TestBoundsAreExact(t *testing.T) {
	for cell := 1; cell < DurationCells-1; cell++ {
		if want := floorRoot(uint(cell - 1)).Int64(); UpperBound(cell) != want {
			t.Errorf("UpperBound(%d) = %d, want %d", cell, UpperBound(cell), want)
		}
	}
	for j := range 16 {
		if want := floorRoot(uint(j + 16*63)).Uint64(); roots[j] != want {
			t.Errorf("root %d = %#x, want %#x", j, roots[j], want)
		}
	}
	if UpperBound(0) != 0 || LowerBound(0) != math.MinInt64 || UpperBound(DurationCells-1) != math.MaxInt64 {
		t.Errorf("outer bounds %d, %d, %d", UpperBound(0), LowerBound(0), UpperBound(DurationCells-1))
	}
}

// slowCell looks the duration up in the table of bounds.
func slowCell(d int64) int {
	return sort.Search(DurationCells, func(c int) bool { return UpperBound(c) >= d })
}

func TestCellOf(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	durations := []int64{math.MinInt64, -1, 0, 1, 2, 3, math.MaxInt64 - 1, math.MaxInt64}
	for c := range DurationCells {
		for d := int64(-2); d <= 2; d++ {
			durations = append(durations, UpperBound(c)+d) // the last wraps around, and is negative
		}
	}
	for range 200_000 {
		durations = append(durations, int64(r.Uint64()>>(1+r.IntN(63))))
	}
	for d := range int64(10_000) {
		durations = append(durations, d)
	}
	for _, d := range durations {
		c := CellOf(d)
		if c != slowCell(d) || d < LowerBound(c) || d > UpperBound(c) {
			t.Fatalf("CellOf(%d) = %d, want %d", d, c, slowCell(d))
		}
	}
}

func BenchmarkCellOf(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	var ds [1024]int64
	for i := range ds {
		ds[i] = int64(r.Uint64() >> (1 + r.IntN(63)))
	}
	sum := 0
	for i := 0; b.Loop(); i++ {
		sum += CellOf(ds[i&1023])
	}
	sink = sum
}

var sink any
