package index

import "math/bits"

// IDs find the code of a 16-byte id. An id hashes to one of as many buckets as
// there are ids, and to a fingerprint of 8 bits. The ids are kept in the order
// of bucket and fingerprint, as their fingerprints, their codes and, for each
// bucket, how many are in it; the ids themselves stay in the dictionary. So an
// id that is not there is found out with one scan of its bucket, all but once
// in about 250 times, and one that is there costs one look at the dictionary.
//
// The hash is seeded with the ids themselves, so that whoever chooses ids
// cannot choose them to collide.
type IDs struct {
	b       []byte
	n       int
	seed    uint64
	width   uint // of a code
	codes   int  // byte offset of the packed codes
	samples int  // of the samples of buckets
	buckets int  // of the bits that count the ids of each bucket
}

const (
	idsMagic   = "SPID"
	idsVersion = 1
	idsHeader  = 24

	fingerprintBits = 8
	bucketSample    = 128 // buckets from one sample to the next
	maxIDs          = 1 << 27
)

// idHash mixes an id into 64 bits.
func idHash(id []byte, seed uint64) uint64 {
	const p0, p1 = 0xa0761d6478bd642f, 0xe7037ed1a0b428db
	hi, lo := bits.Mul64(load64(id, 0)^p0^seed, load64(id, 8)^p1)
	hi, lo = bits.Mul64(hi^lo^seed, p1)
	return hi ^ lo
}

// place spreads a hash over n buckets: the bucket, and below it the
// fingerprint.
func place(hash uint64, n int) uint64 {
	p, _ := bits.Mul64(hash, uint64(n)<<fingerprintBits)
	return p
}

// OpenIDs opens what BuildIDs returned, and keeps b.
func OpenIDs(b []byte) (*IDs, error) {
	if len(b) < idsHeader+padding || string(b[:4]) != idsMagic {
		return nil, corrupt("ids: no header in %d bytes", len(b))
	}
	if b[4] != idsVersion {
		return nil, corrupt("ids: version %d", b[4])
	}
	x := &IDs{b: b, width: uint(b[5]), n: int(load32(b, 8)), seed: load64(b, 16), codes: idsHeader}
	if x.n > maxIDs || x.width > 32 {
		return nil, corrupt("ids: %d ids, codes of %d bits", x.n, x.width)
	}
	x.codes = idsHeader + x.n
	x.samples = x.codes + bytesFor(x.n*int(x.width))
	x.buckets = x.samples + 4*((x.n+bucketSample-1)/bucketSample)
	end := x.buckets + bytesFor(2*x.n)
	if end+padding != len(b) {
		return nil, corrupt("ids: %d ids in %d bytes", x.n, len(b))
	}
	return x, x.check()
}

// check makes sure that the bucket bits hold as many ones as buckets, and that
// every sample is where its bucket starts.
func (x *IDs) check() error {
	done, ones := 0, 0 // bits counted, in whole words
	for i := 0; i*bucketSample < x.n; i++ {
		pos := int(load32(x.b, x.samples+4*i))
		if pos < done || pos > 2*x.n {
			return corrupt("ids: sample %d is %d", i, pos)
		}
		words := (pos - done) &^ 63
		ones += popcount(x.b, x.buckets+done/8, words)
		done += words
		start := pos == 0 || x.bit(pos-1)
		if !start || ones+popcount(x.b, x.buckets+done/8, pos-done) != i*bucketSample {
			return corrupt("ids: sample %d is %d", i, pos)
		}
	}
	ones += popcount(x.b, x.buckets+done/8, 2*x.n-done)
	if ones != x.n || x.n > 0 && !x.bit(2*x.n-1) {
		return corrupt("ids: %d buckets of %d", ones, x.n)
	}
	return nil
}

func (x *IDs) bit(pos int) bool { return x.b[x.buckets+pos>>3]>>(pos&7)&1 != 0 }

// Len returns the number of ids.
func (x *IDs) Len() int { return x.n }

// bucket returns the range of the entries in bucket j.
func (x *IDs) bucket(j int) (lo, hi int) {
	pos := int(load32(x.b, x.samples+j/bucketSample*4))
	at := x.buckets + pos>>6<<3
	w := load64(x.b, at) &^ (1<<(uint(pos)&63) - 1)
	skip := j % bucketSample // ones before the bucket
	for n := bits.OnesCount64(w); n < skip; n = bits.OnesCount64(w) {
		skip -= n
		at += 8
		w = load64(x.b, at)
	}
	if skip > 0 {
		one := selectBit(w, skip-1)
		pos = (at-x.buckets)*8 + one + 1
		w &^= 1<<uint(one)<<1 - 1
	}
	for w == 0 {
		at += 8
		w = load64(x.b, at)
	}
	stop := (at-x.buckets)*8 + bits.TrailingZeros64(w)
	return pos - j, stop - j
}

// candidates returns the entries of the id's bucket and its fingerprint.
func (x *IDs) candidates(id [16]byte) (lo, hi int, fingerprint byte) {
	if x.n == 0 {
		return 0, 0, 0
	}
	p := place(idHash(id[:], x.seed), x.n)
	lo, hi = x.bucket(int(p >> fingerprintBits))
	return lo, hi, byte(p)
}

// MayContain reports whether the id may be there: false is certain, true is
// wrong for one in about 250 of the ids that are not there.
func (x *IDs) MayContain(id [16]byte) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	lo, hi, fp := x.candidates(id)
	for ; lo < hi; lo += 8 { // a bucket of more than 8 is rare
		// A byte of diff is zero where a fingerprint is equal.
		diff := load64(x.b, idsHeader+lo) ^ uint64(fp)*ones
		equal := (diff - ones) &^ diff & tops // may be wrong above an equal byte
		if n := hi - lo; n < 8 {
			equal &= 1<<uint(8*n) - 1
		}
		if equal != 0 {
			return true
		}
	}
	return false
}

// Find returns the code of the id. It calls at, which returns the id of a code
// below Len, for the one code that can be right and seldom for another.
func (x *IDs) Find(id [16]byte, at func(code uint32) [16]byte) (code uint32, ok bool, err error) {
	lo, hi, fp := x.candidates(id)
	for i := lo; i < hi; i++ {
		if x.b[idsHeader+i] != fp {
			continue
		}
		code := uint32(packed(x.b, x.codes, i, x.width))
		if int(code) >= x.n {
			return 0, false, corrupt("ids: code %d of %d", code, x.n)
		}
		if at(code) == id {
			return code, true, nil
		}
	}
	return 0, false, nil
}
