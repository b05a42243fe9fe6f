package sideseat_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/internal/storetest"
	"github.com/spanstead/spanstead/apiserver/sideseat"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/fixtures"
)

// BenchmarkDemo asks for pages over the demo's day, about 50,000 spans.
func BenchmarkDemo(b *testing.B) {
	st := storetest.New(b)
	g := fixtures.Demo(1, time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC))
	var batch []*span.Span
	flush := func() {
		if _, err := st.Append(b.Context(), "default", otlp.AppendRequest(nil, batch)); err != nil {
			b.Fatal(err)
		}
		batch = batch[:0]
	}
	for trace, ok := g.Next(); ok; trace, ok = g.Next() {
		if batch = append(batch, trace...); len(batch) > 5000 {
			flush()
		}
	}
	flush()
	h := rest.NewRouter(sideseat.New(sideseat.Options{Store: st}))
	for _, path := range []string{
		"/traces", "/traces?include_nongenai=true", "/traces?include_nongenai=true&order_by=duration_ms:desc", "/traces?order_by=total_cost",
		"/traces?environment=production", "/traces?filters=%5B%7B%22key%22:%22total_cost%22,%22op%22:%22gt%22,%22value%22:0.01%7D%5D",
		"/traces?filters=%5B%7B%22key%22:%22framework%22,%22op%22:%22eq%22,%22value%22:%22Unknown%22%7D%5D", "/traces/filter-options", "/spans", "/sessions", "/spans/filter-options",
	} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				if rec := get(h, "/api/v1/project/default/otel"+path); rec.Code != http.StatusOK {
					b.Fatal(rec.Body)
				}
			}
		})
	}
}
