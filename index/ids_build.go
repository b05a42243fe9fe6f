package index

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// BuildIDs returns the index of ids, which are distinct: the code of ids[i] is
// i. It panics if there are more than 1<<27.
func BuildIDs(ids [][16]byte) []byte {
	n := len(ids)
	if n > maxIDs {
		panic(fmt.Sprintf("index: %d ids", n))
	}
	seed := uint64(n)
	for i := range ids {
		seed = idHash(ids[i][:], seed)
	}
	width := uint(bits.Len(uint(max(n-1, 0))))
	entries, ends := sortIDs(ids, seed, width)

	b := append([]byte(idsMagic), idsVersion, byte(width), 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(n))
	b = binary.LittleEndian.AppendUint64(b, seed)
	for _, e := range entries {
		b = append(b, byte(e>>width))
	}
	var w bitWriter
	for _, e := range entries {
		w.write(e&(1<<width-1), width)
	}
	b = w.flush(b)
	return append(appendBuckets(b, ends), make([]byte, padding)...)
}

// sortIDs returns an entry for every id, its code below its place, in order,
// and where the entries of each bucket end.
func sortIDs(ids [][16]byte, seed uint64, width uint) (entries []uint64, ends []uint32) {
	places := make([]uint64, len(ids))
	starts := make([]uint32, len(ids))
	for i := range ids {
		places[i] = place(idHash(ids[i][:], seed), len(ids))
		starts[places[i]>>fingerprintBits]++
	}
	sumStarts(starts)
	entries = make([]uint64, len(ids))
	for code, p := range places {
		at := &starts[p>>fingerprintBits]
		entries[*at] = p<<width | uint64(code)
		*at++
	}
	lo := uint32(0)
	for _, hi := range starts {
		if hi-lo > 1 {
			slices.Sort(entries[lo:hi])
		}
		lo = hi
	}
	return entries, starts
}

// appendBuckets appends the samples and, for each bucket, a zero bit for each
// of its ids and a one.
func appendBuckets(b []byte, ends []uint32) []byte {
	var w bitWriter
	lo := uint32(0)
	for j, hi := range ends {
		if j%bucketSample == 0 {
			b = binary.LittleEndian.AppendUint32(b, uint32(w.bits()))
		}
		w.unary(uint64(hi - lo))
		lo = hi
	}
	return w.flush(b)
}
