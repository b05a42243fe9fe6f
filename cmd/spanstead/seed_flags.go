package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spanstead/spanstead/fixtures"
)

// workloadName is the scenario that is made by code for benchmarks.
const workloadName = "workload"

// seedOptions are the flags of seed.
type seedOptions struct {
	scenario string
	make     func(fixtures.Options) *fixtures.Generator
	gen      fixtures.Options
	target   targetOptions
	batch    int
	rate     float64
	live     bool
	list     bool
	clock    timekeeper
}

func parseSeed(args []string, stderr io.Writer) (*seedOptions, error) {
	o := &seedOptions{clock: realClock{}}
	f := flag.NewFlagSet("spanstead seed SCENARIO", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.BoolVar(&o.list, "list", false, "list the scenarios that can be named; any other is a YAML file")
	f.Uint64Var(&o.gen.Seed, "seed", 1, "`number` that chooses one of many histories")
	f.IntVar(&o.gen.Spans, "spans", 0, "about how `many` spans; 0 for as many as the scenario says")
	f.Func("start", "`time` at which the first trace starts, as in RFC 3339", timeFlag(&o.gen.Start))
	f.Func("end", "`time` before which the last trace starts; by default now", timeFlag(&o.gen.End))
	f.DurationVar(&o.gen.Duration, "duration", 0, "`time` from start to end; 0 for the scenario's own, usually a day")
	f.IntVar(&o.batch, "batch", 1000, "about how `many` spans go together")
	f.Float64Var(&o.rate, "rate", 0, "at most so `many` spans a second; 0 for as fast as it goes, with --live about 20")
	f.BoolVar(&o.live, "live", false, "make spans as time passes, until interrupted or for --duration")
	o.target.register(f)
	o.target.registerOut(f)
	rest, err := parseFlags(f, args)
	if err != nil {
		return nil, err
	}
	if err := o.check(rest); err != nil {
		fmt.Fprintf(stderr, "spanstead seed: %v\n", err)
		return nil, errUsage
	}
	return o, nil
}

// parseFlags takes flags before, between and after the other arguments, which
// it returns.
func parseFlags(f *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := f.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, errUsage
		}
		if args = f.Args(); len(args) == 0 {
			return rest, nil
		}
		rest, args = append(rest, args[0]), args[1:]
	}
}

func timeFlag(to *time.Time) func(string) error {
	return func(s string) (err error) {
		*to, err = time.Parse(time.RFC3339, s)
		if err == nil && (to.Unix() < 0 || to.Year() > 2261) {
			err = errors.New("want a time between 1970 and 2261")
		}
		return err
	}
}

func (o *seedOptions) check(rest []string) (err error) {
	if o.list {
		return nil
	}
	if len(rest) != 1 {
		return fmt.Errorf("want one scenario: %s, or a YAML file", strings.Join(scenarioNames(), ", "))
	}
	if err := o.target.check(); err != nil {
		return err
	}
	switch {
	case o.gen.Spans < 0 || o.batch < 1 || o.batch > 100_000 || o.rate < 0 || o.gen.Duration < 0:
		return errors.New("--spans, --batch, --rate and --duration are not below 0, --batch is 1 to 100000")
	case o.live && !(o.gen.Start.IsZero() && o.gen.End.IsZero()):
		return errors.New("--live starts now: --start and --end do not go with it")
	case o.live && o.gen.Spans > 0:
		return errors.New("--live goes by --rate, not by --spans")
	}
	o.scenario = rest[0]
	o.make, err = scenarioOf(o.scenario)
	return err
}

// scenarioNames are the scenarios that can be named.
func scenarioNames() []string { return append(fixtures.Library(), workloadName) }

// scenarioOf finds a scenario by name, or reads its file.
func scenarioOf(name string) (func(fixtures.Options) *fixtures.Generator, error) {
	if name == workloadName {
		return fixtures.Workload, nil
	}
	if slices.Contains(fixtures.Library(), name) {
		s, err := fixtures.Load(name)
		if err != nil {
			return nil, err
		}
		return func(o fixtures.Options) *fixtures.Generator { return fixtures.New(s, o) }, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("no scenario of the name in the library (%s), and no file: %w", strings.Join(scenarioNames(), ", "), err)
	}
	s, err := fixtures.Parse(name, text)
	if err != nil {
		return nil, err
	}
	return func(o fixtures.Options) *fixtures.Generator { return fixtures.New(s, o) }, nil
}
