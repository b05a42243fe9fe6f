package wal

import (
	"slices"
	"testing"
)

func verify(t *testing.T, b []byte) Report {
	t.Helper()
	f, err := fileOf(t, b).Open(Name(7))
	must(t, err)
	r, err := Verify(f, 7)
	must(t, err)
	return r
}

func offsets(r Report) (at []int) {
	for _, fault := range r.Faults {
		at = append(at, int(fault.Offset))
	}
	return at
}

func TestVerifyFindsEveryFault(t *testing.T) {
	b, ends := smallLog(t, true)
	if r := verify(t, b); r.Records != 4 || len(r.Faults) != 0 || r.TornTail || !r.Marked {
		t.Errorf("sound log: %+v", r)
	}
	b[fileHeaderSize+20] ^= 1        // header of the first
	b[ends[1]+recordHeaderSize] ^= 1 // payload of the third
	b[len(b)-1] ^= 1                 // the mark
	r := verify(t, b[:len(b)-recordHeaderSize])
	if !slices.Equal(offsets(r), []int{fileHeaderSize, ends[1]}) || r.Records != 2 || r.TornTail {
		t.Errorf("two faults: %+v", r)
	}
	r = verify(t, b)
	if !slices.Equal(offsets(r), []int{fileHeaderSize, ends[1]}) || !r.TornTail || r.Dropped != recordHeaderSize {
		t.Errorf("two faults and a torn mark: %+v", r)
	}
}

func TestVerifyMisplacedAndHeaderless(t *testing.T) {
	b, ends := smallLog(t, false)
	r := verify(t, slices.Concat(b[:ends[0]], b[ends[1]:])) // without the second
	if len(r.Faults) == 0 || r.Faults[0].Offset != int64(ends[0]) {
		t.Errorf("gap: %+v", r)
	}
	for n := range fileHeaderSize {
		if r := verify(t, b[:n]); len(r.Faults) != 0 || r.Dropped != int64(n) {
			t.Errorf("header cut to %d: %+v", n, r)
		}
	}
	b[0] ^= 1
	if r := verify(t, b); !slices.Equal(offsets(r), []int{0}) {
		t.Errorf("bad header: %+v", r)
	}
}

// TestVerifyAgreesWithReplay on every damaged byte and every cut.
func TestVerifyAgreesWithReplay(t *testing.T) {
	b, _ := smallLog(t, true)
	check := func(damaged []byte, what string, i int) {
		_, res, err := replay(t, fileOf(t, damaged))
		r := verify(t, damaged)
		if (err != nil) != (len(r.Faults) > 0) || err == nil && r.Result != res {
			t.Errorf("%s %d: replay %+v %v, verify %+v", what, i, res, err, r)
		}
	}
	for i := range b {
		damaged := slices.Clone(b)
		damaged[i] ^= 0x10
		check(damaged, "byte", i)
		check(b[:i], "cut", i)
	}
}
