package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spanstead/spanstead/engine"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// ask opens a data directory, which no server may have open, and answers one
// question in lines of JSON. A span is a line of OTLP.
func ask(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parseQuery(args, stderr)
	if err != nil {
		return err
	}
	if err := engine.HasStore(o.dir); err != nil {
		return err
	}
	opt := engine.Options{Dir: o.dir, Log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	if o.explain {
		opt.Explain = func(s plan.Stats) { explain(stderr, s) }
	}
	st, err := engine.Open(opt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	begin := time.Now()
	err = questionOf(o.ask)(ctx, st, o, stdout)
	if o.explain {
		fmt.Fprintf(stderr, "answered in %v\n", time.Since(begin).Round(time.Microsecond))
	}
	return err
}

func explain(w io.Writer, s plan.Stats) {
	fmt.Fprintf(w, "part %s: %d batches, %d touched, %d scanned; %d row lists; %d rows matched, %d assembled; %d bytes read%s\n",
		s.Part, s.Batches, s.Touched, s.Scanned, s.RowLists, s.Rows, s.Fetched, s.Bytes, note(s.Note))
}

func note(s string) string {
	if s == "" {
		return ""
	}
	return "; " + s
}

// questionOf is the function for a question's name, nil for no name of one.
func questionOf(word string) func(context.Context, *engine.Store, *queryOptions, io.Writer) error {
	switch word {
	case "spans":
		return askSpans
	case "traces":
		return askTraces
	case "trace":
		return askTrace
	case "heatmap":
		return askHeatmap
	case "keys":
		return askKeys
	case "values":
		return askValues
	case "count":
		return askCount
	}
	return nil
}

func askSpans(ctx context.Context, st *engine.Store, o *queryOptions, w io.Writer) error {
	page, err := st.Spans(ctx, o.workspace, query.Spans{
		Range: o.rng, Filter: o.filter, Order: o.order, Descending: !o.ascending, Limit: o.limit, Offset: o.offset,
	})
	if err != nil {
		return err
	}
	return writeSpans(w, page.Spans)
}

func askTrace(ctx context.Context, st *engine.Store, o *queryOptions, w io.Writer) error {
	spans, err := st.Trace(ctx, o.workspace, o.trace)
	if err != nil {
		return err
	}
	return writeSpans(w, spans)
}

func writeSpans(w io.Writer, spans []*span.Span) error {
	for _, s := range spans {
		if _, err := fmt.Fprintf(w, "%s\n", otlp.AppendJSON(nil, []*span.Span{s})); err != nil {
			return err
		}
	}
	return nil
}

type traceLine struct {
	TraceID      string    `json:"trace_id"`
	RootName     string    `json:"root_name"`
	RootService  string    `json:"root_service"`
	Start        time.Time `json:"start"`
	DurationNano int64     `json:"duration_nano"`
	Spans        int       `json:"spans"`
	Errors       int       `json:"errors"`
	Matched      int       `json:"matched"`
}

func askTraces(ctx context.Context, st *engine.Store, o *queryOptions, w io.Writer) error {
	page, err := st.Traces(ctx, o.workspace, query.Traces{
		Range: o.rng, Filter: o.filter, Order: o.order, Descending: !o.ascending, Limit: o.limit, Offset: o.offset,
	})
	if err != nil {
		return err
	}
	if o.table {
		return writeTraces(w, page.Traces)
	}
	for i := range page.Traces {
		t := &page.Traces[i]
		if err := writeLine(w, traceLine{t.TraceID.String(), t.RootName, t.RootService, unixTime(t.Start),
			t.DurationNano(), t.Spans, t.Errors, t.Matched}); err != nil {
			return err
		}
	}
	return nil
}

func writeTraces(out io.Writer, traces []query.TraceSummary) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "trace\tstart\tduration\tspans\terrors\tmatched\tservice\tname")
	for i := range traces {
		t := &traces[i]
		fmt.Fprintf(w, "%v\t%s\t%v\t%d\t%d\t%d\t%s\t%s\n", t.TraceID, unixTime(t.Start).Format("2006-01-02T15:04:05.000Z"),
			time.Duration(t.DurationNano()), t.Spans, t.Errors, t.Matched, oneLine(t.RootService), oneLine(t.RootName))
	}
	return w.Flush()
}

// oneLine keeps a text from breaking a table, or a terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, s)
}

type heatmapLine struct {
	Start  time.Time `json:"start"`
	Counts []uint32  `json:"counts"`
}

// askHeatmap writes the bounds of the duration cells in nanoseconds, then a
// line for each time cell.
func askHeatmap(ctx context.Context, st *engine.Store, o *queryOptions, w io.Writer) error {
	h, err := st.Heatmap(ctx, o.workspace, query.Heatmap{Range: o.rng, Filter: o.filter, Step: uint64(o.step), Cells: o.cells})
	if err != nil {
		return err
	}
	if err := writeLine(w, map[string]any{"bounds": h.Bounds, "total": h.Total}); err != nil {
		return err
	}
	for i, counts := range h.Counts {
		if err := writeLine(w, heatmapLine{unixTime(h.Start + uint64(i)*h.Step), counts}); err != nil {
			return err
		}
	}
	return nil
}

type keyLine struct {
	Scope string   `json:"scope"`
	Key   string   `json:"key"`
	Types []string `json:"types"`
}

func askKeys(ctx context.Context, st *engine.Store, o *queryOptions, w io.Writer) error {
	keys, err := st.Keys(ctx, o.workspace, query.Keys{Range: o.rng, Filter: o.filter})
	if err != nil {
		return err
	}
	for _, k := range keys {
		line := keyLine{Scope: k.Field.Scope.String(), Key: k.Field.Key}
		for _, t := range k.Types {
			line.Types = append(line.Types, t.String())
		}
		if err := writeLine(w, line); err != nil {
			return err
		}
	}
	return nil
}

type valueLine struct {
	Value span.Value `json:"value"`
	Type  string     `json:"type"`
	Count int        `json:"count"`
}

func askValues(ctx context.Context, st *engine.Store, o *queryOptions, w io.Writer) error {
	values, err := st.Values(ctx, o.workspace, query.Values{Range: o.rng, Filter: o.filter, Field: o.field, Limit: o.limit})
	if err != nil {
		return err
	}
	for _, v := range values {
		if err := writeLine(w, valueLine{v.Value, v.Value.Type().String(), v.Count}); err != nil {
			return err
		}
	}
	return nil
}

func askCount(ctx context.Context, st *engine.Store, o *queryOptions, w io.Writer) error {
	n, err := st.Count(ctx, o.workspace, query.Count{Range: o.rng, Filter: o.filter})
	if err != nil {
		return err
	}
	return writeLine(w, map[string]int{"count": n})
}

func writeLine(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", b)
	return err
}

func unixTime(nano uint64) time.Time { return time.Unix(int64(nano/1e9), int64(nano%1e9)).UTC() }
