package plan

import (
	"context"
	"errors"
	"fmt"
	"math/bits"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/index"
)

// Options say how questions are answered. The zero value is the default.
type Options struct {
	// NoIndex answers from the columns alone, never from row lists or
	// histograms. The answers are the same.
	NoIndex bool
	// LazyFrom is the size of a code group from which a comparison is made only
	// for the values that are met; 0 means 8192.
	LazyFrom int
	// KeepFrom is the number of rows from which what was found out about a
	// batch is kept in the part's memory; 0 means 4096.
	KeepFrom int
	// WindowRows is how many rows of a batch are looked at together when a page
	// may be full before its end and looking costs much; 0 means 8192.
	WindowRows int
	// Explain, if not nil, is called with what each part cost.
	Explain func(Stats)
}

// Stats is what answering cost in one part.
type Stats struct {
	Part     string
	Batches  int // batches of the part
	Touched  int // batches in which rows were looked for
	Scanned  int // batches of codes that were scanned
	RowLists int // row lists read from the index
	Rows     int // rows that matched
	Fetched  int // rows assembled into spans
	// Remembered counts what earlier questions had worked out: sets of codes,
	// their rows, or those in one batch.
	Remembered int
	// Bytes that were read from the part's file meanwhile: what was cached is
	// not among them, what other questions read at the same time is.
	Bytes int64
	Note  string
}

// bytesRead counts what was read of a part's file since it was opened; 0 for a
// part that has none.
func bytesRead(p Part) int64 {
	if f, ok := p.(interface{ BytesRead() int64 }); ok {
		return f.BytesRead()
	}
	return 0
}

// run is one filter over one part, for one question.
type run struct {
	ctx   context.Context
	part  Part
	opt   *Options
	root  node
	rng   query.Range
	lo    int // rows of a sorted part that lie in the range: lo <= row < hi
	hi    int
	stats Stats
	read  int64 // bytesRead of the part before
	free  []*index.Bits
	// touched is one more than the batch that was looked into last.
	touched int
}

// newRun compiles a filter for a part. It returns nil when no row can match.
func newRun(ctx context.Context, p Part, opt *Options, rng query.Range, filter query.Expr) (*run, error) {
	lo, hi := p.Bounds()
	if p.Rows() == 0 || rng.To != 0 && lo >= rng.To || hi < rng.From {
		return nil, nil
	}
	r := &run{ctx: ctx, part: p, opt: opt, rng: rng, hi: p.Rows(), read: bytesRead(p)}
	r.stats = Stats{Part: p.Name(), Batches: batches(p)}
	c := compiler{run: r, part: p}
	root, err := c.compile(filter)
	if err != nil {
		return nil, err
	}
	if root.estimate() == 0 && isNever(root) {
		return nil, nil
	}
	r.root = root
	return r, r.clip()
}

func isNever(n node) bool {
	c, ok := n.(constNode)
	return ok && !c.holds
}

// clip finds the rows of a sorted part that lie in the range.
func (r *run) clip() error {
	lo, hi := r.part.Bounds()
	if r.rng.Contains(lo) && r.rng.Contains(hi) || !r.part.Sorted() {
		return nil
	}
	var err error
	if r.lo, err = r.lowerBound(r.rng.From); err != nil || r.rng.To == 0 {
		return err
	}
	r.hi, err = r.lowerBound(r.rng.To)
	return err
}

// lowerBound is the first row of a sorted part that starts at t or later.
func (r *run) lowerBound(t uint64) (int, error) {
	for b := range batches(r.part) {
		lo, hi := r.part.BatchBounds(b)
		if hi < t {
			continue
		}
		first := b * r.part.BatchRows()
		if lo >= t {
			return first, nil
		}
		starts, err := r.part.Starts(b)
		if err != nil {
			return 0, err
		}
		return first + lowerBound(starts, t), nil
	}
	return r.part.Rows(), nil
}

