package wal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/engine/internal/disk"
)

// smallLog is a log of three groups: "a" alone, "b" and "c" together, "d" alone.
// closed adds the mark. The ends are those of the four records.
func smallLog(t *testing.T, closed bool) (b []byte, ends []int) {
	t.Helper()
	m := disk.NewMem()
	w := create(t, m, Options{Salt: testSalt})
	commit(t, w, 1, "a")
	ends = append(ends, int(w.Size()))
	add(t, w, 2, "b")
	ends = append(ends, int(w.Size()))
	must(t, w.Commit(add(t, w, 3, strings.Repeat("c", 100))))
	ends = append(ends, int(w.Size()))
	commit(t, w, 4, "d")
	ends = append(ends, int(w.Size()))
	if closed {
		must(t, w.Close())
	}
	return readFile(t, m), ends
}

var smallRecords = []seen{{1, "a"}, {2, "b"}, {3, strings.Repeat("c", 100)}, {4, "d"}}

// checkDamaged replays bytes that were a small log once. A replay may fail, or
// give a prefix of the records and report the rest as torn; what it lost must
// lie past what is claimed as synced.
func checkDamaged(t *testing.T, b []byte, what string) (kept int, res Result, err error) {
	t.Helper()
	got, res, err := replay(t, fileOf(t, b))
	if len(got) > len(smallRecords) || !slices.Equal(got, smallRecords[:len(got)]) {
		t.Fatalf("%s: other records: %v", what, got)
	}
	if err != nil {
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) && !errors.Is(err, ErrVersion) {
			t.Errorf("%s: %v", what, err)
		}
		return len(got), res, err
	}
	if len(b)-int(res.GoodOffset) != int(res.Dropped) || res.TornTail != (res.Dropped > 0) {
		t.Errorf("%s: %d bytes, result %+v", what, len(b), res)
	}
	if res.GoodOffset < res.SyncedOffset {
		t.Errorf("%s: cut at %d, but synced to %d", what, res.GoodOffset, res.SyncedOffset)
	}
	return len(got), res, nil
}

// TestEveryByteFlipped: a wrong byte where a later record vouches is an error;
// in the last group it is a torn tail, and nothing before that is lost.
func TestEveryByteFlipped(t *testing.T) {
	for _, closed := range []bool{false, true} {
		b, ends := smallLog(t, closed)
		vouched := ends[2]
		if closed {
			vouched = ends[3]
		}
		for i := range b {
			for _, bits := range []byte{0x01, 0x80, 0xff} {
				what := fmt.Sprintf("closed %v, byte %d ^ %#x", closed, i, bits)
				damaged := slices.Clone(b)
				damaged[i] ^= bits
				kept, _, err := checkDamaged(t, damaged, what)
				switch {
				case i < vouched && err == nil:
					t.Errorf("%s: no error", what)
				case i >= vouched && (err != nil || kept != countEnds(ends, i)):
					t.Errorf("%s: kept %d records, %v", what, kept, err)
				}
			}
		}
	}
}

// countEnds is how many records end at or before an offset.
func countEnds(ends []int, off int) (n int) {
	for _, end := range ends {
		if end <= off {
			n++
		}
	}
	return n
}

func TestEveryTruncation(t *testing.T) {
	b, ends := smallLog(t, true)
	for n := range b {
		kept, res, err := checkDamaged(t, b[:n], fmt.Sprintf("cut to %d", n))
		if err != nil || kept != countEnds(ends, n) {
			t.Errorf("cut to %d: kept %d, %v", n, kept, err)
		}
		m := fileOf(t, b[:n])
		w, err := OpenWriter(m, ".", 7, res, Options{})
		must(t, err)
		commit(t, w, 9, "next")
		got, _, err := replay(t, m.Crash(disk.CrashKeepsAll))
		if want := append(slices.Clone(smallRecords[:kept]), seen{9, "next"}); err != nil || !slices.Equal(got, want) {
			t.Errorf("cut to %d, continued: %v %v", n, got, err)
		}
	}
}

// TestTails: what a crash may leave past the end of a log is cut and said.
func TestTails(t *testing.T) {
	b, _ := smallLog(t, false)
	rng := rand.New(rand.NewPCG(3, 4))
	garbage := make([]byte, windowSize+1000)
	for i := range garbage {
		garbage[i] = byte(rng.Uint32())
	}
	other := disk.NewMem()
	w, err := Create(other, ".", 7, Options{})
	must(t, err)
	for i := range 9 {
		commit(t, w, 1, fmt.Sprint("stale", i))
	}
	for name, tail := range map[string][]byte{
		"zeros":                make([]byte, 10000),
		"one zero":             {0},
		"garbage":              garbage,
		"magics":               []byte(strings.Repeat(recordMagic, windowSize)),
		"recycled, other salt": readFile(t, other)[fileHeaderSize:],
	} {
		kept, res, err := checkDamaged(t, append(slices.Clone(b), tail...), name)
		if err != nil || kept != 4 || res.Dropped != int64(len(tail)) || res.DroppedRecords != 0 || res.Reason == "" {
			t.Errorf("%s: kept %d, %+v, %v", name, kept, res, err)
		}
	}
}

