package index

import (
	"encoding/hex"
	"flag"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// The golden blocks are small enough to read, and use every form of the
// formats. Their names carry the version: a block of a version is kept and
// read for ever, and a new version adds a file.

func goldenCodes() []uint32 {
	codes := make([]uint32, 70_300)
	for row := range codes {
		switch {
		case row%1000 == 7:
			codes[row] = 1 // 71 rows, evenly spread: a chunk of gaps
		case row%100 < 3:
			codes[row] = 2 // clumps: a chunk of two classes
		case row > 69_000 && row < 69_700:
			codes[row] = 3 // a run: roaring
		case row%13_000 == 555:
			codes[row] = 66 // in the second block, short
		case row == 777 || row == 12_345:
			codes[row] = 65
		}
	}
	return codes // code 0 has the rest: the complement
}

func goldenIDs() [][16]byte { return sequentialIDs(300)[100:140] }

func goldenRows() HistogramRows {
	rows := HistogramRows{NumSeries: 3, Resolution: 1e9}
	for i := range uint64(40) {
		start := 1_700_000_000e9 + i*i*1e8
		rows.Start = append(rows.Start, start)
		rows.Duration = append(rows.Duration, int64(1000+i%7*150))
		rows.Series = append(rows.Series, uint32(i%3&2))
	}
	return rows
}

// dumper prints a block, a line for each field.
type dumper struct {
	strings.Builder
	b []byte
}

func (d *dumper) field(at, end int, format string, args ...any) {
	data := hex.EncodeToString(d.b[at:end])
	if len(data) > 48 {
		data = data[:48] + "..."
	}
	fmt.Fprintf(d, "%06d-%06d  %-52s %s\n", at, end, data, fmt.Sprintf(format, args...))
}

func dumpPostings(t *testing.T, b []byte) string {
	p, err := OpenPostings(b)
	if err != nil {
		t.Fatal(err)
	}
	d := &dumper{b: b}
	d.field(0, 4, "magic")
	d.field(4, 8, "version %d", b[4])
	d.field(8, 12, "rows: %d", p.Rows())
	d.field(12, 16, "codes: %d", p.Codes())
	d.field(16, 24, "entries: %d", p.Entries())
	for i := range p.blocks() + 1 {
		d.field(postingsHeader+4*i, postingsHeader+4*i+4, "start of block %d: %d", i, p.blockStart(i))
	}
	for i := range p.blocks() {
		d.block(t, p, i)
	}
	for i := range p.longs {
		d.long(t, p, &p.longs[i])
	}
	d.field(len(b)-padding, len(b), "padding")
	return d.String()
}

func (d *dumper) block(t *testing.T, p *Postings, i int) {
	blk, err := p.openBlock(i)
	if err != nil {
		t.Fatal(err)
	}
	at := blk.at
	d.field(at, at+1, "block %d: flags: counts of %d bits, long lists %v, two classes %v",
		i, blk.counts.width, blk.long != 0, blk.params.two)
	d.field(at+1, at+2, "  least count: %d", blk.counts.base)
	if blk.long != 0 {
		d.field(at+2, at+10, "  codes with a long list: %#x", blk.long)
		d.field(blk.longTable, blk.counts.at, "  their counts, sizes and kinds")
	}
	countsEnd := blk.counts.at + bytesFor(blk.codes*int(blk.counts.width))
	d.field(blk.counts.at, countsEnd, "  counts")
	if blk.counts.max() == 0 {
		return
	}
	paramsAt := blk.firstsAt
	if blk.counts.max() > 1 {
		paramsAt -= 2
	}
	d.field(countsEnd, paramsAt-1, "  least first row: %d", blk.firstBase)
	d.field(paramsAt-1, paramsAt, "  width of first rows: %d", blk.firstWidth)
	_, all := blk.before(0)
	if blk.counts.max() > 1 {
		d.field(paramsAt, blk.firstsAt, "  k0 %d, k1 %d", blk.params.k0, blk.params.k1)
	}
	s, err := blk.gaps(all)
	if err != nil {
		t.Fatal(err)
	}
	d.field(blk.firstsAt, s.class, "  first rows of %d lists", all.lists)
	d.gaps(s)
}

func (d *dumper) gaps(s gapStream) {
	if s.two {
		d.field(s.class, s.low, "  classes of %d gaps", s.gaps)
	}
	d.field(s.low, s.high, "  lows of %d gaps", s.gaps)
	d.field(s.high, s.end, "  highs of %d gaps", s.gaps)
}

func (d *dumper) long(t *testing.T, p *Postings, l *longList) {
	names := [...]string{"gaps", "complement", "roaring"}
	at := int(l.off)
	if l.kind == kindRoaring {
		d.field(at, at+int(l.size), "code %d: %s, %d rows", l.code, names[l.kind], l.count)
		return
	}
	c, err := p.openChunked(l)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.chunks {
		d.field(at+6*i, at+6*i+6, "code %d: %s, chunk %d of %d rows: first row %d, k0 %d, k1 %d",
			l.code, names[l.kind], i, c.size(i), c.first(i), p.b[at+6*i+4], p.b[at+6*i+5])
	}
	for i := 1; i < c.chunks; i++ {
		d.field(at+6*c.chunks+4*(i-1), at+6*c.chunks+4*i, "  chunk %d starts at %d", i, c.start(i))
	}
	for i := range c.chunks {
		s, err := c.open(i)
		if err != nil {
			t.Fatal(err)
		}
		d.gaps(s)
	}
}

func dumpIDs(t *testing.T, b []byte) string {
	x, err := OpenIDs(b)
	if err != nil {
		t.Fatal(err)
	}
	d := &dumper{b: b}
	d.field(0, 4, "magic")
	d.field(4, 5, "version %d", b[4])
	d.field(5, 6, "width of a code: %d", x.width)
	d.field(6, 8, "zero")
	d.field(8, 16, "ids: %d", x.Len())
	d.field(16, 24, "seed")
	d.field(24, x.codes, "fingerprints")
	d.field(x.codes, x.samples, "codes")
	d.field(x.samples, x.buckets, "samples")
	d.field(x.buckets, len(b)-padding, "buckets")
	d.field(len(b)-padding, len(b), "padding")
	return d.String()
}

func dumpHistogram(t *testing.T, b []byte) string {
	h, err := OpenHistogram(b)
	if err != nil {
		t.Fatal(err)
	}
	d := &dumper{b: b}
	d.field(0, 4, "magic")
	d.field(4, 8, "version %d", b[4])
	d.field(8, 16, "resolution: %d", h.Resolution())
	d.field(16, 24, "first time cell: %d", h.first)
	d.field(24, 32, "last time cell: %d", h.last)
	d.field(32, 40, "rows: %d", h.Rows())
	d.field(40, 44, "series: %d", h.Series())
	d.field(44, 48, "zero")
	at := histogramHeader
	for i := range h.series + 2 {
		d.field(at+4*i, at+4*i+4, "start of stream %d: %d", i, load32(b, at+4*i))
	}
	for i := range h.series + 1 {
		d.stream(i, int(load32(b, at+4*i)), int(load32(b, at+4*i+4)))
	}
	d.field(len(b)-padding, len(b), "padding")
	return d.String()
}

func (d *dumper) stream(i, at, end int) {
	v := varints{b: d.b[:end], at: at}
	blocks := v.next()
	d.field(at, v.at, "stream %d: %d blocks", i, blocks)
	var sizes []int
	for range blocks {
		at = v.at
		gap, span, size := v.next(), v.next(), v.next()
		d.field(at, v.at, "  block: time cells %d to %d after the last, %d bytes", gap, gap+span, size)
		sizes = append(sizes, int(size))
	}
	at = v.at
	for _, size := range sizes {
		d.field(at, at+blockParts, "  Rice parameters")
		d.field(at+blockParts, at+blockHead, "  least first cell: %d", int(d.b[at+5])|int(d.b[at+6])<<8)
		d.field(at+blockHead, at+size, "  counts")
		at += size
	}
}

func TestGolden(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
		dump func(*testing.T, []byte) string
	}{
		{"postings.v1", BuildPostings(goldenCodes(), 70), dumpPostings},
		{"ids.v1", BuildIDs(goldenIDs()), dumpIDs},
		{"histogram.v1", BuildHistogram(goldenRows()), dumpHistogram},
	} {
		t.Run(c.name, func(t *testing.T) {
			golden(t, c.name+".bin", string(c.b))
			golden(t, c.name+".dump", c.dump(t, c.b))
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

// TestReadV1 reads the blocks of version 1. Their bytes are never rewritten,
// even if the builders change.
func TestReadV1(t *testing.T) {
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	p, err := OpenPostings(read("postings.v1.bin"))
	if err != nil {
		t.Fatal(err)
	}
	checkColumn(t, p, single("v1", goldenCodes(), 70))

	x, err := OpenIDs(read("ids.v1.bin"))
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range goldenIDs() {
		code, ok, err := x.Find(id, func(code uint32) [16]byte { return goldenIDs()[code] })
		if err != nil || !ok || int(code) != i {
			t.Errorf("id %d: code %d, %v, %v", i, code, ok, err)
		}
	}

	h, err := OpenHistogram(read("histogram.v1.bin"))
	if err != nil {
		t.Fatal(err)
	}
	checkHistogram(t, h, goldenRows())
}

func TestGoldenUsesEveryForm(t *testing.T) {
	p, err := OpenPostings(BuildPostings(goldenCodes(), 70))
	if err != nil {
		t.Fatal(err)
	}
	kinds, classes := 0, 0
	for i := range p.longs {
		kinds |= 1 << p.longs[i].kind
		if l := &p.longs[i]; l.kind == kindGaps {
			classes |= 1 << bits.Len8(p.b[l.off+5]/oneClass)
		}
	}
	if kinds != 7 || classes != 3 {
		t.Errorf("kinds %b, classes %b", kinds, classes)
	}
}
