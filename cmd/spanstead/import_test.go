package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/engine"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// stored is all that a data directory holds, by start.
func stored(t *testing.T, dir string) []*span.Span {
	t.Helper()
	st, err := engine.Open(engine.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	page, err := st.Spans(t.Context(), "", query.Spans{Limit: query.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	return page.Spans
}

var sameValues = gocmp.Comparer(func(a, b span.Value) bool { return a.Equal(b) })

// TestExportAfterImport takes the spans with everything that breaks clients
// out and in again in every format, compressed and not.
func TestExportAfterImport(t *testing.T) {
	dir := t.TempDir()
	first := filepath.Join(dir, "first")
	must(t, "seed", "edge", "--data", first, "--end", "2026-03-01T12:00:00Z")
	must(t, "seed", "shop", "--data", first, "--end", "2026-03-01T12:00:00Z", "--spans", "2000")
	want := stored(t, first)
	for _, name := range []string{"a.json", "b.pb", "c.arrow", "d.json.gz", "e.pb.gz"} {
		file, data := filepath.Join(dir, name), filepath.Join(dir, "data-"+name)
		must(t, "export", first, "--out", file, "--batch", "333")
		must(t, "import", file, "--data", data, "--batch", "100")
		if d := gocmp.Diff(want, stored(t, data), sameValues); d != "" {
			t.Errorf("%s: (-want +got)\n%.2000s", name, d)
		}
		again := filepath.Join(dir, "again-"+name)
		must(t, "import", file, file, "--data", data)
		must(t, "export", "--out", again, "--batch", "333", data)
		a, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(again)
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: the second export differs from the first, %v", name, err)
		}
	}
}

func TestExportAndImportSelect(t *testing.T) {
	dir := t.TempDir()
	all := filepath.Join(dir, "all")
	must(t, "seed", "shop", "--data", all, "--end", "2026-03-01T12:00:00Z", "--spans", "3000")
	spans := stored(t, all)
	from, to := "2026-03-01T08:00:00Z", "2026-03-01T11:00:00Z"
	args := []string{"--where", "kind=2", "--where", "resource.service.name!=cart", "--from", from, "--to", to}
	var want []*span.Span
	for _, s := range spans {
		at := s.StartTimeUnixNano / 1e9
		if s.Kind == span.KindServer && s.ServiceName() != "cart" && at >= 1772352000 && at < 1772362800 {
			want = append(want, s)
		}
	}
	if len(want) < 100 || len(want) > len(spans)/2 {
		t.Fatalf("%d of %d spans are a poor choice", len(want), len(spans))
	}
	everything := filepath.Join(dir, "everything.json")
	must(t, "export", all, "--out", everything)
	must(t, append([]string{"import", everything, "--data", filepath.Join(dir, "chosen")}, args...)...)
	if d := gocmp.Diff(want, stored(t, filepath.Join(dir, "chosen")), sameValues); d != "" {
		t.Errorf("import: (-want +got)\n%.2000s", d)
	}
	for _, name := range []string{"x.json", "x.pb", "x.arrow"} {
		must(t, append([]string{"export", all, "--out", filepath.Join(dir, name)}, args...)...)
		data := filepath.Join(dir, "data-"+name)
		must(t, "import", filepath.Join(dir, name), "--data", data)
		if d := gocmp.Diff(want, stored(t, data), sameValues); d != "" {
			t.Errorf("%s: (-want +got)\n%.2000s", name, d)
		}
	}
	must(t, "export", all, "--out", filepath.Join(dir, "none.arrow"), "--where", "name=none")
	if _, err := os.Stat(filepath.Join(dir, "none.arrow")); !os.IsNotExist(err) {
		t.Errorf("a file without spans: %v", err)
	}
}

func TestImportToServer(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "spans.pb")
	must(t, "seed", "agents", "--out", file, "--spans", "300")
	n := len(readSpans(t, file))
	served := filepath.Join(dir, "served")
	s := startServe(t, "--data", served)
	must(t, "import", file, "--endpoint", "grpc://"+s.ready.GRPC)
	if status := s.stop(); status != 0 {
		t.Fatal(s.log)
	}
	got := stored(t, served)
	if len(got) != n {
		t.Errorf("%d of %d spans arrived", len(got), n)
	}
	if !slices.IsSortedFunc(got, func(a, b *span.Span) int { return cmp.Compare(a.StartTimeUnixNano, b.StartTimeUnixNano) }) {
		t.Error("not by start")
	}
}

func TestImportSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.json")
	const line = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"%s","spanId":"b7ad6b7169203331"}]}]}]}` + "\n"
	text := fmt.Sprintf(line, "0af7651916cd43dd8448eb211c80319c") + fmt.Sprintf(line, "short") + "{broken"
	if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	status, _, stderr := command(t, "import", bad, "--data", filepath.Join(dir, "data"))
	if status != 1 || !strings.Contains(stderr, "message 3 at byte") || !strings.Contains(stderr, "rejected=1") || !strings.Contains(stderr, bad) {
		t.Errorf("status %d: %s", status, stderr)
	}
	if n := count(t, filepath.Join(dir, "data"), "default"); n != 1 {
		t.Errorf("%d spans", n)
	}
	arrow := filepath.Join(dir, "bad.arrow")
	if err := os.WriteFile(arrow, []byte("ARROW1\x00\x00 and no more"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"import", arrow, "--data", filepath.Join(dir, "data")}, {"import", filepath.Join(dir, "none"), "--data", filepath.Join(dir, "data")},
		{"export", filepath.Join(dir, "nodata")}, {"export", dir},
	} {
		if status, _, stderr := command(t, args...); status != 1 || stderr == "" {
			t.Errorf("%v: status %d: %s", args, status, stderr)
		}
	}
	for _, args := range [][]string{
		{"import"}, {"import", bad}, {"import", bad, "--data", "x", "--batch", "0"}, {"import", bad, "--data", "x", "--where", "nonesuch=1"},
		{"export"}, {"export", dir, "--format", "xml"}, {"export", dir, "--batch", "0"}, {"export", dir, "--from", "soon"},
	} {
		if status, _, stderr := command(t, args...); status != 2 || stderr == "" {
			t.Errorf("%v: status %d: %s", args, status, stderr)
		}
	}
}
