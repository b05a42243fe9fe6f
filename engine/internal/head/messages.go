package head

import (
	"cmp"
	"slices"

	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
)

// messages are the events or links of rows as they were sent.
type messages struct {
	rows []uint32 // of each message, ascending
	raw  [][]byte
}

func (m *messages) add(a *arena, row uint32, raw []byte) {
	m.rows = append(m.rows, row)
	m.raw = append(m.raw, a.bytes(raw))
}

// before is the messages of rows below n.
func (m *messages) before(n int) messages {
	k := len(m.rows)
	if k > 0 && int(m.rows[k-1]) >= n {
		k, _ = slices.BinarySearchFunc(m.rows, n, func(row uint32, n int) int { return cmp.Compare(int(row), n) })
	}
	return messages{m.rows[:k:k], m.raw[:k:k]}
}

// of is where the messages of a row begin and end.
func (m *messages) of(row uint32) (from, to int) {
	from, ok := slices.BinarySearch(m.rows, row)
	for to = from; ok && to < len(m.rows) && m.rows[to] == row; to++ {
	}
	return from, to
}

func (m *messages) truncate(n int) {
	k := len(m.before(n).rows)
	clear(m.raw[k:])
	m.rows, m.raw = m.rows[:k], m.raw[:k]
}

func (m *messages) size() int64 { return int64(4*cap(m.rows) + 24*cap(m.raw)) }

// offsets counts the messages from..to of n rows from base, row by row.
func (m *messages) offsets(base, n int) (offsets []int32, from, to int) {
	from = len(m.before(base).rows)
	to = from
	offsets = make([]int32, n+1)
	for i := range n {
		for to < len(m.rows) && int(m.rows[to]) == base+i {
			to++
		}
		offsets[i+1] = int32(to - from)
	}
	return offsets, from, to
}

func (m *messages) readEvents(row uint32) []span.Event {
	from, to := m.of(row)
	if from == to {
		return nil
	}
	out := make([]span.Event, 0, to-from)
	var e otlp.EventView
	for _, raw := range m.raw[from:to] {
		e.Read(raw)
		out = append(out, e.Event())
	}
	return out
}

func (m *messages) readLinks(row uint32) []span.Link {
	from, to := m.of(row)
	if from == to {
		return nil
	}
	out := make([]span.Link, 0, to-from)
	var l otlp.LinkView
	for _, raw := range m.raw[from:to] {
		l.Read(raw)
		out = append(out, l.Link())
	}
	return out
}
