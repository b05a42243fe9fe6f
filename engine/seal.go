package engine

import (
	"bufio"
	"errors"
	"fmt"
	"slices"

	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/internal/part"
	"github.com/spanstead/spanstead/engine/internal/table"
	"github.com/spanstead/spanstead/engine/internal/wal"
	"github.com/spanstead/spanstead/segment"
)

// sealIfDue freezes the head when it is large or old enough, and sees to it
// that it is sealed.
func (w *workspace) sealIfDue() error {
	rows := w.head.Rows()
	due := rows >= w.opt.SealRows || w.head.Bytes() >= w.opt.SealBytes ||
		rows > 0 && w.opt.SealAge > 0 && w.opt.Now().Sub(w.opened) >= w.opt.SealAge
	if !due || len(w.pending) > 0 && !w.opt.Inline && rows < w.opt.SealRows+w.opt.SealRows/8 {
		return nil // with records under way, the next one seals, if there is such a moment
	}
	if err := w.rotate(); err != nil {
		// The spans are in the log; only the new log could not be begun.
		w.opt.Log.Error("cannot begin a new log", "workspace", w.name, "err", err)
		return nil
	}
	w.kick()
	return nil
}

// kick sees to it that frozen heads are sealed and segments merged.
func (w *workspace) kick() {
	if w.opt.Inline {
		w.mu.Unlock()
		w.work()
		w.mu.Lock()
		return
	}
	if !w.running {
		w.running = true
		go func() {
			w.work()
			w.mu.Lock()
			defer w.mu.Unlock()
			w.running = false
			w.idle.Broadcast()
			w.wake()
		}()
	}
}

// work seals and merges until there is nothing to do or something fails. What
// failed is tried again when the next head is frozen.
func (w *workspace) work() {
	for {
		more, err := w.step()
		if err != nil {
			w.mu.Lock()
			w.bgErr = err
			w.mu.Unlock()
			w.opt.Log.Error("sealing or merging", "workspace", w.name, "err", err)
			return
		}
		if !more {
			w.mu.Lock()
			w.bgErr = nil
			w.mu.Unlock()
			return
		}
	}
}

func (w *workspace) step() (more bool, err error) {
	sealed, err := w.sealOne()
	if sealed || err != nil {
		return sealed, err
	}
	return w.mergeOne()
}

// sealOne seals the oldest frozen head.
func (w *workspace) sealOne() (bool, error) {
	if err := w.clearStrays(); err != nil {
		return false, err
	}
	w.mu.Lock()
	if len(w.frozen) == 0 || w.closed {
		w.mu.Unlock()
		return false, nil
	}
	f := w.frozen[0]
	id := w.takeID()
	t, err := f.head.Table()
	w.mu.Unlock()
	if err != nil {
		return false, err
	}
	var s *segmentFile
	if t.Rows() > 0 {
		info := segment.Info{LogFirst: f.logID, LogLast: f.logID}
		if s, err = w.writeSegment(t, id, info); err != nil {
			return false, err
		}
	}
	return true, w.sealed(f, s)
}

// takeID gives out the id of the next segment.
func (w *workspace) takeID() uint64 {
	id := w.nextID
	w.nextID++
	return id
}

// writeSegment writes and opens a segment. It is durable under its name on
// return.
func (w *workspace) writeSegment(t *table.Table, id uint64, info segment.Info) (*segmentFile, error) {
	name := w.segmentDir() + "/" + segmentName(id)
	tmp := name + ".tmp"
	if err := removeIfThere(w.fs, tmp); err != nil {
		return nil, err
	}
	if err := w.writeTable(tmp, t, id, info); err != nil {
		return nil, errors.Join(writeError(err), removeIfThere(w.fs, tmp))
	}
	seg, err := w.place(tmp, id)
	if err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.stray(tmp)
		w.stray(name)
	}
	return seg, err
}

// place gives a segment that is written its name and opens it.
func (w *workspace) place(tmp string, id uint64) (*segmentFile, error) {
	if err := w.fs.Rename(tmp, w.segmentDir()+"/"+segmentName(id)); err != nil {
		return nil, err
	}
	if err := w.fs.SyncDir(w.segmentDir()); err != nil {
		return nil, err
	}
	return w.openSegment(segmentName(id))
}

func (w *workspace) writeTable(name string, t *table.Table, id uint64, info segment.Info) error {
	f, err := w.fs.Create(name)
	if err != nil {
		return err
	}
	buf := bufio.NewWriterSize(f, 1<<20)
	o := table.Options{ID: id, BatchRows: w.opt.BatchRows, Columns: w.opt.Columns, Info: info}
	_, err = table.Build(t, buf, o)
	if err == nil {
		err = buf.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// openSegment opens a segment file, with one reference for the caller.
func (w *workspace) openSegment(name string) (*segmentFile, error) {
	f, err := w.fs.Open(w.segmentDir() + "/" + name)
	if err != nil {
		return nil, err
	}
	p, err := openPart(f, w.cache)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return &segmentFile{part: p, file: f, name: name, refs: 1}, nil
}

func openPart(f disk.File, c *part.Cache) (*part.Part, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	return part.Open(f, size, c)
}

// sealed puts a segment in the place of a frozen head, then drops its log.
// s is nil when the head had no rows left.
func (w *workspace) sealed(f *frozen, s *segmentFile) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed && s != nil {
		return w.release(s)
	}
	if s != nil {
		if err := w.adopt(s); err != nil {
			return w.refuse(s, err)
		}
	}
	w.frozen = slices.DeleteFunc(w.frozen, func(g *frozen) bool { return g == f })
	w.wake()
	return w.dropLog(f.log, f.logID)
}

// adopt lists a new segment, without the rows that were deleted meanwhile.
func (w *workspace) adopt(s *segmentFile) (err error) {
	if s.part, err = w.bury(s.part, w.tombs); err != nil {
		return err
	}
	w.segments = append(w.segments, s)
	slices.SortFunc(w.segments, func(a, b *segmentFile) int {
		x, y := a.part.Reader().Info(), b.part.Reader().Info()
		return int(int64(x.LogFirst - y.LogFirst))
	})
	return nil
}

func (w *workspace) dropLog(log *wal.Writer, id uint64) error {
	if log != nil {
		if err := log.Close(); err != nil {
			w.opt.Log.Warn("closing a log that is sealed", "workspace", w.name, "err", err)
		}
	}
	name := w.dir + "/" + wal.Name(id)
	err := errors.Join(removeIfThere(w.fs, name), w.fs.SyncDir(w.dir))
	if err != nil {
		w.stray(name)
	}
	return err
}
