package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/spanstead/spanstead/apiserver"
)

// drainFor is how long running requests may take once the process was told to end.
const drainFor = 10 * time.Second

// ready is the first line on standard output.
type ready struct {
	URL  string `json:"url"`
	GRPC string `json:"grpc"` // host:port; "" without gRPC
	Data string `json:"data"` // "" in memory
}

func serve(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	opt, err := parseServe(args, stderr)
	if err != nil {
		return err
	}
	boundGarbage()
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: opt.logLevel}))
	st, err := openStore(opt.store, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()

	var loaded atomic.Bool
	api := apiserver.New(apiserver.Options{
		Store: st, Fidelity: opt.fidelity, Log: log, MaxIngest: opt.maxBody, MackerelRateLimit: opt.rateLimit, Prices: opt.prices,
		Auth: opt.auth, Journal: opt.journal,
		Health: st.problems,
		Ready: func(context.Context) error {
			if !loaded.Load() {
				return errors.New("the demo's spans are being loaded")
			}
			return nil
		},
	})
	l, err := listen(opt, api, log)
	if err != nil {
		return err
	}
	defer l.drain(log)
	api.Double().SetGRPC(l.grpcAddr())
	l.serve()
	if opt.demo {
		if err := loadDemo(ctx, st, time.Now()); err != nil {
			return err
		}
	}
	loaded.Store(true)
	if err := announce(ctx, stdout, ready{l.url(), l.grpcAddr(), opt.store.dir}, st, api); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		log.Info("draining")
		return nil
	case err := <-l.failed:
		return err
	}
}

// listeners are the two ways in.
type listeners struct {
	http       net.Listener
	httpServer *http.Server
	grpc       net.Listener // nil without gRPC
	grpcServer *grpc.Server
	failed     chan error // of a server that stopped by itself
}

func listen(opt *serveOptions, api *apiserver.Server, log *slog.Logger) (*listeners, error) {
	l := &listeners{failed: make(chan error, 2)}
	var err error
	if l.http, err = net.Listen("tcp", opt.addr); err != nil {
		return nil, err
	}
	if opt.grpcAddr != "" {
		if l.grpc, err = net.Listen("tcp", opt.grpcAddr); err != nil {
			return nil, errors.Join(err, l.http.Close())
		}
		l.grpcServer = api.GRPC()
	}
	l.httpServer = &http.Server{
		Handler:           api.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	l.httpServer.RegisterOnShutdown(api.Drain)
	return l, nil
}

func (l *listeners) serve() {
	go func() {
		if err := l.httpServer.Serve(l.http); !errors.Is(err, http.ErrServerClosed) {
			l.failed <- err
		}
	}()
	if l.grpc == nil {
		return
	}
	go func() {
		if err := l.grpcServer.Serve(l.grpc); err != nil {
			l.failed <- err
		}
	}()
}

// drain takes no more requests and waits for those that run; past drainFor
// they are cut.
func (l *listeners) drain(log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), drainFor)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if l.grpcServer != nil {
			l.grpcServer.GracefulStop()
		}
	}()
	if err := l.httpServer.Shutdown(ctx); err != nil {
		log.Warn("requests were cut", slog.Any("error", errors.Join(err, l.httpServer.Close())))
	}
	select {
	case <-done:
	case <-ctx.Done():
		l.grpcServer.Stop()
		<-done
	}
}

func (l *listeners) url() string { return "http://" + l.http.Addr().String() }

func (l *listeners) grpcAddr() string {
	if l.grpc == nil {
		return ""
	}
	return l.grpc.Addr().String()
}

// writeReady writes the line that a program waits for.
func writeReady(w io.Writer, r ready) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", b)
	return err
}
