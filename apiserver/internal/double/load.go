package double

import (
	"context"
	"fmt"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

// Traces is a stream of spans, such as a generator of fixtures.
type Traces interface {
	// Next is the next trace's spans, or false at the end.
	Next() ([]*span.Span, bool)
}

// loadBatch is about how many spans are appended at a time.
const loadBatch = 2000

// Load appends all spans of a stream to a workspace and returns how many there were.
func (d *Double) Load(ctx context.Context, workspace string, traces Traces) (int, error) {
	var batch []*span.Span
	var request []byte
	total := 0
	for {
		spans, more := traces.Next()
		batch = append(batch, spans...)
		if len(batch) >= loadBatch || !more && len(batch) > 0 {
			request = otlp.AppendRequest(request[:0], batch)
			a, err := d.gate.Append(ctx, workspace, request)
			if err != nil {
				return total, err
			}
			if a.Rejected > 0 {
				return total, fmt.Errorf("%d spans were rejected: %s", a.Rejected, a.Message)
			}
			total += len(batch)
			batch = batch[:0]
		}
		if !more {
			return total, nil
		}
	}
}
