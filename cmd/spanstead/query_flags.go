package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spanstead/spanstead/engine"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// queryOptions are the flags of query.
type queryOptions struct {
	dir, workspace string
	ask            string
	rng            query.Range
	filter         query.And
	order          query.Order
	ascending      bool
	limit          int
	field          query.Field
	trace          span.TraceID
	step           time.Duration
	cells          int
	explain        bool
}

func parseQuery(args []string, stderr io.Writer) (*queryOptions, error) {
	o := &queryOptions{field: query.ServiceName}
	f := flag.NewFlagSet("spanstead query DIR", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.ask, "ask", "spans", "`what`: spans, traces, trace, heatmap, keys, values or count")
	f.StringVar(&o.workspace, "workspace", engine.DefaultWorkspace, "`name` of the workspace")
	f.Func("where", "`condition` on a span, such as 'resource.service.name=cart', 'span.http.status_code>=500' or '!parent_span_id';\nall of several hold (operators = != < <= > >= ~ !~ *= ^= $=)", func(s string) error {
		e, err := parseWhere(s)
		o.filter = append(o.filter, e)
		return err
	})
	f.Func("from", "earliest start, a `time` as in RFC 3339", instant(&o.rng.From))
	f.Func("to", "starts before this `time`", instant(&o.rng.To))
	f.BoolFunc("by-duration", "order by duration instead of start", func(string) error {
		o.order = query.OrderDuration
		return nil
	})
	f.BoolVar(&o.ascending, "ascending", false, "oldest or shortest first")
	f.IntVar(&o.limit, "limit", 20, "at most so `many` spans, traces or values")
	f.Func("field", "whose values are asked for, default resource.service.name: a `field` as in --where", func(s string) (err error) {
		o.field, err = parseField(s)
		return err
	})
	f.Func("id", "the `trace id` that is asked for", func(s string) (err error) {
		o.trace, err = span.ParseTraceID(s)
		return err
	})
	f.DurationVar(&o.step, "step", time.Hour, "`width` of a heatmap's time cells")
	f.IntVar(&o.cells, "cells", 10, "`number` of a heatmap's duration cells")
	f.BoolVar(&o.explain, "explain", false, "tell on standard error what each part of the store cost")
	return o, o.parse(f, args, stderr)
}

func (o *queryOptions) parse(f *flag.FlagSet, args []string, stderr io.Writer) (err error) {
	if o.dir, err = parseDir(f, args, stderr); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		fmt.Fprintf(stderr, "spanstead query: %v\n", err)
		return errUsage
	}
	return nil
}

func (o *queryOptions) check() error {
	switch {
	case questionOf(o.ask) == nil:
		return fmt.Errorf("--ask %q: want spans, traces, trace, heatmap, keys, values or count", o.ask)
	case o.ask == "trace" && o.trace.IsZero():
		return errors.New("--ask trace needs --id")
	case o.step <= 0:
		return errors.New("--step is not above 0")
	}
	info, err := os.Stat(o.dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory", o.dir)
	}
	return err
}

func instant(to *uint64) func(string) error {
	return func(s string) error {
		t, err := time.Parse(time.RFC3339, s)
		if err == nil && (t.Unix() < 0 || t.Year() > 2261) {
			err = errors.New("want a time between 1970 and 2261")
		}
		*to = uint64(t.UnixNano())
		return err
	}
}
