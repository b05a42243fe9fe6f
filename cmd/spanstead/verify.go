package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"

	"github.com/spanstead/spanstead/engine"
)

// verify reads and checks everything in a data directory that no server has
// open. A fault is a line on standard output, and makes the exit status 1.
func verify(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := flag.NewFlagSet("spanstead verify DIR", flag.ContinueOnError)
	f.SetOutput(stderr)
	asJSON := f.Bool("json", false, "one JSON object")
	dir, err := parseDir(f, args, stderr)
	if err != nil {
		return err
	}
	report, err := engine.Verify(ctx, dir)
	if err != nil {
		return err
	}
	if *asJSON {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "  ")
		err = e.Encode(report)
	} else {
		err = writeReport(stdout, report)
	}
	if err == nil && len(report.Faults) > 0 {
		err = fmt.Errorf("%d faults in %s", len(report.Faults), dir)
	}
	return err
}

func writeReport(w io.Writer, r *engine.Report) error {
	for _, f := range r.Faults {
		fmt.Fprintf(w, "fault: %s\n", place(f))
	}
	for _, f := range r.Notes {
		fmt.Fprintf(w, "note: %s\n", place(f))
	}
	_, err := fmt.Fprintf(w, "%d workspaces, %d segments with %d rows, %d logs with %d records, %d bytes: %d faults\n",
		r.Workspaces, r.Segments, r.Rows, r.Logs, r.Records, r.Bytes, len(r.Faults))
	return err
}

func place(f engine.Fault) string {
	if f.Workspace == "" {
		return fmt.Sprintf("%s: %s", f.File, f.Err)
	}
	return fmt.Sprintf("workspace %q: %s: %s", f.Workspace, f.File, f.Err)
}
