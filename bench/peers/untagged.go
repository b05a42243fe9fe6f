//go:build !duckdb_arrow

// Command peers measures other span stores; it needs the build tag
// duckdb_arrow.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "peers: build it with -tags duckdb_arrow")
	os.Exit(1)
}
