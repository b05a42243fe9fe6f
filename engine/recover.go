package engine

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spanstead/spanstead/engine/internal/wal"
	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
)

// corruptSuffix marks a file that was set aside as damaged. It is kept.
const corruptSuffix = ".corrupt"

// openWorkspace opens a workspace's directory, made if it is not there, and
// finishes what was interrupted. It may itself be interrupted anywhere and
// repeated.
func (s *Store) openWorkspace(name, dir string) (*workspace, error) {
	w := &workspace{name: name, dir: dir, opt: &s.opt, fs: s.fs, cache: s.cache, nextID: 1, sealedOne: make(chan struct{})}
	w.idle.L = &w.mu
	if err := w.makeDirs(); err != nil {
		return nil, err
	}
	if err := w.openDocuments(); err != nil {
		return nil, err
	}
	if err := w.openSegments(); err != nil {
		return nil, errors.Join(err, w.closeFiles())
	}
	if err := w.openLogs(); err != nil {
		return nil, errors.Join(err, w.closeFiles())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.frozen) > 0 {
		w.kick()
	}
	return w, nil
}

func (w *workspace) makeDirs() error {
	if err := w.fs.MkdirAll(w.segmentDir()); err != nil {
		return err
	}
	if err := w.fs.SyncDir(w.dir); err != nil {
		return err
	}
	return w.fs.SyncDir(".")
}

// openSegments opens the segments, drops those that a merge replaced, and sets
// damaged ones aside.
func (w *workspace) openSegments() error {
	names, err := w.fs.List(w.segmentDir())
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := w.openSegmentNamed(name); err != nil {
			return err
		}
	}
	replaced := map[uint64]bool{}
	for _, s := range w.segments {
		for _, id := range s.part.Reader().Info().Replaces {
			replaced[id] = true
		}
	}
	return w.dropReplaced(replaced)
}

func (w *workspace) openSegmentNamed(name string) error {
	full := w.segmentDir() + "/" + name
	switch {
	case strings.HasSuffix(name, ".tmp"):
		return w.fs.Remove(full)
	case strings.HasSuffix(name, corruptSuffix):
		w.faults = append(w.faults, Fault{w.name, full, "set aside as damaged"})
		w.skipID(strings.TrimSuffix(name, corruptSuffix))
		return nil
	case !w.skipID(name):
		return nil // not ours
	}
	s, err := w.openSegment(name)
	if errors.Is(err, query.ErrCorrupt) {
		return w.setAside(full, err)
	}
	if err != nil {
		return err
	}
	if segmentName(s.part.ID()) != name {
		err := fmt.Errorf("%w: segment %06d in the file of another", query.ErrCorrupt, s.part.ID())
		return errors.Join(w.release(s), w.setAside(full, err))
	}
	return w.adopt(s)
}

// skipID sees to it that a segment's id is not given out again, and reports
// whether the name is one of a segment.
func (w *workspace) skipID(name string) bool {
	id, err := strconv.ParseUint(strings.TrimSuffix(name, ".arrow"), 10, 64)
	if err != nil || segmentName(id) != name {
		return false
	}
	w.nextID = max(w.nextID, id+1)
	return true
}

// setAside renames a damaged file, durably, and takes note of it: questions
// about spans are not answered from then on.
func (w *workspace) setAside(name string, cause error) error {
	w.faults = append(w.faults, Fault{w.name, name + corruptSuffix, cause.Error()})
	return w.moveAside(name, cause)
}

// setPartAside is setAside for a segment that is open and turns out to be
// damaged; views keep reading it. Any other error is given back.
func (w *workspace) setPartAside(p plan.Part, cause error) error {
	i := slices.IndexFunc(w.segments, func(s *segmentFile) bool { return plan.Part(s.part) == p })
	if i < 0 || !errors.Is(cause, query.ErrCorrupt) {
		return cause
	}
	s := w.segments[i]
	w.segments = slices.Delete(slices.Clone(w.segments), i, i+1)
	return errors.Join(w.setAside(w.segmentDir()+"/"+s.name, cause), w.release(s))
}

func (w *workspace) moveAside(name string, cause error) error {
	w.opt.Log.Error("damaged file set aside", "workspace", w.name, "file", name, "err", cause)
	if err := w.fs.Rename(name, name+corruptSuffix); err != nil {
		return err
	}
	return w.fs.SyncDir(name[:strings.LastIndexByte(name, '/')])
}

func (w *workspace) dropReplaced(replaced map[uint64]bool) error {
	var kept []*segmentFile
	for _, s := range w.segments {
		if !replaced[s.part.ID()] {
			kept = append(kept, s)
			continue
		}
		if err := errors.Join(w.fs.Remove(w.segmentDir()+"/"+s.name), w.release(s)); err != nil {
			return err
		}
	}
	w.segments = kept
	// A damaged segment that a merge replaced is not missed.
	w.faults = slices.DeleteFunc(w.faults, func(f Fault) bool {
		base := strings.TrimSuffix(strings.TrimPrefix(f.File, w.segmentDir()+"/"), ".arrow"+corruptSuffix)
		id, err := strconv.ParseUint(base, 10, 64)
		return err == nil && replaced[id]
	})
	return w.fs.SyncDir(w.segmentDir())
}

