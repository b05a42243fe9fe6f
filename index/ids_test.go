package index

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

func randomIDs(r *rand.Rand, n int) [][16]byte {
	ids := make([][16]byte, n)
	for i := range ids {
		binary.LittleEndian.PutUint64(ids[i][:], r.Uint64())
		binary.LittleEndian.PutUint64(ids[i][8:], r.Uint64())
	}
	return ids
}

func sequentialIDs(n int) [][16]byte {
	ids := make([][16]byte, n)
	for i := range ids {
		binary.BigEndian.PutUint64(ids[i][8:], uint64(i)+1)
	}
	return ids
}

func TestIDs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 3, 64, 127, 128, 129, 1000, 40_000} {
		checkIDs(t, randomIDs(r, n), randomIDs(r, 20_000))
		checkIDs(t, sequentialIDs(n), randomIDs(r, 20_000))
		checkIDs(t, sequentialIDs(2 * n)[:n], sequentialIDs(2 * n)[n:])
	}
}

func checkIDs(t *testing.T, ids, absent [][16]byte) {
	t.Helper()
	x, err := OpenIDs(BuildIDs(ids))
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	at := func(code uint32) [16]byte { calls++; return ids[code] }
	for i, id := range ids {
		code, ok, err := x.Find(id, at)
		if err != nil || !ok || int(code) != i || !x.MayContain(id) {
			t.Fatalf("%d ids: id %d: code %d, %v, %v", len(ids), i, code, ok, err)
		}
	}
	if calls > len(ids)+len(ids)/50+3 {
		t.Errorf("%d ids found with %d looks", len(ids), calls)
	}
	wrong := 0
	for _, id := range absent {
		if x.MayContain(id) {
			wrong++
		}
		if _, ok, err := x.Find(id, at); ok || err != nil {
			t.Fatalf("absent id: %v, %v", ok, err)
		}
	}
	if wrong > len(absent)/100+3 {
		t.Errorf("%d ids: %d of %d absent ids may be there", len(ids), wrong, len(absent))
	}
	if x.Len() != len(ids) {
		t.Errorf("Len = %d, want %d", x.Len(), len(ids))
	}
}

func TestIDsHostile(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for range 3000 {
		ids := randomIDs(r, r.IntN(400))
		b := BuildIDs(ids)
		for range 1 + r.IntN(3) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
		if r.IntN(5) == 0 {
			b = b[:r.IntN(len(b))]
		}
		if err := exerciseIDs(b, slices.Concat(ids, randomIDs(r, 100))); !onlyCorrupt(err) {
			t.Fatal(err)
		}
	}
}

func exerciseIDs(b []byte, ids [][16]byte) error {
	x, err := OpenIDs(b)
	if err != nil {
		return err
	}
	for _, id := range ids {
		x.MayContain(id)
		if _, _, err := x.Find(id, func(code uint32) [16]byte { return [16]byte{byte(code)} }); err != nil {
			return err
		}
	}
	return nil
}
