package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spanstead/spanstead/apiserver"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	addr, grpcAddr string
	store          storeOptions
	demo           bool
	fidelity       apiserver.Fidelity
	maxBody        int64
	rateLimit      bool
	auth           []string
	journal        int
	prices         *apiserver.Prices
	logLevel       slog.Level
}

func parseServe(args []string, stderr io.Writer) (*serveOptions, error) {
	o := &serveOptions{}
	f := flag.NewFlagSet("spanstead serve", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.addr, "addr", "127.0.0.1:4318", "`address` of HTTP: OTLP, the vendors' APIs and /_spanstead/; port 0 takes a free one")
	f.StringVar(&o.grpcAddr, "grpc-addr", "127.0.0.1:4317", "`address` of OTLP over gRPC; empty for none")
	f.StringVar(&o.store.dir, "data", "", "`directory` of the store; empty keeps it in memory")
	f.StringVar(&o.store.sync, "sync", "always", "when an acknowledged span is on disk: `always`, interval (a power failure loses the last 100 ms) or never")
	f.BoolVar(&o.demo, "demo", false, "fill the store with a day of a web shop and of AI agents, ending now")
	f.Func("fidelity", "what wins where a vendor's page and its service differ: `documented` (the default) or observed", func(s string) (err error) {
		o.fidelity, err = apiserver.ParseFidelity(s)
		return err
	})
	f.Int64Var(&o.maxBody, "max-body", 64<<20, "largest OTLP request in `bytes`, after decompression")
	f.Func("auth", "take this `credential` and no other; may be given several times, or several separated by commas", func(s string) error {
		o.auth = append(o.auth, strings.Split(s, ",")...)
		return nil
	})
	f.IntVar(&o.journal, "journal", 1000, "remember the last `n` requests of each workspace; -1 for none")
	f.BoolVar(&o.rateLimit, "mackerel-rate-limit", false, "answer 429 to a second list request of a Mackerel key within a second")
	f.Func("prices", "`file` of what models' tokens cost, in place of the table that comes with the program", func(name string) error {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		o.prices, err = apiserver.ParsePrices(b)
		return err
	})
	f.TextVar(&o.logLevel, "log-level", slog.LevelInfo, "least `level` that is logged: debug, info, warn or error")
	if err := f.Parse(args); err != nil {
		if err == flag.ErrHelp {
			return nil, err
		}
		return nil, errUsage
	}
	if err := o.check(f.Args()); err != nil {
		fmt.Fprintf(stderr, "spanstead serve: %v\n", err)
		return nil, errUsage
	}
	return o, nil
}

func (o *serveOptions) check(rest []string) error {
	_, known := syncs[o.store.sync]
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case !known:
		return fmt.Errorf("--sync %q: want always, interval or never", o.store.sync)
	case o.maxBody < 1 || o.maxBody > 1<<30:
		return fmt.Errorf("--max-body %d: want 1 to %d", o.maxBody, 1<<30)
	}
	return nil
}