// openLogs replays the logs that no segment covers; the newest goes on as the
// current one.
func (w *workspace) openLogs() error {
	ids, err := w.logIDs()
	if err != nil {
		return err
	}
	for i, id := range ids {
		w.logID = id
		if w.covered(id) && i < len(ids)-1 {
			if err := w.dropLog(nil, id); err != nil {
				return err
			}
			continue
		}
		if err := w.replay(id, i == len(ids)-1); err != nil {
			return err
		}
	}
	if w.log == nil {
		w.logID = max(w.logID, w.lastCovered())
		return w.newLog()
	}
	return nil
}

// logIDs lists the logs, oldest first, and takes note of damaged ones.
func (w *workspace) logIDs() ([]uint64, error) {
	names, err := w.fs.List(w.dir)
	if err != nil {
		return nil, err
	}
	var ids []uint64
	for _, name := range names {
		if base, ok := strings.CutSuffix(name, corruptSuffix); ok {
			if id, ok := wal.ParseName(base); ok {
				w.logID = max(w.logID, id)
				w.faults = append(w.faults, Fault{w.name, w.dir + "/" + name, "set aside as damaged"})
			}
		}
		if id, ok := wal.ParseName(name); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

func (w *workspace) covered(id uint64) bool {
	return slices.ContainsFunc(w.segments, func(s *segmentFile) bool {
		info := s.part.Reader().Info()
		return info.LogFirst <= id && id <= info.LogLast
	})
}

func (w *workspace) lastCovered() uint64 {
	last := uint64(0)
	for _, s := range w.segments {
		last = max(last, s.part.Reader().Info().LogLast)
	}
	return last
}

// replay reads a log into a head of its own. The newest log is continued; any
// other is left as a frozen head to be sealed.
func (w *workspace) replay(id uint64, newest bool) error {
	name := w.dir + "/" + wal.Name(id)
	f, err := w.fs.Open(name)
	if err != nil {
		return err
	}
	w.head = w.newHead()
	covered := w.covered(id)
	res, err := wal.Replay(f, id, func(r wal.Record) error { return w.apply(r, covered) })
	if err = errors.Join(err, f.Close()); errors.Is(err, wal.ErrCorrupt) || errors.Is(err, query.ErrCorrupt) {
		w.head = w.newHead()
		return w.setAside(name, err)
	}
	if err != nil {
		return err
	}
	if res.TornTail && !newest {
		// It was synced before the next log began, so this is no torn tail.
		w.head = w.newHead()
		return w.setAside(name, fmt.Errorf("log %d: %d bytes after %d: %w: %s", id, res.Dropped, res.GoodOffset, query.ErrCorrupt, res.Reason))
	}
	if res.TornTail {
		w.opt.Log.Warn("torn tail of a log cut off", "workspace", w.name, "log", id, "bytes", res.Dropped, "reason", res.Reason)
	}
	w.head.Publish(w.head.Rows())
	if w.head.Rows() > 0 {
		w.opened = w.opt.Now()
	}
	switch {
	case covered && newest:
		// Sealed, and the power went before the log was dropped; its
		// tombstones are taken over by a new one.
		w.logID = id
		if err := w.newLog(); err != nil {
			return err
		}
		return w.dropLog(nil, id)
	case newest:
		if w.log, err = wal.OpenWriter(w.fs, w.dir, id, res, w.opt.wal()); err != nil || res.Records > 0 {
			return err
		}
		return w.carry(w.log) // the power went before its first record
	}
	w.frozen = append(w.frozen, &frozen{head: w.head, logID: id})
	return nil
}

// apply takes one record of a log in, as when it was written. Of a log whose
// spans are in a segment only what hides older rows is of interest.
func (w *workspace) apply(r wal.Record, covered bool) error {
	switch r.Kind {
	case kindSpans:
		if covered {
			return nil
		}
		_, err := w.take(r.Payload)
		if errors.Is(err, query.ErrInvalid) {
			return fmt.Errorf("%w: %w", query.ErrCorrupt, err)
		}
		if err != nil {
			return err
		}
		w.head.Publish(w.head.Rows())
		return nil
	case kindDelete:
		ids, err := parseTraceIDs(r.Payload)
		if err != nil {
			return err
		}
		return w.applyDelete(ids)
	case kindCarry:
		tombs, err := parseTombstones(r.Payload)
		if err != nil {
			return err
		}
		return w.applyTombs(tombs)
	}
	return fmt.Errorf("%w: record of kind %d", query.ErrCorrupt, r.Kind)
}

// applyTombs takes over the tombstones of older logs. One that an older log,
// still there, has told of already is not listed twice.
func (w *workspace) applyTombs(tombs []tombstone) error {
	for _, t := range tombs {
		if !slices.Contains(w.tombs, t) {
			w.tombs = append(w.tombs, t)
		}
	}
	return w.buryAll(tombs)
}
