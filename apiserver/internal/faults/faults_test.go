package faults_test

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver/internal/faults"
)

func request() *faults.Request {
	return &faults.Request{
		Vendor: "mackerel", Workspace: "w", Method: "POST", Route: "/api/v0/traces/{traceId}", Path: "/api/v0/traces/1",
		Header: http.Header{"X-Test": {"one", "two"}},
	}
}

func add(t *testing.T, s *faults.Set, f faults.Fault) string {
	t.Helper()
	name, err := s.Add(f)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

var failing = faults.Effect{Status: 503}

// TestMatch has for each field a match that holds and one that does not.
func TestMatch(t *testing.T) {
	tests := []struct {
		name       string
		holds, not []faults.Match
	}{
		{"none", []faults.Match{{}}, nil},
		{"vendor", []faults.Match{{Vendor: "mackerel"}}, []faults.Match{{Vendor: "lumos"}}},
		{"workspace", []faults.Match{{Workspace: "w"}}, []faults.Match{{Workspace: "v"}}},
		{"method", []faults.Match{{Method: "POST"}, {Method: "post"}}, []faults.Match{{Method: "GET"}}},
		{"route", []faults.Match{{Route: "/api/v0/traces/{traceId}"}, {Route: "/api/*"}}, []faults.Match{{Route: "/api/v0/traces"}}},
		{"path", []faults.Match{{Path: "/api/v0/traces/1"}, {Path: "*/1"}}, []faults.Match{{Path: "*/2"}}},
		{"header", []faults.Match{{Header: map[string]string{"x-test": "two"}}, {Header: map[string]string{"X-Test": "*"}}},
			[]faults.Match{{Header: map[string]string{"X-Test": "three"}}, {Header: map[string]string{"X-Other": "*"}}}},
		{"all together", []faults.Match{{Vendor: "mackerel", Method: "POST"}}, []faults.Match{{Vendor: "mackerel", Method: "GET"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check := func(m faults.Match, want int) {
				var s faults.Set
				add(t, &s, faults.Fault{Match: m, Then: failing})
				d := s.Decide(request(), nil)
				if (d.Then == failing) != (want == 1) || len(d.Names) != want || s.List()[0].Matched != want || s.List()[0].Applied != want {
					t.Errorf("%+v: %+v, %+v", m, d, s.List())
				}
			}
			for _, m := range tt.holds {
				check(m, 1)
			}
			for _, m := range tt.not {
				check(m, 0)
			}
		})
	}
}

// pattern is which of n requests a schedule takes.
func pattern(t *testing.T, s faults.Schedule, n int) string {
	t.Helper()
	var set faults.Set
	add(t, &set, faults.Fault{Schedule: s, Then: failing})
	out := ""
	for range n {
		if set.Decide(request(), nil).Then == failing {
			out += "x"
		} else {
			out += "."
		}
	}
	return out
}

func TestSchedules(t *testing.T) {
	tests := []struct {
		schedule faults.Schedule
		want     string
	}{
		{faults.Schedule{}, "xxxxxxxx"},
		{faults.Schedule{First: 3}, "xxx....."},
		{faults.Schedule{Every: 3}, "..x..x.."},
		{faults.Schedule{Every: 1}, "xxxxxxxx"},
		{faults.Schedule{Sequence: []bool{true, false, true}}, "x.x....."},
		{faults.Schedule{Sequence: []bool{true, false, true}, Repeat: true}, "x.xx.xx."},
		{faults.Schedule{Percent: 100}, "xxxxxxxx"},
	}
	for _, tt := range tests {
		if got := pattern(t, tt.schedule, 8); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.schedule, got, tt.want)
		}
	}
}

func TestPercentFollowsItsSeed(t *testing.T) {
	const n = 2000
	a, again := pattern(t, faults.Schedule{Percent: 30, Seed: 1}, n), pattern(t, faults.Schedule{Percent: 30, Seed: 1}, n)
	b := pattern(t, faults.Schedule{Percent: 30, Seed: 2}, n)
	if a != again || a == b {
		t.Error("the seed does not decide")
	}
	hits := 0
	for _, c := range a {
		if c == 'x' {
			hits++
		}
	}
	if hits < n/4 || hits > n*35/100 {
		t.Errorf("%d of %d", hits, n)
	}
}

