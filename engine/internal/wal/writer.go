package wal

import (
	"errors"
	"fmt"
	"sync"
	"syscall"

	"github.com/klauspost/compress/zstd"

	"github.com/spanstead/spanstead/engine/internal/disk"
)

// Writer appends to a log. It is safe for concurrent use; the order of the
// records is the order of the Append calls.
type Writer struct {
	disk  disk.File
	file  fileHeader
	codec Codec
	sync  Policy
	zstd  *zstd.Encoder // nil for other codecs
	pool  sync.Pool     // *[]byte, for Encode
	stop  func()        // ends the interval's goroutine

	mu       sync.Mutex
	free     sync.Cond // the file is no longer busy
	busy     bool      // a leader writes or syncs, without mu
	filling  *group    // nil when empty
	spare    []byte    // for the next group
	next     uint64    // sequence of the next record
	size     int64     // end of the last appended record
	written  int64     // end of the last record that is in the file for good
	synced   int64
	marked   int64 // end of the file if that is a mark or there are no records
	failure  *Failure
	failures int
	closed   bool
	stats    Stats
}

// Stats counts what a writer has done.
type Stats struct {
	Records int64 // in the file
	Groups  int64 // writes
	Syncs   int64
}

// Failure is what went wrong and what it undid.
type Failure struct {
	// From is the first sequence number that failed: the Commit of each ticket
	// from here on has failed or will, those before it are not affected.
	From uint64
	// Err wraps ErrFull or ErrBroken or neither, and the disk's error.
	Err error
	// Final says that the writer cannot be resumed.
	Final bool
}

// Append gives an encoded record the next place in the log and copies it; the
// record is neither written nor durable before Commit. Nothing is appended when
// it returns an error: the writer is closed or has failed.
func (w *Writer) Append(e *Encoded) (Ticket, error) {
	if e.codec == 0 {
		panic("wal: Encoded appended twice")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.refusal(); err != nil {
		return Ticket{}, err
	}
	return w.append(e), nil
}

func (w *Writer) append(e *Encoded) Ticket {
	if w.filling == nil {
		w.filling = &group{first: w.next, buf: w.spare[:0]}
		w.spare = nil
	}
	t := Ticket{group: w.filling, sequence: w.next}
	w.filling.add(recordHeader{
		payloadCRC: e.crc,
		stored:     uint32(len(e.payload)),
		length:     uint32(e.length),
		kind:       e.kind,
		codec:      e.codec,
		id:         w.file.id,
		sequence:   w.next,
	}, e.payload)
	w.next++
	w.size += recordHeaderSize + int64(len(e.payload))
	w.release(e.pooled)
	*e = Encoded{}
	return t
}

// refusal is why nothing can be appended now, or nil.
func (w *Writer) refusal() error {
	if w.closed {
		return fmt.Errorf("log %d: %w", w.file.id, ErrClosed)
	}
	if w.failure != nil {
		return w.failure.Err
	}
	return nil
}

// Commit returns once the record is in the file and, under SyncAlways, synced,
// together with all records appended before it. An error means that neither it
// nor any record appended after it, before Resume, is in the log; see Failed.
func (w *Writer) Commit(t Ticket) error {
	if t.group == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for !t.group.done {
		if w.busy {
			w.free.Wait()
			continue
		}
		w.lead(w.sync == SyncAlways)
	}
	return t.group.err
}

// Sync makes everything that was appended before the call durable, whatever the
// policy.
func (w *Writer) Sync() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return w.refusal()
	}
	return w.syncLocked()
}

func (w *Writer) syncLocked() error {
	target, failures := w.size, w.failures
	for w.failure == nil && w.failures == failures && w.synced < target {
		if w.busy {
			w.free.Wait()
			continue
		}
		w.lead(true)
	}
	switch {
	case w.failure != nil:
		return w.failure.Err
	case w.failures != failures:
		return fmt.Errorf("log %d: a write failed and was undone meanwhile", w.file.id)
	}
	return nil
}

// lead writes what has gathered and syncs if told to. Called with mu held and
// the file not busy; mu is released meanwhile.
func (w *Writer) lead(sync bool) {
	g, start, synced := w.filling, w.written, w.synced
	w.filling, w.busy = nil, true
	w.mu.Unlock()
	failure := w.store(g, start, synced, sync)
	w.mu.Lock()
	w.busy = false
	if failure != nil {
		w.fail(g, failure)
	} else {
		w.succeed(g, sync)
	}
	w.free.Broadcast()
}

