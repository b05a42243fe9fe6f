package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/internal/enginetest"
	"github.com/spanstead/spanstead/engine/internal/wal"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// image is the files of a store by name.
type image map[string][]byte

func imageOf(t *testing.T, fsys disk.FS, dir string, into image) image {
	t.Helper()
	names, err := fsys.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		full := join(dir, name)
		info, err := fsys.Stat(full)
		if err != nil {
			t.Fatal(err)
		}
		if info.Dir {
			imageOf(t, fsys, full, into)
		} else if name != "lock" {
			f, err := fsys.Open(full)
			if err != nil {
				t.Fatal(err)
			}
			into[full] = make([]byte, info.Size)
			if _, err := f.ReadAt(into[full], 0); err != nil && err != io.EOF {
				t.Fatal(err)
			}
		}
	}
	return into
}

// disk makes the files anew, all durable; a nil file is left out.
func (im image) disk() (*disk.Mem, error) {
	m := disk.NewMem()
	for _, name := range slices.Sorted(maps.Keys(im)) {
		if err := m.MkdirAll(path.Dir(name)); err != nil {
			return nil, err
		}
		f, err := m.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(im[name]); err != nil {
			return nil, err
		}
		if err := errors.Join(f.Sync(), m.SyncDir(path.Dir(name)), f.Close()); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// with is the image with one file changed.
func (im image) with(name string, b []byte) image {
	c := maps.Clone(im)
	c[name] = b
	return c
}

// flipOptions leave the files as they are but for what recovery does.
func flipOptions(fsys disk.FS) Options {
	return Options{disk: fsys, Inline: true, salt: 1, SealAge: -1, SealRows: 1000, MergeFactor: 2, MergeRows: 20, Columns: 4, Log: quiet()}
}

// flipStore is a small store: a merged segment and an ordinary one with
// attributes past the column cap, a log with spans, repeats of sealed ones and
// a deletion, two workspaces, documents.
func flipStore(t *testing.T) (image, []span.TraceID) {
	t.Helper()
	ctx, mem := context.Background(), disk.NewMem()
	s, err := Open(flipOptions(mem))
	if err != nil {
		t.Fatal(err)
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	spans := enginetest.Spans(enginetest.Rand(11), 40)
	send := func(spans []*span.Span) {
		t.Helper()
		_, err := s.Append(ctx, DefaultWorkspace, otlp.AppendRequest(nil, spans))
		check(err)
	}
	seal := func() {
		t.Helper()
		w := s.workspaces[DefaultWorkspace]
		w.mu.Lock()
		defer w.mu.Unlock()
		check(w.rotate())
		w.kick()
		check(w.bgErr)
	}
	send(spans[:9])
	seal()
	send(spans[9:18])
	seal()
	send(spans[18:30])
	seal()
	send(spans[28:34]) // two of them are sealed
	_, err = s.DeleteTraces(ctx, DefaultWorkspace, []span.TraceID{spans[3].TraceID, spans[29].TraceID})
	check(err)
	send(spans[34:])
	check(s.CreateWorkspace(ctx, "other"))
	_, err = s.Append(ctx, "other", otlp.AppendRequest(nil, spans[:2]))
	check(err)
	check(s.PutDocument(ctx, DefaultWorkspace, "saved", "one", []byte("a saved search")))
	check(s.PutDocument(ctx, DefaultWorkspace, "saved", "two", []byte(`{"x":1}`)))
	if st := s.Health().Workspaces[0]; st.Segments != 2 {
		t.Fatalf("%+v", st)
	}
	var traces []span.TraceID
	for _, i := range []int{0, 3, 12, 20, 29, 33, 39} {
		traces = append(traces, spans[i].TraceID)
	}
	return imageOf(t, mem, ".", image{}), traces
}

// besides asks for what is no part of the default workspace's spans.
func besides(s *Store) []answered {
	ctx := context.Background()
	var out []answered
	add := func(v any, err error) { out = append(out, answered{true, fmt.Append(nil, v), err}) }
	names, err := s.ListWorkspaces(ctx)
	add(names, err)
	docs, err := s.ListDocuments(ctx, DefaultWorkspace, "saved")
	add(docs, err)
	other, err := s.Spans(ctx, "other", query.Spans{Limit: 10})
	out = append(out, answered{true, spansKey(other.Spans, 0), err})
	return out
}

// flips is one store's image, the questions, and the right answers.
type flips struct {
	image     image
	questions []question
	want      []answered
	r         *rand.Rand // picks what is asked
}

// try opens the store with one file changed and asks some questions. The answers
// are right, or those of accept, or errors of corruption; and they are no other
// when the store is opened again.
func (f *flips) try(name string, b []byte, accept ...[]answered) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	mem, err := f.image.with(name, b).disk()
	if err != nil {
		return err
	}
	for i := range 2 {
		if i > 0 {
			mem = mem.Crash(disk.CrashLosesAll)
		}
		got, err := f.ask(mem, func(int) bool { return f.r.IntN(8) == 0 })
		if errors.Is(err, query.ErrCorrupt) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("opened, time %d: %w", i, err)
		}
		bad := differing(f.want, got)
		for _, other := range accept {
			if bad >= 0 {
				bad = max(differing(other, got), -1)
			}
		}
		if bad >= 0 {
			return fmt.Errorf("opened, time %d: answer %d (%s) is %.300q, %v, instead of %.300q", i, bad, f.name(bad), got[bad].bytes, got[bad].err, f.want[bad].bytes)
		}
		if !slices.ContainsFunc(got, func(a answered) bool { return a.err != nil }) {
			return nil
		}
	}
	return nil
}

func (f *flips) name(i int) string {
	if i >= 2*len(f.questions) {
		return fmt.Sprint("besides ", i-2*len(f.questions))
	}
	return f.questions[i%len(f.questions)].name
}

func (f *flips) ask(mem *disk.Mem, pick func(int) bool) ([]answered, error) {
	s, err := Open(flipOptions(mem))
	if err != nil {
		return nil, err
	}
	return append(askAll(s, f.questions, pick), besides(s)...), nil
}

// newFlips asks the questions of the sound store.
func newFlips(t *testing.T) *flips {
	t.Helper()
	im, traces := flipStore(t)
	f := &flips{image: im, questions: manyQuestions(t, traces), r: enginetest.Rand(flipSeed)}
	f.want = f.askSound(t, im)
	return f
}

func (f *flips) askSound(t *testing.T, im image) []answered {
	t.Helper()
	mem, err := im.disk()
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.ask(mem, func(int) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range got {
		if a.err != nil {
			t.Fatalf("%s: %v", f.name(i), a.err)
		}
	}
	return got
}

// recordEnds are the places in a log where a record ends, the header's first.
func recordEnds(t *testing.T, name string, b []byte) []int {
	t.Helper()
	id, _ := wal.ParseName(path.Base(name))
	mem := disk.NewMem()
	f, err := mem.Create("x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
	var starts []int
	_, err = wal.Replay(f, id, func(r wal.Record) error {
		starts = append(starts, int(r.Offset))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return append(starts, len(b))
}

func isLog(name string) bool { return strings.HasSuffix(name, ".wal") }

// places are the offsets of a file that are tried: all of them when there are
// not more than most, else about so many, in each part of the file.
func places(r *rand.Rand, size, most int) []int {
	var out []int
	for i := range min(size, most) {
		lo, hi := i*size/min(size, most), (i+1)*size/min(size, most)
		out = append(out, lo+r.IntN(hi-lo))
	}
	return out
}

const flipSeed = 20261121

// budget is the number of places tried in every file.
func budget() int {
	if testing.Short() {
		return 60
	}
	return 900
}

// TestFlippedBytes: a byte of any file is changed. Every answer is the same or
// an error that says that data is corrupt; what was last in the log may be
// missing whole, since nothing tells its bytes from a torn write.
func TestFlippedBytes(t *testing.T) {
	f := newFlips(t)
	r := enginetest.Rand(flipSeed)
	for _, name := range slices.Sorted(maps.Keys(f.image)) {
		sound := f.image[name]
		var accept [][]answered
		last := len(sound)
		if isLog(name) {
			ends := recordEnds(t, name, sound)
			last = ends[max(0, len(ends)-2)]
			accept = append(accept, f.askSound(t, f.image.with(name, sound[:last])))
		}
		for _, at := range places(r, len(sound), budget()) {
			b := slices.Clone(sound)
			b[at] ^= byte(1 + r.IntN(255))
			torn := accept
			if at < last {
				torn = nil
			}
			if err := f.bounded(name, b, torn...); err != nil {
				t.Fatalf("%s: byte %d of %d made %#x (was %#x): %v", name, at, len(sound), b[at], sound[at], err)
			}
		}
		t.Logf("%s: %d bytes", name, len(sound))
	}
}

// bounded is try, with a bound on the memory that it takes.
func (f *flips) bounded(name string, b []byte, accept ...[]answered) error {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := f.try(name, b, accept...)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; err == nil && n > 512<<20 {
		return fmt.Errorf("allocated %d MiB", n>>20)
	}
	return err
}

// TestTruncatedFiles: any file ends early. A log that does is one of which the
// last records were not written; of any other file it is corruption.
func TestTruncatedFiles(t *testing.T) {
	f := newFlips(t)
	r := enginetest.Rand(flipSeed)
	for _, name := range slices.Sorted(maps.Keys(f.image)) {
		sound := f.image[name]
		var ends []int
		prefixes := map[int][]answered{}
		if isLog(name) {
			ends = recordEnds(t, name, sound)
			for _, end := range ends {
				prefixes[end] = f.askSound(t, f.image.with(name, sound[:end]))
			}
		}
		for _, at := range places(r, len(sound), budget()/2) {
			var accept [][]answered
			for _, end := range ends {
				if end <= at || end == ends[0] {
					accept = [][]answered{prefixes[end]}
				}
			}
			if err := f.bounded(name, sound[:at], accept...); err != nil {
				t.Fatalf("%s: cut to %d of %d bytes: %v", name, at, len(sound), err)
			}
		}
	}
}
