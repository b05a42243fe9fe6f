package segment

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// findBlock is the one block whose name ends in suffix.
func findBlock(t *testing.T, r *Reader, suffix string) Block {
	t.Helper()
	for b := range r.Blocks() {
		if strings.HasSuffix(b.Name, suffix) {
			return b
		}
	}
	t.Fatalf("no block %q", suffix)
	return Block{}
}

// TestHostileValues changes what lies behind a checksum that an attacker has
// made good again: the value itself has to be refused.
func TestHostileValues(t *testing.T) {
	s := smallSample(t)
	file := s.write(t, Options{})
	good := open(t, file)
	const first = prefixSize // of a buffer that is stored as it is
	for _, c := range []struct {
		name, block string
		at          int
		value       byte
		want        string
	}{
		{"code of a group", "batch 0 codes of g", first, 3, "code 3 of 3"},
		{"code in a list", "batch 0 attributes.item.key codes", first, 4, "code 4 of 4"},
		{"first offset", "batch 1 attributes offsets", first, 1, "offsets do not span"},
		{"last offset", "batch 1 attributes offsets", first + 3*4, 0x70, "offsets do not span"},
		{"negative offset", "dictionary service offsets", first + 4 + 3, 0x80, "falls"},
		{"validity", "batch 0 duration_nano validity", first, 0, "values of 8 are there"},
		{"length", "batch 0 duration_nano validity", 0, 7, "buffer of length"},
		{"text", "dictionary service data", first, 0xFF, "not UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := findBlock(t, good, c.block)
			if prefix := file[b.Offset]; prefix != 0xFF {
				t.Fatalf("%s is compressed", b.Name)
			}
			bad := bytes.Clone(file)
			bad[b.Offset+int64(c.at)] = c.value
			r, err := Open(bytes.NewReader(bad), int64(len(bad)), ReadOptions{unchecked: true})
			if err != nil {
				t.Fatal(err)
			}
			err = r.Verify(context.Background())
			wantCorrupt(t, int(b.Offset), err)
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestFooterDisagrees lets Arrow's view of the file differ from ours.
func TestFooterDisagrees(t *testing.T) {
	s := smallSample(t)
	file := s.write(t, Options{})
	foot := findBlock(t, open(t, file), "footer")
	refused := 0
	for i := foot.Offset; i < int64(len(file)); i++ {
		bad := bytes.Clone(file)
		bad[i]++
		_, err := Open(bytes.NewReader(bad), int64(len(bad)), ReadOptions{unchecked: true})
		if err != nil {
			wantCorrupt(t, int(i), err)
			refused++
		}
	}
	if refused < int(foot.Stored)/3 {
		t.Errorf("only %d of %d changes were seen", refused, foot.Stored)
	}
}

// TestCompressionBomb asks for more memory than the stored bytes could fill.
func TestCompressionBomb(t *testing.T) {
	if _, err := decompress(make([]byte, 10), 1<<30); err == nil {
		t.Error("ten bytes were taken for a GiB")
	}
	comp, err := newCompressor(Options{})
	if err != nil {
		t.Fatal(err)
	}
	z := comp.enc.EncodeAll(make([]byte, 1<<20), nil)
	for _, size := range []int{1<<20 - 1, 1<<20 + 1, 0} {
		if _, err := decompress(z, size); err == nil {
			t.Errorf("a MiB was decompressed to %d bytes", size)
		}
	}
	if raw, err := decompress(z, 1<<20); err != nil || len(raw) != 1<<20 {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
	// The best case of zstd is within the limit.
	zeros := make([]byte, 1<<25)
	stored := comp.appendBuffer(nil, zeros)
	if raw, err := openBuffer(stored, len(zeros)); err != nil || !bytes.Equal(raw, zeros) {
		t.Errorf("%d zeros in %d bytes: %v", len(zeros), len(stored), err)
	}
}
