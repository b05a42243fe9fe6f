package wal

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/engine/internal/disk"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// field is a field of FORMAT.md's tables.
type field struct {
	size int
	name string
}

var fileFields = []field{
	{4, "magic"}, {4, "version"}, {8, "log id"}, {8, "salt"}, {4, "checksum"},
}

var recordFields = []field{
	{4, "magic"}, {4, "header checksum"}, {4, "payload checksum"}, {4, "stored length"}, {4, "length"},
	{1, "kind"}, {1, "codec"}, {2, "reserved"}, {8, "log id"}, {8, "sequence"}, {8, "synced"},
}

// dump prints each byte range of a sound log with its field's name.
func dump(b []byte) string {
	var out strings.Builder
	off := 0
	print := func(title string, fields []field) {
		fmt.Fprintln(&out, title)
		for _, f := range fields {
			fmt.Fprintf(&out, "%6d %-17s % x\n", off, f.name, b[off:off+f.size])
			off += f.size
		}
	}
	print("file header", fileFields)
	for off < len(b) {
		stored := int(le.Uint32(b[off+12:]))
		print("record", append(recordFields[:len(recordFields):len(recordFields)], field{stored, "payload"}))
	}
	return out.String()
}

// TestGoldenDump shows a change of the format as a diff.
func TestGoldenDump(t *testing.T) {
	const golden = "testdata/v1.txt"
	m := disk.NewMem()
	w := create(t, m, Options{Salt: testSalt, Codec: Raw})
	commit(t, w, 1, "one")
	add(t, w, 2, "two")
	commit(t, w, 3, "")
	must(t, w.Close())
	got := dump(readFile(t, m))
	if *update {
		must(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

var keptRecords = []seen{
	{1, "short"}, {2, strings.Repeat("an s2 block ", 20)}, {3, strings.Repeat("a zstd frame ", 20)}, {4, ""},
}

// TestVersion1 reads a file that was written by version 1 and is never written
// again.
func TestVersion1(t *testing.T) {
	b, err := os.ReadFile("testdata/v1.wal")
	must(t, err)
	m := fileOf(t, b)
	got, res, err := replay(t, m)
	must(t, err)
	if diff := cmp.Diff(keptRecords, got); diff != "" || res.TornTail || !res.Marked {
		t.Errorf("%+v\n%s", res, diff)
	}
	var codecs []Codec
	for off := fileHeaderSize; off < len(b); off += recordHeaderSize + int(le.Uint32(b[off+12:])) {
		codecs = append(codecs, Codec(b[off+21]))
	}
	if diff := cmp.Diff([]Codec{Raw, S2, Zstd, Raw, Raw}, codecs); diff != "" {
		t.Error(diff)
	}
	w, err := OpenWriter(m, ".", 7, res, Options{})
	must(t, err)
	commit(t, w, 5, "new")
	if got, _, err := replay(t, m); err != nil || len(got) != 5 {
		t.Errorf("continued: %d records, %v", len(got), err)
	}
}
