package engine

import (
	"slices"

	"github.com/spanstead/spanstead/engine/internal/part"
	"github.com/spanstead/spanstead/segment"
)

// mergeOne merges one run of neighbouring segments, if there is one that is
// worth it.
func (w *workspace) mergeOne() (bool, error) {
	if err := w.clearStrays(); err != nil {
		return false, err
	}
	w.mu.Lock()
	run := slices.Clone(w.chooseRun())
	if len(run) == 0 || w.closed {
		w.mu.Unlock()
		return false, nil
	}
	id := w.takeID()
	parts := make([]*part.Part, len(run))
	for i, s := range run {
		s.retain()
		parts[i] = s.part
	}
	w.mu.Unlock()
	merged, err := w.mergeApart(id, run, parts)
	if err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, s := range run {
			err = firstError(err, w.release(s))
		}
		return false, err
	}
	return true, w.merged(run, merged)
}

// mergeCache is what merging keeps of the columns that it reads.
const mergeCache = 16 << 20

// mergeApart merges segments that it opens anew, with a cache of their own: to
// merge neither pushes out what questions have read nor stays in memory.
func (w *workspace) mergeApart(id uint64, run []*segmentFile, parts []*part.Part) (*segmentFile, error) {
	cache := part.NewCache(mergeCache)
	apart := make([]*part.Part, len(run))
	for i, s := range run {
		p, err := openPart(s.file, cache)
		if err != nil {
			return nil, err
		}
		apart[i] = p.WithDead(parts[i].Dead())
	}
	return w.merge(id, apart)
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// chooseRun picks the oldest run of neighbours to merge: MergeFactor segments
// in a row that are of about one size and together within MergeRows, or a
// single segment of which half is deleted.
func (w *workspace) chooseRun() []*segmentFile {
	for i := range w.segments {
		if run := w.runAt(i); run != nil {
			return run
		}
	}
	for i, s := range w.segments {
		if d := s.part.Dead(); d != nil && int(d.GetCardinality()) > s.part.Rows()/2 {
			return w.segments[i : i+1]
		}
	}
	return nil
}

func (w *workspace) runAt(i int) []*segmentFile {
	if w.opt.MergeFactor < 2 || i+w.opt.MergeFactor > len(w.segments) {
		return nil
	}
	run := w.segments[i : i+w.opt.MergeFactor]
	rows, most := 0, 0
	for _, s := range run {
		rows += s.part.Rows()
		most = max(most, s.part.Rows())
	}
	if rows > w.opt.MergeRows || most > rows/2+1 {
		return nil
	}
	return run
}

// merge writes the live rows of parts as one segment; nil when there are none.
func (w *workspace) merge(id uint64, parts []*part.Part) (*segmentFile, error) {
	t, err := part.Merge(parts)
	if err != nil || t.Rows() == 0 {
		return nil, err
	}
	info := segment.Info{
		LogFirst: parts[0].Reader().Info().LogFirst,
		LogLast:  parts[len(parts)-1].Reader().Info().LogLast,
	}
	for _, p := range parts {
		info.Replaces = append(info.Replaces, p.ID())
		info.Replaces = append(info.Replaces, p.Reader().Info().Replaces...)
	}
	slices.Sort(info.Replaces)
	return w.writeSegment(t, id, info)
}

// merged puts the merged segment in the place of those it replaces, and removes
// their files. Each of run has a reference of the merge besides the list's.
func (w *workspace) merged(run []*segmentFile, s *segmentFile) (err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	release := func(old *segmentFile) { err = firstError(err, w.release(old)) }
	for _, old := range run {
		defer release(old)
	}
	if w.closed || !w.lists(run) { // one was set aside meanwhile
		return w.refuse(s, nil)
	}
	if s != nil {
		if aerr := w.adopt(s); aerr != nil {
			return w.refuse(s, aerr)
		}
	}
	w.segments = slices.DeleteFunc(w.segments, func(o *segmentFile) bool { return slices.Contains(run, o) })
	for _, old := range run {
		defer release(old)
	}
	return w.removeMerged(run)
}

// lists reports that all of run are in the list of segments.
func (w *workspace) lists(run []*segmentFile) bool {
	return !slices.ContainsFunc(run, func(s *segmentFile) bool { return !slices.Contains(w.segments, s) })
}

// refuse lets go of a new segment that is not to take its place.
func (w *workspace) refuse(s *segmentFile, cause error) error {
	if s == nil {
		return cause
	}
	w.stray(w.segmentDir() + "/" + s.name)
	return firstError(cause, w.release(s))
}

// removeMerged removes the files of segments that were replaced.
func (w *workspace) removeMerged(run []*segmentFile) (err error) {
	for _, old := range run {
		err = firstError(err, w.fs.Remove(w.segmentDir()+"/"+old.name))
	}
	if err = firstError(err, w.fs.SyncDir(w.segmentDir())); err != nil {
		for _, old := range run {
			w.stray(w.segmentDir() + "/" + old.name)
		}
	}
	return err
}
