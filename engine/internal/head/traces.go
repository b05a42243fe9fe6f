package head

import (
	"encoding/binary"
	"slices"
	"sync/atomic"

	"github.com/spanstead/spanstead/engine/span"
)

// traces numbers trace ids by first appearance, and knows the first and last
// row of each.
type traces struct {
	ids   []span.TraceID
	first []uint32
	last  []uint32
	// ask: older parts may hold spans of the trace, so they are to be asked.
	ask   []bool
	table slots
	found uint32 // code found last
}

func (s *seeds) hashTrace(id *span.TraceID) uint32 {
	return s.hashNumbers(binary.LittleEndian.Uint64(id[:8]), binary.LittleEndian.Uint64(id[8:]))
}

// find is the writer's look-up.
func (t *traces) find(s *seeds, id span.TraceID) (uint32, bool) {
	if int(t.found) < len(t.ids) && t.ids[t.found] == id {
		return t.found, true
	}
	if len(t.table.cells) == 0 {
		return 0, false
	}
	hash := s.hashTrace(&id)
	for i := t.table.home(hash); t.table.cells[i] != 0; i = t.table.after(i) {
		c := t.table.cells[i]
		if uint32(c>>32) == hash && t.ids[uint32(c)-1] == id {
			t.found = uint32(c) - 1
			return t.found, true
		}
	}
	return 0, false
}

// add numbers a new trace whose first row is to be appended.
func (t *traces) add(s *seeds, id span.TraceID, row uint32, ask bool) uint32 {
	code := uint32(len(t.ids))
	t.ids = append(t.ids, id)
	t.first = append(t.first, row)
	t.last = append(t.last, row)
	t.ask = append(t.ask, ask)
	t.table.insert(s.hashTrace(&id), code)
	t.found = code
	return code
}

// chain puts the row behind the trace's last one. The row is in next already.
func (t *traces) chain(next []uint32, code, row uint32) {
	if last := t.last[code]; last != row {
		atomic.StoreUint32(&next[last], row+1)
		t.last[code] = row
	}
}

// endAt makes the row the trace's last one.
func (t *traces) endAt(next []uint32, code, row uint32) {
	atomic.StoreUint32(&next[row], 0)
	t.last[code] = row
}

// truncate forgets the traces that begin at row n or later.
func (t *traces) truncate(s *seeds, n int) {
	k, _ := slices.BinarySearch(t.first, uint32(n))
	if k == len(t.ids) {
		return
	}
	t.ids, t.first, t.last, t.ask = t.ids[:k], t.first[:k], t.last[:k], t.ask[:k]
	t.ids, t.first = slices.Clip(t.ids), slices.Clip(t.first)
	t.table, t.found = slots{}, 0
	for code := range t.ids {
		t.table.insert(s.hashTrace(&t.ids[code]), uint32(code))
	}
}

func (t *traces) size() int64 {
	return int64(cap(t.ids))*(16+4+4+1) + 8*int64(cap(t.table.cells))
}
