// Command spanstead is a columnar span store that stands in for a tracing
// vendor: spans come in over OTLP, questions through the vendors' own APIs.
//
// Each verb has a file of its own. Standard output is for what the verb
// answers, standard error for logs and for what went wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// verb is one thing that the command does.
type verb struct {
	name    string
	summary string
	run     func(ctx context.Context, args []string, stdout, stderr io.Writer) error
}

// verbs lists them in the order in which they are told.
func verbs() []verb {
	return []verb{
		{"serve", "take spans in and answer the vendors' APIs", serve},
		{"inspect", "tell what a data directory holds and what it costs", inspect},
		{"verify", "read and check everything in a data directory", verify},
		{"query", "answer one question from a data directory", ask},
		{"bench", "time ingest and questions, side by side with other stores", measure},
		{"seed", "make the spans of a scenario", seed},
		{"import", "take the spans of files in", importFiles},
		{"export", "write spans of a data directory to a file", export},
		{"completion", "write what a shell completes the command's words with", completion},
	}
}

// errUsage ends the process with status 2; what it is about was printed.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run does what the arguments say and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	for _, v := range verbs() {
		if v.name != name {
			continue
		}
		switch err := v.run(ctx, args[1:], stdout, stderr); {
		case err == nil, errors.Is(err, flag.ErrHelp):
			return 0
		case errors.Is(err, errUsage):
			return 2
		default:
			fmt.Fprintf(stderr, "spanstead %s: %v\n", name, err)
			return 1
		}
	}
	usage(stderr)
	if name == "help" || name == "-h" || name == "--help" {
		return 0
	}
	return 2
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "Usage: spanstead VERB [flags]\n\nVerbs:")
	for _, v := range verbs() {
		fmt.Fprintf(w, "  %-10s %s\n", v.name, v.summary)
	}
	fmt.Fprintln(w, "\nspanstead VERB -h tells the flags of a verb.")
}
