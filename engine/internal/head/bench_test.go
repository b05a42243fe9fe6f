package head

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
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

// report adds how much memory the head holds for a span, and how much of it
// are distinct texts.
func report(b *testing.B, h *Head) {
	b.ReportMetric(float64(h.Bytes())/float64(h.Rows()), "B/span")
	b.ReportMetric(float64(h.arena.size)/float64(h.Rows()), "text-B/span")
}

// TestBytes: the head's account of its memory is that of the garbage collector.
func TestBytes(t *testing.T) {
	batches := fixtures.Workload(fixtures.Options{Spans: 20_000}).Batches(500)
	var requests [][]byte
	for {
		batch, ok := batches.Next()
		if !ok {
			break
		}
		requests = append(requests, otlp.AppendRequest(nil, batch))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	h := New(Options{})
	for _, r := range requests {
		_, err := h.Append(r, nil)
		must(t, err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	got, want := h.Bytes(), int64(after.HeapAlloc-before.HeapAlloc)
	if got < want*3/4 || got > want*5/4 {
		t.Errorf("%d bytes by the head's account, %d by the collector's", got, want)
	}
	runtime.KeepAlive(requests)
}

// BenchmarkQuestions asks a full head, by a new snapshot each time.
func BenchmarkQuestions(b *testing.B) {
	requests, _, _ := workload(b, 262_144, 1000)
	h := New(Options{})
	for _, r := range requests {
		if _, err := h.Append(r, nil); err != nil {
			b.Fatal(err)
		}
	}
	h.Publish(h.Rows())
	fresh := func() []plan.Part { return []plan.Part{h.take(h.published)} }
	ctx := context.Background()
	url := query.Attr(query.ScopeSpan, "http.url")
	filters := []struct {
		name string
		e    query.Expr
	}{
		{"all", nil},
		{"service", query.Cmp(query.ServiceName, query.OpEq, query.Typed, span.String("checkout"))},
		{"status", query.Cmp(query.StatusCode, query.OpEq, query.Typed, span.Int(2))},
		{"url-contains", query.Cmp(url, query.OpContains, query.Typed, span.String("/items/77"))},
	}
	for _, f := range filters {
		b.Run("count/"+f.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := plan.Count(ctx, fresh(), plan.Options{}, query.Count{Filter: f.e}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("newest/"+f.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := plan.Spans(ctx, fresh(), plan.Options{}, query.Spans{Filter: f.e, Descending: true, Limit: 50}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("fetch-1000", func(b *testing.B) {
		rows := make([]uint32, 1000)
		for i := range rows {
			rows[i] = uint32(i * 250)
		}
		for b.Loop() {
			if _, err := fresh()[0].Fetch(rows); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("snapshot", func(b *testing.B) {
		for b.Loop() {
			fresh()
		}
	})
	b.Run("event-names", func(b *testing.B) {
		for b.Loop() {
			if _, err := plan.Values(ctx, fresh(), plan.Options{}, query.Values{Field: query.EventName}); err != nil {
				b.Fatal(err)
			}
		}
	})
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
