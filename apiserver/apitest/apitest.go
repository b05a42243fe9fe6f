// Package apitest runs a Spanstead server inside a test: a stand-in for the
// tracing vendor whose API the code under test asks, and to which it exports
// its spans.
//
//	srv := apitest.Start(t)
//	client, _ := mackerel.NewClientWithOptions(srv.Mackerel().APIKey, srv.URL, false)
//
// The server listens on free ports of 127.0.0.1, keeps its spans in memory and
// ends with the test. A span is there for the first question after Append or
// an export has returned; nothing has to be waited for.
//
// A Server is its default workspace, and more: every method of Workspace can
// be called on it. Tests that run in parallel on one server take a workspace
// each (Server.NewWorkspace): they share neither spans nor saved searches,
// requests, faults or clocks. All methods are safe for concurrent use; those
// that meet an error end the test, so they belong into its goroutine.
package apitest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/spanstead/spanstead/apiserver"
	"github.com/spanstead/spanstead/apiserver/internal/double"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine"
	"github.com/spanstead/spanstead/fixtures"
)

// Options say what a server is like. The zero Options are a good start.
type Options struct {
	// Seed chooses the spans of Scenario.
	Seed uint64
	// Now, if it is not zero, is where the server's clock stands still. It is
	// also when the spans of Scenario end.
	Now time.Time
	// Scenario is a scenario of the library (fixtures.Library) whose spans are
	// there from the start; "" means none.
	Scenario string
	// Spans is about how many of them; 0 means as many as the scenario says.
	Spans int
	// Fidelity says what wins where a vendor's page and its service collide.
	Fidelity apiserver.Fidelity
	// TLS serves HTTPS, and gRPC over TLS, with a certificate that Client trusts.
	TLS bool
	// Workspace is what Server's own methods are about; "" means "default".
	Workspace string
	// Store holds the spans; nil means one of the server's own, in memory. The
	// server does not close it.
	Store store.Store
	// Auth lists the credentials that are taken; none means any that is well
	// formed.
	Auth []string
	// MackerelRateLimit turns on that vendor's limit of one list request a second.
	MackerelRateLimit bool
	// NoListener opens no port: requests reach the server through Client or
	// Handler alone, and there is no gRPC.
	NoListener bool
	// Log is where the server logs; nil drops it.
	Log *slog.Logger
}

// Server is a running server.
type Server struct {
	*Workspace
	// URL is the address of all vendors' APIs and of OTLP over HTTP, without a
	// slash at its end.
	URL string
	// GRPC is the host and port of OTLP over gRPC, "" without a listener.
	GRPC string

	opt    Options
	api    *apiserver.Server
	double *double.Double
	store  store.Store
	close  []func() error // last first
	client *http.Client
	tls    *tls.Config // of clients; nil without TLS
}

// Start runs a server until the test ends. At most one Options may be given.
func Start(t testing.TB, opt ...Options) *Server {
	t.Helper()
	var o Options
	if len(opt) > 0 {
		o = opt[0]
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.t = t
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// New runs a server until it is closed, for use outside of one test, such as
// in TestMain. Methods of its own Workspace panic where they would end a test.
func New(opt Options) (*Server, error) {
	s := &Server{opt: opt, store: opt.Store}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) start() error {
	if s.store == nil {
		st, err := newStore(s.opt.Log)
		if err != nil {
			return err
		}
		s.store = st
		s.close = append(s.close, st.Close)
	}
	s.api = apiserver.New(apiserver.Options{
		Store: s.store, Fidelity: s.opt.Fidelity, Frozen: s.opt.Now, Auth: s.opt.Auth,
		MackerelRateLimit: s.opt.MackerelRateLimit, Log: s.opt.Log,
	})
	s.double = s.api.Double()
	s.Workspace = &Workspace{Name: store.DefaultWorkspace, server: s}
	if s.opt.Workspace != "" {
		s.Name = s.opt.Workspace
		if err := s.store.CreateWorkspace(context.Background(), s.Name); err != nil {
			return err
		}
	}
	if err := s.load(); err != nil {
		return err
	}
	return s.listen()
}

// newStore is the store of a server that is given none.
func newStore(log *slog.Logger) (*engine.Store, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return engine.Open(engine.Options{Log: log})
}

func (s *Server) load() error {
	if s.opt.Scenario == "" {
		return nil
	}
	scenario, err := fixtures.Load(s.opt.Scenario)
	if err != nil {
		return err
	}
	_, err = s.double.Load(context.Background(), s.Name, fixtures.New(scenario, fixtures.Options{
		Seed: s.opt.Seed, Spans: s.opt.Spans, End: s.double.Now(),
	}))
	return err
}

func (s *Server) listen() error {
	if s.opt.NoListener {
		s.URL = "http://spanstead.test"
		s.client = &http.Client{Transport: direct{s.api.Handler()}}
		s.close = append(s.close, func() error { s.api.Drain(); return nil })
		return nil
	}
	web := httptest.NewUnstartedServer(s.api.Handler())
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	var grpcOptions []grpc.ServerOption
	if s.opt.TLS {
		web.StartTLS()
		s.tls = web.Client().Transport.(*http.Transport).TLSClientConfig
		grpcOptions = append(grpcOptions, grpc.Creds(credentials.NewServerTLSFromCert(&web.TLS.Certificates[0])))
	} else {
		web.Start()
	}
	s.URL, s.client = web.URL, web.Client()
	s.close = append(s.close, func() error {
		s.api.Drain()
		web.CloseClientConnections()
		web.Close()
		return nil
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.GRPC = l.Addr().String()
	s.double.SetGRPC(s.GRPC)
	server := s.api.GRPC(grpcOptions...)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l) // ends with Stop
	}()
	s.close = append(s.close, func() error {
		server.Stop()
		<-served
		return nil
	})
	return nil
}

// Close ends a server that New made. Requests that run are cut.
func (s *Server) Close() error {
	var errs []error
	for i := len(s.close) - 1; i >= 0; i-- {
		errs = append(errs, s.close[i]())
	}
	s.close = nil
	return errors.Join(errs...)
}

// Client makes requests to the server; it trusts its certificate.
func (s *Server) Client() *http.Client { return s.client }

// TLS is what a client of a server with TLS needs, such as an exporter of
// OTLP; nil for a server without.
func (s *Server) TLS() *tls.Config {
	if s.tls == nil {
		return nil
	}
	return s.tls.Clone()
}

// Handler serves everything that is HTTP, for use without a port.
func (s *Server) Handler() http.Handler { return s.api.Handler() }

// Store is where the spans are.
func (s *Server) Store() store.Store { return s.double.Store() }

// ResetAll brings the whole server back to how it was started: spans, saved
// searches, workspaces, requests, faults and clocks. The spans of
// Options.Scenario are loaded again.
func (s *Server) ResetAll() {
	s.helper()
	s.check(s.double.Reset(context.Background(), ""))
	if s.Name != store.DefaultWorkspace {
		s.check(s.store.CreateWorkspace(context.Background(), s.Name))
	}
	s.check(s.load())
}
