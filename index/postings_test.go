package index

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// column is a column to be indexed: the rows of each code.
type column struct {
	name  string
	n     int
	lists [][]uint32
	bytes []byte
}

func single(name string, codes []uint32, k int) column {
	c := column{name: name, n: len(codes), lists: make([][]uint32, k), bytes: BuildPostings(codes, k)}
	for row, code := range codes {
		c.lists[code] = append(c.lists[code], uint32(row))
	}
	return c
}

func draw(n, k int, pick func(row int) int) []uint32 {
	codes := make([]uint32, n)
	for row := range codes {
		codes[row] = uint32(pick(row) % k)
	}
	return codes
}

func columns(seed uint64) []column {
	r := rand.New(rand.NewPCG(seed, 1))
	perm := r.Perm(70_000)
	run := 0
	cols := []column{
		single("empty", nil, 0),
		single("no rows", nil, 100),
		single("one row", []uint32{2}, 3),
		single("one code", draw(70_000, 1, func(int) int { return 0 }), 1),
		single("two codes", draw(200_000, 2, func(int) int { return max(r.IntN(20)-18, 0) }), 2),
		single("uniform 20", draw(150_000, 20, func(int) int { return r.IntN(20) }), 20),
		single("uniform 500", draw(150_000, 500, func(int) int { return r.IntN(500) }), 500),
		single("gaps in codes", draw(3_000, 5000, func(int) int { return r.IntN(300) * 16 }), 5000),
		single("unique", draw(70_000, 70_000, func(row int) int { return perm[row] }), 70_000),
		single("ascending", draw(70_000, 9_000, func(row int) int { return row / 8 }), 9_000),
		single("zipf", draw(140_000, 4000, func(int) int { return int(4000 / (1 + r.ExpFloat64()*900)) }), 4000),
		single("clumps", draw(140_000, 300, func(row int) int {
			if r.IntN(9) == 0 {
				run = r.IntN(300)
			}
			return run
		}), 300),
		single("runs", draw(140_000, 7, func(row int) int { return row / 3000 }), 7),
	}
	return append(cols, multi(r, 100_000, 700))
}

func multi(r *rand.Rand, n, k int) column {
	c := column{name: "multi", n: n, lists: make([][]uint32, k)}
	var rows, codes []uint32
	for row := range uint32(n) {
		for range r.IntN(4) {
			code := uint32(min(r.IntN(k), r.IntN(k)))
			rows, codes = append(rows, row), append(codes, code)
			if l := c.lists[code]; len(l) == 0 || l[len(l)-1] != row {
				c.lists[code] = append(l, row)
			}
		}
	}
	c.bytes = BuildMultiPostings(rows, codes, n, k)
	return c
}

func TestPostings(t *testing.T) {
	for _, c := range columns(7) {
		t.Run(c.name, func(t *testing.T) {
			p, err := OpenPostings(c.bytes)
			if err != nil {
				t.Fatal(err)
			}
			checkColumn(t, p, c)
		})
	}
}

func checkColumn(t *testing.T, p *Postings, c column) {
	t.Helper()
	total := 0
	want := make([]uint32, 0, len(c.lists))
	for code, list := range c.lists {
		total += len(list)
		want = append(want, uint32(len(list)))
		if got := p.Count(code); got != len(list) {
			t.Fatalf("Count(%d) = %d, want %d", code, got, len(list))
		}
		if len(c.lists) > 1000 && code%53 != 0 && len(list) < 1000 {
			continue
		}
		checkList(t, p, uint32(code), list)
	}
	if p.Rows() != c.n || p.Codes() != len(c.lists) || p.Entries() != total {
		t.Errorf("rows %d, codes %d, entries %d; want %d, %d, %d",
			p.Rows(), p.Codes(), p.Entries(), c.n, len(c.lists), total)
	}
	if diff := cmp.Diff(want, p.Counts([]uint32{})); diff != "" {
		t.Error(diff)
	}
}

func checkList(t *testing.T, p *Postings, code uint32, list []uint32) {
	t.Helper()
	rows, err := p.AppendRows([]uint32{5}, code)
	if err != nil || rows[0] != 5 || !slices.Equal(rows[1:], list) {
		t.Fatalf("AppendRows(%d): %v, %d rows, want %d", code, err, len(rows)-1, len(list))
	}
	bm, err := p.Bitmap(code)
	if err != nil {
		t.Fatal(err)
	}
	if err := bm.Validate(); err != nil && len(list) > 0 {
		t.Fatalf("Bitmap(%d): %v", code, err)
	}
	if !slices.Equal(bm.ToArray(), list) {
		t.Fatalf("Bitmap(%d): %d rows, want %d", code, bm.GetCardinality(), len(list))
	}
	if got := batchRows(t, p, code); !slices.Equal(got, list) {
		t.Fatalf("BatchOr(%d): %d rows, want %d", code, len(got), len(list))
	}
	batches := make([]Bits, (p.Rows()+BatchRows-1)/BatchRows)
	if err := p.OrInto(batches, code); err != nil {
		t.Fatal(err)
	}
	if got := rowsOf(batches); !slices.Equal(got, list) {
		t.Fatalf("OrInto(%d): %d rows, want %d", code, len(got), len(list))
	}
}

