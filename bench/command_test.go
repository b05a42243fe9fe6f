package bench

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommand(t *testing.T) {
	out, profiles := t.TempDir(), t.TempDir()
	args := strings.Fields("--spans 500 --batch 100 --queries 2 --rounds 1 --mixed 1ms --questions Q1,Q8 --clients 2 --systems slice,spanstead --cpuprofile --memprofile --trace")
	args = append(args, "--out", out, "--profiles", profiles)
	var table strings.Builder
	if err := Command(t.Context(), "bench", []Peer{Engine(), Slice()}, args, &table, io.Discard); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(out, "500.md"))
	if err != nil || string(written) != table.String() || !strings.Contains(table.String(), "| slice | spanstead |") {
		t.Errorf("%v, printed\n%s\nwritten\n%s", err, &table, written)
	}
	for _, file := range []string{out + "/500.txt", profiles + "/spanstead-ingest.cpu", profiles + "/slice-warm.heap", profiles + "/spanstead-during.trace"} {
		if info, err := os.Stat(file); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestCommandRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"--spans 0":            "above 0",
		"dir":                  "flags alone",
		"--questions Q12":      `no question "Q12"`,
		"--systems oracle":     `no system "oracle"; there are spanstead,slice`,
		"--clients 1,0":        "from 1 to 1000",
		"--rounds ten":         "invalid value",
		"--spans 10 --nothing": "not defined",
	} {
		var stdout, stderr strings.Builder
		err := Command(t.Context(), "bench", []Peer{Engine(), Slice()}, strings.Fields(args), &stdout, &stderr)
		if !errors.Is(err, ErrUsage) || stdout.Len() > 0 || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: %v, %s", args, err, &stderr)
		}
	}
}
