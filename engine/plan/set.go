package plan

import (
	"math/bits"
	"slices"
)

// set is a set of codes of one group: a short ascending list, or a bitmap.
// The zero set is empty. A set is not changed once it is made.
type set struct {
	len  int // codes in the group
	list []uint32
	bits []uint64 // nil when list is the set
	key  string   // names the set in the part's memory; "" for one that is not kept
}

// listLimit is the length up to which a set stays a list.
const listLimit = 256

// newSet makes a set from ascending codes that it keeps.
func newSet(size int, codes []uint32) set {
	s := set{len: size, list: codes}
	if len(codes) > listLimit {
		s.bits, s.list = s.bitmap(), nil
	}
	return s
}

// bitmap returns the set as a bitmap, its own if it is one.
func (s set) bitmap() []uint64 {
	if s.bits != nil {
		return s.bits
	}
	b := make([]uint64, (s.len+63)/64)
	for _, c := range s.list {
		b[c>>6] |= 1 << (c & 63)
	}
	return b
}

func (s set) has(c uint32) bool {
	if s.bits != nil {
		return s.bits[c>>6]>>(c&63)&1 != 0
	}
	_, ok := slices.BinarySearch(s.list, c)
	return ok
}

func (s set) count() int {
	n := len(s.list)
	for _, w := range s.bits {
		n += bits.OnesCount64(w)
	}
	return n
}

// codes returns the set's codes, ascending.
func (s set) codes() []uint32 {
	if s.bits == nil {
		return s.list
	}
	out := make([]uint32, 0, s.count())
	for i, w := range s.bits {
		for ; w != 0; w &= w - 1 {
			out = append(out, uint32(i<<6+bits.TrailingZeros64(w)))
		}
	}
	return out
}

func (s set) and(t set) set {
	key := joinKeys("&", s.key, t.key)
	if s.bits == nil {
		return newSet(s.len, filtered(s.list, t.has)).named(key)
	}
	if t.bits == nil {
		return t.and(s)
	}
	out := make([]uint64, len(s.bits))
	for i := range out {
		out[i] = s.bits[i] & t.bits[i]
	}
	return set{len: s.len, bits: out, key: key}
}

func (s set) named(key string) set {
	s.key = key
	return s
}

func filtered(codes []uint32, keep func(uint32) bool) []uint32 {
	var out []uint32
	for _, c := range codes {
		if keep(c) {
			out = append(out, c)
		}
	}
	return out
}

func (s set) or(t set) set {
	key := joinKeys("|", s.key, t.key)
	if s.bits == nil && t.bits == nil && len(s.list)+len(t.list) <= listLimit {
		out := slices.Concat(s.list, t.list)
		slices.Sort(out)
		return set{len: s.len, list: slices.Compact(out), key: key}
	}
	out := slices.Clone(s.bitmap())
	for i, w := range t.bitmap() {
		out[i] |= w
	}
	return set{len: s.len, bits: out, key: key}
}

func (s set) not() set {
	out := slices.Clone(s.bitmap())
	for i := range out {
		out[i] = ^out[i]
	}
	if tail := s.len & 63; tail != 0 {
		out[len(out)-1] &= 1<<tail - 1
	}
	return set{len: s.len, bits: out, key: joinKeys("!", s.key, "-")}
}