func batchRows(t *testing.T, p *Postings, code uint32) []uint32 {
	t.Helper()
	var rows []uint32
	for i := 0; i<<16 < p.Rows(); i++ {
		var b Bits
		if err := p.BatchOr(&b, code, i); err != nil {
			t.Fatal(err)
		}
		rows = b.AppendRows(rows, uint32(i)<<16)
	}
	return rows
}

func rowsOf(batches []Bits) []uint32 {
	var rows []uint32
	for i := range batches {
		rows = batches[i].AppendRows(rows, uint32(i)<<16)
	}
	return rows
}

func TestPostingsUnion(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, c := range columns(8) {
		if len(c.lists) == 0 {
			continue
		}
		p, err := OpenPostings(c.bytes)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{0, 1, 2, 60, 1000} {
			checkUnion(t, p, c, r, size)
		}
	}
}

func checkUnion(t *testing.T, p *Postings, c column, r *rand.Rand, size int) {
	t.Helper()
	codes := []uint32{}
	set := make([]bool, c.n)
	for range size {
		code := r.IntN(len(c.lists))
		codes = append(codes, uint32(code))
		for _, row := range c.lists[code] {
			set[row] = true
		}
	}
	want := []uint32{}
	for row, in := range set {
		if in {
			want = append(want, uint32(row))
		}
	}
	bm, err := p.Union(codes)
	if err != nil {
		t.Fatal(err)
	}
	if err := bm.Validate(); err != nil && len(want) > 0 {
		t.Fatalf("%s: union of %d: %v", c.name, size, err)
	}
	if !slices.Equal(bm.ToArray(), want) {
		t.Fatalf("%s: union of %d codes: %d rows, want %d", c.name, size, bm.GetCardinality(), len(want))
	}
}

func TestPostingsOutOfRange(t *testing.T) {
	p, err := OpenPostings(BuildPostings([]uint32{0, 1, 0}, 2))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := p.AppendRows(nil, 2)
	if len(rows) != 0 || err != nil || p.Count(2) != 0 || p.Count(-1) != 0 {
		t.Errorf("code 2 of 2: %v, %v, count %d", rows, err, p.Count(2))
	}
	var b Bits
	for _, batch := range []int{-1, 1, 1 << 30} {
		if err := p.BatchOr(&b, 0, batch); err != nil || !b.Empty() {
			t.Errorf("batch %d: %v, %d rows", batch, err, b.Count())
		}
	}
}

// exercise reads everything; hostile bytes may give errors, nothing else.
func exercise(b []byte) error {
	p, err := OpenPostings(b)
	if err != nil || p.Rows() > 1<<18 { // a caller refuses rows that its column has not
		return err
	}
	var errs []error
	var bits Bits
	step := max(p.Codes()/50, 1)
	var codes []uint32
	for code := 0; code < p.Codes(); code += step {
		rows, err := p.AppendRows(nil, uint32(code))
		if err == nil && len(rows) != p.Count(code) {
			return fmt.Errorf("code %d: %d rows, count %d", code, len(rows), p.Count(code))
		}
		if err == nil && !slices.IsSorted(rows) {
			return fmt.Errorf("code %d: rows not sorted", code)
		}
		_, err2 := p.Bitmap(uint32(code))
		errs = append(errs, err, err2, p.BatchOr(&bits, uint32(code), 0))
		codes = append(codes, uint32(code))
	}
	_, err = p.Union(codes)
	return errors.Join(append(errs, err)...)
}

func onlyCorrupt(err error) bool { return err == nil || errors.Is(err, ErrCorrupt) }

func TestPostingsHostile(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, c := range columns(9) {
		for range 80 {
			b := slices.Clone(c.bytes)
			for range 1 + r.IntN(3) {
				at := r.IntN(len(b))
				if r.IntN(2) == 0 {
					at = r.IntN(min(len(b), 120))
				}
				b[at] = byte(r.Uint32())
			}
			if r.IntN(5) == 0 {
				b = b[:r.IntN(len(b))]
			}
			if err := exercise(b); !onlyCorrupt(err) {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
	}
}

func TestSelectBit(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for range 2000 {
		word := r.Uint64() & (r.Uint64() | -uint64(r.IntN(2)))
		for j, at := 0, 0; at < 64; at++ {
			if word>>at&1 != 0 {
				if got := selectBit(word, j); got != at {
					t.Fatalf("selectBit(%#x, %d) = %d, want %d", word, j, got, at)
				}
				j++
			}
		}
	}
	if got := selectBit(^uint64(0), 63); got != 63 {
		t.Errorf("last of 64: %d", got)
	}
}
