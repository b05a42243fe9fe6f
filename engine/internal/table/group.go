package table

import (
	"math"
	"slices"
)

// Bounds on joining columns into one group.
const (
	maxJoint    = 16384   // codes of a group of several columns
	sampleRows  = 16384   // rows by which a join is judged
	denseLimit  = 1 << 22 // pairs up to which joint codes are found in a flat table
	minWide     = 1024    // distinct numbers from which a column may stay wide
	perCode     = 3.0     // bytes that a code costs in the row lists' directory
	perEntry    = 1.5     // bytes that a dictionary entry costs, compressed
	perListBits = 1.3     // bits by which a row in a list exceeds its entropy
)

// cost estimates the bytes that a unit takes: codes and row lists by entropy,
// and what every code costs in dictionaries.
func cost(entropyBits float64, rows, size, members int) float64 {
	return float64(rows)*(2*entropyBits+perListBits)/8 + float64(size)*(perCode+perEntry*float64(members))
}

// groups joins units into code groups, greedily: each unit, the smallest
// first, joins the group where it saves most, or starts a new one.
type groups struct {
	rows   int
	sample []int // places of the sampled rows
	list   []*unit
	seen   [][]uint32 // each group's codes in the sample
	bits   []float64  // and their entropy
	// Codes of one unit at a time, all rows: those of the unit that is added,
	// and those of the one that it joins.
	fresh, joined []uint32
}

func newGroups(rows int) *groups {
	g := &groups{rows: rows, fresh: make([]uint32, rows), joined: make([]uint32, rows)}
	n := min(rows, sampleRows)
	for i := range n {
		g.sample = append(g.sample, i*rows/n)
	}
	return g
}

// sampled picks the sample out of all rows' codes.
func (g *groups) sampled(all []uint32) []uint32 {
	out := make([]uint32, len(g.sample))
	for k, i := range g.sample {
		out[k] = all[i]
	}
	return out
}

// add takes a unit in, whose codes are all, which it does not keep. alone
// units are never joined with others.
func (g *groups) add(u *unit, all []uint32, alone bool) {
	seen := g.sampled(all)
	own := g.entropy(seen)
	best, gain := -1, 0.0
	if !alone && u.size <= maxJoint {
		for i, other := range g.list {
			if other == nil || other.alone {
				continue
			}
			joint, size := g.joint(g.seen[i], seen, u.size)
			if size > maxJoint {
				continue
			}
			m := len(other.members)
			saved := cost(g.bits[i], g.rows, other.size, m) + cost(own, g.rows, u.size, len(u.members)) -
				cost(joint, g.rows, size, m+len(u.members))
			if saved > gain {
				best, gain = i, saved
			}
		}
	}
	if best >= 0 && g.join(g.list[best], u, all) {
		g.seen[best] = g.sampled(g.joined)
		g.bits[best] = g.entropy(g.seen[best])
		return
	}
	u.alone, u.codes = alone, pack(all, u.size)
	g.list = append(g.list, u)
	g.seen = append(g.seen, seen)
	g.bits = append(g.bits, own)
}

// entropy is the entropy, in bits, of the sample's codes.
func (g *groups) entropy(seen []uint32) float64 {
	h, _ := g.joint(seen, nil, 0)
	return h
}

// joint is the entropy of two units' codes together, and an estimate of how
// many pairs occur: those of the sample, and as many again for every two that
// occur once in it.
func (g *groups) joint(a, b []uint32, bSize int) (bits float64, size int) {
	counts := make(map[uint64]int, 1024)
	for i := range a {
		key := uint64(a[i])
		if b != nil {
			key = key*uint64(bSize) + uint64(b[i])
		}
		counts[key]++
	}
	once := 0
	ns := make([]int, 0, len(counts))
	for _, n := range counts {
		ns = append(ns, n)
		if n == 1 {
			once++
		}
	}
	slices.Sort(ns) // the sum of floats is to be the same every time
	total := float64(len(g.sample))
	for _, n := range ns {
		p := float64(n) / total
		bits -= p * math.Log2(p)
	}
	size = len(counts)
	if g.rows > len(g.sample) {
		size += once / 2 * min(g.rows/len(g.sample), 8)
	}
	return bits, size
}

// join takes another unit's columns into u, and leaves the codes in joined; it
// reports false, and changes nothing, when that makes too many codes.
func (g *groups) join(u, v *unit, all []uint32) bool {
	codes := g.joined
	u.codes.unpack(codes)
	pairs := newPairs(u.size, v.size)
	for i, c := range codes {
		codes[i] = pairs.code(c, all[i])
		if len(pairs.first) > maxJoint {
			return false
		}
	}
	for i := range u.members {
		u.members[i].of = compose(u.members[i].of, pairs.first)
	}
	for _, m := range v.members {
		m.of = compose(m.of, pairs.second)
		u.members = append(u.members, m)
	}
	u.size = len(pairs.first)
	u.codes = pack(codes, u.size)
	return true
}

func compose(of, codes []uint32) []uint32 {
	out := make([]uint32, len(codes))
	for i, c := range codes {
		out[i] = of[c]
	}
	return out
}

// pairs numbers pairs of codes by first appearance.
type pairs struct {
	bSize         int
	flat          []uint32 // code plus one
	sparse        map[uint64]uint32
	first, second []uint32
}

func newPairs(aSize, bSize int) *pairs {
	p := &pairs{bSize: bSize}
	if aSize*bSize <= denseLimit {
		p.flat = make([]uint32, aSize*bSize)
	} else {
		p.sparse = map[uint64]uint32{}
	}
	return p
}

func (p *pairs) code(a, b uint32) uint32 {
	key := uint64(a)*uint64(p.bSize) + uint64(b)
	if p.flat != nil {
		if c := p.flat[key]; c > 0 {
			return c - 1
		}
		p.flat[key] = uint32(len(p.first) + 1)
	} else {
		if c, ok := p.sparse[key]; ok {
			return c
		}
		p.sparse[key] = uint32(len(p.first))
	}
	p.first = append(p.first, a)
	p.second = append(p.second, b)
	return uint32(len(p.first) - 1)
}
