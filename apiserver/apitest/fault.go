package apitest

import (
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/clock"
	"github.com/spanstead/spanstead/apiserver/internal/faults"
)

// Fault is something that goes wrong with requests to a workspace: which, when
// and what. Of the fields under "what" one is set, a delay beside it or alone.
type Fault struct {
	Name string // is in Request.Faults; made up if ""

	// Which: requests for which every field holds that is set. In a pattern "*"
	// stands for any text.
	Vendor string            // last9, mackerel, sideseat, truefoundry, lumos or otlp
	Method string            // GET, …
	Route  string            // pattern of the route's template
	Path   string            // pattern of the path
	Header map[string]string // patterns of headers

	// When: of the requests that match, all, or as one of these says.
	First    int     // the first so many
	Every    int     // each so-manieth: 3 is the third, the sixth, …
	Percent  float64 // so many of a hundred, by Seed
	Seed     uint64  // of Percent and of DelayMedian
	Sequence []bool  // one by one; after its end none
	Repeat   bool    // Sequence begins again at its end

	// What.
	Delay       time.Duration // before the answer
	DelayMedian time.Duration // the same, drawn from a lognormal distribution
	DelaySigma  float64
	DelayMax    time.Duration
	Status      int           // is answered, in the vendor's own error body
	Error       string        // a vendor's known error, such as "mackerel.rate_limited"; see KnownErrors
	RetryAfter  time.Duration // with Status or Error: the header of that name; 0 for none
	Reset       bool          // the connection is reset
	Truncate    bool          // the answer breaks off
	Malform     bool          // the answer is no JSON, or whatever it says to be
	Stale       time.Duration // spans that came in less than that ago are not seen
}

func (f *Fault) fault(workspace string) faults.Fault {
	out := faults.Fault{
		Name:     f.Name,
		Match:    faults.Match{Vendor: f.Vendor, Workspace: workspace, Method: f.Method, Route: f.Route, Path: f.Path, Header: f.Header},
		Schedule: faults.Schedule{First: f.First, Every: f.Every, Percent: f.Percent, Seed: f.Seed, Sequence: f.Sequence, Repeat: f.Repeat},
		Then: faults.Effect{
			Delay:  faults.Delay{Fixed: f.Delay, Median: f.DelayMedian, Sigma: f.DelaySigma, Max: f.DelayMax},
			Status: f.Status, Error: f.Error, Reset: f.Reset, Truncate: f.Truncate, Malform: f.Malform, Stale: f.Stale,
		},
	}
	if f.RetryAfter > 0 {
		out.Then.RetryAfter = &f.RetryAfter
	}
	return out
}

// Fault lets requests to the workspace go wrong until remove is called or the
// workspace is reset. Stale counts from the clock of the workspace, for spans
// that come in after the fault.
func (w *Workspace) Fault(f Fault) (remove func()) {
	w.helper()
	added, err := w.server.double.AddFault(f.fault(w.Name))
	w.check(err)
	return func() { w.server.double.Faults().Remove(w.Name, added.Name) }
}

// KnownErrors are the names that Fault.Error can have.
func (s *Server) KnownErrors() []string { return s.double.KnownNames() }

// Now is the time by the workspace's clock.
func (w *Workspace) Now() time.Time { return w.server.double.Clock().Now(w.Name) }

// Freeze stops the workspace's clock at a time.
func (w *Workspace) Freeze(at time.Time) {
	w.helper()
	w.check(w.server.double.Clock().Set(w.Name, clock.State{Mode: clock.Frozen, At: at}))
}

// Advance moves the workspace's clock, whether it stands or goes.
func (w *Workspace) Advance(d time.Duration) { w.server.double.Clock().Advance(w.Name, d) }

// RealTime lets the workspace's clock go by the machine's again, with an offset.
func (w *Workspace) RealTime(offset time.Duration) {
	w.helper()
	w.check(w.server.double.Clock().Set(w.Name, clock.State{Mode: clock.Offset, Offset: offset}))
}
