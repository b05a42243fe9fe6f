//go:build duckdb_arrow

package duckdb

import (
	"testing"
	"time"

	"github.com/spanstead/spanstead/bench"
)

func TestAnswersAreThoseOfTheSlice(t *testing.T) {
	r, err := bench.Run(t.Context(), bench.Options{
		Workload: bench.Workload{Spans: 5000, Batch: 500, Seed: 3},
		Peers:    []bench.Peer{bench.Slice(), Map(), Hot()},
		Queries:  6, Rounds: 1, Clients: []int{2}, Mixed: time.Millisecond, During: 1000,
		Dir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Differences {
		t.Error(d)
	}
	if want := 2 * 6 * len(bench.Kinds()); r.Compared != want {
		t.Errorf("%d answers were compared, want %d", r.Compared, want)
	}
}
