package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/fixtures"
)

const (
	demoSeed  = 1
	demoBatch = 2000 // spans a request
)

// loadDemo appends a day of spans that ends at end.
func loadDemo(ctx context.Context, st store.Writer, end time.Time) error {
	batches := fixtures.Demo(demoSeed, end).Batches(demoBatch)
	var request []byte
	for {
		spans, ok := batches.Next()
		if !ok {
			return nil
		}
		request = otlp.AppendRequest(request[:0], spans)
		answer, err := st.Append(ctx, store.DefaultWorkspace, request)
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		if answer.Rejected > 0 {
			return fmt.Errorf("demo: %s", answer.Message)
		}
	}
}
