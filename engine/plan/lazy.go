package plan

import (
	"cmp"
	"errors"
	"math/bits"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/index"
)

// lazyFrom is the size of a group from which a comparison that has to look at
// every value is made only for the values that are met in a batch.
const lazyFrom = 8192

// lazily decides between running a comparison, which the dictionary cannot
// look up, over all its values and over those of the batches that are looked at.
func (c *compiler) lazily(g Group) bool {
	return !g.Multi() && g.Len() >= cmp.Or(c.run.opt.LazyFrom, lazyFrom)
}

// errLazy says that a comparison is not run over the whole dictionary.
var errLazy = errors.New("lazy")

// lazyNode runs a comparison on each distinct value when a row with it is
// first looked at.
type lazyNode struct {
	part  Part
	group Group
	col   Column
	want  *query.Compare
	known []uint8 // by code: 0 not yet asked, 1 does not hold, 2 holds
	last  int     // one more than the batch that was scanned last
}

func newLazyNode(p Part, g Group, col Column, e *query.Compare) node {
	return &lazyNode{part: p, group: g, col: col, want: e, known: make([]uint8, g.Len())}
}

func (n *lazyNode) estimate() int  { return n.part.Rows()/8 + 1 }
func (n *lazyNode) skips(int) bool { return false }

// ValueReader is a Dict that can be read value by value at little cost.
type ValueReader interface {
	// Reader returns a function like Dict.At, valid for the run.
	Reader() (func(code uint32) (span.Value, bool, error), error)
}

func readerOf(d Dict) (func(code uint32) (span.Value, bool, error), error) {
	if r, ok := d.(ValueReader); ok {
		return r.Reader()
	}
	return d.At, nil
}

func (n *lazyNode) eval(r *run, b int, in, out *index.Bits) error {
	*out = index.Bits{}
	codes, err := n.group.Codes(b)
	if err != nil {
		return err
	}
	at, err := readerOf(n.col.Dict)
	if err != nil {
		return corrupt(n.part, err)
	}
	r.countScan(b, &n.last)
	asked := 0
	for w, word := range in {
		for ; word != 0; word &= word - 1 {
			c := codes.At(w<<6 + bits.TrailingZeros64(word))
			if n.known[c] == 0 {
				if asked++; (asked&63 == 0 || n.want.Op == query.OpRegexp) && r.ctx.Err() != nil {
					return r.ctx.Err()
				}
				if err := n.ask(c, at); err != nil {
					return corrupt(n.part, err)
				}
			}
			if n.known[c] == 2 {
				out[w] |= word & -word
			}
		}
	}
	return nil
}

func (n *lazyNode) ask(c uint32, at func(uint32) (span.Value, bool, error)) error {
	v, ok, err := at(c)
	if err != nil {
		return err
	}
	n.known[c] = 1
	if ok && n.want.Holds(v) {
		n.known[c] = 2
	}
	return nil
}
