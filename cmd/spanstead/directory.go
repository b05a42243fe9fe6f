package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// parseDir parses flags and the one argument, a directory, before them or
// after them.
func parseDir(f *flag.FlagSet, args []string, stderr io.Writer) (dir string, err error) {
	if len(args) > 0 && len(args[0]) > 0 && args[0][0] != '-' {
		dir, args = args[0], args[1:]
	}
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return "", err
		}
		return "", errUsage
	}
	rest := f.Args()
	if dir == "" && len(rest) > 0 {
		dir, rest = rest[0], rest[1:]
	}
	if dir == "" || len(rest) > 0 {
		fmt.Fprintf(stderr, "%s: want one data directory\n", f.Name())
		return "", errUsage
	}
	return dir, nil
}