// TestTornGroup: of records written together any may be missing, and a later one
// among them does not make that corruption.
func TestTornGroup(t *testing.T) {
	b, ends := smallLog(t, false)
	torn := slices.Clone(b[:ends[2]])
	clear(torn[ends[0] : ends[0]+20])
	kept, res, err := checkDamaged(t, torn, "first of a group lost")
	if err != nil || kept != 1 || res.DroppedRecords != 1 || int(res.GoodOffset) != ends[0] {
		t.Errorf("kept %d, %+v, %v", kept, res, err)
	}
}

// TestMisplacedRecords: sound records in the wrong order are never the work of a
// crash.
func TestMisplacedRecords(t *testing.T) {
	b, ends := smallLog(t, false)
	cut := func(from, to int) []byte { return b[from:to] }
	head, a, bb, c, d := cut(0, fileHeaderSize), cut(fileHeaderSize, ends[0]), cut(ends[0], ends[1]), cut(ends[1], ends[2]), cut(ends[2], ends[3])
	for name, parts := range map[string][][]byte{
		"gap":             {head, a, c, d},
		"gap at the end":  {head, a, bb, d},
		"first missing":   {head, bb, c, d},
		"twice":           {head, a, a, bb, c, d},
		"twice, last":     {head, a, bb, c, d, d},
		"swapped":         {head, a, c, bb, d},
		"begun again":     {head, a, bb, c, d, a},
		"header repeated": {head, a, bb, head, c, d},
	} {
		_, _, err := checkDamaged(t, slices.Concat(parts...), name)
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) || corrupt.Log != 7 || corrupt.Offset < fileHeaderSize {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestHeaders(t *testing.T) {
	b, _ := smallLog(t, false)
	empty := b[:fileHeaderSize]
	_, res, err := checkDamaged(t, nil, "empty file")
	if err != nil || res.GoodOffset != 0 || res.TornTail {
		t.Errorf("empty file: %+v %v", res, err)
	}
	_, res, err = checkDamaged(t, make([]byte, fileHeaderSize), "zero header")
	if err != nil || res.GoodOffset != 0 || res.Dropped != fileHeaderSize {
		t.Errorf("zero header: %+v %v", res, err)
	}
	_, _, err = checkDamaged(t, make([]byte, len(b)), "all zeros")
	wantErr(t, err, ErrCorrupt)

	newer := fileHeader{id: 7, salt: 1}.append(nil)
	le.PutUint32(newer[4:], 2)
	resum(newer)
	_, _, err = checkDamaged(t, newer, "newer version")
	wantErr(t, err, ErrVersion)

	f, err := fileOf(t, b).Open(Name(7))
	must(t, err)
	_, err = Replay(f, 8, func(Record) error { return nil })
	wantErr(t, err, ErrCorrupt)
	if _, res, err = checkDamaged(t, empty, "no records"); err != nil || !res.Marked || res.GoodOffset != fileHeaderSize {
		t.Errorf("no records: %+v %v", res, err)
	}
}

// resum sets the checksum of a file header that was changed.
func resum(b []byte) { le.PutUint32(b[24:], checksum(b[:24])) }

func TestCallbackErrorEndsReplay(t *testing.T) {
	b, ends := smallLog(t, false)
	f, err := fileOf(t, b).Open(Name(7))
	must(t, err)
	stop := errors.New("stop")
	n := 0
	res, err := Replay(f, 7, func(r Record) error {
		if n++; n == 3 {
			return stop
		}
		return nil
	})
	wantErr(t, err, stop)
	if n != 3 || res.Records != 2 || int(res.GoodOffset) != ends[1] {
		t.Errorf("%d calls, %+v", n, res)
	}
}

// TestForgedRecordInAPayload: a client that sends the bytes of a later record
// cannot make a torn tail look like corruption, for it does not know the salt.
func TestForgedRecordInAPayload(t *testing.T) {
	forged := recordHeader{codec: Raw, kind: 1, id: 7, sequence: 9, synced: 1000}.append(nil)
	sealHeader(forged, 0, 1000)
	m := disk.NewMem()
	w := create(t, m, Options{Codec: Raw})
	commit(t, w, 1, strings.Repeat("x", 1200)+string(forged))
	b := readFile(t, m)
	b[fileHeaderSize+recordHeaderSize] ^= 1
	got, res, err := replay(t, fileOf(t, b))
	if err != nil || len(got) != 0 || !res.TornTail || res.DroppedRecords != 0 {
		t.Errorf("%v %+v %v", got, res, err)
	}
}

// TestSoundRecordsThatDoNotDecode: checksums hold, contents do not.
func TestSoundRecordsThatDoNotDecode(t *testing.T) {
	base := recordHeader{codec: Raw, kind: 1, id: 7, sequence: 1}
	for name, change := range map[string]func(h *recordHeader) (payload string){
		"s2 of another length":   func(h *recordHeader) string { h.codec, h.length = S2, 50; return "\x03\x08abc" },
		"s2 garbage":             func(h *recordHeader) string { h.codec, h.length = S2, 50; return "\x32\xff\xff" },
		"zstd garbage":           func(h *recordHeader) string { h.codec, h.length = Zstd, 50; return "garbage" },
		"zstd longer than told":  func(h *recordHeader) string { h.codec, h.length = Zstd, 60; return zstdOf(t, 100000) },
		"zstd shorter than told": func(h *recordHeader) string { h.codec, h.length = Zstd, 1<<20; return zstdOf(t, 1000) },
		"claims its future":      func(h *recordHeader) string { h.synced = 1000; return "" },
		"claims beyond int64":    func(h *recordHeader) string { h.synced = 1 << 63; return "" },
	} {
		h := base
		payload := change(&h)
		h.stored = uint32(len(payload))
		h.payloadCRC = checksum([]byte(payload))
		b := fileHeader{id: 7, salt: testSalt}.append(nil)
		b = h.append(b)
		sealHeader(b[fileHeaderSize:], testSalt, int64(h.synced))
		b = append(b, payload...)
		_, _, err := checkDamaged(t, b, name)
		wantErr(t, err, ErrCorrupt)
	}
}

// TestUnsoundHeaders: lengths that disagree end the log before anything is
// allocated for them.
func TestUnsoundHeaders(t *testing.T) {
	base := recordHeader{codec: Raw, kind: 1, id: 7, sequence: 1}
	for reason, change := range map[string]func(h *recordHeader){
		"unknown codec":                   func(h *recordHeader) { h.codec = 0 },
		"payload over the limit":          func(h *recordHeader) { h.length = MaxPayload + 1 },
		"lengths of the payload disagree": func(h *recordHeader) { h.codec, h.stored, h.length = S2, 5, 5 },
		"a mark with a payload":           func(h *recordHeader) { h.kind, h.stored, h.length = KindMark, 1, 1 },
		"the file ends within a record":   func(h *recordHeader) { h.stored, h.length = 1000, 1000 },
		"record of another log":           func(h *recordHeader) { h.id = 8 },
		"bad checksum of a payload":       func(h *recordHeader) { h.payloadCRC = 1 },
	} {
		h := base
		change(&h)
		b := fileHeader{id: 7, salt: testSalt}.append(nil)
		b = h.append(b)
		sealHeader(b[fileHeaderSize:], testSalt, 0)
		_, res, err := checkDamaged(t, b, reason)
		if err != nil || res.Reason != reason {
			t.Errorf("%q: %+v %v", reason, res, err)
		}
	}
}

// TestVoucherAcrossWindows: the record that vouches for a bad one is found
// wherever its header lies in what is read at a time.
func TestVoucherAcrossWindows(t *testing.T) {
	for at := windowSize - recordHeaderSize - 8; at < windowSize+8; at++ {
		m := disk.NewMem()
		w := create(t, m, Options{Codec: Raw})
		commit(t, w, 1, strings.Repeat("x", at-fileHeaderSize-recordHeaderSize))
		commit(t, w, 1, "voucher")
		b := readFile(t, m)
		b[fileHeaderSize+8] ^= 1
		if _, _, err := replay(t, fileOf(t, b)); !errors.Is(err, ErrCorrupt) {
			t.Fatalf("voucher at %d: %v", at, err)
		}
	}
}

// TestOpenWriterSyncs: records that are in the file but not synced are replayed
// after the end of the process alone, so they have to be made durable.
func TestOpenWriterSyncs(t *testing.T) {
	m := disk.NewMem()
	w := create(t, m, Options{Policy: SyncNever})
	commit(t, w, 1, "a")
	wantLog(t, m.Crash(disk.CrashLosesAll), "")
	reopen(t, m, Options{})
	wantLog(t, m.Crash(disk.CrashLosesAll), "a")
}
