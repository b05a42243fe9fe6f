package segment

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden dumps every byte of a small segment under the name of its block,
// so that a change of the format shows as a change of testdata.
func TestGolden(t *testing.T) {
	file := smallSample(t).write(t, Options{})
	golden(t, "testdata/segment.golden", dump(open(t, file), file))
}

// golden compares with a file of testdata, or rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Error(d)
	}
}

// dump prints blocks and the padding between them.
func dump(r *Reader, file []byte) string {
	var out strings.Builder
	end := int64(0)
	for b := range r.Blocks() {
		if b.Offset > end {
			hexdump(&out, end, file[end:b.Offset], "padding")
		}
		end = b.Offset + b.Stored
		what := fmt.Sprintf("%s: %d bytes", b.Name, b.Stored)
		if b.Raw != b.Stored {
			what += fmt.Sprintf(", %d raw", b.Raw)
		}
		if b.Literal == nil {
			what += fmt.Sprintf(", crc %08x", b.CRC)
		}
		hexdump(&out, b.Offset, file[b.Offset:end], what)
	}
	return out.String()
}

func hexdump(out *strings.Builder, off int64, b []byte, what string) {
	fmt.Fprintf(out, "%06d %s\n", off, what)
	for i := 0; i < len(b); i += 16 {
		row := b[i:min(i+16, len(b))]
		text := bytes.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '.'
			}
			return r
		}, row)
		fmt.Fprintf(out, "       %-47s  %s\n", fmt.Sprintf("% x", row), text)
	}
}

// TestVersions reads a file of every version ever written and compares all
// that it says with what it said when it was new. The files are never
// rewritten.
func TestVersions(t *testing.T) {
	for version := 1; version <= Version; version++ {
		base := fmt.Sprintf("testdata/v%d", version)
		if _, err := os.Stat(base + ".arrow"); *update && os.IsNotExist(err) {
			golden(t, base+".arrow", string(smallSample(t).write(t, Options{})))
		}
		file, err := os.ReadFile(base + ".arrow")
		if err != nil {
			t.Fatal(err)
		}
		r := open(t, file)
		if err := r.Verify(context.Background()); err != nil {
			t.Error(err)
		}
		golden(t, base+".txt", describe(t, r))
	}
}

// describe prints everything that a reader answers.
func describe(t *testing.T, r *Reader) string {
	t.Helper()
	var out strings.Builder
	show := func(what string, v any, err error) {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		fmt.Fprintf(&out, "%s: %v\n", what, v)
	}
	show("info", fmt.Sprintf("%+v", r.Info()), nil)
	show("groups", fmt.Sprintf("%+v", r.Spec().Groups), nil)
	for i, c := range r.Spec().Columns {
		show("column", fmt.Sprintf("%v group %d inner %v", c.Field, c.Group, c.Inner), nil)
		if c.Group != Plain {
			a, err := r.Dictionary(i)
			show("  dictionary", a, err)
		}
		for k := range c.Inner {
			a, err := r.InnerDictionary(i, k)
			show("  dictionary", a, err)
		}
	}
	for b := range r.Batches() {
		for g, group := range r.Spec().Groups {
			if !group.List {
				a, err := r.Codes(g, b)
				show(fmt.Sprintf("batch %d codes of %s", b, group.Name), a, err)
			}
		}
		for i, c := range r.Spec().Columns {
			if c.Group == Plain {
				a, err := r.Column(i, b)
				show(fmt.Sprintf("batch %d %s", b, c.Field.Name), a, err)
			}
		}
	}
	for _, name := range r.Sections() {
		b, err := r.Section(name)
		show("section "+name, fmt.Sprintf("%q", b), err)
	}
	return out.String()
}
