package head

import (
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

// TestReadersBesideTheWriter asks snapshots while rows are appended, dropped
// and deleted. The readers check each answer against what the writer had
// published by then.
func TestReadersBesideTheWriter(t *testing.T) {
	r := seeded(t, 70)
	spans := enginetest.Spans(r, 400)
	h := New(Options{BatchRows: 64, Columns: 12})
	type moment struct {
		snapshot *Snapshot
		spans    []*span.Span
	}
	var latest atomic.Pointer[moment]
	latest.Store(&moment{h.Snapshot(), nil})
	var readers sync.WaitGroup
	done := make(chan struct{})
	for i := range 3 {
		readers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 71))
			for {
				m := latest.Load()
				checkAnswers(t, r, m.snapshot, m.spans, 1)
				_ = h.Snapshot().Rows() + h.Rows() + int(h.Bytes())
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	var live []*span.Span
	for at := 0; at < len(spans); {
		n := min(1+r.IntN(8), len(spans)-at)
		request, base := otlp.AppendRequest(nil, spans[at:at+n]), h.Rows()
		_, err := h.Append(request, nil)
		must(t, err)
		if r.IntN(4) == 0 {
			h.Truncate(base + r.IntN(n))
			_, err := h.Append(request, nil)
			must(t, err)
		}
		h.Publish(h.Rows())
		live = append(live[:len(live):len(live)], spans[at:at+n]...)
		if r.IntN(10) == 0 {
			id := live[r.IntN(len(live))].TraceID
			h.DeleteTrace(id)
			live = slices.DeleteFunc(slices.Clone(live), func(s *span.Span) bool { return s.TraceID == id })
		}
		latest.Store(&moment{h.Snapshot(), live})
		at += n
	}
	close(done)
	readers.Wait()
}
