package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
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
	limit, offset  int
	field          query.Field
	trace          span.TraceID
	step           time.Duration
	cells          int
	table          bool
	explain        bool
}

func parseQuery(args []string, stderr io.Writer) (*queryOptions, error) {
	o := &queryOptions{ask: "spans", field: query.ServiceName}
	f := flag.NewFlagSet("spanstead query DIR [spans | traces | trace ID | heatmap | keys | values FIELD | count]", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.workspace, "workspace", engine.DefaultWorkspace, "`name` of the workspace")
	f.Func("where", whereUsage, func(s string) error {
		e, err := parseWhere(s)
		o.filter = append(o.filter, e)
		return err
	})
	f.Func("from", "earliest start, a `time` as in RFC 3339", instant(&o.rng.From))
	f.Func("to", "starts before this `time`", instant(&o.rng.To))
	f.Func("order", "by `start` (the default), duration or, for traces, end", func(s string) error {
		at := slices.Index([]string{"start", "duration", "end"}, s)
		o.order = query.Order(at)
		if at < 0 {
			return errors.New("want start, duration or end")
		}
		return nil
	})
	f.BoolVar(&o.ascending, "ascending", false, "oldest or shortest first")
	f.IntVar(&o.limit, "limit", 20, "at most so `many` spans, traces or values")
	f.IntVar(&o.offset, "offset", 0, "leave out so `many` spans or traces first")
	f.DurationVar(&o.step, "step", time.Hour, "`width` of a heatmap's time cells")
	f.IntVar(&o.cells, "cells", 10, "`number` of a heatmap's duration cells")
	f.BoolVar(&o.table, "table", false, "traces as a table instead of lines of JSON")
	f.BoolVar(&o.explain, "explain", false, "tell on standard error what each part of the store cost")
	rest, err := parseFlags(f, args)
	if err != nil {
		return nil, err
	}
	if err := o.take(rest); err != nil {
		fmt.Fprintf(stderr, "spanstead query: %v\n", err)
		return nil, errUsage
	}
	return o, nil
}

// take reads the arguments: a directory, and what is asked of it.
func (o *queryOptions) take(rest []string) (err error) {
	if len(rest) == 0 {
		return errors.New("want a data directory")
	}
	o.dir, rest = rest[0], rest[1:]
	if len(rest) > 0 {
		o.ask, rest = rest[0], rest[1:]
	}
	switch {
	case questionOf(o.ask) == nil:
		return fmt.Errorf("%q: want spans, traces, trace, heatmap, keys, values or count", o.ask)
	case o.ask == "trace" && len(rest) > 0:
		o.trace, err = span.ParseTraceID(rest[0])
		rest = rest[1:]
	case o.ask == "trace":
		err = errors.New("want the id of a trace")
	case o.ask == "values" && len(rest) > 0:
		o.field, err = parseField(rest[0])
		rest = rest[1:]
	}
	switch {
	case err != nil:
		return err
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.step <= 0:
		return errors.New("--step is not above 0")
	case o.table && o.ask != "traces":
		return errors.New("--table is for traces")
	}
	return nil
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
