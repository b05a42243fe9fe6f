package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spanstead/spanstead/cmd/spanstead/internal/progress"
	"github.com/spanstead/spanstead/cmd/spanstead/internal/spanfile"
	"github.com/spanstead/spanstead/engine"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// arrowFormat is a segment, which only export writes.
const arrowFormat = "arrow"

// exportOptions are the flags of export.
type exportOptions struct {
	dir, workspace string
	out, format    string
	batch          int
	selection
}

func parseExport(args []string, stderr io.Writer) (*exportOptions, error) {
	o := &exportOptions{}
	f := flag.NewFlagSet("spanstead export DIR", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.workspace, "workspace", engine.DefaultWorkspace, "`name` of the workspace")
	f.StringVar(&o.out, "out", "-", "`file` to write, - for standard output; compressed if it ends with .gz")
	f.StringVar(&o.format, "format", "", "`json` (lines of OTLP), proto (OTLP messages, each with its length before it) or arrow; by default as the file's name says")
	f.IntVar(&o.batch, "batch", 1000, "`spans` of a message")
	o.register(f)
	var err error
	if o.dir, err = parseDir(f, args, stderr); err != nil {
		return nil, err
	}
	if o.format == "" {
		o.format = formatOf(o.out)
	}
	switch o.format {
	case string(spanfile.JSON), string(spanfile.Proto), arrowFormat:
		if o.batch >= 1 && o.batch <= 100_000 {
			return o, nil
		}
		fmt.Fprintf(stderr, "spanstead export: --batch %d: want 1 to 100000\n", o.batch)
	default:
		fmt.Fprintf(stderr, "spanstead export: --format %q: want json, proto or arrow\n", o.format)
	}
	return nil, errUsage
}

// export writes spans of a data directory, which no server may have open, to
// a file, in the order of their start.
func export(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parseExport(args, stderr)
	if err != nil {
		return err
	}
	if err := engine.HasStore(o.dir); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	st, err := engine.Open(engine.Options{Dir: o.dir, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	bar := progress.New(stderr, "spans")
	n := 0
	if o.format == arrowFormat {
		n, err = o.arrow(ctx, st, stdout)
	} else {
		n, err = o.otlp(ctx, st, stdout, bar)
	}
	if err == nil {
		bar.Done(n, 0)
	}
	return err
}

func (o *exportOptions) question() query.Spans {
	return query.Spans{Range: o.rng, Filter: o.filter}
}

// arrow writes a segment. Nothing is left where there are no spans.
func (o *exportOptions) arrow(ctx context.Context, st *engine.Store, stdout io.Writer) (int, error) {
	if o.out == "-" {
		return st.WriteArrow(ctx, o.workspace, o.question(), stdout)
	}
	f, err := os.Create(o.out)
	if err != nil {
		return 0, err
	}
	n, err := st.WriteArrow(ctx, o.workspace, o.question(), f)
	if err = errors.Join(err, f.Close()); n == 0 || err != nil {
		err = errors.Join(err, os.Remove(o.out))
	}
	return n, err
}

func (o *exportOptions) otlp(ctx context.Context, st *engine.Store, stdout io.Writer, bar *progress.Bar) (int, error) {
	t, err := openFile(o.out, spanfile.Format(o.format), stdout)
	if err != nil {
		return 0, err
	}
	n := 0
	var batch []*span.Span
	var failed error
	err = st.Each(ctx, o.workspace, o.question(), func(s *span.Span) bool {
		if batch = append(batch, s); len(batch) < o.batch {
			return true
		}
		n += len(batch)
		failed = t.Write(batch)
		batch = batch[:0]
		bar.Update(n, -1)
		return failed == nil
	})
	if err == nil && failed == nil && len(batch) > 0 {
		n += len(batch)
		failed = t.Write(batch)
	}
	return n, errors.Join(err, failed, t.Close())
}
