package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spanstead/spanstead/cmd/spanstead/internal/progress"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/fixtures"
)

// seed makes the spans of a scenario: a history as fast as it goes, or live
// ones as time passes.
func seed(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseSeed(args, stderr)
	if err != nil {
		return err
	}
	if o.list {
		return listScenarios(stdout)
	}
	return o.run(ctx, stdout, stderr)
}

func listScenarios(w io.Writer) error {
	for _, name := range fixtures.Library() {
		s, err := fixtures.Load(name)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%-9s %s\n", name, s.Description()); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%-9s %s\n", workloadName, "The benchmark's spans: 40 services, a million spans a day.")
	return err
}

func (o *seedOptions) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	bar := progress.New(stderr, "spans")
	log := slog.New(slog.NewTextHandler(barWriter{bar, stderr}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	t, err := o.target.open(ctx, stdout, log)
	if err != nil {
		return err
	}
	s := &seeding{seedOptions: o, target: t, bar: bar, pace: newPacer(o.clock, o.rate)}
	if o.live {
		s.pace.rate = 0 // the generator keeps to the rate
		err = s.live(ctx)
	} else {
		err = s.history(ctx)
	}
	if err = errors.Join(err, t.Close()); err == nil {
		bar.Done(s.done, s.rejected)
	}
	return err
}

// barWriter takes the bar off the terminal before a line of the log.
type barWriter struct {
	bar *progress.Bar
	w   io.Writer
}

func (b barWriter) Write(p []byte) (int, error) {
	b.bar.Clear()
	return b.w.Write(p)
}

// seeding is one run.
type seeding struct {
	*seedOptions
	target         target
	bar            *progress.Bar
	pace           *pacer
	done, rejected int
}

// history makes spans on one goroutine and hands them out on another.
func (s *seeding) history(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	gen := s.gen
	if gen.Start.IsZero() && gen.End.IsZero() {
		gen.End = s.clock.Now()
	}
	batches := make(chan []*span.Span, 4)
	go func() {
		defer close(batches)
		b := s.make(gen).Batches(s.batch)
		for spans, ok := b.Next(); ok; spans, ok = b.Next() {
			select {
			case batches <- spans:
			case <-ctx.Done():
				return
			}
		}
	}()
	var w window
	for spans := range batches {
		if err := s.pace.wait(ctx, len(spans)); err != nil {
			return err
		}
		if err := s.write(ctx, spans); err != nil {
			return err
		}
		s.bar.Update(s.done, w.fraction(gen, spans))
	}
	return ctx.Err()
}

func (s *seeding) write(ctx context.Context, spans []*span.Span) error {
	rejected, err := s.target.write(ctx, spans)
	if err != nil {
		return err
	}
	s.done += len(spans)
	s.rejected += rejected
	return nil
}

// window guesses from start times how much of a history is made.
type window struct{ first, last uint64 }

func (w *window) fraction(gen fixtures.Options, spans []*span.Span) float64 {
	at := spans[0].StartTimeUnixNano
	if w.first == 0 {
		w.first = at
	}
	w.last = max(w.last, at)
	end := gen.End
	if end.IsZero() {
		if gen.Duration == 0 {
			return -1 // only the scenario knows
		}
		end = gen.Start.Add(gen.Duration)
	}
	if to := uint64(end.UnixNano()); to > w.first && w.last >= w.first {
		return float64(w.last-w.first) / float64(to-w.first)
	}
	return -1
}

const (
	liveRate   = 20.0 // spans a second
	liveWindow = 24 * time.Hour
	liveTick   = time.Second
)

// live hands out each span when it has ended, until the context is done or
// the duration is over. An interruption is its ordinary end.
func (s *seeding) live(ctx context.Context) error {
	rate := s.rate
	if rate == 0 {
		rate = liveRate
	}
	length := s.gen.Duration
	if length == 0 {
		length = liveWindow
	}
	for start, n := s.clock.Now(), uint64(0); ; n++ {
		gen := fixtures.Options{Seed: s.gen.Seed + n, Start: start, Duration: length, Spans: max(1, int(rate*length.Seconds()))}
		err := s.liveWindow(ctx, s.make(gen))
		if ctx.Err() != nil && (err == nil || errors.Is(err, ctx.Err())) {
			return nil
		}
		if err != nil || s.gen.Duration != 0 {
			return err
		}
		start = start.Add(length)
	}
}

// liveWindow hands out the spans of one generator. Traces that end after it
// are waited for.
func (s *seeding) liveWindow(ctx context.Context, g *fixtures.Generator) error {
	var open running
	next, more := g.Next()
	for more || len(open) > 0 {
		now := uint64(s.clock.Now().UnixNano())
		for more && next[0].StartTimeUnixNano <= now {
			open.add(next)
			next, more = g.Next()
		}
		for ended := open.take(now, s.batch); len(ended) > 0; ended = open.take(now, s.batch) {
			if err := s.write(ctx, ended); err != nil {
				return err
			}
		}
		s.bar.Update(s.done, -1)
		if err := s.clock.Wait(ctx, liveTick); err != nil {
			return err
		}
	}
	return nil
}
