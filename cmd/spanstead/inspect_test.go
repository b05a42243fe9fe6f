package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/engine"
)

func TestInspect(t *testing.T) {
	dir := dataDir(t)
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"inspect", dir}, &stdout, &stderr); status != 0 {
		t.Fatalf("status %d, %s", status, &stderr)
	}
	for _, want := range []string{`workspace "default"`, "1970-01-01T00:00:01Z", "1970-01-01T00:00:03Z", "span.code", "column", "codes", "index"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in\n%s", want, &stdout)
		}
	}
}

// TestInspectAddsUp two segments, whose groups have different numbers of codes.
func TestInspectAddsUp(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	for i, spans := range []string{"200", "900"} {
		must(t, "seed", "shop", "--data", dir, "--spans", spans, "--seed", strconv.Itoa(i+1))
	}
	out := must(t, "inspect", dir)
	for _, line := range []string{`(?m)^all +\d+ +\d+ +[\d.]+ *$`, `(?m)^\d+ +\d+ +[\d.]+ +column +all *$`, `(?m)^\d+ +\d+ +[\d.]+ +index +all *$`} {
		if !regexp.MustCompile(line).MatchString(out) {
			t.Errorf("no %s in\n%s", line, out)
		}
	}
	if n := len(regexp.MustCompile(`(?m) codes +trace_id `).FindAllString(out, -1)); n != 1 {
		t.Errorf("the codes of trace_id have %d lines", n)
	}
}

// TestInspectJSON checks that the parts add up to the file.
func TestInspectJSON(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"inspect", "--json", dataDir(t)}, &stdout, &stderr); status != 0 {
		t.Fatalf("status %d, %s", status, &stderr)
	}
	var found engine.Inspection
	if err := json.Unmarshal(stdout.Bytes(), &found); err != nil {
		t.Fatal(err)
	}
	if len(found.Workspaces) != 1 || len(found.Workspaces[0].Segments) != 1 {
		t.Fatalf("%+v", found)
	}
	s := found.Workspaces[0].Segments[0]
	var sum int64
	for _, p := range sumParts(found.Workspaces[0].Segments) {
		sum += p.Bytes
	}
	if s.Rows != 3 || s.Traces != 2 || sum == 0 || sum > s.Bytes {
		t.Errorf("%d rows, %d traces, parts of %d bytes in a file of %d", s.Rows, s.Traces, sum, s.Bytes)
	}
}

func TestInspectRefuses(t *testing.T) {
	for status, args := range map[int][]string{2: {"inspect"}, 1: {"inspect", t.TempDir() + "/none"}} {
		var stdout, stderr bytes.Buffer
		if got := run(t.Context(), args, &stdout, &stderr); got != status || stderr.Len() == 0 || stdout.Len() > 0 {
			t.Errorf("%v: status %d, want %d, %s", args, got, status, &stderr)
		}
	}
}
