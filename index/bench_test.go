package index

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

const benchRows = 1_000_000

// clumped draws codes that the rows of a trace share: runs of about nine rows.
func clumped(r *rand.Rand, n, k int) []uint32 {
	codes := make([]uint32, n)
	code := uint32(0)
	for i := range codes {
		if r.IntN(9) == 0 {
			code = uint32(r.IntN(k))
		}
		codes[i] = code
	}
	return codes
}

func benchColumns() map[string]func() ([]uint32, int) {
	r := rand.New(rand.NewPCG(1, 1))
	uniform := func(k int) func() ([]uint32, int) {
		return func() ([]uint32, int) {
			return draw(benchRows, k, func(int) int { return r.IntN(k) }), k
		}
	}
	return map[string]func() ([]uint32, int){
		"gap=10":     uniform(10),
		"gap=100":    uniform(100),
		"gap=1000":   uniform(1000),
		"gap=2000":   uniform(2000),
		"gap=100000": uniform(100_000),
		"unique": func() ([]uint32, int) {
			p := r.Perm(benchRows)
			return draw(benchRows, benchRows, func(row int) int { return p[row] }), benchRows
		},
		"clumps=1000":  func() ([]uint32, int) { return clumped(r, benchRows, 1000), 1000 },
		"clumps=50000": func() ([]uint32, int) { return clumped(r, benchRows, 50_000), 50_000 },
		"traces": func() ([]uint32, int) {
			// about 20 traces overlap at any time
			return draw(benchRows, benchRows/9+20, func(row int) int { return row/9 + r.IntN(20) }), benchRows/9 + 20
		},
		"status": func() ([]uint32, int) {
			return draw(benchRows, 3, func(int) int { return max(r.IntN(40)-37, 0) }), 3
		},
		"service": func() ([]uint32, int) {
			return draw(benchRows, 40, func(int) int { return int(r.ExpFloat64() * 6) }), 40
		},
	}
}

func BenchmarkPostings(b *testing.B) {
	for name, make := range benchColumns() {
		b.Run(name, func(b *testing.B) { benchPostings(b, make) })
	}
}

func benchPostings(b *testing.B, column func() ([]uint32, int)) {
	codes, k := column()
	blob := BuildPostings(codes, k)
	perRow := func(b *testing.B, rows int) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
	}
	b.Run("build", func(b *testing.B) {
		for b.Loop() {
			blob = BuildPostings(codes, k)
		}
		perRow(b, len(codes))
		b.ReportMetric(float64(len(blob))/float64(len(codes)), "B/row")
	})
	p, err := OpenPostings(blob)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			p, _ = OpenPostings(blob)
		}
	})
	b.Run("read", func(b *testing.B) {
		var buf []uint32
		rows := 0
		for i := 0; b.Loop(); i++ {
			buf, _ = p.AppendRows(buf[:0], uint32(i*7919%k))
			rows += len(buf)
		}
		perRow(b, rows/b.N)
	})
}

func BenchmarkUnion(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	p, err := OpenPostings(BuildPostings(draw(benchRows, 1000, func(int) int { return r.IntN(1000) }), 1000))
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1, 25, 500} {
		codes := make([]uint32, n)
		for i := range codes {
			codes[i] = uint32(r.IntN(1000))
		}
		b.Run(fmt.Sprintf("codes=%d", n), func(b *testing.B) {
			for b.Loop() {
				sink, _ = p.Union(codes)
			}
		})
		b.Run(fmt.Sprintf("bits/codes=%d", n), func(b *testing.B) {
			batches := make([]Bits, benchRows>>16+1)
			for b.Loop() {
				clear(batches)
				for _, c := range codes {
					if err := p.OrInto(batches, c); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
		b.Run(fmt.Sprintf("batch/codes=%d", n), func(b *testing.B) {
			var bits Bits
			for b.Loop() {
				bits.Clear()
				for _, c := range codes {
					if err := p.BatchOr(&bits, c, 9); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkIDs(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	ids, absent := randomIDs(r, 108_000), randomIDs(r, 4096)
	blob := BuildIDs(ids)
	x, err := OpenIDs(blob)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("build", func(b *testing.B) {
		for b.Loop() {
			BuildIDs(ids)
		}
		b.ReportMetric(float64(len(blob))/float64(len(ids)), "B/id")
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			sink, _ = OpenIDs(blob)
		}
	})
	b.Run("absent", func(b *testing.B) {
		n := 0
		for i := 0; b.Loop(); i++ {
			if x.MayContain(absent[i&4095]) {
				n++
			}
		}
	})
	b.Run("find", func(b *testing.B) {
		at := func(code uint32) [16]byte { return ids[code] }
		for i := 0; b.Loop(); i++ {
			_, ok, _ := x.Find(ids[i*7919%len(ids)], at)
			if !ok {
				b.Fatal("not found")
			}
		}
	})
}

func BenchmarkHistogram(b *testing.B) {
	rows := spans(rand.New(rand.NewPCG(1, 1)), benchRows, 40, 86_400e9, true)
	blob := BuildHistogram(rows)
	h, err := OpenHistogram(blob)
	if err != nil {
		b.Fatal(err)
	}
	var n uint64
	add := func(_ uint64, counts []CellCount) {
		for _, c := range counts {
			n += uint64(c.N)
		}
	}
	b.Run("build", func(b *testing.B) {
		for b.Loop() {
			BuildHistogram(rows)
		}
		b.ReportMetric(float64(len(blob))/benchRows, "B/row")
		total := load32(blob, histogramHeader+4) - load32(blob, histogramHeader)
		b.ReportMetric(float64(total)/benchRows, "B/row-total")
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			h, _ := OpenHistogram(blob)
			_ = h.VisitAll(0, 1<<63, add)
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			_ = h.VisitAll(0, 1<<63, add)
		}
	})
	b.Run("series=0", func(b *testing.B) {
		for b.Loop() {
			_ = h.Visit([]uint32{0}, 0, 1<<63, add)
		}
	})
	b.Run("series=0/hour", func(b *testing.B) {
		first, _ := h.Times()
		for b.Loop() {
			_ = h.Visit([]uint32{0}, first+600, first+660, add)
		}
	})
	sink = n
}