func lowerBound(sorted []uint64, t uint64) int {
	lo, hi := 0, len(sorted)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if sorted[mid] < t {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// whole reports that every row of the part lies in the range.
func (r *run) whole() bool {
	lo, hi := r.part.Bounds()
	return r.rng.Contains(lo) && r.rng.Contains(hi)
}

func batches(p Part) int { return (p.Rows() + p.BatchRows() - 1) / p.BatchRows() }

// match sets out to the matching rows of a batch and reports whether there are any.
func (r *run) match(b int, out *index.Bits) (bool, error) {
	return r.matchWindow(b, 0, r.part.BatchRows(), out)
}

// matchWindow is match for the rows first..end of the batch.
func (r *run) matchWindow(b, first, end int, out *index.Bits) (bool, error) {
	if err := r.ctx.Err(); err != nil {
		return false, err
	}
	base := b * r.part.BatchRows()
	from, to := max(r.lo, base+first), min(r.hi, base+end, r.part.Rows())
	if from >= to || r.root.skips(b) {
		return false, nil
	}
	if r.touched != b+1 {
		r.touched = b + 1
		r.stats.Touched++
	}
	in := r.bits()
	defer r.release(in)
	*in = index.Bits{}
	setRange(in, from-base, to-base)
	if err := r.clipUnsorted(b, in); err != nil {
		return false, err
	}
	r.dropDead(base, to, in)
	if err := r.root.eval(r, b, in, out); err != nil {
		return false, err
	}
	n := count(out)
	r.stats.Rows += n
	return n > 0, nil
}

func (r *run) clipUnsorted(b int, in *index.Bits) error {
	if r.part.Sorted() || r.whole() {
		return nil
	}
	starts, err := r.part.Starts(b)
	if err != nil {
		return err
	}
	for i, t := range starts {
		if !r.rng.Contains(t) {
			in[i>>6] &^= 1 << (i & 63)
		}
	}
	return nil
}

func (r *run) dropDead(base, to int, in *index.Bits) {
	dead := r.part.Dead()
	if dead == nil {
		return
	}
	it := dead.Iterator()
	it.AdvanceIfNeeded(uint32(base))
	for it.HasNext() {
		row := int(it.Next())
		if row >= to {
			return
		}
		in[(row-base)>>6] &^= 1 << ((row - base) & 63)
	}
}

func setRange(b *index.Bits, from, to int) {
	for i := from; i < to; {
		w, bit := i>>6, i&63
		n := min(64-bit, to-i)
		b[w] |= (^uint64(0) >> (64 - n)) << bit
		i += n
	}
}

// bits lends a bitmap with undefined contents until release.
func (r *run) bits() *index.Bits {
	if n := len(r.free); n > 0 {
		b := r.free[n-1]
		r.free = r.free[:n-1]
		return b
	}
	return new(index.Bits)
}

func (r *run) release(b *index.Bits) { r.free = append(r.free, b) }

// done reports what the run cost.
func (r *run) done() {
	if r.opt.Explain != nil {
		r.stats.Bytes = bytesRead(r.part) - r.read
		r.opt.Explain(r.stats)
	}
}

// eachRow calls fn with every matching row in ascending or descending order
// until it returns false.
func (r *run) eachRow(descending bool, fn func(row int) (bool, error)) error {
	out := r.bits()
	defer r.release(out)
	n := batches(r.part)
	for k := range n {
		b := k
		if descending {
			b = n - 1 - k
		}
		any, err := r.match(b, out)
		if err != nil {
			return err
		}
		if !any {
			continue
		}
		if more, err := eachBit(out, b*r.part.BatchRows(), descending, fn); err != nil || !more {
			return err
		}
	}
	return nil
}

func eachBit(set *index.Bits, base int, descending bool, fn func(row int) (bool, error)) (more bool, err error) {
	for k := range set {
		w := k
		if descending {
			w = len(set) - 1 - k
		}
		for word := set[w]; word != 0; {
			i := bits.TrailingZeros64(word)
			if descending {
				i = 63 - bits.LeadingZeros64(word)
			}
			word &^= 1 << i
			if more, err := fn(base + w<<6 + i); err != nil || !more {
				return false, err
			}
		}
	}
	return true, nil
}

// corrupt names the part in an error from damaged bytes; any other error, of
// the disk or the context, is given back.
func corrupt(p Part, err error) error {
	damaged := errors.Is(err, index.ErrCorrupt) || errors.Is(err, query.ErrInvalid)
	if errors.Is(err, query.ErrCorrupt) || !damaged {
		return err
	}
	return fmt.Errorf("%s: %w: %v", p.Name(), query.ErrCorrupt, err)
}
