package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// Options say what to measure. The zero value of a field means its default.
type Options struct {
	Workload           // default a million spans in requests of 1000
	Peers    []Peer    // default Engine alone
	Kinds    []Kind    // default all
	Queries  int       // parameters of each kind, default 20
	Rounds   int       // warm, default 10
	Clients  []int     // default 1, 2, 8
	NoCold   bool      // leave out the cold questions
	Dir      string    // where a directory for all that is stored is made and removed, default os.TempDir
	Profiles *Profiles // default none

	// Budget bounds what a system gets for a kind of question, cold and warm
	// each; a slow one is asked fewer parameters then, at least one. Default 20 s.
	Budget time.Duration
	// Mixed is how long each number of clients asks. Default 3 s.
	Mixed time.Duration
	// During is how many further spans are ingested while a client asks.
	// Default a quarter of Spans; below zero none.
	During int

	Log *slog.Logger // of the steps; default none
}

func (o *Options) setDefaults() {
	setDefault(&o.Spans, 1_000_000)
	setDefault(&o.Batch, 1000)
	setDefault(&o.Queries, 20)
	setDefault(&o.Rounds, 10)
	setDefault(&o.Budget, 20*time.Second)
	setDefault(&o.Mixed, 3*time.Second)
	setDefault(&o.During, o.Spans/4)
	if o.Peers == nil {
		o.Peers = []Peer{Engine()}
	}
	if o.Kinds == nil {
		o.Kinds = Kinds()
	}
	if o.Clients == nil {
		o.Clients = []int{1, 2, 8}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

func setDefault[T int | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

// Run measures every peer. It returns what it has when ctx ends it early or a
// peer breaks, together with the error.
func Run(ctx context.Context, o Options) (res *Results, err error) {
	o.setDefaults()
	if err := os.MkdirAll(cmp.Or(o.Dir, os.TempDir()), 0o755); err != nil {
		return nil, err
	}
	if o.Dir, err = os.MkdirTemp(o.Dir, "spanstead-bench-"); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	r := &runner{Options: o, answers: map[int]asked{}}
	r.results.Machine = thisMachine()
	r.results.Queries = o.Queries
	if err := r.makeSpools(ctx); err != nil {
		return nil, err
	}
	for _, p := range o.Peers {
		if err = r.measure(ctx, p); err != nil {
			err = fmt.Errorf("%s: %w", p.Name, err)
			break
		}
	}
	r.results.Machine.Load += "; " + load()
	return &r.results, err
}

// runner is a run under way.
type runner struct {
	Options
	day, next *Spool // the workload; the further spans, nil for none
	questions []Question
	answers   map[int]asked // by question, from the first system that answered
	results   Results
}

// asked is an answer's digest and whose it is.
type asked struct{ system, digest string }

func (r *runner) makeSpools(ctx context.Context) (err error) {
	r.Log.Info("making spans", "spans", r.Spans)
	draw := NewDraw(r.Workload, r.Queries)
	if r.day, err = WriteSpool(ctx, filepath.Join(r.Dir, "requests.otlp"), r.Workload, true, draw.See); err != nil {
		return err
	}
	r.results.Spool = *r.day
	r.questions = draw.Questions(r.Kinds)
	if r.During > 0 {
		w := r.Workload
		w.Spans, w.Day, w.Seed = r.During, w.Day+1, w.Seed+1
		r.next, err = WriteSpool(ctx, filepath.Join(r.Dir, "further.otlp"), w, false, nil)
	}
	return err
}

// measure takes one peer through all steps.
func (r *runner) measure(ctx context.Context, p Peer) (err error) {
	dir := filepath.Join(r.Dir, p.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	r.results.Systems = append(r.results.Systems, SystemResult{Peer: p})
	b := &bench{runner: r, peer: p, dir: dir, result: &r.results.Systems[len(r.results.Systems)-1]}
	settleMemory()
	if b.system, err = p.Open(ctx, dir); err != nil {
		return err
	}
	defer func() {
		if b.system != nil {
			err = errors.Join(err, b.system.Close())
		}
		err = errors.Join(err, os.RemoveAll(dir)) // room for the next
	}()
	for _, s := range []struct {
		name string
		do   func(context.Context) error
		skip bool
	}{
		{"ingest", b.ingest, false},
		{"cold", b.cold, r.NoCold || p.Volatile},
		{"compare", b.compare, false},
		{"warm", b.warm, false},
		{"clients", b.mixed, len(r.Clients) == 0},
		{"during", b.during, r.next == nil},
	} {
		if s.skip {
			continue
		}
		r.Log.Info(s.name, "system", p.Name)
		if err := r.Profiles.around(p.Name+"-"+s.name, func() error { return s.do(ctx) }); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// bench is one peer under measurement.
type bench struct {
	*runner
	peer   Peer
	dir    string
	system System
	result *SystemResult
}
