package engine

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/internal/wal"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/index"
	"github.com/spanstead/spanstead/segment"
)

// sampleDir is a data directory as a killed process leaves it: sealed and
// merged segments, a log that has spans and a deletion, documents.
func sampleDir(t *testing.T) string {
	t.Helper()
	ctx, live, dir := context.Background(), t.TempDir(), t.TempDir()
	s, err := Open(Options{Dir: live, Inline: true, SealRows: 40, BatchRows: 16, MergeFactor: 2, MergeRows: 100, SealAge: -1, Log: quiet(), salt: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	spans := enginetest.Spans(enginetest.Rand(11), 230)
	for chunk := range slices.Chunk(spans, 10) {
		if _, err := s.Append(ctx, "", otlp.AppendRequest(nil, chunk)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.DeleteTraces(ctx, "", []span.TraceID{spans[0].TraceID, spans[225].TraceID}); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	// Sent again after its deletion, a span is in two segments, once dead.
	if _, err := s.Append(ctx, "", otlp.AppendRequest(nil, spans[:1])); err != nil {
		t.Fatal(err)
	}
	if err := s.PutDocument(ctx, "", "saved", "one", []byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(live)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func verified(t *testing.T, dir string) *Report {
	t.Helper()
	r, err := Verify(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerifySoundDirectory(t *testing.T) {
	dir := sampleDir(t)
	r := verified(t, dir)
	if len(r.Faults) > 0 || len(r.Notes) > 0 {
		t.Fatalf("%+v", r)
	}
	if r.Workspaces != 1 || r.Segments < 2 || r.Rows < 150 || r.Logs != 1 || r.Records < 3 || r.Bytes < 10_000 {
		t.Errorf("%+v", r)
	}
	s, err := Open(Options{Dir: dir, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), dir); !errors.Is(err, ErrLocked) {
		t.Errorf("while a store has it: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if r := verified(t, dir); len(r.Faults) > 0 || len(r.Notes) > 0 || r.Records != 1 {
		t.Errorf("after closing: %+v", r)
	}
}

func TestVerifyNeedsAStore(t *testing.T) {
	dir := t.TempDir()
	if _, err := Verify(t.Context(), dir); !errors.Is(err, ErrNoStore) {
		t.Error(err)
	}
	if _, err := Verify(t.Context(), dir+"/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := Inspect(t.Context(), dir); !errors.Is(err, ErrNoStore) {
		t.Error(err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("left behind: %v, %v", names, err)
	}
}

// files lists the files of a data directory but the lock.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != "lock" {
			name, err := filepath.Rel(dir, path)
			out = append(out, filepath.ToSlash(name))
			return err
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestVerifyFindsFlippedBytes flips bytes all over every file. In the log's last
// records, which nothing vouches for, one looks like a torn tail.
func TestVerifyFindsFlippedBytes(t *testing.T) {
	dir := sampleDir(t)
	kinds := map[string]int{}
	for _, name := range files(t, dir) {
		path := filepath.Join(dir, name)
		sound, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		kinds[filepath.Ext(name)]++
		for at := range len(sound) {
			if at%(1+len(sound)/40) != 0 {
				continue
			}
			bad := slices.Clone(sound)
			bad[at] ^= 0x10
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			r := verified(t, dir)
			found := slices.Concat(r.Faults, r.Notes)
			if !strings.HasSuffix(name, ".wal") {
				found = r.Faults
			}
			named := slices.ContainsFunc(found, func(f Fault) bool {
				return f.File == name && (strings.HasSuffix(name, ".json") || strings.Contains(f.Err, " at "))
			})
			if !named {
				t.Errorf("%s: byte %d: %+v", name, at, r)
			}
		}
		if err := os.WriteFile(path, sound, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if kinds[".arrow"] < 2 || kinds[".wal"] != 1 || kinds[".json"] != 2 {
		t.Errorf("tried %v", kinds)
	}
}

// TestVerifyTornEnds: the newest log may have one; an older one was synced
// before the next was begun, so it has lost something.
func TestVerifyTornEnds(t *testing.T) {
	dir := sampleDir(t)
	logs, err := filepath.Glob(dir + "/w000001/*.wal")
	if err != nil || len(logs) != 1 {
		t.Fatal(logs, err)
	}
	b, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(logs[0], b[:len(b)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	r := verified(t, dir)
	if len(r.Faults) > 0 || len(r.Notes) != 1 || !strings.Contains(r.Notes[0].Err, "torn tail") {
		t.Errorf("%+v", r)
	}
	id, _ := wal.ParseName(filepath.Base(logs[0]))
	fsys, err := disk.OpenOS(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer fsys.Close()
	next, err := wal.Create(fsys, "w000001", id+1, wal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
	r = verified(t, dir)
	if len(r.Faults) != 1 || !strings.Contains(r.Faults[0].Err, "lost before the next log") {
		t.Errorf("%+v", r)
	}
}

func TestVerifyTellsOfStrayFiles(t *testing.T) {
	dir := sampleDir(t)
	for _, name := range []string{
		"w000001/segments/000000000077.arrow.tmp", "w000001/segments/notes.txt", "w000001/documents.json.tmp", "w000009/x",
		"w000001/segments/000000000078.arrow.corrupt", "w000001/log-000000000001.wal.corrupt",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := verified(t, dir)
	var faults, notes []string
	for _, f := range r.Faults {
		faults = append(faults, f.File)
	}
	for _, f := range r.Notes {
		notes = append(notes, f.File)
	}
	if d := gocmp.Diff([]string{"w000001/segments/000000000078.arrow.corrupt", "w000001/log-000000000001.wal.corrupt"}, faults); d != "" {
		t.Error(d)
	}
	if d := gocmp.Diff([]string{"w000009", "w000001/segments/000000000077.arrow.tmp", "w000001/segments/notes.txt", "w000001/documents.json.tmp"}, notes); d != "" {
		t.Error(d)
	}
}

func TestVerifyMissesTheRegistry(t *testing.T) {
	dir := sampleDir(t)
	if err := os.Remove(dir + "/" + registryName); err != nil {
		t.Fatal(err)
	}
	r := verified(t, dir)
	if len(r.Faults) != 1 || r.Faults[0].File != registryName {
		t.Errorf("%+v", r)
	}
}

// rewrite copies a segment, with other sections or batches, under checksums
// that are right.
type rewrite struct {
	id       uint64
	info     func(*segment.Info)
	section  func(name string, b []byte) []byte
	batches  func(order []int)
	skipping string // a section that is left out
}

func (w rewrite) do(t *testing.T, src []byte) []byte {
	t.Helper()
	r, err := segment.Open(bytes.NewReader(src), int64(len(src)), segment.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	spec := r.Spec()
	if w.id != 0 {
		spec.ID = w.id
	}
	var out bytes.Buffer
	sw, err := segment.NewWriter(&out, spec, segment.Options{})
	if err != nil {
		t.Fatal(err)
	}
	check := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	for i, c := range spec.Columns {
		if c.Group != segment.Plain {
			a, err := r.Dictionary(i)
			check(err)
			check(sw.WriteDictionary(i, a))
		}
		for leaf := range c.Inner {
			a, err := r.InnerDictionary(i, leaf)
			check(err)
			check(sw.WriteInnerDictionary(i, leaf, a))
		}
	}
	order := make([]int, r.Batches())
	for b := range order {
		order[b] = b
	}
	if w.batches != nil {
		w.batches(order)
	}
	for _, b := range order {
		batch := segment.Batch{Rows: r.BatchLen(b), Codes: make([]arrow.Array, len(spec.Groups))}
		for g := range spec.Groups {
			if !spec.Groups[g].List {
				batch.Codes[g], err = r.Codes(g, b)
				check(err)
			}
		}
		for i, c := range spec.Columns {
			if c.Group == segment.Plain {
				a, err := r.Column(i, b)
				check(err)
				batch.Plain = append(batch.Plain, a)
			}
		}
		check(sw.WriteBatch(batch))
	}
	for _, name := range r.Sections() {
		b, err := r.Section(name)
		check(err)
		if w.section != nil {
			b = w.section(name, b)
		}
		if name != w.skipping {
			check(sw.WriteSection(name, b, false))
		}
	}
	info := r.Info()
	if w.info != nil {
		w.info(&info)
	}
	_, err = sw.Close(info)
	check(err)
	return out.Bytes()
}

// only changes one section.
func only(name string, change func(b []byte) []byte) func(string, []byte) []byte {
	return func(n string, b []byte) []byte {
		if n == name {
			return change(b)
		}
		return b
	}
}

// TestVerifyFindsLies writes segments whose every checksum is right, and whose
// indexes are not those of their columns.
func TestVerifyFindsLies(t *testing.T) {
	spans := enginetest.CanonicalAll(enginetest.Spans(enginetest.Rand(5), 64))
	// Distinct services of type string, so that there is a histogram.
	for i, s := range spans {
		s.StartTimeUnixNano += uint64(i)
		res := &span.Resource{Attributes: []span.KeyValue{{Key: "service.name", Value: span.String(fmt.Sprint("s", i%3))}}}
		s.Resource = res
	}
	slices.SortFunc(spans, func(a, b *span.Span) int { return cmp.Compare(a.StartTimeUnixNano, b.StartTimeUnixNano) })
	var sound bytes.Buffer
	tab := enginetest.Table(spans)
	if _, err := table.Build(tab, &sound, table.Options{ID: 1, BatchRows: 16, Info: segment.Info{LogFirst: 1, LogLast: 1}}); err != nil {
		t.Fatal(err)
	}
	// postings exchanges the codes of two rows, or leaves one row out.
	postings := func(drop bool) func([]byte) []byte {
		return func(b []byte) []byte {
			x, err := index.OpenPostings(b)
			if err != nil {
				t.Fatal(err)
			}
			var rows, codes []uint32
			for c := range x.Codes() {
				list, err := x.AppendRows(nil, uint32(c))
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range list {
					rows, codes = append(rows, r), append(codes, uint32(c))
				}
			}
			order := make([]int, len(rows))
			for i := range order {
				order[i] = i
			}
			slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rows[a], rows[b]) })
			var r2, c2 []uint32
			for _, i := range order {
				r2, c2 = append(r2, rows[i]), append(c2, codes[i])
			}
			i := slices.IndexFunc(c2, func(c uint32) bool { return c != c2[0] })
			c2[0], c2[i] = c2[i], c2[0]
			if drop {
				r2, c2 = r2[1:], c2[1:]
			}
			return index.BuildMultiPostings(r2, c2, x.Rows(), x.Codes())
		}
	}
	ids := func([]byte) []byte {
		other := make([][16]byte, len(tab.TraceIDs))
		for i := range other {
			other[i] = tab.TraceIDs[(i+1)%len(other)]
		}
		return index.BuildIDs(other)
	}
	histogram := func([]byte) []byte {
		rows := index.HistogramRows{NumSeries: 4, Start: slices.Clone(tab.Start), Duration: slices.Clone(tab.Duration)}
		for i := range spans {
			rows.Series = append(rows.Series, uint32(1+i%3))
		}
		rows.Duration[7] = 1 << 50
		return index.BuildHistogram(rows)
	}
	bounds := func(b []byte) []byte {
		b = slices.Clone(b)
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)-1)
		return b
	}
	for want, w := range map[string]rewrite{
		"":                                       {},
		table.SectionPostings + table.GroupTrace: {section: only(table.SectionPostings+table.GroupTrace, postings(false))},
		table.SectionPostings + table.GroupResource:  {section: only(table.SectionPostings+table.GroupResource, postings(false))},
		table.SectionPostings + table.GroupEventAttr: {section: only(table.SectionPostings+table.GroupEventAttr, postings(true))},
		"no " + table.SectionPostings + "span1":      {skipping: table.SectionPostings + "span1"},
		table.SectionIDs:                             {section: only(table.SectionIDs, ids)},
		table.SectionHistogram:                       {section: only(table.SectionHistogram, histogram)},
		table.SectionBounds:                          {section: only(table.SectionBounds, bounds)},
		"row 16 is not after":                        {batches: func(order []int) { order[1] = 0 }},
	} {
		dir := t.TempDir()
		s, err := Open(Options{Dir: dir, Log: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		name := "w000001/segments/" + segmentName(1)
		if err := os.WriteFile(filepath.Join(dir, name), w.do(t, sound.Bytes()), 0o600); err != nil {
			t.Fatal(err)
		}
		r := verified(t, dir)
		if want == "" {
			if len(r.Faults) > 0 {
				t.Errorf("unchanged: %+v", r.Faults)
			}
			continue
		}
		found := slices.ContainsFunc(r.Faults, func(f Fault) bool { return f.File == name && strings.Contains(f.Err, want) })
		if !found {
			t.Errorf("%s: %+v", want, r.Faults)
		}
	}
}

// TestVerifyFindsSpansInTwoSegments gives a segment a second file.
func TestVerifyFindsSpansInTwoSegments(t *testing.T) {
	dir := sampleDir(t)
	list, err := filepath.Glob(dir + "/w000001/segments/*.arrow")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(list[len(list)-1])
	if err != nil {
		t.Fatal(err)
	}
	info := func(last uint64) func(*segment.Info) {
		return func(i *segment.Info) { i.LogFirst, i.LogLast, i.Replaces = last, last, nil }
	}
	name := "w000001/segments/" + segmentName(900)
	path := filepath.Join(dir, name)
	for want, log := range map[string]uint64{" too": 500, "covers log": 1} {
		if err := os.WriteFile(path, rewrite{id: 900, info: info(log)}.do(t, b), 0o600); err != nil {
			t.Fatal(err)
		}
		r := verified(t, dir)
		if !slices.ContainsFunc(r.Faults, func(f Fault) bool { return strings.Contains(f.Err, want) }) {
			t.Errorf("%s: %+v", want, r.Faults)
		}
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	r := verified(t, dir)
	if len(r.Faults) != 1 || !strings.Contains(r.Faults[0].Err, "in the file of another") {
		t.Errorf("%+v", r.Faults)
	}
}
