package engine

import (
	"context"
	"fmt"

	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// maxDelete bounds the traces that one call deletes.
const maxDelete = 100_000

// DeleteTraces removes the named traces and returns how many of them had
// spans. The deletion is as durable as Options.Sync says before it is seen.
// Spans of a deleted trace that arrive later are new spans.
func (s *Store) DeleteTraces(ctx context.Context, workspace string, ids []span.TraceID) (int, error) {
	w, err := s.workspace(workspace)
	if err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if len(ids) > maxDelete {
		return 0, fmt.Errorf("%w: %d traces to delete, at most %d", query.ErrInvalid, len(ids), maxDelete)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.deleteTraces(ids)
}

func (w *workspace) deleteTraces(ids []span.TraceID) (int, error) {
	if err := w.writable(); err != nil {
		return 0, err
	}
	if err := w.settle(w.log.Sync()); err != nil {
		return 0, err
	}
	found, err := w.having(ids)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	var payload []byte
	for _, id := range found {
		payload = append(payload, id[:]...)
	}
	record, err := w.log.Encode(kindDelete, payload)
	if err != nil {
		return 0, err
	}
	ticket, err := w.log.Append(record)
	if err != nil {
		return 0, writeError(err)
	}
	if err := w.log.Commit(ticket); err != nil {
		return 0, w.undo(err)
	}
	return len(found), w.applyDelete(found)
}

// having returns the distinct ids of which some part has a live span.
func (w *workspace) having(ids []span.TraceID) ([]span.TraceID, error) {
	parts := append(w.olderParts(), w.head.Snapshot())
	var found []span.TraceID
	seen := map[span.TraceID]bool{}
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		has, err := plan.HasTrace(parts, id)
		if err != nil {
			return nil, err
		}
		if has {
			found = append(found, id)
		}
	}
	return found, nil
}

// applyDelete hides the traces' rows that are there now.
func (w *workspace) applyDelete(ids []span.TraceID) error {
	var tombs []tombstone
	for _, id := range ids {
		tombs = append(tombs, tombstone{id, w.logID})
	}
	if err := w.buryAll(tombs); err != nil {
		return err
	}
	for _, id := range ids {
		w.head.DeleteTrace(id)
		for _, f := range w.frozen {
			f.head.DeleteTrace(id)
		}
	}
	w.tombs = append(w.tombs, tombs...)
	return nil
}
