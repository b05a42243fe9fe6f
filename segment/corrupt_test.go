package segment

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
)

// smallSpec is every structure of the format in few bytes.
func smallSpec() Spec {
	return Spec{
		ID: 7, BatchRows: 8,
		Groups: []Group{{Name: "g", Codes: 3}, {Name: "pairs", Codes: 4, List: true}},
		Columns: []Column{
			{Field: field("service", arrow.BinaryTypes.String, true), Group: 0},
			plain("duration_nano", arrow.PrimitiveTypes.Int64, true),
			{Field: field("port", arrow.PrimitiveTypes.Int64, true), Group: 0},
			plain("flag", arrow.FixedWidthTypes.Boolean, false),
			plain("attributes", attributesType(), true, 1, 1),
		},
	}
}

func smallSample(t testing.TB) *sample {
	s := newSample(t, smallSpec(), 11)
	s.dicts[0].values = texts("checkout", "größe", "")
	s.sections = s.sections[1:3]
	return s
}

// TestEveryByte flips each byte of a file in turn. Verify has to notice; and a
// reader that does not verify answers with an error or with the truth.
func TestEveryByte(t *testing.T) {
	s := smallSample(t)
	file := s.write(t, Options{})
	if err := open(t, file).Verify(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i := range file {
		for _, flip := range []byte{0x01, 0x80, 0xFF} {
			bad := bytes.Clone(file)
			bad[i] ^= flip
			r, err := Open(bytes.NewReader(bad), int64(len(bad)), ReadOptions{})
			if err != nil {
				wantCorrupt(t, i, err)
				continue
			}
			wantCorrupt(t, i, r.Verify(context.Background()))
			s.compareOrCorrupt(t, i, r)
		}
	}
}

// TestEveryTruncation cuts a file everywhere, and lets one grow.
func TestEveryTruncation(t *testing.T) {
	file := smallSample(t).write(t, Options{})
	for n := range file {
		_, err := Open(bytes.NewReader(file[:n]), int64(n), ReadOptions{})
		wantCorrupt(t, n, err)
		// A source that is shorter than it was said to be.
		r, err := Open(bytes.NewReader(file[:n]), int64(len(file)), ReadOptions{})
		if err == nil {
			err = r.Verify(context.Background())
		}
		wantCorrupt(t, n, err)
	}
	long := append(bytes.Clone(file), file[len(file)-200:]...)
	_, err := Open(bytes.NewReader(long), int64(len(long)), ReadOptions{})
	wantCorrupt(t, len(file), err)
}

func wantCorrupt(t *testing.T, at int, err error) {
	t.Helper()
	var c *CorruptError
	if !errors.Is(err, ErrCorrupt) || !errors.As(err, &c) {
		t.Fatalf("byte %d: got %v, want a CorruptError", at, err)
	}
}

func (s *sample) compareOrCorrupt(t *testing.T, at int, r *Reader) {
	t.Helper()
	check := func(want, got arrow.Array, err error) {
		t.Helper()
		if err != nil {
			wantCorrupt(t, at, err)
			return
		}
		wantArray(t, "array", want, got, nil)
	}
	for _, d := range s.dicts {
		got, err := r.dictionary(d.column, d.leaf)
		check(d.values, got, err)
	}
	for i, b := range s.batches {
		got, err := r.Codes(0, i)
		check(b.Codes[0], got, err)
		for k, c := range []int{1, 3, 4} {
			got, err := r.Column(c, i)
			check(b.Plain[k], got, err)
		}
	}
	for name, want := range s.data {
		got, err := r.Section(name)
		if err != nil && !errors.Is(err, ErrNoSection) {
			wantCorrupt(t, at, err)
		}
		if err == nil && !bytes.Equal(got, want) {
			t.Fatalf("byte %d: section %s: %q", at, name, got)
		}
	}
}

// TestMisplacedBlock swaps two good blocks of equal size, and passes a whole
// good segment off as another.
func TestMisplacedBlock(t *testing.T) {
	s := newSample(t, Spec{ID: 3, BatchRows: 16, Columns: []Column{plain("v", arrow.PrimitiveTypes.Uint8, false)}}, 32)
	file := s.write(t, Options{})
	r := open(t, file)
	var blocks []Block
	for b := range r.Blocks() {
		if bytes.HasSuffix([]byte(b.Name), []byte("v values")) {
			blocks = append(blocks, b)
		}
	}
	a, b := blocks[0], blocks[1]
	n := a.Stored
	if n != b.Stored {
		t.Fatalf("blocks of %d and %d bytes", n, b.Stored)
	}
	swapped := bytes.Clone(file)
	copy(swapped[a.Offset:], file[b.Offset:b.Offset+n])
	copy(swapped[b.Offset:], file[a.Offset:a.Offset+n])
	_, err := open(t, swapped).Column(0, 0)
	wantCorrupt(t, int(a.Offset), err)

	_, err = Open(bytes.NewReader(file), int64(len(file)), ReadOptions{ID: 4})
	wantCorrupt(t, 0, err)
}

// TestReadFailure tells a disk that fails from a file that is wrong.
func TestReadFailure(t *testing.T) {
	_, err := Open(brokenDisk{}, 4096, ReadOptions{})
	if !errors.Is(err, errDisk) || errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

var errDisk = errors.New("input/output error")

type brokenDisk struct{}

func (brokenDisk) ReadAt([]byte, int64) (int, error) { return 0, errDisk }

var _ io.ReaderAt = brokenDisk{}

// readAll touches everything that a reader gives, and so would find an array
// that was handed out unchecked.
func readAll(r *Reader) {
	touch := func(a arrow.Array, err error) {
		if err == nil && a.Len() < 1<<12 {
			_ = a.String()
		}
	}
	for _, d := range r.dir.shape.dicts {
		touch(r.dictionary(d.column, d.leaf))
	}
	for i := range min(r.Batches(), 64) {
		for g := range r.Spec().Groups {
			touch(r.Codes(g, i))
		}
		for c := range r.Spec().Columns {
			touch(r.Column(c, i))
		}
	}
	for _, name := range r.Sections() {
		_, _ = r.Section(name)
	}
	_ = r.Layout()
	_ = r.Verify(context.Background())
}

// TestHostileBytes changes each byte of a file whose checksums nobody checks:
// an attacker would have computed them.
func TestHostileBytes(t *testing.T) {
	file := smallSample(t).write(t, Options{})
	values := []byte{0, 0x80, 0xFF}
	for i := range file {
		for _, v := range append(values, file[i]+1) {
			bad := bytes.Clone(file)
			bad[i] = v
			if r, err := Open(bytes.NewReader(bad), int64(len(bad)), ReadOptions{unchecked: true}); err == nil {
				readAll(r)
			}
		}
	}
}

func FuzzReader(f *testing.F) {
	small := smallSample(f)
	f.Add(small.write(f, Options{}), true)
	f.Add(newSample(f, smallSpec(), 0).write(f, Options{}), true)
	f.Add([]byte("ARROW1"), false)
	f.Fuzz(func(t *testing.T, file []byte, unchecked bool) {
		r, err := Open(bytes.NewReader(file), int64(len(file)), ReadOptions{unchecked: unchecked})
		if err == nil {
			readAll(r)
		}
	})
}
