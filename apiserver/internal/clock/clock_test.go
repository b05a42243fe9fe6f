package clock_test

import (
	"testing"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/clock"
)

var machine = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newSet() (*clock.Set, *time.Time) {
	now := machine
	return clock.NewSet(func() time.Time { return now }, clock.State{}), &now
}

func set(t *testing.T, s *clock.Set, workspace string, state clock.State) {
	t.Helper()
	if err := s.Set(workspace, state); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, s *clock.Set, workspace string, want time.Time) {
	t.Helper()
	if got := s.Now(workspace); !got.Equal(want) {
		t.Errorf("workspace %q: %v, want %v", workspace, got, want)
	}
}

func TestModes(t *testing.T) {
	s, now := newSet()
	check(t, s, "a", machine)
	set(t, s, "", clock.State{Mode: clock.Offset, Offset: -time.Hour})
	check(t, s, "a", machine.Add(-time.Hour))
	*now = machine.Add(time.Minute)
	check(t, s, "a", machine.Add(-59*time.Minute))
	set(t, s, "", clock.State{Mode: clock.Frozen, At: machine})
	*now = machine.Add(time.Hour)
	check(t, s, "a", machine)
	set(t, s, "", clock.State{Mode: clock.Real})
	check(t, s, "a", *now)
}

func TestAdvance(t *testing.T) {
	s, now := newSet()
	set(t, s, "frozen", clock.State{Mode: clock.Frozen, At: machine})
	s.Advance("frozen", time.Second)
	s.Advance("real", time.Minute)
	s.Advance("real", time.Minute)
	*now = machine.Add(time.Hour)
	check(t, s, "frozen", machine.Add(time.Second))
	check(t, s, "real", machine.Add(time.Hour+2*time.Minute))
	check(t, s, "other", *now)
}

func TestWorkspacesAreSeparate(t *testing.T) {
	s, _ := newSet()
	set(t, s, "a", clock.State{Mode: clock.Frozen, At: machine.Add(time.Hour)})
	set(t, s, "", clock.State{Mode: clock.Frozen, At: machine.Add(time.Minute)})
	check(t, s, "a", machine.Add(time.Hour))
	check(t, s, "b", machine.Add(time.Minute))
	if _, own := s.State("a"); !own {
		t.Error("a has no clock of its own")
	}
	s.Forget("a")
	check(t, s, "a", machine.Add(time.Minute))
}

func TestResetAndRestore(t *testing.T) {
	s, _ := newSet()
	set(t, s, "a", clock.State{Mode: clock.Frozen, At: machine.Add(time.Hour)})
	set(t, s, "", clock.State{Mode: clock.Offset, Offset: time.Minute})
	kept := s.Settings()
	s.Reset()
	check(t, s, "a", machine)
	s.Restore(kept)
	check(t, s, "a", machine.Add(time.Hour))
	check(t, s, "b", machine.Add(time.Minute))
}

func TestStatesThatAreNone(t *testing.T) {
	s, _ := newSet()
	for _, state := range []clock.State{{Mode: "late"}, {Mode: clock.Frozen}} {
		if err := s.Set("", state); err == nil {
			t.Errorf("%+v was taken", state)
		}
	}
}