func TestDelays(t *testing.T) {
	var s faults.Set
	add(t, &s, faults.Fault{Then: faults.Effect{Delay: faults.Delay{Fixed: 20 * time.Millisecond}}})
	add(t, &s, faults.Fault{Then: faults.Effect{Delay: faults.Delay{Fixed: 5 * time.Millisecond}, Status: 500}})
	if d := s.Decide(request(), nil); d.Delay != 25*time.Millisecond || d.Then.Status != 500 || len(d.Names) != 2 {
		t.Errorf("%+v", d)
	}
}

// drawn are n delays in order.
func drawn(t *testing.T, d faults.Delay, seed uint64, n int) []time.Duration {
	t.Helper()
	var s faults.Set
	add(t, &s, faults.Fault{Schedule: faults.Schedule{Seed: seed}, Then: faults.Effect{Delay: d}})
	var list []time.Duration
	for range n {
		list = append(list, s.Decide(request(), nil).Delay)
	}
	return list
}

func TestLognormalDelay(t *testing.T) {
	const n = 4001
	d := faults.Delay{Median: 50 * time.Millisecond, Sigma: 0.5}
	got := drawn(t, d, 7, n)
	if diff := cmp.Diff(got, drawn(t, d, 7, n)); diff != "" {
		t.Error("the seed does not decide")
	}
	slices.Sort(got)
	// A standard deviation up and down from the median are e^±0.5 of it.
	for quantile, want := range map[float64]float64{0.5: 50, 0.1587: 50 * math.Exp(-0.5), 0.8413: 50 * math.Exp(0.5)} {
		at := got[int(quantile*n)].Seconds() * 1000
		if at < want*0.93 || at > want*1.07 {
			t.Errorf("quantile %v: %.1f ms, want about %.1f", quantile, at, want)
		}
	}
	if most := slices.Max(drawn(t, faults.Delay{Median: 50 * time.Millisecond, Sigma: 2, Max: 60 * time.Millisecond}, 1, 100)); most != 60*time.Millisecond {
		t.Errorf("longest %v", most)
	}
	if diff := cmp.Diff([]time.Duration{time.Second}, drawn(t, faults.Delay{Median: time.Second}, 1, 1)); diff != "" {
		t.Error(diff)
	}
}

