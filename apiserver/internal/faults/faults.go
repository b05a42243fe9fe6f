// Package faults decides which requests are to go wrong, and how.
//
// A Fault says which requests it is about, when, and what happens to them. A
// Set holds faults in the order in which they were added and counts for each
// the requests that it matched, so that schedules repeat: they depend on those
// counts and on seeds, never on the time. What is decided is carried out by the
// caller. A Set is safe for concurrent use.
package faults

import (
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/match"
)

// Fault is something that goes wrong.
type Fault struct {
	Name     string // one of its kind in Match.Workspace; Add makes one up for ""
	Match    Match
	Schedule Schedule
	Then     Effect
}

// Match says which requests a fault is about: those for which every field
// holds that is set. In a pattern "*" stands for any text.
type Match struct {
	Vendor    string // "otlp" for spans that come in
	Workspace string
	Method    string
	Route     string            // pattern of the route's template
	Path      string            // pattern of the path
	Header    map[string]string // patterns of headers
}

// Request is what a Match looks at.
type Request struct {
	Vendor, Workspace, Method, Route, Path string
	Header                                 http.Header
}

func (m *Match) holds(r *Request) bool {
	if m.Vendor != "" && m.Vendor != r.Vendor || m.Workspace != "" && m.Workspace != r.Workspace ||
		m.Method != "" && !strings.EqualFold(m.Method, r.Method) ||
		m.Route != "" && !match.Glob(m.Route, r.Route) || m.Path != "" && !match.Glob(m.Path, r.Path) {
		return false
	}
	for name, pattern := range m.Header {
		if !match.Any(r.Header[textproto.CanonicalMIMEHeaderKey(name)], pattern) {
			return false
		}
	}
	return true
}

// Effect is what happens to a request: a delay, one of the others, or both.
type Effect struct {
	Delay Delay

	Status     int            // answered with, in the vendor's own error body
	Error      string         // a vendor's known error by its name, "mackerel.rate_limited"
	RetryAfter *time.Duration // with Status or Error: the header of that name
	Reset      bool           // the connection is reset without an answer
	Truncate   bool           // the answer breaks off in the middle of its body
	Malform    bool           // the answer's body is whole but not what it says to be
	Stale      time.Duration  // spans that came in less than that before are not seen
}

// Ends reports whether nothing is asked of the adapter.
func (e *Effect) Ends() bool { return e.Status != 0 || e.Error != "" || e.Reset }

// Info is a fault with what it has done.
type Info struct {
	Fault
	Matched int // requests that it is about
	Applied int // those that it happened to
}

// Bounds on a Set and on a fault.
const (
	MaxFaults   = 1000
	MaxDelay    = 10 * time.Minute
	MaxStale    = 24 * time.Hour
	maxSequence = 10_000
)

// Check reports what makes no sense.
func (f *Fault) Check() error {
	if err := f.Schedule.check(); err != nil {
		return err
	}
	e := &f.Then
	if err := e.Delay.check(); err != nil {
		return err
	}
	n := 0
	for _, set := range []bool{e.Status != 0, e.Error != "", e.Reset, e.Truncate, e.Malform, e.Stale != 0} {
		if set {
			n++
		}
	}
	switch {
	case n > 1:
		return fmt.Errorf("more than one of status, error, connection, body and staleFor")
	case n == 0 && e.Delay == (Delay{}):
		return fmt.Errorf("nothing that happens: want delay, status, error, connection, body or staleFor")
	case e.Status != 0 && (e.Status < 400 || e.Status > 599):
		return fmt.Errorf("status %d: want 400 to 599", e.Status)
	case e.Stale < 0 || e.Stale > MaxStale:
		return fmt.Errorf("staleFor %v: want at most %v", e.Stale, MaxStale)
	case e.RetryAfter != nil && e.Status == 0 && e.Error == "":
		return fmt.Errorf("retryAfter goes with status or error")
	case e.RetryAfter != nil && (*e.RetryAfter < 0 || *e.RetryAfter > MaxStale):
		return fmt.Errorf("retryAfter %v: want at most %v", *e.RetryAfter, MaxStale)
	}
	return nil
}

// Set is the faults of a server.
type Set struct {
	mu   sync.Mutex
	last int
	list []*counted
}

type counted struct {
	Fault
	matched, applied int
}

func (c *counted) is(workspace, name string) bool {
	return c.Name == name && c.Match.Workspace == workspace
}

// Add takes a fault in, in the place of one of the same name if there is one,
// and returns its name.
func (s *Set) Add(f Fault) (string, error) {
	if err := f.Check(); err != nil {
		return "", err
	}
	f.Match.Header = maps.Clone(f.Match.Header)
	f.Schedule.Sequence = slices.Clone(f.Schedule.Sequence)
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Name == "" {
		s.last++
		f.Name = fmt.Sprintf("fault-%d", s.last)
	}
	for i, c := range s.list {
		if c.is(f.Match.Workspace, f.Name) {
			s.list[i] = &counted{Fault: f}
			return f.Name, nil
		}
	}
	if len(s.list) >= MaxFaults {
		return "", fmt.Errorf("more than %d faults", MaxFaults)
	}
	s.list = append(s.list, &counted{Fault: f})
	return f.Name, nil
}

// Remove takes out a fault that is about one workspace, or about any for "",
// and reports whether it was there.
func (s *Set) Remove(workspace, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.list)
	s.list = slices.DeleteFunc(s.list, func(c *counted) bool { return c.is(workspace, name) })
	return len(s.list) < n
}

// Forget takes out the faults that are about one workspace alone; "" means all.
func (s *Set) Forget(workspace string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = slices.DeleteFunc(s.list, func(c *counted) bool {
		return workspace == "" || c.Match.Workspace == workspace
	})
}

// List is the faults in their order.
func (s *Set) List() []Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Info, len(s.list))
	for i, c := range s.list {
		list[i] = Info{c.Fault, c.matched, c.applied}
	}
	return list
}

// Restore makes the Set hold these faults, with their counts from 0.
func (s *Set) Restore(list []Info) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = nil
	for _, f := range list {
		s.list = append(s.list, &counted{Fault: f.Fault})
	}
}

// Stale is the longest time for which any fault hides spans.
func (s *Set) Stale() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var longest time.Duration
	for _, c := range s.list {
		longest = max(longest, c.Then.Stale)
	}
	return longest
}

// Decision is what is to happen to a request.
type Decision struct {
	Names []string      // of the faults that it comes from
	Delay time.Duration // first
	Then  Effect        // then, without its delay; the zero Effect lets the request pass
	Stale time.Duration // the longest of all
}

// Decide counts a request and says what is to happen to it. Delays of several
// faults add up; of effects other than that the first one counts, and faults
// behind it that have one are not asked. applies may leave faults out.
func (s *Set) Decide(r *Request, applies func(*Fault) bool) Decision {
	s.mu.Lock()
	defer s.mu.Unlock()
	var d Decision
	for _, c := range s.list {
		e := c.Then
		e.Delay = Delay{}
		stale, effect := e.Stale, e != (Effect{})
		if stale != 0 {
			effect = false
		}
		if effect && d.Then != (Effect{}) || !c.Match.holds(r) || applies != nil && !applies(&c.Fault) {
			continue
		}
		n := c.matched
		c.matched++
		if !c.Schedule.due(n) {
			continue
		}
		c.applied++
		d.Names = append(d.Names, c.Name)
		d.Delay = min(d.Delay+c.Then.Delay.draw(c.Schedule.Seed, n), MaxDelay)
		d.Stale = max(d.Stale, stale)
		if effect {
			d.Then = e
		}
	}
	return d
}