// store does the leader's work on the file, which ends at start; g may be nil.
func (w *Writer) store(g *group, start, synced int64, sync bool) *Failure {
	if g != nil {
		g.seal(w.file.salt, synced)
		if _, err := w.disk.Write(g.buf); err != nil {
			return w.undo(start, err)
		}
	}
	if !sync {
		return nil
	}
	err := w.disk.Sync()
	if err == nil {
		return nil
	}
	if g != nil {
		// Whether these bytes are on the disk is unknown, though they would
		// read back from the cache. Taking them away, if that works, keeps a
		// replay from trusting them; all of them were refused.
		_ = w.disk.Truncate(start)
	}
	return &Failure{Err: w.broken("sync", err), Final: true}
}

// undo takes back a write that failed. The truncation is synced, so that no
// part of a refused record can come back after a crash.
func (w *Writer) undo(start int64, cause error) *Failure {
	if err := w.disk.Truncate(start); err != nil {
		return &Failure{Err: w.broken("undo a write", errors.Join(err, cause)), Final: true}
	}
	if err := w.disk.Sync(); err != nil {
		return &Failure{Err: w.broken("sync after a failed write", errors.Join(err, cause)), Final: true}
	}
	if errors.Is(cause, syscall.ENOSPC) || errors.Is(cause, syscall.EDQUOT) {
		return &Failure{Err: fmt.Errorf("log %d: write at %d: %w: %w", w.file.id, start, ErrFull, cause)}
	}
	return &Failure{Err: fmt.Errorf("log %d: write at %d: %w", w.file.id, start, cause)}
}

func (w *Writer) broken(what string, cause error) error {
	return fmt.Errorf("log %d: %s: %w: %w", w.file.id, what, ErrBroken, cause)
}

func (w *Writer) succeed(g *group, sync bool) {
	if g != nil {
		w.written += int64(len(g.buf))
		w.stats.Records += int64(g.records)
		w.stats.Groups++
		w.finish(g, nil)
	}
	if sync {
		w.synced = w.written
		w.stats.Syncs++
	}
}

// fail ends the group in hand and the one that has gathered behind it. What is
// appended after Resume continues where the file ends.
func (w *Writer) fail(g *group, failure *Failure) {
	failure.From = w.next
	for _, failed := range []*group{w.filling, g} {
		if failed != nil {
			failure.From = failed.first
			w.finish(failed, failure.Err)
		}
	}
	w.filling = nil
	w.next, w.size = failure.From, w.written
	if !failure.Final {
		w.synced = w.written // undo has synced
	}
	w.failure = failure
	w.failures++
}

func (w *Writer) finish(g *group, err error) {
	g.done, g.err = true, err
	if cap(g.buf) <= keepBuffer {
		w.spare = g.buf
	}
	g.buf = nil
}

// Failed tells whether the writer has failed, and from which sequence number on.
// A caller that applies records before they are committed undoes those from
// there on, then calls Resume, without letting an Append come between.
func (w *Writer) Failed() (Failure, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failure == nil {
		return Failure{}, false
	}
	return *w.failure, true
}

// Resume lets a writer that has failed accept records again, numbered from
// Failure.From. It returns the failure when that is final.
func (w *Writer) Resume() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failure == nil {
		return nil
	}
	if w.failure.Final {
		return w.failure.Err
	}
	w.failure = nil
	return nil
}

// Size is the length of the log in bytes, with records not written yet.
func (w *Writer) Size() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size
}

// Stats counts what this writer has done so far.
func (w *Writer) Stats() Stats {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stats
}

// Close writes what was appended, except under SyncNever syncs it and marks the
// end, and closes the file. Records not committed may be lost if it fails.
func (w *Writer) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return fmt.Errorf("log %d: %w", w.file.id, ErrClosed)
	}
	w.closed = true
	w.mu.Unlock()
	w.stop()

	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.flush()
	if w.zstd != nil {
		err = errors.Join(err, w.zstd.Close())
	}
	return errors.Join(err, w.disk.Close())
}

// flush brings everything to the file. A failure that was already told, and
// left the file whole, is no news.
func (w *Writer) flush() error {
	for w.busy {
		w.free.Wait()
	}
	if w.failure != nil {
		if w.failure.Final {
			return w.failure.Err
		}
		return nil
	}
	if w.sync != SyncNever {
		if err := w.syncLocked(); err != nil || w.size == w.marked {
			return err
		}
		w.append(&Encoded{kind: KindMark, codec: Raw})
		return w.syncLocked()
	}
	if w.filling != nil {
		w.lead(false)
	}
	if w.failure != nil {
		return w.failure.Err
	}
	return nil
}
