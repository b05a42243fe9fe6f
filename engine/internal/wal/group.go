package wal

// keepBuffer is the largest buffer that is kept for reuse.
const keepBuffer = 4 << 20

// group is the records that are written and synced together. Its fields are
// guarded by the writer's lock, except that the leader alone touches the buffer
// once the group no longer fills.
type group struct {
	first   uint64 // sequence of the first record
	records int
	buf     []byte
	done    bool
	err     error // of the whole group, once done
}

// add copies a record to the group's end.
func (g *group) add(h recordHeader, payload []byte) {
	g.buf = h.append(g.buf)
	g.buf = append(g.buf, payload...)
	g.records++
}

// seal completes the headers: only now is it known what is synced before them.
func (g *group) seal(salt uint64, synced int64) {
	for b := g.buf; len(b) > 0; {
		sealHeader(b, salt, synced)
		b = b[recordHeaderSize+int(le.Uint32(b[12:])):]
	}
}

// Ticket stands for an appended record until it is committed. Commit of the zero
// Ticket does nothing.
type Ticket struct {
	group    *group
	sequence uint64
}

// Sequence is the record's number in its log, from 1. After a failure the
// numbers from Failure.From on are given again.
func (t Ticket) Sequence() uint64 { return t.sequence }
