//go:build duckdb_arrow

// Command peers is spanstead bench with more systems to choose from: those
// that need cgo, a download, or a server that is running. It is a module of its
// own, so that nothing else depends on them.
//
//	go run -tags duckdb_arrow . -systems spanstead,duckdb-map,duckdb-hot
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spanstead/spanstead/bench"
	"github.com/spanstead/spanstead/bench/peers/clickhouse"
	"github.com/spanstead/spanstead/bench/peers/duckdb"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	peers := append([]bench.Peer{bench.Engine(), bench.Slice(), duckdb.Map(), duckdb.Hot()}, clickhouse.FromEnvironment(os.Getenv)...)
	switch err := bench.Command(ctx, "peers", peers, os.Args[1:], os.Stdout, os.Stderr); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, bench.ErrUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}
