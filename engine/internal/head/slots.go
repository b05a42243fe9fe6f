package head

import (
	"hash/maphash"
	"math/bits"
	"sync/atomic"
)

// slots is a hash table from 32-bit hashes to numbers that the owner compares
// itself. There is one writer; readers with an older copy of the struct may
// look up while it writes, by find.
type slots struct {
	cells []uint64 // hash<<32 | number+1; 0 is free; a power of two of them
	used  int
}

// grow makes room for one more number.
func (s *slots) grow() {
	if (s.used+1)*4 <= len(s.cells)*3 {
		return
	}
	old := s.cells
	s.cells = make([]uint64, max(16, 2*len(old)))
	for _, c := range old {
		if c == 0 {
			continue
		}
		i := s.home(uint32(c >> 32))
		for s.cells[i] != 0 {
			i = s.after(i)
		}
		s.cells[i] = c
	}
}

func (s *slots) home(hash uint32) uint32 { return hash & uint32(len(s.cells)-1) }
func (s *slots) after(i uint32) uint32   { return (i + 1) & uint32(len(s.cells)-1) }

// put stores a number in a free cell that a probe for its hash ended at.
func (s *slots) put(i, hash, number uint32) {
	s.replace(i, hash, number)
	s.used++
}

// replace stores a number in place of one with the same hash.
func (s *slots) replace(i, hash, number uint32) {
	atomic.StoreUint64(&s.cells[i], uint64(hash)<<32|uint64(number)+1)
}

// insert stores a number that is not there yet.
func (s *slots) insert(hash, number uint32) {
	s.grow()
	i := s.home(hash)
	for s.cells[i] != 0 {
		i = s.after(i)
	}
	s.put(i, hash, number)
}

// find calls is with every number of that hash until it returns true, and
// reports whether it did.
func (s slots) find(hash uint32, is func(number uint32) bool) (uint32, bool) {
	if len(s.cells) == 0 {
		return 0, false
	}
	for i := s.home(hash); ; i = s.after(i) {
		c := atomic.LoadUint64(&s.cells[i])
		if c == 0 {
			return 0, false
		}
		if n := uint32(c) - 1; uint32(c>>32) == hash && is(n) {
			return n, true
		}
	}
}

func (s *seeds) hashBytes(b []byte) uint32  { return uint32(maphash.Bytes(s.text, b)) }
func (s *seeds) hashString(t string) uint32 { return uint32(maphash.String(s.text, t)) }

func (s *seeds) hashNumber(x uint64) uint32 { return s.hashNumbers(x, 0) }

func (s *seeds) hashNumbers(x, y uint64) uint32 {
	hi, lo := bits.Mul64(x^s.a, y^s.b)
	hi, lo = bits.Mul64(hi^lo^s.b, s.a|1)
	return uint32(hi ^ lo)
}
