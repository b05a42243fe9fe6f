package engine

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/internal/head"
	"github.com/spanstead/spanstead/engine/internal/part"
	"github.com/spanstead/spanstead/engine/internal/wal"
	"github.com/spanstead/spanstead/engine/query"
)

// workspace is one isolated set of spans: a head with its log, frozen heads
// that are being sealed, and segments.
type workspace struct {
	name  string
	dir   string // "w000001"
	opt   *Options
	fs    disk.FS
	cache *part.Cache

	mu       sync.Mutex
	idle     sync.Cond // the background goroutine has ended
	head     *head.Head
	log      *wal.Writer
	logID    uint64
	opened   time.Time // when the head got its first row
	pending  []pending
	frozen   []*frozen      // oldest first
	segments []*segmentFile // by log range
	nextID   uint64         // of the next segment
	lastLog  uint64         // the highest log id that was tried
	strays   []string       // files to remove before anything is sealed or merged; see strays.go
	tombs    []tombstone
	unread   []unread // by the head, in the request at hand
	faults   []Fault
	suspects []Fault // damage that questions met
	broken   error   // no more writes, for good
	closed   bool
	running  bool // the background goroutine
	// sealedOne is closed, and replaced, when a frozen head is sealed or the
	// background goroutine ends.
	sealedOne chan struct{}
	bgErr     error

	docs      documents
	docsFault *Fault // the documents' file is damaged
}

// pending is a record that is not yet known to be in the log.
type pending struct {
	sequence uint64
	before   int // rows of the head before it
	after    int
}

// frozen is a head that takes no more rows and the log that holds it.
type frozen struct {
	head  *head.Head
	log   *wal.Writer
	logID uint64
}

// segmentFile is an open segment file, counted by those who read it.
type segmentFile struct {
	part *part.Part // with its deleted rows
	file disk.File
	name string
	refs int // of the workspace's list and of views; guarded by workspace.mu
}

func (w *workspace) segmentDir() string { return w.dir + "/segments" }

func segmentName(id uint64) string { return fmt.Sprintf("%012d.arrow", id) }

// retain and release count the readers of a segment; the last one closes its file.
func (s *segmentFile) retain() { s.refs++ }

func (w *workspace) release(s *segmentFile) error {
	if s.refs--; s.refs > 0 {
		return nil
	}
	s.part.Forget()
	return s.file.Close()
}

// writable is why no write is taken, or nil.
func (w *workspace) writable() error {
	if w.closed {
		return query.ErrClosed
	}
	return w.broken
}

// newLog starts the log of the next head, with the tombstones that still
// matter as its first record, durably.
func (w *workspace) newLog() error {
	id := max(w.logID, w.lastLog) + 1
	w.lastLog = id // what a failure may leave under this name is not met again
	log, err := wal.Create(w.fs, w.dir, id, w.opt.wal())
	if err != nil {
		return writeError(err)
	}
	if err := w.carry(log); err != nil {
		return errors.Join(writeError(err), log.Close(), removeIfThere(w.fs, w.dir+"/"+wal.Name(id)))
	}
	w.log, w.logID, w.head = log, id, w.newHead()
	w.opened = time.Time{}
	return nil
}

// headBatch is the rows of a head's batch: few, since what is newest in a batch
// has to be sorted out.
const headBatch = 8192

func (w *workspace) newHead() *head.Head {
	return head.New(head.Options{BatchRows: headBatch, Columns: w.opt.Columns})
}

// rotate freezes the head and begins a new one. Everything appended before is
// durable on return.
func (w *workspace) rotate() error {
	if err := w.settle(w.log.Sync()); err != nil {
		return err
	}
	old := &frozen{head: w.head, log: w.log, logID: w.logID}
	if err := w.newLog(); err != nil {
		return err
	}
	w.frozen = append(w.frozen, old)
	return nil
}

// settle takes note of how a write to the log ended: rows up to it are
// published, or those that failed are taken back.
func (w *workspace) settle(err error) error {
	if err == nil {
		if n := len(w.pending); n > 0 {
			w.head.Publish(w.pending[n-1].after)
			w.pending = w.pending[:0]
		}
		return nil
	}
	return w.undo(err)
}

// undo takes the rows of failed records out of the head. After a failed sync
// the workspace takes no more writes.
func (w *workspace) undo(err error) error {
	err = writeError(err)
	failure, failed := w.log.Failed()
	if !failed {
		return err
	}
	for i, p := range w.pending {
		if p.sequence >= failure.From {
			w.head.Truncate(p.before)
			w.pending = w.pending[:i]
			break
		}
	}
	if failure.Final {
		w.broken = fmt.Errorf("%w: %w", query.ErrReadOnly, err)
		w.opt.Log.Error("log failed, no more writes until the store is opened again", "workspace", w.name, "err", err)
		return w.broken
	}
	if rerr := w.log.Resume(); rerr != nil {
		w.broken = fmt.Errorf("%w: %w", query.ErrReadOnly, rerr)
	}
	return err
}

// writeError says in the store's terms why a write failed.
func writeError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, wal.ErrFull):
		return fmt.Errorf("%w: %w", query.ErrFull, err)
	case errors.Is(err, wal.ErrBroken):
		return fmt.Errorf("%w: %w", query.ErrReadOnly, err)
	}
	return diskError(err)
}
