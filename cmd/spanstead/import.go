package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"

	"github.com/spanstead/spanstead/cmd/spanstead/internal/progress"
	"github.com/spanstead/spanstead/cmd/spanstead/internal/spanfile"
	"github.com/spanstead/spanstead/engine"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

// importOptions are the flags of import.
type importOptions struct {
	files  []string
	target targetOptions
	batch  int
	rate   float64
	selection
}

func parseImport(args []string, stderr io.Writer) (*importOptions, error) {
	o := &importOptions{}
	f := flag.NewFlagSet("spanstead import FILE...", flag.ContinueOnError)
	f.SetOutput(stderr)
	o.target.register(f)
	o.selection.register(f)
	f.IntVar(&o.batch, "batch", 1000, "at most so many `spans` go together")
	f.Float64Var(&o.rate, "rate", 0, "at most so `many` spans a second; 0 for as fast as it goes")
	rest, err := parseFlags(f, args)
	if err != nil {
		return nil, err
	}
	o.files = rest
	err = o.target.check()
	switch {
	case len(rest) == 0:
		err = errors.New("want files: OTLP in JSON or protobuf, as the collector's file exporter writes them, or Arrow; - for standard input")
	case o.batch < 1 || o.batch > 100_000 || o.rate < 0:
		err = errors.New("--batch is 1 to 100000, and --rate not below 0")
	}
	if err != nil {
		fmt.Fprintf(stderr, "spanstead import: %v\n", err)
		return nil, errUsage
	}
	return o, nil
}

// importFiles takes the spans of files in. A span that the store has already
// changes nothing, so an import that broke off can be repeated.
func importFiles(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseImport(args, stderr)
	if err != nil {
		return err
	}
	bar := progress.New(stderr, "spans")
	log := slog.New(slog.NewTextHandler(barWriter{bar, stderr}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	t, err := o.target.open(ctx, stdout, log)
	if err != nil {
		return err
	}
	i := &importing{importOptions: o, ctx: ctx, target: t, bar: bar, log: log, pace: newPacer(realClock{}, o.rate)}
	if err := errors.Join(i.all(), t.Close()); err != nil {
		return err
	}
	bar.Done(i.done, i.rejected)
	return nil
}

// importing is one run.
type importing struct {
	*importOptions
	ctx            context.Context
	target         target
	bar            *progress.Bar
	log            *slog.Logger
	pace           *pacer
	done, rejected int
	size, read     int64 // bytes of all files, as far as known
}

func (i *importing) all() error {
	for _, name := range i.files {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			i.size += info.Size()
		}
	}
	for _, name := range i.files {
		if err := i.file(name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (i *importing) file(name string) error {
	if name == "-" {
		return i.otlp(os.Stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	begin := make([]byte, 8)
	n, err := f.ReadAt(begin, 0)
	if err != nil && err != io.EOF {
		return err
	}
	if !spanfile.IsArrow(begin[:n]) {
		return i.otlp(f)
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return engine.ReadArrow(i.ctx, f, info.Size(), i.spans)
}

func (i *importing) otlp(r io.Reader) error {
	return spanfile.Read(counter{r, &i.read}, func(request []byte) error {
		spans, res, err := otlp.DecodeSpans(request)
		if err != nil {
			return err
		}
		if res.Rejected > 0 {
			i.rejected += res.Rejected
			i.log.Warn("spans were left out", "rejected", res.Rejected, "message", res.Message)
		}
		return i.spans(spans)
	})
}

// counter counts what is read of a file.
type counter struct {
	r io.Reader
	n *int64
}

func (c counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	*c.n += int64(n)
	return n, err
}

func (i *importing) spans(spans []*span.Span) error {
	if !i.selection.all() {
		spans = slices.DeleteFunc(spans, func(s *span.Span) bool { return !i.holds(s) })
	}
	for batch := range slices.Chunk(spans, i.batch) {
		if err := i.pace.wait(i.ctx, len(batch)); err != nil {
			return err
		}
		rejected, err := i.target.write(i.ctx, batch)
		if err != nil {
			return err
		}
		i.done += len(batch)
		i.rejected += rejected
		i.bar.Update(i.done, i.fraction())
	}
	return i.ctx.Err()
}

// fraction is how much of the files was read.
func (i *importing) fraction() float64 {
	if i.size == 0 || i.read == 0 {
		return -1
	}
	return float64(i.read) / float64(i.size)
}
