package index

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// model is the slow, obvious set of rows.
type model [BatchRows]bool

func (m *model) rows() []int {
	rows := []int{}
	for i, in := range m {
		if in {
			rows = append(rows, i)
		}
	}
	return rows
}

func (m *model) each(fn func(i int, in bool) bool) {
	for i := range m {
		m[i] = fn(i, m[i])
	}
}

// randomBits fills a set in one of several densities.
func randomBits(r *rand.Rand) (*Bits, *model) {
	b, m := new(Bits), new(model)
	for range []int{0, 1, 50, 3000, 90_000}[r.IntN(5)] {
		i := r.IntN(BatchRows)
		b.Set(i)
		m[i] = true
	}
	for range r.IntN(3) {
		lo := r.IntN(BatchRows+200) - 100
		hi := lo + r.IntN(1+r.IntN(5000)) - 5
		b.SetRange(lo, hi)
		m.each(func(i int, in bool) bool { return in || i >= lo && i < hi })
	}
	return b, m
}

func TestBits(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 150 {
		b, m := randomBits(r)
		o, mo := randomBits(r)
		switch r.IntN(5) {
		case 0:
			b.And(o)
			m.each(func(i int, in bool) bool { return in && mo[i] })
		case 1:
			b.AndNot(o)
			m.each(func(i int, in bool) bool { return in && !mo[i] })
		case 2:
			b.Or(o)
			m.each(func(i int, in bool) bool { return in || mo[i] })
		case 3:
			rows := []int{0, 1, 63, 64, 65_535, BatchRows, r.IntN(BatchRows)}[r.IntN(7)]
			b.Not(rows)
			m.each(func(i int, in bool) bool { return !in && i < rows })
		case 4:
			rows := r.IntN(BatchRows+10) - 5
			b.Truncate(rows)
			m.each(func(i int, in bool) bool { return in && i < rows })
		}
		checkBits(t, r, b, m)
	}
}

func checkBits(t *testing.T, r *rand.Rand, b *Bits, m *model) {
	t.Helper()
	rows := m.rows()
	if got := slices.AppendSeq([]int{}, b.All()); !slices.Equal(got, rows) {
		t.Fatalf("All: %d rows, want %d", len(got), len(rows))
	}
	backward := slices.AppendSeq([]int{}, b.Backward())
	slices.Reverse(backward)
	if !slices.Equal(backward, rows) {
		t.Fatalf("Backward: %d rows, want %d", len(backward), len(rows))
	}
	if b.Count() != len(rows) || b.Empty() != (len(rows) == 0) {
		t.Fatalf("Count = %d, Empty = %v, want %d rows", b.Count(), b.Empty(), len(rows))
	}
	appended := b.AppendRows(nil, 1<<20)
	for i, row := range appended {
		if int(row) != rows[i]+1<<20 {
			t.Fatalf("AppendRows: row %d is %d, want %d", i, row, rows[i]+1<<20)
		}
	}
	for range 50 {
		i := r.IntN(BatchRows+200) - 100
		at, _ := slices.BinarySearch(rows, i)
		next, prev := -1, -1
		if at < len(rows) {
			next = rows[at]
		}
		if at > 0 {
			prev = rows[at-1]
		}
		if b.Next(i) != next || b.Prev(i) != prev {
			t.Fatalf("Next(%d) = %d, Prev = %d, want %d, %d", i, b.Next(i), b.Prev(i), next, prev)
		}
		if i >= 0 && i < BatchRows && b.Has(i) != m[i] {
			t.Fatalf("Has(%d) = %v", i, b.Has(i))
		}
	}
}

func TestBitsStop(t *testing.T) {
	var b Bits
	b.SetRange(10, 500)
	for i := range b.All() {
		if i == 70 {
			break
		}
	}
	for i := range b.Backward() {
		if i == 70 {
			break
		}
	}
	b.Clear()
	if !b.Empty() {
		t.Errorf("%d rows after Clear", b.Count())
	}
}

func BenchmarkBits(b *testing.B) {
	r := rand.New(rand.NewPCG(2, 3))
	var x, y Bits
	for range 20_000 {
		x.Set(r.IntN(BatchRows))
		y.Set(r.IntN(BatchRows))
	}
	b.Run("and", func(b *testing.B) {
		for b.Loop() {
			x.And(&y)
		}
	})
	b.Run("count", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n += y.Count()
		}
	})
	b.Run("rows", func(b *testing.B) {
		rows := make([]uint32, 0, BatchRows)
		for b.Loop() {
			rows = y.AppendRows(rows[:0], 0)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(rows)), "ns/row")
	})
}
