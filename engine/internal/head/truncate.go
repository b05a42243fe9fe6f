package head

import "slices"

// Truncate drops the rows from n on, which were not published.
func (h *Head) Truncate(n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.truncate(max(n, h.published))
	h.measure()
}

func (h *Head) truncate(n int) {
	if n >= len(h.rows.start) {
		h.resources.truncate(n)
		h.scopes.truncate(n)
		return
	}
	s := &h.seeds
	h.unchain(n)
	h.rows.truncate(n)
	h.traces.truncate(s, n)
	h.names.truncate(s, codesIn(h.rows.name))
	h.outcome.truncate(s, codesIn(h.rows.outcome))
	h.resources.truncate(n)
	h.scopes.truncate(n)
	h.truncateColumns(n)
	h.rare.truncate(s, n)
	h.events.truncate(n)
	h.links.truncate(n)
	h.seen = slots{}
	for row := range h.rows.start {
		h.mark(uint32(row))
	}
}

// codesIn is how many codes are in use. Codes are given by first appearance,
// so there is none between.
func codesIn(codes []uint32) int {
	if len(codes) == 0 {
		return 0
	}
	return int(slices.Max(codes)) + 1
}

// unchain ends every trace's chain before row n.
func (h *Head) unchain(n int) {
	done := map[uint32]bool{}
	for _, code := range h.rows.trace[n:] {
		if done[code] || int(h.traces.first[code]) >= n {
			continue
		}
		done[code] = true
		row := h.traces.first[code]
		for next := h.rows.next[row]; next != 0 && int(next-1) < n; next = h.rows.next[row] {
			row = next - 1
		}
		h.traces.endAt(h.rows.next, code, row)
	}
}

func (r *rows) truncate(n int) {
	r.start, r.duration, r.spanID, r.parent = r.start[:n], r.duration[:n], r.spanID[:n], r.parent[:n]
	r.trace, r.resource, r.scope = r.trace[:n], r.resource[:n], r.scope[:n]
	r.name, r.outcome, r.next = r.name[:n], r.outcome[:n], r.next[:n]
}

// truncateColumns also forgets the columns and keys that no row has any more.
func (h *Head) truncateColumns(n int) {
	h.columns = slices.DeleteFunc(slices.Clone(h.columns), func(c *column) bool {
		c.truncate(&h.seeds, n)
		if len(c.pairs) > 0 {
			return false
		}
		h.keys[c.key].columns[c.typ] = nil
		return true
	})
	for name, k := range h.keys {
		k.last = 0
		if k.columns == [len(k.columns)]*column{} {
			delete(h.keys, name)
		}
	}
	h.shapes = [shapes]shape{}
}
