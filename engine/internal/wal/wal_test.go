package wal

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"path"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/engine/internal/disk"
)

const testSalt = 0x0123456789abcdef

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func create(t *testing.T, fsys disk.FS, opts Options) *Writer {
	t.Helper()
	w, err := Create(fsys, ".", 7, opts)
	must(t, err)
	return w
}

// add appends without committing.
func add(t *testing.T, w *Writer, kind Kind, payload string) Ticket {
	t.Helper()
	ticket, err := tryAdd(w, kind, payload)
	must(t, err)
	return ticket
}

func tryAdd(w *Writer, kind Kind, payload string) (Ticket, error) {
	e, err := w.Encode(kind, []byte(payload))
	if err != nil {
		return Ticket{}, err
	}
	return w.Append(e)
}

func commit(t *testing.T, w *Writer, kind Kind, payload string) {
	t.Helper()
	must(t, w.Commit(add(t, w, kind, payload)))
}

// seen is a replayed record in comparable form.
type seen struct {
	Kind    Kind
	Payload string
}

// replay reads log 7 and gives its records. It fails the test if their numbers
// do not count up.
func replay(t *testing.T, fsys disk.FS) ([]seen, Result, error) {
	t.Helper()
	f, err := fsys.Open(Name(7))
	must(t, err)
	defer f.Close()
	var got []seen
	last := uint64(0)
	res, err := Replay(f, 7, func(r Record) error {
		if r.Sequence <= last {
			t.Errorf("record %d after record %d", r.Sequence, last)
		}
		last = r.Sequence
		got = append(got, seen{r.Kind, string(r.Payload)})
		return nil
	})
	if err == nil && res.Records != len(got) {
		t.Errorf("result counts %d records, %d were given", res.Records, len(got))
	}
	return got, res, err
}

func payloads(records []seen) string {
	var out []string
	for _, r := range records {
		out = append(out, r.Payload)
	}
	return strings.Join(out, " ")
}

// wantLog replays log 7 and compares its payloads.
func wantLog(t *testing.T, fsys disk.FS, want string) Result {
	t.Helper()
	got, res, err := replay(t, fsys)
	must(t, err)
	if payloads(got) != want {
		t.Errorf("log holds %q, want %q", payloads(got), want)
	}
	return res
}

func reopen(t *testing.T, fsys disk.FS, opts Options) *Writer {
	t.Helper()
	_, res, err := replay(t, fsys)
	must(t, err)
	w, err := OpenWriter(fsys, ".", 7, res, opts)
	must(t, err)
	return w
}

// randomPayload is sometimes empty, sometimes compressible, sometimes not.
func randomPayload(rng *rand.Rand, n int) string {
	head := fmt.Sprintf("%d:", n)
	switch rng.IntN(4) {
	case 0:
		return head
	case 1:
		return head + strings.Repeat("spans ", rng.IntN(400))
	}
	b := make([]byte, rng.IntN(1200))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return head + string(b)
}

func readFile(t *testing.T, fsys disk.FS) []byte {
	t.Helper()
	f, err := fsys.Open(Name(7))
	must(t, err)
	defer f.Close()
	size, err := f.Size()
	must(t, err)
	b := make([]byte, size)
	_, err = f.ReadAt(b, 0)
	must(t, err)
	return b
}

// fileOf is a file system whose log 7 has these bytes.
func fileOf(t *testing.T, b []byte) *disk.Mem {
	t.Helper()
	m := disk.NewMem()
	f, err := m.Create(path.Join(".", Name(7)))
	must(t, err)
	_, err = f.Write(b)
	must(t, err)
	return m
}

func TestNames(t *testing.T) {
	for id, name := range map[uint64]string{
		0: "log-000000000000.wal", 12: "log-000000000012.wal", 1e13: "log-10000000000000.wal",
	} {
		if Name(id) != name {
			t.Errorf("Name(%d) = %s", id, Name(id))
		}
		if got, ok := ParseName(name); !ok || got != id {
			t.Errorf("ParseName(%s) = %d %v", name, got, ok)
		}
	}
	for _, name := range []string{"", "log-1.wal", "log-000000000012", "000000000012.wal",
		"log-00000000001x.wal", "log-+00000000012.wal", "log-0000000000012.wal", "log-99999999999999999999.wal"} {
		if _, ok := ParseName(name); ok {
			t.Errorf("ParseName(%q) accepted", name)
		}
	}
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// zstdOf is a zstd frame of n zeros.
func zstdOf(t *testing.T, n int) string {
	t.Helper()
	z, err := newZstdEncoder()
	must(t, err)
	return string(z.EncodeAll(make([]byte, n), nil))
}
