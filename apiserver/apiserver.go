// Package apiserver mounts the vendors' adapters, the way in for OTLP and the
// control paths on one router, over one store.
//
// A request passes: an id and a logger of its own, a guard against panics, the
// router, the adapter. Everything below is safe for concurrent use.
package apiserver

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/mux"
	"google.golang.org/grpc"

	"github.com/spanstead/spanstead/apiserver/control"
	"github.com/spanstead/spanstead/apiserver/internal/clock"
	"github.com/spanstead/spanstead/apiserver/internal/double"
	"github.com/spanstead/spanstead/apiserver/internal/journal"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/last9"
	"github.com/spanstead/spanstead/apiserver/lumos"
	"github.com/spanstead/spanstead/apiserver/mackerel"
	"github.com/spanstead/spanstead/apiserver/otlpgrpc"
	"github.com/spanstead/spanstead/apiserver/otlphttp"
	"github.com/spanstead/spanstead/apiserver/sideseat"
	"github.com/spanstead/spanstead/apiserver/sideseat/derive"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/apiserver/truefoundry"
)

// Fidelity says what wins where a vendor's page and its service collide.
type Fidelity = rest.Fidelity

// The fidelities.
const (
	Documented = rest.Documented
	Observed   = rest.Observed
)

// ParseFidelity reads "documented" or "observed"; "" is documented.
func ParseFidelity(s string) (Fidelity, error) { return rest.ParseFidelity(s) }

// Prices is a table of what models' tokens cost.
type Prices = derive.Prices

// ParsePrices reads a price table; apiserver/sideseat/derive/prices.json has
// its form.
func ParsePrices(b []byte) (*Prices, error) { return derive.ParsePrices(b) }

// Options say what a Server serves.
type Options struct {
	Store    store.Store // required; the server does not close it
	Fidelity Fidelity
	Now      func() time.Time // the machine's time; nil means time.Now
	// Frozen, if it is not zero, is where the server's clock stands still at
	// first and after a reset.
	Frozen time.Time
	// Auth lists the credentials that are taken; none means any that is well formed.
	Auth []string
	// Journal is how many requests of a workspace are remembered; 0 means
	// 1000, below zero none.
	Journal int
	Log     *slog.Logger // nil drops everything
	// MaxIngest bounds the bytes of one OTLP request after decompression; 0
	// means 64 MiB.
	MaxIngest int64
	// Prices are what the models' tokens cost, for SideSeat; nil means the
	// table that comes with the program. See ParsePrices.
	Prices *Prices
	// MackerelRateLimit turns on that vendor's limit of one list request a
	// second for each key.
	MackerelRateLimit bool
	// Health lists what is wrong with the store; nil means to ask it for its
	// workspaces, the least that it must be able to say.
	Health func(ctx context.Context) []string
	// Ready returns an error until questions can be answered; nil means at once.
	Ready func(ctx context.Context) error
}

// Server is all of the APIs over one store.
type Server struct {
	opt     Options
	double  *double.Double
	otlp    *otlphttp.Receiver
	ingest  []rest.Ingest
	router  *mux.Router
	handler http.Handler

	draining chan struct{}
	drain    sync.Once
}

// vendors has one line for each vendor.
func vendors(opt Options) []rest.Vendor {
	return []rest.Vendor{
		last9.New(last9.Options{Store: opt.Store, Fidelity: opt.Fidelity, Now: opt.Now}),
		mackerel.New(mackerel.Options{Store: opt.Store, Now: opt.Now, RateLimit: opt.MackerelRateLimit}),
		sideseat.New(sideseat.Options{Store: opt.Store, Fidelity: opt.Fidelity, Now: opt.Now, MaxIngest: opt.MaxIngest, Prices: opt.Prices}),
		lumos.New(lumos.Options{Store: opt.Store}),
		truefoundry.New(truefoundry.Options{Store: opt.Store, Now: opt.Now}),
	}
}

// New makes a server; it listens to nothing by itself.
func New(opt Options) *Server {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	opt.MaxIngest = cmp.Or(opt.MaxIngest, otlphttp.DefaultMaxBody)
	d := double.New(double.Options{
		Store: opt.Store, Now: opt.Now, Clock: frozen(opt.Frozen), Auth: opt.Auth, Log: opt.Log,
		Journal: journal.Options{Entries: opt.Journal}, Control: control.Prefix,
	})
	opt.Store, opt.Now = d.Store(), d.Now
	s := &Server{opt: opt, double: d, ingest: []rest.Ingest{otlphttp.Ingest()}, draining: make(chan struct{})}
	var adapters []rest.Adapter
	for _, v := range vendors(opt) {
		if in, ok := v.(rest.IngestAdapter); ok {
			s.ingest = append(s.ingest, in.Ingest()...)
		}
		adapters = append(adapters, d.Wrap(v))
	}
	s.otlp = otlphttp.New(otlphttp.Options{Store: opt.Store, MaxBody: opt.MaxIngest, Ingest: s.ingest})
	adapters = append(adapters, d.Wrap(s.otlp),
		control.New(control.Options{Health: s.health, Ready: opt.Ready, Double: d}), vendorDocuments())
	s.router = rest.NewRouter(adapters...)
	s.handler = s.observe(d.Handler(s.router))
	return s
}

func frozen(at time.Time) clock.State {
	if at.IsZero() {
		return clock.State{}
	}
	return clock.State{Mode: clock.Frozen, At: at}
}

// Double is what a test can do with the server beside asking it.
func (s *Server) Double() *double.Double { return s.double }

// Drain ends the answers that have no end of their own, such as streams of
// events. It is called when no more requests are taken; others go on.
func (s *Server) Drain() { s.drain.Do(func() { close(s.draining) }) }

// Serves reports whether there is a route for a request.
func (s *Server) Serves(r *http.Request) bool {
	var match mux.RouteMatch
	return s.router.Match(r, &match) && match.MatchErr == nil
}

// Handler serves everything that is HTTP.
func (s *Server) Handler() http.Handler { return s.handler }

// GRPC makes a gRPC server that takes spans in.
func (s *Server) GRPC(opts ...grpc.ServerOption) *grpc.Server {
	return otlpgrpc.NewServer(otlpgrpc.Options{
		Store:      s.opt.Store,
		MaxMessage: int(s.opt.MaxIngest),
		Ingest:     s.ingest,
		Log:        s.opt.Log,
		Server:     append(opts, grpc.ChainUnaryInterceptor(s.double.Interceptor(s.otlp, otlphttp.Path))),
	})
}

func (s *Server) health(ctx context.Context) []string {
	if s.opt.Health != nil {
		return s.opt.Health(ctx)
	}
	if _, err := s.opt.Store.ListWorkspaces(ctx); err != nil {
		return []string{err.Error()}
	}
	return nil
}
