// Package double is what makes of a server a test double: it writes down what
// it is asked, lets requests go wrong as it is told to, keeps the clocks, and
// brings everything back to how it was.
//
// A Double stands in two places. In front of the adapters' routes it takes note
// of each request, carries out faults and checks credentials. Between the
// adapters and the store it sees to it that a reset is atomic: a request that
// began before one does all of its work before it, or fails.
//
// A Double is safe for concurrent use.
package double

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/clock"
	"github.com/spanstead/spanstead/apiserver/internal/faults"
	"github.com/spanstead/spanstead/apiserver/internal/journal"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/query"
)

// Options say what a Double stands before.
type Options struct {
	Store   store.Store      // required; Double.Store goes before it
	Now     func() time.Time // the machine's time; nil means time.Now
	Clock   clock.State      // how the server's clock is set at first, and after a reset
	Journal journal.Options
	Auth    []string // the credentials that are taken; none means any that is well formed
	Log     *slog.Logger
	// Control is the prefix of paths that are left alone.
	Control string
}

// Double is the state of a test double.
type Double struct {
	opt     Options
	gate    *gate
	journal *journal.Journal
	faults  *faults.Set
	clock   *clock.Set
	stale   *arrivals
	metrics *metrics
	kept    snapshots

	// mu is held for reading while a request begins and during each call of the
	// store, for writing while everything is brought back.
	mu          sync.RWMutex
	generation  uint64            // of everything
	generations map[string]uint64 // of workspaces that were brought back by themselves
	last        uint64            // generation given out

	vendors []rest.Vendor
	resets  []rest.Resetter
	grpc    atomic.Pointer[string]
}

// New makes a Double.
func New(opt Options) *Double {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	d := &Double{
		opt: opt, journal: journal.New(opt.Journal), faults: &faults.Set{}, clock: clock.NewSet(opt.Now, opt.Clock),
		metrics: newMetrics(), generations: map[string]uint64{},
	}
	d.stale = &arrivals{}
	d.gate = &gate{d, opt.Store}
	return d
}

// Store is the store for the adapters.
func (d *Double) Store() store.Store { return d.gate }

// Now is the time by the server's clock.
func (d *Double) Now() time.Time { return d.clock.Now("") }

// Journal is the requests.
func (d *Double) Journal() *journal.Journal { return d.journal }

// Clock is the clocks.
func (d *Double) Clock() *clock.Set { return d.clock }

// errReset is what a request gets that began before a reset and goes on after it.
var errReset = fmt.Errorf("the server was reset while the request ran: %w", query.ErrClosed)

// outdated reports whether a request began before a reset of what it asks. The
// caller holds mu.
func (d *Double) outdated(c *call, workspace string) bool {
	return c.generation != d.generation || workspace == c.workspace && c.own != d.generations[workspace]
}

// Reset brings everything back to how it was at first: spans, saved searches,
// workspaces, journal, faults and clocks; with a workspace, that one alone,
// which stays. No request sees a part of it. Snapshots stay.
func (d *Double) Reset(ctx context.Context, workspace string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if workspace != "" {
		return d.resetOne(ctx, workspace)
	}
	err := d.clear(ctx)
	d.faults.Forget("")
	d.clock.Reset()
	return err
}

// clear removes all workspaces and what was remembered of requests. The
// caller holds mu.
func (d *Double) clear(ctx context.Context) error {
	names, err := d.opt.Store.ListWorkspaces(ctx)
	for _, name := range names {
		err = errors.Join(err, d.opt.Store.DeleteWorkspace(ctx, name))
	}
	d.last++
	d.generation = d.last
	clear(d.generations)
	d.journal.Forget("")
	d.stale.forget("")
	for _, r := range d.resets {
		r.Reset()
	}
	return err
}

func (d *Double) resetOne(ctx context.Context, workspace string) error {
	if err := d.empty(ctx, workspace); err != nil {
		return err
	}
	d.journal.Forget(workspace)
	d.faults.Forget(workspace)
	d.clock.Forget(workspace)
	d.stale.forget(workspace)
	return nil
}

// empty makes an existing workspace empty. The caller holds mu.
func (d *Double) empty(ctx context.Context, workspace string) error {
	if err := d.opt.Store.DeleteWorkspace(ctx, workspace); err != nil {
		return err
	}
	d.renew(workspace)
	if workspace == store.DefaultWorkspace {
		return nil
	}
	return d.opt.Store.CreateWorkspace(ctx, workspace)
}

// renew makes the requests that run in a workspace outdated.
func (d *Double) renew(workspace string) {
	d.last++
	d.generations[workspace] = d.last
}

// existing is the workspace that a name leads to.
func (d *Double) existing(ctx context.Context, name string) string {
	if name == "" || name == store.DefaultWorkspace {
		return store.DefaultWorkspace
	}
	names, err := d.opt.Store.ListWorkspaces(ctx)
	if _, found := slices.BinarySearch(names, name); err == nil && found {
		return name
	}
	return store.DefaultWorkspace
}

// SetGRPC says where OTLP over gRPC is taken, host:port, once that is known.
func (d *Double) SetGRPC(addr string) { d.grpc.Store(&addr) }

// GRPC is where OTLP over gRPC is taken, "" for nowhere.
func (d *Double) GRPC() string {
	if addr := d.grpc.Load(); addr != nil {
		return *addr
	}
	return ""
}

// Vendors are those that were wrapped, in that order.
func (d *Double) Vendors() []rest.Vendor { return d.vendors }

func (d *Double) vendor(name string) rest.Vendor {
	for _, v := range d.vendors {
		if v.Name() == name {
			return v
		}
	}
	return nil
}

// fail answers an error as the vendor does, or barely where there is none.
func fail(v rest.Vendor, w http.ResponseWriter, r *http.Request, err error) {
	if v == nil {
		http.Error(w, rest.Message(err), rest.Status(err))
		return
	}
	v.Fail(w, r, err)
}
