// Package oracle answers every question of package query slowly and obviously,
// over a plain slice of spans. It is the definition that the engine is tested
// against: an answer of the engine is right when it equals the oracle's.
//
// The functions take all spans of one workspace, each (trace id, span id) at
// most once, in any order, and change none of them. Answers point to the given
// spans. Questions are not checked for their bounds; the caller has done that.
package oracle

import (
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// matching returns the spans that start in r and match e, in the given order.
func matching(all []*span.Span, r query.Range, e query.Expr) []*span.Span {
	var found []*span.Span
	for _, s := range all {
		if r.Contains(s.StartTimeUnixNano) && query.Match(e, s) {
			found = append(found, s)
		}
	}
	return found
}

// Count is the number of spans that match.
func Count(all []*span.Span, q query.Count) int {
	return len(matching(all, q.Range, q.Filter))
}

// paging is what Spans and Traces have in common.
type paging struct {
	descending    bool
	limit, offset int
	after         *query.Position
}

// page cuts a page out of sorted items. More means that items follow the
// page's last one; a page of none has no last one.
func page[T any](items []T, p paging, position func(T) query.Position) (shown []T, more bool) {
	if p.after != nil {
		i := 0
		for i < len(items) && !follows(position(items[i]), *p.after, p.descending) {
			i++
		}
		items = items[i:]
	}
	items = items[min(p.offset, len(items)):]
	n := min(p.limit, len(items))
	return items[:n:n], n > 0 && n < len(items)
}

// follows reports whether a comes strictly after b in the order asked.
func follows(a, b query.Position, descending bool) bool {
	return compare(a, b, descending) > 0
}

func compare(a, b query.Position, descending bool) int {
	if descending {
		return b.Compare(a)
	}
	return a.Compare(b)
}
