package segment

import (
	"bytes"
	"errors"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/google/go-cmp/cmp"
)

// TestLayoutAddsUp accounts for every byte of the file.
func TestLayoutAddsUp(t *testing.T) {
	file := newSample(t, sampleSpec(50), 120).write(t, Options{})
	r := open(t, file)
	var sum int64
	kinds := map[string]int{}
	for _, p := range r.Layout() {
		sum += p.Stored
		kinds[p.Kind]++
	}
	if sum != int64(len(file)) {
		t.Errorf("parts are %d bytes, the file %d", sum, len(file))
	}
	want := map[string]int{"structure": 1, "dictionary": 7 + 5, "codes": 3, "column": 17, "section": 4}
	if d := cmp.Diff(want, kinds); d != "" {
		t.Error(d)
	}
}

// TestBytesRead counts what a projection costs: the column and no more.
func TestBytesRead(t *testing.T) {
	file := newSample(t, sampleSpec(50), 120).write(t, Options{})
	r := open(t, file)
	opened := r.BytesRead()
	if limit := int64(len(file)) - r.dir.streamEnd(); opened == 0 || opened > limit {
		t.Errorf("opening read %d bytes of %d", opened, limit)
	}
	if _, err := r.Column(10, 1); err != nil { // u32
		t.Fatal(err)
	}
	b := findBlock(t, r, "batch 1 u32 values")
	if got := r.BytesRead() - opened; got != b.Stored {
		t.Errorf("read %d bytes, want %d", got, b.Stored)
	}
}

// TestConcurrentReads reads everything from many goroutines.
func TestConcurrentReads(t *testing.T) {
	s := smallSample(t)
	r := open(t, s.write(t, Options{}))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				s.compare(t, r)
			}
		})
	}
	wg.Wait()
}

// TestAskedWrongly is a caller's mistake, not corruption.
func TestAskedWrongly(t *testing.T) {
	r := open(t, smallSample(t).write(t, Options{}))
	for what, ask := range map[string]func() error{
		"batch":            func() error { _, err := r.Column(1, 2); return err },
		"negative batch":   func() error { _, err := r.Codes(0, -1); return err },
		"grouped column":   func() error { _, err := r.Column(0, 0); return err },
		"column":           func() error { _, err := r.Column(5, 0); return err },
		"list group":       func() error { _, err := r.Codes(1, 0); return err },
		"plain dictionary": func() error { _, err := r.Dictionary(1); return err },
		"leaf":             func() error { _, err := r.InnerDictionary(4, 2); return err },
	} {
		if err := ask(); err == nil || errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if _, err := r.Section("none"); !errors.Is(err, ErrNoSection) {
		t.Errorf("got %v", err)
	}
}

// TestEmpty is a segment without rows, and one without columns.
func TestEmpty(t *testing.T) {
	for _, spec := range []Spec{smallSpec(), {}} {
		s := newSample(t, spec, 0)
		file := s.write(t, Options{})
		r := open(t, file)
		s.compare(t, r)
		if f, err := ipc.NewFileReader(bytes.NewReader(file)); err != nil || f.NumRecords() != 0 {
			t.Errorf("arrow-go: %v", err)
		}
		if err := r.Verify(t.Context()); err != nil || r.Rows() != 0 || r.Batches() != 0 {
			t.Errorf("%d rows in %d batches, %v", r.Rows(), r.Batches(), err)
		}
	}
}

// TestVersionAhead is a good file that a later version wrote.
func TestVersionAhead(t *testing.T) {
	file := smallSample(t).write(t, Options{})
	r := open(t, file)
	at := r.trail.off
	file[at+8]++
	crc := checksum(r.segment, at, file[at:at+60])
	for i := range 4 {
		file[at+60+int64(i)] = byte(crc >> (8 * i))
	}
	_, err := Open(bytes.NewReader(file), int64(len(file)), ReadOptions{})
	if !errors.Is(err, ErrVersion) || errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}
