package plan

import (
	"math/bits"
	"slices"

	"github.com/spanstead/spanstead/index"
)

// node is a compiled filter over one part. Nodes belong to one run and are
// not shared by goroutines.
type node interface {
	// eval sets out to the rows of in, in batch b, for which the node holds.
	// in and out are not the same.
	eval(r *run, b int, in, out *index.Bits) error
	// estimate is about how many rows of the part the node holds for.
	estimate() int
	// skips reports that the node holds for no row of batch b, when that is
	// known without looking.
	skips(b int) bool
}

// constNode holds always or never.
type constNode struct {
	holds bool
	rows  int
}

func (n constNode) estimate() int {
	if n.holds {
		return n.rows
	}
	return 0
}

func (n constNode) skips(int) bool { return !n.holds }

func (n constNode) eval(_ *run, _ int, in, out *index.Bits) error {
	if n.holds {
		*out = *in
	} else {
		*out = index.Bits{}
	}
	return nil
}

// andNode holds when all of its parts do; most selective first.
type andNode struct{ parts []node }

func newAnd(parts []node) node {
	slices.SortStableFunc(parts, func(a, b node) int { return a.estimate() - b.estimate() })
	return andNode{parts}
}

func (n andNode) estimate() int { return n.parts[0].estimate() }

func (n andNode) skips(b int) bool {
	return slices.ContainsFunc(n.parts, func(p node) bool { return p.skips(b) })
}

func (n andNode) eval(r *run, b int, in, out *index.Bits) error {
	tmp := r.bits()
	defer r.release(tmp)
	*tmp = *in
	for _, p := range n.parts {
		if err := p.eval(r, b, tmp, out); err != nil {
			return err
		}
		if empty(out) {
			return nil
		}
		*tmp = *out
	}
	return nil
}

// orNode holds when one of its parts does.
type orNode struct{ parts []node }

func (n orNode) estimate() int {
	sum := 0
	for _, p := range n.parts {
		sum += p.estimate()
	}
	return sum
}

func (n orNode) skips(b int) bool {
	return !slices.ContainsFunc(n.parts, func(p node) bool { return !p.skips(b) })
}

func (n orNode) eval(r *run, b int, in, out *index.Bits) error {
	rest, one := r.bits(), r.bits()
	defer r.release(rest)
	defer r.release(one)
	*rest, *out = *in, index.Bits{}
	for _, p := range n.parts {
		if p.skips(b) {
			continue
		}
		if err := p.eval(r, b, rest, one); err != nil {
			return err
		}
		for i := range one {
			out[i] |= one[i]
			rest[i] &^= one[i]
		}
	}
	return nil
}

// notNode holds when its part does not.
type notNode struct {
	x    node
	rows int
}

func (n notNode) estimate() int  { return max(n.rows-n.x.estimate(), 0) }
func (n notNode) skips(int) bool { return false }

func (n notNode) eval(r *run, b int, in, out *index.Bits) error {
	if n.x.skips(b) {
		*out = *in
		return nil
	}
	if err := n.x.eval(r, b, in, out); err != nil {
		return err
	}
	for i := range out {
		out[i] = in[i] &^ out[i]
	}
	return nil
}

// rowsNode holds for the listed rows, ascending.
type rowsNode struct {
	rows  []uint32
	batch int // rows in a batch
}

func (n rowsNode) estimate() int { return len(n.rows) }

func (n rowsNode) within(b int) []uint32 {
	lo, _ := slices.BinarySearch(n.rows, uint32(b*n.batch))
	hi, _ := slices.BinarySearch(n.rows, uint32((b+1)*n.batch))
	return n.rows[lo:hi]
}

func (n rowsNode) skips(b int) bool { return len(n.within(b)) == 0 }

func (n rowsNode) eval(_ *run, b int, in, out *index.Bits) error {
	*out = index.Bits{}
	base := uint32(b * n.batch)
	for _, row := range n.within(b) {
		i := row - base
		out[i>>6] |= in[i>>6] & (1 << (i & 63))
	}
	return nil
}

// testNode asks a function about every row that is still in question.
type testNode struct {
	rows int
	load func(r *run, b int) (func(i int) bool, error)
}

func (n testNode) estimate() int  { return n.rows/2 + 1 }
func (n testNode) skips(int) bool { return false }

func (n testNode) eval(r *run, b int, in, out *index.Bits) error {
	*out = index.Bits{}
	test, err := n.load(r, b)
	if err != nil {
		return err
	}
	for w, word := range in {
		if w&15 == 0 {
			if err := r.ctx.Err(); err != nil {
				return err
			}
		}
		for ; word != 0; word &= word - 1 {
			i := w<<6 + bits.TrailingZeros64(word)
			if test(i) {
				out[w] |= word & -word
			}
		}
	}
	return nil
}

func empty(b *index.Bits) bool {
	for _, w := range b {
		if w != 0 {
			return false
		}
	}
	return true
}

func count(b *index.Bits) int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}
