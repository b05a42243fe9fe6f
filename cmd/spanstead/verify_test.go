package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/engine"
)

func TestVerify(t *testing.T) {
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{"verify", dataDir(t)}, &stdout, &stderr)
	if status != 0 || !strings.Contains(stdout.String(), "1 segments with 3 rows") || !strings.Contains(stdout.String(), ": 0 faults") {
		t.Errorf("status %d, %s%s", status, &stdout, &stderr)
	}
}

// TestVerifyFindsAFault turns one byte in the middle of a segment.
func TestVerifyFindsAFault(t *testing.T) {
	dir := dataDir(t)
	files, err := filepath.Glob(filepath.Join(dir, "*", "segments", "*.arrow"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(files[0], b, 0o644); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{"verify", dir}, &stdout, &stderr)
	if status != 1 || !strings.Contains(stdout.String(), filepath.Base(files[0])) || !strings.Contains(stderr.String(), "1 faults") {
		t.Errorf("status %d, %s%s", status, &stdout, &stderr)
	}
	stdout.Reset()
	status = run(t.Context(), []string{"verify", "--json", dir}, &stdout, &stderr)
	var report engine.Report
	if err := json.Unmarshal(stdout.Bytes(), &report); err != nil || status != 1 || len(report.Faults) != 1 {
		t.Errorf("status %d, %s, %v", status, &stdout, err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	for status, args := range map[int][]string{2: {"verify"}, 1: {"verify", t.TempDir() + "/none"}} {
		var stdout, stderr bytes.Buffer
		if got := run(t.Context(), args, &stdout, &stderr); got != status || stderr.Len() == 0 || stdout.Len() > 0 {
			t.Errorf("%v: status %d, want %d, %s", args, got, status, &stderr)
		}
	}
}
