package head

import (
	"math/rand/v2"
	"testing"

	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

// FuzzAppend sends any bytes to a head that has rows already, twice: what it
// gives back is what otlp.DecodeSpans reads, each span once.
func FuzzAppend(f *testing.F) {
	r := rand.New(rand.NewPCG(80, 1))
	first := enginetest.Spans(r, 20)
	for range 5 {
		f.Add(otlp.AppendRequest(nil, enginetest.Spans(r, 1+r.IntN(6))))
	}
	f.Add(otlp.AppendRequest(nil, first[:3]))
	f.Fuzz(func(t *testing.T, b []byte) {
		h := New(Options{BatchRows: 8, Columns: 5})
		send(t, rand.New(rand.NewPCG(81, 1)), h, first)
		decoded, want, wantErr := otlp.DecodeSpans(b)
		for range 2 {
			got, err := h.Append(b, nil)
			if (err == nil) != (wantErr == nil) || got != want {
				t.Fatalf("%+v, %v, want %+v, %v", got, err, want, wantErr)
			}
			h.Publish(h.Rows())
		}
		checkRows(t, h, unique(first, decoded))
	})
}

// unique is the spans whose ids no earlier one has.
func unique(lists ...[]*span.Span) (out []*span.Span) {
	type id struct {
		trace span.TraceID
		span  span.SpanID
	}
	seen := map[id]bool{}
	for _, spans := range lists {
		for _, s := range spans {
			if k := (id{s.TraceID, s.SpanID}); !seen[k] {
				seen[k] = true
				out = append(out, s)
			}
		}
	}
	return out
}

// checkRows fetches all rows, last one first.
func checkRows(t *testing.T, h *Head, want []*span.Span) {
	t.Helper()
	var rows []uint32
	var back []*span.Span
	for i := len(want) - 1; i >= 0; i-- {
		rows, back = append(rows, uint32(i)), append(back, want[i])
	}
	if h.Rows() != len(want) {
		t.Fatalf("%d rows, want %d", h.Rows(), len(want))
	}
	got, err := h.Snapshot().Fetch(rows)
	must(t, err)
	equal(t, "rows", got, enginetest.CanonicalAll(back))
}
