package faults

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Schedule says to which of the requests that it matches a fault happens. The
// zero Schedule means all of them; at most one of the fields is set, Seed and
// Repeat aside.
type Schedule struct {
	First    int     // the first so many
	Every    int     // each so-manieth: 3 is the third, the sixth, …
	Percent  float64 // so many of a hundred, by Seed
	Seed     uint64  // of Percent, and of delays that are drawn
	Sequence []bool  // one by one; after its end none
	Repeat   bool    // the Sequence begins again at its end
}

func (s *Schedule) check() error {
	n := 0
	for _, set := range []bool{s.First != 0, s.Every != 0, s.Percent != 0, s.Sequence != nil} {
		if set {
			n++
		}
	}
	switch {
	case n > 1:
		return fmt.Errorf("schedule: more than one of first, every, percent and sequence")
	case s.First < 0, s.Every < 0:
		return fmt.Errorf("schedule: first and every are above 0")
	case !(s.Percent >= 0 && s.Percent <= 100):
		return fmt.Errorf("schedule: percent %v: want 0 to 100", s.Percent)
	case len(s.Sequence) > maxSequence:
		return fmt.Errorf("schedule: a sequence of more than %d", maxSequence)
	case s.Sequence != nil && len(s.Sequence) == 0:
		return fmt.Errorf("schedule: a sequence of none")
	case s.Repeat && s.Sequence == nil:
		return fmt.Errorf("schedule: repeat goes with a sequence")
	}
	return nil
}

// due reports whether the fault happens to match n, counted from 0.
func (s *Schedule) due(n int) bool {
	switch {
	case s.First > 0:
		return n < s.First
	case s.Every > 0:
		return n%s.Every == s.Every-1
	case s.Percent > 0:
		return random(s.Seed, n, 1).Float64()*100 < s.Percent
	case s.Sequence != nil && s.Repeat:
		return s.Sequence[n%len(s.Sequence)]
	case s.Sequence != nil:
		return n < len(s.Sequence) && s.Sequence[n]
	}
	return true
}

// random is a stream of numbers that belongs to one match and one use.
func random(seed uint64, n int, use uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(n)<<1|use&1))
}

// Delay is how long a request waits: Fixed, or drawn from a lognormal
// distribution with that Median and Sigma, by the schedule's seed.
type Delay struct {
	Fixed  time.Duration
	Median time.Duration
	Sigma  float64
	Max    time.Duration // bounds what is drawn; 0 means MaxDelay
}

func (d *Delay) check() error {
	for _, t := range []time.Duration{d.Fixed, d.Median, d.Max} {
		if t < 0 || t > MaxDelay {
			return fmt.Errorf("delay %v: want at most %v", t, MaxDelay)
		}
	}
	switch {
	case d.Fixed != 0 && d.Median != 0:
		return fmt.Errorf("delay: fixed or median, not both")
	case d.Median == 0 && (d.Sigma != 0 || d.Max != 0):
		return fmt.Errorf("delay: sigma and max go with median")
	case !(d.Sigma >= 0 && d.Sigma <= 10):
		return fmt.Errorf("delay: sigma %v: want 0 to 10", d.Sigma)
	}
	return nil
}

// draw is the delay of match n.
func (d *Delay) draw(seed uint64, n int) time.Duration {
	if d.Median == 0 {
		return d.Fixed
	}
	most := d.Max
	if most == 0 {
		most = MaxDelay
	}
	t := float64(d.Median) * math.Exp(d.Sigma*random(seed, n, 0).NormFloat64())
	return time.Duration(min(t, float64(most)))
}
