package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrUsage says that the arguments are wrong; what about them was printed.
var ErrUsage = errors.New("usage")

// Command measures from a command line: it parses args, runs, writes the table
// to stdout and, when asked to, files. The steps are logged to stderr. The
// first of peers is measured when no system is named. Answers that differ are
// an error.
func Command(ctx context.Context, name string, peers []Peer, args []string, stdout, stderr io.Writer) error {
	c, err := parse(name, peers, args, stderr)
	if err != nil {
		return err
	}
	c.Log = slog.New(slog.NewTextHandler(stderr, nil))
	r, err := Run(ctx, c.Options)
	if err != nil {
		return err
	}
	if err := r.WriteTable(stdout); err != nil {
		return err
	}
	if c.out != "" {
		if err := r.WriteFiles(c.out); err != nil {
			return err
		}
	}
	if n := len(r.Differences); n > 0 {
		return fmt.Errorf("%d answers differ", n)
	}
	return nil
}

// command is a parsed command line.
type command struct {
	Options
	out string
}

func parse(name string, peers []Peer, args []string, stderr io.Writer) (*command, error) {
	c := &command{Options: Options{Profiles: &Profiles{}, Peers: peers[:1]}}
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(stderr)
	c.flags(f, peers)
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil, err
	case err != nil:
		return nil, ErrUsage
	}
	if f.NArg() > 0 || c.Spans < 1 || c.Batch < 1 || c.Queries < 1 || c.Rounds < 1 {
		fmt.Fprintf(stderr, "%s: want flags alone, and numbers above 0\n", name)
		return nil, ErrUsage
	}
	return c, nil
}

func (c *command) flags(f *flag.FlagSet, peers []Peer) {
	f.IntVar(&c.Spans, "spans", 1_000_000, "about how many `spans`")
	f.IntVar(&c.Batch, "batch", 1000, "about how many `spans` in a request")
	f.Uint64Var(&c.Seed, "seed", 0, "`number` of the workload")
	f.IntVar(&c.Queries, "queries", 20, "`parameters` of each question")
	f.IntVar(&c.Rounds, "rounds", 10, "how many `times` the warm questions are asked")
	f.DurationVar(&c.Budget, "budget", 0, "the most `time` a system gets for one question, default 20s")
	f.DurationVar(&c.Mixed, "mixed", 0, "how `long` each number of clients asks, default 3s")
	f.IntVar(&c.During, "during", 0, "further `spans` that come in while a client asks, default a quarter of --spans, -1 for none")
	f.BoolVar(&c.NoCold, "no-cold", false, "leave out the cold questions")
	f.StringVar(&c.Dir, "dir", "", "`directory` in which one for all that is stored is made, and removed; default that for temporary files")
	f.StringVar(&c.out, "out", "", "also write the table and a file for benchstat into this `directory`")
	f.StringVar(&c.Profiles.Dir, "profiles", ".", "`directory` for profiles")
	f.BoolVar(&c.Profiles.CPU, "cpuprofile", false, "write a CPU profile of each step")
	f.BoolVar(&c.Profiles.Heap, "memprofile", false, "write an allocation profile of each step")
	f.BoolVar(&c.Profiles.Trace, "trace", false, "write an execution trace of each step")
	f.Func("questions", "`names` of the questions, such as Q1,Q8; default all", func(s string) (err error) {
		c.Kinds, err = ParseKinds(s)
		return err
	})
	f.Func("clients", "`numbers` of clients that ask at once, default 1,2,8", func(s string) (err error) {
		c.Clients, err = parseNumbers(s)
		return err
	})
	f.Func("systems", fmt.Sprintf("`names` of the systems, default %s; there are %s", peers[0].Name, namesOf(peers)), func(s string) (err error) {
		c.Peers, err = choose(peers, s)
		return err
	})
}

func namesOf(peers []Peer) string {
	var names []string
	for _, p := range peers {
		names = append(names, p.Name)
	}
	return strings.Join(names, ",")
}

// choose finds peers by their names, or all of them by "all".
func choose(peers []Peer, names string) ([]Peer, error) {
	if names == "all" {
		return peers, nil
	}
	var chosen []Peer
	for name := range strings.SplitSeq(names, ",") {
		n := len(chosen)
		for _, p := range peers {
			if p.Name == name {
				chosen = append(chosen, p)
			}
		}
		if len(chosen) == n {
			return nil, fmt.Errorf("no system %q; there are %s", name, namesOf(peers))
		}
	}
	return chosen, nil
}

func parseNumbers(text string) ([]int, error) {
	var list []int
	for s := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 1000 {
			return nil, fmt.Errorf("want numbers from 1 to 1000, not %q", s)
		}
		list = append(list, n)
	}
	return list, nil
}

// WriteFiles writes the table and the file for benchstat into a directory, as
// SPANS.md and SPANS.txt with the number of spans that were asked for.
func (r *Results) WriteFiles(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	name := filepath.Join(dir, strconv.Itoa(r.Spool.Spans))
	return errors.Join(writeFile(name+".md", r.WriteTable), writeFile(name+".txt", r.WriteBenchstat))
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
