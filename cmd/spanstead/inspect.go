package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spanstead/spanstead/engine"
)

// inspect tells what a data directory holds and what it costs: the segments,
// then the bytes of every column and index over all of them.
func inspect(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("spanstead inspect DIR", flag.ContinueOnError)
	f.SetOutput(stderr)
	asJSON := f.Bool("json", false, "one JSON object, with the columns and indexes of each segment")
	dir, err := parseDir(f, args, stderr)
	if err != nil {
		return err
	}
	found, err := engine.Inspect(ctx, dir)
	if err != nil {
		return err
	}
	if *asJSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		return e.Encode(found)
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	for i := range found.Workspaces {
		describe(w, &found.Workspaces[i])
	}
	return w.Flush()
}

func describe(w io.Writer, ws *engine.InspectedWorkspace) {
	fmt.Fprintf(w, "workspace %q in %s\n", ws.Name, ws.Dir)
	fmt.Fprintln(w, "segment\trows\ttraces\tbytes\tbytes/span\tfrom\tto")
	rows, size := 0, int64(0)
	for _, s := range ws.Segments {
		rows += s.Rows
		size += s.Bytes
		fmt.Fprintf(w, "%012d\t%d\t%d\t%d\t%.1f\t%s\t%s\n", s.ID, s.Rows, s.Traces, s.Bytes,
			perSpan(s.Bytes, s.Rows), clock(s.Start), clock(s.End))
	}
	if len(ws.Segments) > 1 {
		fmt.Fprintf(w, "all\t%d\t\t%d\t%.1f\n", rows, size, perSpan(size, rows))
	}
	for _, l := range ws.Logs {
		fmt.Fprintf(w, "log %012d\t\t\t%d\n", l.ID, l.Bytes)
	}
	for _, c := range ws.Corrupt {
		fmt.Fprintf(w, "set aside: %s\n", c)
	}
	if len(ws.Segments) > 0 {
		fmt.Fprintln(w, "\nbytes\traw bytes\tbytes/span\twhat\tname\tencoding")
	}
	parts := sumParts(ws.Segments)
	for _, p := range parts {
		fmt.Fprintf(w, "%d\t%d\t%.2f\t%s\t%s\t%.60s\n", p.Bytes, p.Raw, perSpan(p.Bytes, rows), p.Kind, oneLine(p.Name), oneLine(p.Encoding))
	}
	for _, p := range sumKinds(parts) {
		fmt.Fprintf(w, "%d\t%d\t%.2f\t%s\tall\t\n", p.Bytes, p.Raw, perSpan(p.Bytes, rows), p.Kind)
	}
	fmt.Fprintln(w)
}

// sumKinds adds up the parts of each kind.
func sumKinds(parts []engine.InspectedPart) []engine.InspectedPart {
	var sums []engine.InspectedPart
	for _, p := range parts {
		i := slices.IndexFunc(sums, func(s engine.InspectedPart) bool { return s.Kind == p.Kind })
		if i < 0 {
			i = len(sums)
			sums = append(sums, engine.InspectedPart{Kind: p.Kind})
		}
		sums[i].Bytes += p.Bytes
		sums[i].Raw += p.Raw
	}
	return sums
}

// sumParts adds up what segments have in common, the largest first. Of
// encodings that differ, that of the largest is told.
func sumParts(segments []engine.InspectedSegment) []engine.InspectedPart {
	type name struct{ kind, name string }
	at, largest := map[name]int{}, map[name]int64{}
	var sums []engine.InspectedPart
	for _, s := range segments {
		for _, p := range s.Parts {
			n := name{p.Kind, p.Name}
			i, ok := at[n]
			if !ok {
				i = len(sums)
				at[n] = i
				sums = append(sums, engine.InspectedPart{Kind: p.Kind, Name: p.Name, Encoding: p.Encoding})
			}
			if p.Bytes > largest[n] {
				largest[n], sums[i].Encoding = p.Bytes, p.Encoding
			}
			sums[i].Bytes += p.Bytes
			sums[i].Raw += p.Raw
		}
	}
	slices.SortStableFunc(sums, func(a, b engine.InspectedPart) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return sums
}

func perSpan(bytes int64, rows int) float64 {
	if rows == 0 {
		return 0
	}
	return float64(bytes) / float64(rows)
}

func clock(unixNano uint64) string { return unixTime(unixNano).Format(time.RFC3339) }
