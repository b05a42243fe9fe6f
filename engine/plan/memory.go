package plan

import (
	"cmp"
	"strconv"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/index"
)

// Memory is a Part that keeps, for a while and up to a number of bytes, what
// questions have worked out about it: which codes a comparison holds for, and
// which rows have those codes. What is kept does not depend on deleted rows or
// on the question's range, is shared, and is not changed.
type Memory interface {
	// Recall returns what was kept under a key for a batch (-1 for what is of
	// no batch), or nil.
	Recall(key string, batch int) any
	// Keep keeps v, which takes about size bytes.
	Keep(key string, batch int, v any, size int)
}

// memory is the part's memory, or nil where there is none or it is not to be used.
func (r *run) memory() Memory {
	if r.opt.NoIndex {
		return nil
	}
	m, _ := r.part.(Memory)
	return m
}

// maxMemoryKey bounds a key; what would have a longer one is not kept.
const maxMemoryKey = 512

// columnKey names a column of a part in keys.
func columnKey(kind byte, col Column) []byte {
	b := append(make([]byte, 0, 96), kind, byte(col.Field.Scope), byte(col.Type))
	b = append(strconv.AppendInt(b, int64(col.Group), 10), ':')
	b = strconv.AppendInt(b, int64(len(col.Field.Key)), 10)
	return append(append(b, ':'), col.Field.Key...)
}

// compareKey names what a comparison asks of a column's values.
func compareKey(e *query.Compare, col Column) string {
	b := columnKey('=', col)
	flags := byte(e.Op)<<2 | byte(e.View)
	b = append(b, flags)
	b = strconv.AppendBool(b, e.Fold)
	b = strconv.AppendBool(b, e.Each)
	b = span.String(e.Member).AppendKey(b)
	for _, v := range e.Values {
		if len(b) > maxMemoryKey {
			return ""
		}
		b = v.AppendKey(b)
	}
	if len(b) > maxMemoryKey {
		return ""
	}
	return string(b)
}

// joinKeys names what an operation makes of two sets.
func joinKeys(op, a, b string) string {
	if a == "" || b == "" || len(a)+len(b) > maxMemoryKey {
		return ""
	}
	return op + strconv.Itoa(len(a)) + ":" + a + b
}

// remembered returns the set that make makes, or that was kept under the key.
func (c *compiler) remembered(key string, make func() (set, error)) (set, error) {
	m := c.run.memory()
	if m == nil || key == "" {
		return make()
	}
	if s, ok := m.Recall(key, -1).(set); ok {
		c.run.stats.Remembered++
		return s, nil
	}
	s, err := make()
	if err == nil {
		s.key = key
		m.Keep(key, -1, s, 4*len(s.list)+8*len(s.bits)+len(key))
	}
	return s, err
}

// recalled returns the rows of batch b that have a code of the set, when an
// earlier question has worked them out; nil otherwise.
func (n *codesNode) recalled(r *run, b int) *index.Bits {
	if m := r.memory(); m != nil && n.set.key != "" {
		if bits, ok := m.Recall("#"+n.set.key, b).(*index.Bits); ok {
			r.stats.Remembered++
			return bits
		}
	}
	return nil
}

// keepFrom is how many rows have to be in question for a whole batch to be
// looked through, and kept; a list of rows is from a sixteenth of that on.
const keepFrom = 4096

func (r *run) keepFrom() int { return cmp.Or(r.opt.KeepFrom, keepFrom) }

// keepBatch looks through a whole batch and keeps the outcome. It returns nil
// where nothing can be kept or few rows are in question.
func (n *codesNode) keepBatch(r *run, b int, in *index.Bits) (*index.Bits, error) {
	m := r.memory()
	if m == nil || n.set.key == "" || count(in) < r.keepFrom() {
		return nil, nil
	}
	all, bits := r.bits(), new(index.Bits)
	defer r.release(all)
	*all = index.Bits{}
	all.SetRange(0, min(n.part.Rows()-b*n.part.BatchRows(), n.part.BatchRows()))
	if err := n.scan(r, b, all, bits); err != nil {
		return nil, err
	}
	m.Keep("#"+n.set.key, b, bits, len(bits)*8+len(n.set.key))
	return bits, nil
}

// recallRows and keepRows keep the rows of a selective set, and how many they are.
func (n *codesNode) recallRows(r *run) bool {
	if m := r.memory(); m != nil && n.set.key != "" && n.total >= r.keepFrom()/16 {
		if n.rows, _ = m.Recall("*"+n.set.key, -1).(*rowsNode); n.rows != nil {
			r.stats.Remembered++
			return true
		}
	}
	return false
}

func (n *codesNode) keepRows(r *run) {
	if m := r.memory(); m != nil && n.set.key != "" && n.total >= r.keepFrom()/16 {
		m.Keep("*"+n.set.key, -1, n.rows, 4*len(n.rows.rows)+len(n.set.key))
	}
}

// counted is countRows, from memory if it is there.
func (n *codesNode) counted(r *run) int {
	m := r.memory()
	if m == nil || n.set.key == "" || n.set.count() < 2 {
		return n.countRows()
	}
	if total, ok := m.Recall("+"+n.set.key, -1).(int); ok {
		return total
	}
	total := n.countRows()
	m.Keep("+"+n.set.key, -1, total, 8+len(n.set.key))
	return total
}
