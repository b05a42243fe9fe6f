package head

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/fixtures"
)

// workload is requests of about perRequest spans each, and how many spans and
// bytes they hold.
func workload(b *testing.B, spans, perRequest int) (requests [][]byte, n, size int) {
	b.Helper()
	batches := fixtures.Workload(fixtures.Options{Spans: spans}).Batches(perRequest)
	for {
		batch, ok := batches.Next()
		if !ok {
			return requests, n, size
		}
		r := otlp.AppendRequest(nil, batch)
		requests, n, size = append(requests, r), n+len(batch), size+len(r)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, perRequest := range []int{50, 1000} {
		b.Run(fmt.Sprint(perRequest), func(b *testing.B) {
			requests, n, size := workload(b, 200_000, perRequest)
			b.SetBytes(int64(size))
			var h *Head
			for b.Loop() {
				h = New(Options{})
				for _, r := range requests {
					if _, err := h.Append(r, nil); err != nil {
						b.Fatal(err)
					}
					h.Publish(h.Rows())
				}
			}
			if h.Rows() != n {
				b.Fatalf("%d rows of %d spans", h.Rows(), n)
			}
			b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "spans/s")
			report(b, h)
		})
	}
}

// report adds how much memory the head holds for a span: by its own account,
// of which texts, and as the garbage collector sees it.
func report(b *testing.B, h *Head) {
	var with, without runtime.MemStats
	rows := float64(h.Rows())
	b.ReportMetric(float64(h.Bytes())/rows, "B/span")
	b.ReportMetric(float64(h.arena.size)/rows, "text-B/span")
	runtime.GC()
	runtime.ReadMemStats(&with)
	runtime.KeepAlive(h)
	h = nil
	_ = h
	runtime.GC()
	runtime.ReadMemStats(&without)
	_ = without
}

func BenchmarkWalk(b *testing.B) {
	requests, n, size := workload(b, 200_000, 1000)
	b.SetBytes(int64(size))
	for b.Loop() {
		for _, r := range requests {
			if _, err := otlp.Walk(r, nil); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "spans/s")
}
