package plan

import (
	"math/bits"

	"github.com/spanstead/spanstead/index"
)

// codesNode holds for the rows whose code in a group lies in a set; in a
// multi-valued group, for those with any code in it.
type codesNode struct {
	part  Part
	group Group
	set   set

	total    int // rows, when the index knows; else -1
	postings *index.Postings
	rows     *rowsNode // the rows themselves, once they were read from the index
	scanned  []uint64  // the set as a bitmap, once a batch was scanned
	last     int       // one more than the batch that was scanned last
}

func newCodesNode(r *run, g Group, s set) (*codesNode, error) {
	n := &codesNode{part: r.part, group: g, set: s, total: -1}
	if r.opt.NoIndex {
		return n, nil
	}
	postings, err := g.Postings()
	if err != nil || postings == nil {
		return n, err
	}
	n.postings = postings
	n.total = n.counted(r)
	return n, nil
}

// countRows adds up the set's row lists; for a multi-valued group that is an
// upper bound, since a row may be in several.
func (n *codesNode) countRows() int {
	total := 0
	for _, c := range n.set.codes() {
		total += n.postings.Count(int(c))
	}
	return min(total, n.part.Rows())
}

func (n *codesNode) estimate() int {
	if n.total >= 0 {
		return n.total
	}
	if n.group.Len() == 0 {
		return 0
	}
	return int(float64(n.part.Rows()) * float64(n.set.count()) / float64(n.group.Len()))
}

// selective: reading the row lists costs less than scanning the codes.
func (n *codesNode) selective() bool {
	return n.total >= 0 && (n.total <= n.part.Rows()/24 || n.total < 256)
}

// list reads the rows from the index when that is the cheaper way; nil otherwise.
func (n *codesNode) list(r *run) (*rowsNode, error) {
	if n.rows != nil || !n.selective() || n.recallRows(r) {
		return n.rows, nil
	}
	bm, err := n.postings.Union(n.set.codes())
	if err != nil {
		return nil, corrupt(n.part, err)
	}
	r.stats.RowLists += n.set.count()
	n.rows = &rowsNode{rows: bm.ToArray(), batch: n.part.BatchRows()}
	n.keepRows(r)
	return n.rows, nil
}

func (n *codesNode) skips(b int) bool {
	return n.set.bits == nil && len(n.set.list) == 0 || n.rows != nil && n.rows.skips(b)
}

func (n *codesNode) eval(r *run, b int, in, out *index.Bits) error {
	rows, err := n.list(r)
	if err != nil {
		return err
	}
	if rows != nil {
		return rows.eval(r, b, in, out)
	}
	all := n.recalled(r, b)
	if all == nil {
		if all, err = n.keepBatch(r, b, in); err != nil {
			return err
		}
	}
	if all == nil {
		return n.scan(r, b, in, out)
	}
	for i := range out {
		out[i] = in[i] & all[i]
	}
	return nil
}

// scan looks at the codes of the rows in question.
func (n *codesNode) scan(r *run, b int, in, out *index.Bits) error {
	if n.scanned == nil {
		n.scanned = n.set.bitmap()
	}
	r.countScan(b, &n.last)
	if n.group.Multi() {
		return n.scanLists(b, in, out)
	}
	codes, err := n.group.Codes(b)
	if err != nil {
		return err
	}
	switch {
	case codes.U8 != nil:
		scan(codes.U8, n.scanned, in, out)
	case codes.U16 != nil:
		scan(codes.U16, n.scanned, in, out)
	default:
		scan(codes.U32, n.scanned, in, out)
	}
	return nil
}

// countScan counts a batch whose codes are scanned, windows of it once. last
// is the node's.
func (r *run) countScan(b int, last *int) {
	if *last != b+1 {
		*last = b + 1
		r.stats.Scanned++
	}
}

func scan[T uint8 | uint16 | uint32](codes []T, set []uint64, in, out *index.Bits) {
	for w, word := range in {
		var hits uint64
		if rows := codes[min(w<<6, len(codes)):min(w<<6+64, len(codes))]; bits.OnesCount64(word) > 24 {
			for i, c := range rows {
				hits |= (set[c>>6] >> (c & 63) & 1) << i
			}
			hits &= word
		} else {
			for ; word != 0; word &= word - 1 {
				i := bits.TrailingZeros64(word)
				c := rows[i]
				hits |= (set[c>>6] >> (c & 63) & 1) << i
			}
		}
		out[w] = hits
	}
}

func (n *codesNode) scanLists(b int, in, out *index.Bits) error {
	lists, err := n.group.Lists(b)
	if err != nil {
		return err
	}
	*out = index.Bits{}
	for w, word := range in {
		for ; word != 0; word &= word - 1 {
			i := w<<6 + bits.TrailingZeros64(word)
			for _, c := range lists.Codes[lists.Offsets[i]:lists.Offsets[i+1]] {
				if n.scanned[c>>6]>>(c&63)&1 != 0 {
					out[w] |= word & -word
					break
				}
			}
		}
	}
	return nil
}
