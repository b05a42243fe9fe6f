package plan

import (
	"context"

	"github.com/spanstead/spanstead/engine/query"
)

// Count answers query.Count.
func Count(ctx context.Context, parts []Part, opt Options, q query.Count) (int, error) {
	if err := query.Check(q.Filter); err != nil {
		return 0, err
	}
	runs, err := newRuns(ctx, parts, &opt, q.Range, q.Filter)
	if err != nil {
		return 0, err
	}
	defer finish(runs)
	return total(runs)
}

func total(runs []*run) (int, error) {
	sum := 0
	for _, r := range runs {
		n, err := r.count()
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// count counts the matching rows, from the index alone where it can.
func (r *run) count() (int, error) {
	if n, ok := r.countFromIndex(); ok {
		return n, nil
	}
	set := r.bits()
	defer r.release(set)
	sum := 0
	for b := range batches(r.part) {
		any, err := r.match(b, set)
		if err != nil {
			return 0, err
		}
		if any {
			sum += count(set)
		}
	}
	return sum, nil
}

// countFromIndex knows the answer without rows when all of the part is in
// range and the filter is one set of codes.
func (r *run) countFromIndex() (int, bool) {
	if r.part.Dead() != nil || !r.whole() {
		return 0, false
	}
	switch n := r.root.(type) {
	case constNode:
		return n.estimate(), true
	case *codesNode:
		if n.total >= 0 && !n.group.Multi() {
			return n.total, true
		}
	}
	return 0, false
}
