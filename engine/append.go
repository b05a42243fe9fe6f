package engine

import (
	"context"
	"fmt"

	"github.com/spanstead/spanstead/engine/internal/wal"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Kinds of log records.
const (
	kindSpans  wal.Kind = 1 // an ExportTraceServiceRequest
	kindDelete wal.Kind = 2 // trace ids, 16 bytes each
	kindCarry  wal.Kind = 3 // tombstones from before this log; see tombstone.go
)

// Append stores the spans of a protobuf-encoded ExportTraceServiceRequest. On
// return without error every accepted span is as durable as Options.Sync says,
// and seen by the next question. A request that is no valid protobuf is refused
// whole with query.ErrInvalid; spans that OTLP does not allow are counted and
// named in the result. A (trace id, span id) that is already there is accepted
// and changes nothing. b is not kept.
//
// On query.ErrFull and query.ErrReadOnly nothing of the request was stored.
func (s *Store) Append(ctx context.Context, workspace string, b []byte) (otlp.Result, error) {
	w, err := s.workspace(workspace)
	if err != nil {
		return otlp.Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return otlp.Result{}, err
	}
	if len(b) > wal.MaxPayload {
		return otlp.Result{}, fmt.Errorf("%w: request of %d bytes, at most %d", query.ErrInvalid, len(b), wal.MaxPayload)
	}
	if err := w.awaitSealing(ctx); err != nil {
		return otlp.Result{}, err
	}
	return w.append(b)
}

// maxFrozen is how many heads may wait to be sealed before spans are held back.
const maxFrozen = 2

// awaitSealing holds back who would append while sealing is behind, so that
// spans that arrive faster than they can be sealed do not pile up in memory.
// When sealing fails nobody waits for it.
func (w *workspace) awaitSealing(ctx context.Context) error {
	for {
		w.mu.Lock()
		behind, sealed := len(w.frozen) >= maxFrozen && w.running && !w.closed, w.sealedOne
		w.mu.Unlock()
		if !behind {
			return nil
		}
		select {
		case <-sealed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// wake lets those go on who wait for sealing. Called with mu held.
func (w *workspace) wake() {
	close(w.sealedOne)
	w.sealedOne = make(chan struct{})
}

func (w *workspace) append(b []byte) (otlp.Result, error) {
	w.mu.Lock()
	if err := w.writable(); err != nil {
		w.mu.Unlock()
		return otlp.Result{}, err
	}
	log := w.log
	w.mu.Unlock()
	record, err := log.Encode(kindSpans, b)
	if err != nil {
		return otlp.Result{}, err
	}

	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.writable(); err != nil {
		return otlp.Result{}, err
	}
	before := w.head.Rows()
	res, err := w.take(b)
	if err != nil {
		return otlp.Result{}, err
	}
	if w.head.Rows() == before {
		return res, w.awaitPending()
	}
	ticket, err := w.log.Append(record)
	if err != nil {
		w.head.Truncate(before)
		return otlp.Result{}, writeError(err)
	}
	if w.opened.IsZero() {
		w.opened = w.opt.Now()
	}
	w.pending = append(w.pending, pending{ticket.Sequence(), before, w.head.Rows()})
	if err := w.commit(ticket); err != nil {
		return otlp.Result{}, err
	}
	return res, w.sealIfDue()
}

// awaitPending waits for what a duplicate repeats: a span is not acknowledged
// twice before it is durable once.
func (w *workspace) awaitPending() error {
	if len(w.pending) == 0 {
		return nil
	}
	return w.settle(w.log.Sync())
}

// commit waits for a record without the lock, so that others join its sync,
// and publishes the rows up to it.
func (w *workspace) commit(t wal.Ticket) error {
	log := w.log
	w.mu.Unlock()
	err := log.Commit(t)
	w.mu.Lock()
	if log != w.log { // rotated meanwhile, and settled then
		return writeError(err)
	}
	if err != nil {
		return w.undo(err)
	}
	i := 0
	for ; i < len(w.pending) && w.pending[i].sequence <= t.Sequence(); i++ {
		w.head.Publish(w.pending[i].after)
	}
	w.pending = w.pending[i:]
	return nil
}

// take decodes a request into the head. When an older part could not be read
// for spans that are there already, it is set aside if it is damaged; else
// nothing is taken.
func (w *workspace) take(b []byte) (otlp.Result, error) {
	before := w.head.Rows()
	res, err := w.head.Append(b, w.known)
	for _, u := range w.unread {
		if err == nil {
			err = w.setPartAside(u.part, u.err)
		}
	}
	w.unread = nil
	if err != nil {
		w.head.Truncate(before)
		return otlp.Result{}, err
	}
	return res, nil
}

// unread is a part in which spans could not be looked for, and why.
type unread struct {
	part plan.Part
	err  error
}

// known tells the head about spans of a trace in older parts; nil if there are
// none. Parts that cannot be read are left to take.
func (w *workspace) known(id span.TraceID) func(span.SpanID) bool {
	var ids map[span.SpanID]bool
	for _, p := range w.olderParts() {
		if err := addSpanIDs(p, id, &ids); err != nil {
			w.unread = append(w.unread, unread{p, err})
		}
	}
	if ids == nil {
		return nil
	}
	return func(s span.SpanID) bool { return ids[s] }
}

// olderParts are the parts before the head.
func (w *workspace) olderParts() []plan.Part {
	parts := make([]plan.Part, 0, len(w.segments)+len(w.frozen))
	for _, s := range w.segments {
		parts = append(parts, s.part)
	}
	for _, f := range w.frozen {
		parts = append(parts, f.head.Snapshot())
	}
	return parts
}

func addSpanIDs(p plan.Part, id span.TraceID, ids *map[span.SpanID]bool) error {
	code, ok, err := p.FindTrace(id)
	if err != nil || !ok {
		return err
	}
	rows, err := p.AppendTraceRows(nil, code)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if d := p.Dead(); d != nil && d.Contains(row) {
			continue
		}
		batch, err := p.SpanIDs(int(row) / p.BatchRows())
		if err != nil {
			return err
		}
		if *ids == nil {
			*ids = map[span.SpanID]bool{}
		}
		(*ids)[batch[int(row)%p.BatchRows()]] = true
	}
	return nil
}
