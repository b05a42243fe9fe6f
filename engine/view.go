package engine

import (
	"fmt"

	"github.com/spanstead/spanstead/engine/plan"
	"github.com/spanstead/spanstead/engine/query"
)

// View is one moment of a workspace: what it holds does not change while spans
// arrive, traces are deleted and segments are merged. Close it soon; it keeps
// merged segments' files open.
type View struct {
	w        *workspace
	segments []*segmentFile
	parts    []plan.Part
}

// View takes a view. It fails with query.ErrCorrupt while a file of the
// workspace is set aside as damaged, since any answer might lack its spans.
func (s *Store) View(workspace string) (*View, error) {
	w, err := s.workspace(workspace)
	if err != nil {
		return nil, err
	}
	return w.view()
}

func (w *workspace) view() (*View, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, query.ErrClosed
	}
	if len(w.faults) > 0 {
		return nil, fmt.Errorf("workspace %q: %w: %s: %s", w.name, query.ErrCorrupt, w.faults[0].File, w.faults[0].Err)
	}
	v := &View{w: w}
	for _, s := range w.segments {
		s.retain()
		v.segments = append(v.segments, s)
		v.parts = append(v.parts, s.part)
	}
	for _, f := range w.frozen {
		v.parts = append(v.parts, f.head.Snapshot())
	}
	v.parts = append(v.parts, w.head.Snapshot())
	return v, nil
}

// Parts are the view's parts, oldest first; they are valid until Close.
func (v *View) Parts() []plan.Part { return v.parts }

// Close lets go of the view.
func (v *View) Close() error {
	v.w.mu.Lock()
	defer v.w.mu.Unlock()
	var first error
	for _, s := range v.segments {
		if err := v.w.release(s); err != nil && first == nil {
			first = err
		}
	}
	v.segments, v.parts = nil, nil
	return first
}