func TestFirstEffectCounts(t *testing.T) {
	var s faults.Set
	add(t, &s, faults.Fault{Name: "a", Schedule: faults.Schedule{First: 1}, Then: faults.Effect{Status: 500}})
	add(t, &s, faults.Fault{Name: "b", Schedule: faults.Schedule{First: 1}, Then: faults.Effect{Status: 503}})
	add(t, &s, faults.Fault{Name: "stale", Then: faults.Effect{Stale: time.Second}})
	add(t, &s, faults.Fault{Name: "staler", Then: faults.Effect{Stale: time.Minute}})
	for _, want := range []struct {
		status int
		names  []string
	}{{500, []string{"a", "stale", "staler"}}, {503, []string{"b", "stale", "staler"}}, {0, []string{"stale", "staler"}}} {
		d := s.Decide(request(), nil)
		if d.Then.Status != want.status || d.Stale != time.Minute {
			t.Errorf("%+v, want status %d", d, want.status)
		}
		if diff := cmp.Diff(want.names, d.Names); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if s.Stale() != time.Minute {
		t.Errorf("longest %v", s.Stale())
	}
}

func TestAppliesLeavesOut(t *testing.T) {
	var s faults.Set
	add(t, &s, faults.Fault{Name: "narrow", Schedule: faults.Schedule{First: 1}, Then: failing})
	if d := s.Decide(request(), func(*faults.Fault) bool { return false }); len(d.Names) != 0 || s.List()[0].Matched != 0 {
		t.Errorf("%+v, %+v", d, s.List())
	}
	if d := s.Decide(request(), func(*faults.Fault) bool { return true }); len(d.Names) != 1 {
		t.Errorf("%+v: its first request is not the one that was left out", d)
	}
}

func TestNames(t *testing.T) {
	var s faults.Set
	if a, b := add(t, &s, faults.Fault{Then: failing}), add(t, &s, faults.Fault{Then: failing}); a == b {
		t.Errorf("two faults of name %s", a)
	}
	add(t, &s, faults.Fault{Name: "x", Then: faults.Effect{Status: 500}})
	add(t, &s, faults.Fault{Name: "x", Match: faults.Match{Workspace: "w"}, Then: faults.Effect{Status: 501}})
	add(t, &s, faults.Fault{Name: "x", Then: faults.Effect{Status: 502}})
	var got []int
	for _, f := range s.List() {
		got = append(got, f.Then.Status)
	}
	if diff := cmp.Diff([]int{503, 503, 502, 501}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s.Remove("v", "x") || !s.Remove("w", "x") || len(s.List()) != 3 || !s.Remove("", "x") {
		t.Errorf("%+v", s.List())
	}
}

func TestForgetAndRestore(t *testing.T) {
	var s faults.Set
	add(t, &s, faults.Fault{Name: "all", Then: failing})
	add(t, &s, faults.Fault{Name: "w", Match: faults.Match{Workspace: "w"}, Then: failing})
	s.Decide(request(), nil)
	kept := s.List()
	s.Forget("w")
	if len(s.List()) != 1 {
		t.Errorf("%+v", s.List())
	}
	s.Forget("")
	if len(s.List()) != 0 || s.Decide(request(), nil).Then != (faults.Effect{}) {
		t.Errorf("%+v", s.List())
	}
	s.Restore(kept)
	if list := s.List(); len(list) != 2 || list[0].Matched != 0 {
		t.Errorf("%+v", list)
	}
}

func TestFaultsThatMakeNoSense(t *testing.T) {
	second := time.Second
	for i, f := range []faults.Fault{
		{},
		{Then: faults.Effect{Status: 200}},
		{Then: faults.Effect{Status: 600}},
		{Then: faults.Effect{Status: 500, Reset: true}},
		{Then: faults.Effect{Truncate: true, Malform: true}},
		{Then: faults.Effect{RetryAfter: &second, Delay: faults.Delay{Fixed: 1}}},
		{Then: faults.Effect{Stale: -1}},
		{Then: faults.Effect{Delay: faults.Delay{Fixed: -1}}},
		{Then: faults.Effect{Delay: faults.Delay{Fixed: time.Hour}}},
		{Then: faults.Effect{Delay: faults.Delay{Fixed: 1, Median: 1}}},
		{Then: faults.Effect{Delay: faults.Delay{Sigma: 1}}},
		{Then: faults.Effect{Delay: faults.Delay{Median: 1, Sigma: math.NaN()}}},
		{Then: failing, Schedule: faults.Schedule{First: 1, Every: 1}},
		{Then: failing, Schedule: faults.Schedule{First: -1}},
		{Then: failing, Schedule: faults.Schedule{Percent: 101}},
		{Then: failing, Schedule: faults.Schedule{Percent: math.NaN()}},
		{Then: failing, Schedule: faults.Schedule{Sequence: []bool{}}},
		{Then: failing, Schedule: faults.Schedule{Repeat: true}},
	} {
		var s faults.Set
		if _, err := s.Add(f); err == nil {
			t.Errorf("%d: %+v was taken", i, f)
		}
	}
}

func TestNoMoreThanSoMany(t *testing.T) {
	var s faults.Set
	for i := range faults.MaxFaults {
		add(t, &s, faults.Fault{Name: fmt.Sprint(i), Then: failing})
	}
	if _, err := s.Add(faults.Fault{Then: failing}); err == nil {
		t.Error("one more was taken")
	}
}
