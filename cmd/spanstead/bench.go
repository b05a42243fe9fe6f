package main

import (
	"context"
	"errors"
	"io"

	"github.com/spanstead/spanstead/bench"
)

// measure stores a workload and times questions about it. The table goes to
// standard output, and with --out to a file beside one for benchstat.
func measure(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	err := bench.Command(ctx, "spanstead bench", []bench.Peer{bench.Engine(), bench.Slice()}, args, stdout, stderr)
	if errors.Is(err, bench.ErrUsage) {
		return errUsage
	}
	return err
}
