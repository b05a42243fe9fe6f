package clickhouse

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/spanstead/spanstead/bench"
)

// TestAnswersAreThoseOfTheSlice needs a directory with the npm package chdb, in
// SPANSTEAD_CHDB, or the address of a server, in SPANSTEAD_CLICKHOUSE.
func TestAnswersAreThoseOfTheSlice(t *testing.T) {
	peers := append([]bench.Peer{bench.Slice()}, FromEnvironment(os.Getenv)...)
	if len(peers) == 1 {
		t.Skip("neither chDB nor a server is named in the environment")
	}
	r, err := bench.Run(t.Context(), bench.Options{
		Workload: bench.Workload{Spans: 5000, Batch: 500, Seed: 3},
		Peers:    peers,
		Queries:  10, Rounds: 1, Clients: []int{2}, Mixed: time.Millisecond, During: 1000, NoCold: true,
		Dir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Differences {
		t.Error(d)
	}
	if want := (len(peers) - 1) * 10 * len(bench.Kinds()); r.Compared != want {
		t.Errorf("%d answers were compared, want %d", r.Compared, want)
	}
}

func TestEnvironment(t *testing.T) {
	env := map[string]string{"SPANSTEAD_CLICKHOUSE": "http://127.0.0.1:1"}
	peers := FromEnvironment(func(name string) string { return env[name] })
	if len(peers) != 2 || peers[0].Name != "clickhouse-exporter" || peers[1].Name != "clickhouse-tuned" {
		t.Fatalf("got %v", peers)
	}
	if _, err := peers[0].Open(context.Background(), t.TempDir()); err == nil {
		t.Error("a server answers on port 1")
	}
}
