package main

import (
	"context"
	"time"
)

// timekeeper is the time, and waiting; tests have one of their own.
type timekeeper interface {
	Now() time.Time
	// Wait returns ctx's error when that is done first.
	Wait(ctx context.Context, d time.Duration) error
}

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) Wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// pacer holds what is done to a rate, on average since it was made.
type pacer struct {
	clock timekeeper
	rate  float64 // a second; 0 for as fast as it goes
	begin time.Time
	done  int
}

func newPacer(c timekeeper, rate float64) *pacer { return &pacer{clock: c, rate: rate, begin: c.Now()} }

// wait returns when n more may be done.
func (p *pacer) wait(ctx context.Context, n int) error {
	due := p.begin
	if p.rate > 0 {
		due = due.Add(time.Duration(float64(p.done) / p.rate * float64(time.Second)))
	}
	p.done += n
	if d := due.Sub(p.clock.Now()); d > 0 && p.rate > 0 {
		return p.clock.Wait(ctx, d)
	}
	return ctx.Err()
}
