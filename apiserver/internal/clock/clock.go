// Package clock is time that a test can stop, move and set going again.
//
// A Set holds the server's clock and those that single workspaces have of
// their own. Both are safe for concurrent use.
package clock

import (
	"fmt"
	"sync"
	"time"
)

// Mode says what a clock goes by.
type Mode string

// The modes.
const (
	Real   Mode = "real"   // the machine's time
	Frozen Mode = "frozen" // one moment, until it is moved
	Offset Mode = "offset" // the machine's time and an offset
)

// State is how a clock is set. The zero State is Real.
type State struct {
	Mode   Mode
	At     time.Time     // of Frozen
	Offset time.Duration // of Offset
}

// Check reports a mode that there is not.
func (s State) Check() error {
	switch s.Mode {
	case "", Real, Offset:
		return nil
	case Frozen:
		if s.At.IsZero() {
			return fmt.Errorf("a frozen clock needs a time")
		}
		return nil
	}
	return fmt.Errorf("mode %q: want real, frozen or offset", s.Mode)
}

// now is the time as the state has it when the machine's is real.
func (s State) now(real time.Time) time.Time {
	switch s.Mode {
	case Frozen:
		return s.At
	case Offset:
		return real.Add(s.Offset)
	}
	return real
}

// advanced is the state a while later.
func (s State) advanced(d time.Duration) State {
	switch s.Mode {
	case Frozen:
		s.At = s.At.Add(d)
	default:
		s.Mode, s.Offset = Offset, s.Offset+d
	}
	return s
}

// Set is the clocks of a server.
type Set struct {
	real func() time.Time

	mu      sync.RWMutex
	initial State
	server  State
	own     map[string]State
}

// NewSet makes clocks that go by real, nil for time.Now, and are set to initial.
func NewSet(real func() time.Time, initial State) *Set {
	if real == nil {
		real = time.Now
	}
	return &Set{real: real, initial: initial, server: initial, own: map[string]State{}}
}

// Now is the time in a workspace.
func (s *Set) Now(workspace string) time.Time {
	state, _ := s.State(workspace)
	return state.now(s.real())
}

// State is how a workspace's clock is set, and whether that is its own; "" is
// the server's.
func (s *Set) State(workspace string) (state State, own bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.stateOf(workspace)
}

func (s *Set) stateOf(workspace string) (State, bool) {
	if state, ok := s.own[workspace]; ok && workspace != "" {
		return state, true
	}
	return s.server, false
}

// Set sets a workspace's clock, "" the one of all that have none of their own.
func (s *Set) Set(workspace string, state State) error {
	if err := state.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(workspace, state)
	return nil
}

func (s *Set) set(workspace string, state State) {
	if workspace == "" {
		s.server = state
		return
	}
	s.own[workspace] = state
}

// Advance moves a workspace's clock; one that went by the server's gets its own.
func (s *Set) Advance(workspace string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state, _ := s.stateOf(workspace)
	s.set(workspace, state.advanced(d))
}

// Forget takes a workspace's own clock away.
func (s *Set) Forget(workspace string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.own, workspace)
}

// Reset sets all as they were at first.
func (s *Set) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server = s.initial
	clear(s.own)
}

// Settings are those of a whole Set, to be kept and put back.
type Settings struct {
	server State
	own    map[string]State
}

// Settings copies how all clocks are set.
func (s *Set) Settings() Settings {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := Settings{s.server, map[string]State{}}
	for name, state := range s.own {
		c.own[name] = state
	}
	return c
}

// Restore sets all clocks as they were when the settings were copied.
func (s *Set) Restore(c Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server = c.server
	clear(s.own)
	for name, state := range c.own {
		s.own[name] = state
	}
}
