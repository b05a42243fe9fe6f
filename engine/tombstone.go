package engine

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/spanstead/spanstead/engine/internal/part"
	"github.com/spanstead/spanstead/engine/internal/wal"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// tombstone says that a trace was deleted while log was the current one: its
// rows in segments of earlier logs are gone. Rows of that log itself were taken
// out of the head.
type tombstone struct {
	trace span.TraceID
	log   uint64
}

const tombstoneSize = 16 + 8

// carry writes the tombstones that still hide rows into a new log, so that the
// old one can go.
func (w *workspace) carry(log *wal.Writer) error {
	w.tombs = w.liveTombs()
	var b []byte
	for _, t := range w.tombs {
		b = append(b, t.trace[:]...)
		b = binary.LittleEndian.AppendUint64(b, t.log)
	}
	record, err := log.Encode(kindCarry, b)
	if err != nil {
		return err
	}
	if _, err := log.Append(record); err != nil {
		return err
	}
	return log.Sync()
}

// liveTombs drops tombstones whose trace is in no segment that they speak of.
// Before the frozen heads are sealed, and while a segment is set aside, nothing
// is known of them.
func (w *workspace) liveTombs() []tombstone {
	if len(w.frozen) > 0 || len(w.faults) > 0 {
		return w.tombs
	}
	var live []tombstone
	for _, t := range w.tombs {
		for _, s := range w.segments {
			if _, ok, err := s.part.FindTrace(t.trace); w.covers(t, s.part) && (ok || err != nil) {
				live = append(live, t)
				break
			}
		}
	}
	return live
}

func (w *workspace) covers(t tombstone, p *part.Part) bool {
	return p.Reader().Info().LogLast < t.log
}

func parseTombstones(b []byte) ([]tombstone, error) {
	if len(b)%tombstoneSize != 0 {
		return nil, fmt.Errorf("%w: tombstones of %d bytes", query.ErrCorrupt, len(b))
	}
	var out []tombstone
	for ; len(b) > 0; b = b[tombstoneSize:] {
		out = append(out, tombstone{span.TraceID(b[:16]), binary.LittleEndian.Uint64(b[16:])})
	}
	return out, nil
}

func parseTraceIDs(b []byte) ([]span.TraceID, error) {
	if len(b)%16 != 0 {
		return nil, fmt.Errorf("%w: deletion of %d bytes", query.ErrCorrupt, len(b))
	}
	var out []span.TraceID
	for ; len(b) > 0; b = b[16:] {
		out = append(out, span.TraceID(b[:16]))
	}
	return out, nil
}

// buryAll takes the rows of deleted traces out of all segments. They are worked
// out before any part is replaced, so that one that cannot be read changes
// nothing; one that is damaged is set aside.
func (w *workspace) buryAll(tombs []tombstone) error {
	buried := map[*segmentFile]*part.Part{}
	for _, s := range slices.Clone(w.segments) {
		p, err := w.bury(s.part, tombs)
		if err != nil {
			err = w.setPartAside(s.part, err)
		}
		if err != nil {
			return err
		}
		buried[s] = p
	}
	for _, s := range w.segments {
		s.part = buried[s]
	}
	return nil
}

// bury returns the part without the rows of deleted traces.
func (w *workspace) bury(p *part.Part, tombs []tombstone) (*part.Part, error) {
	var dead *roaring.Bitmap
	if d := p.Dead(); d != nil {
		dead = d.Clone()
	}
	for _, t := range tombs {
		if !w.covers(t, p) {
			continue
		}
		rows, err := traceRows(p, t.trace)
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			if dead == nil {
				dead = roaring.New()
			}
			dead.AddMany(rows)
		}
	}
	if dead == nil {
		return p, nil
	}
	return p.WithDead(dead), nil
}

func traceRows(p plan.Part, id span.TraceID) ([]uint32, error) {
	code, ok, err := p.FindTrace(id)
	if err != nil || !ok {
		return nil, err
	}
	return p.AppendTraceRows(nil, code)
}
