package engine

import (
	"errors"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/engine/internal/part"
	"github.com/spanstead/spanstead/engine/query"
)

// Fault is a file that is damaged and was set aside, or damage that a question
// met later on.
type Fault struct {
	Workspace string `json:"workspace"`
	File      string `json:"file"` // in the data directory; or the directory where it lies
	Err       string `json:"error"`
}

// Health says how the store is.
type Health struct {
	Faults     []Fault           `json:"faults"`
	ReadOnly   map[string]string `json:"read_only"`  // workspaces that take no writes, and why
	Background map[string]string `json:"background"` // the last failure to seal or merge
	Workspaces []WorkspaceStats  `json:"workspaces"`
	Cache      part.CacheStats   `json:"cache"`
}

// WorkspaceStats counts what a workspace holds.
type WorkspaceStats struct {
	Name     string `json:"name"`
	Segments int    `json:"segments"`
	Rows     int    `json:"rows"` // deleted ones that are not yet merged away included
	HeadRows int    `json:"head_rows"`
	Bytes    int64  `json:"bytes"` // of segments
	LogBytes int64  `json:"log_bytes"`
}

// Health looks at every workspace; it reads no files.
func (s *Store) Health() Health {
	s.mu.RLock()
	defer s.mu.RUnlock()
	h := Health{Faults: []Fault{}, ReadOnly: map[string]string{}, Background: map[string]string{}, Cache: s.cache.Stats()}
	for _, w := range s.workspaces {
		w.addHealth(&h)
	}
	slices.SortFunc(h.Workspaces, func(a, b WorkspaceStats) int { return strings.Compare(a.Name, b.Name) })
	return h
}

func (w *workspace) addHealth(h *Health) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h.Faults = append(h.Faults, w.faults...)
	h.Faults = append(h.Faults, w.suspects...)
	if w.docsFault != nil {
		h.Faults = append(h.Faults, *w.docsFault)
	}
	if w.broken != nil {
		h.ReadOnly[w.name] = w.broken.Error()
	}
	if w.bgErr != nil {
		h.Background[w.name] = w.bgErr.Error()
	}
	st := WorkspaceStats{Name: w.name, Segments: len(w.segments)}
	for _, f := range w.frozen {
		st.HeadRows += f.head.Rows()
	}
	if w.head != nil {
		st.HeadRows += w.head.Rows()
	}
	if w.log != nil {
		st.LogBytes = w.log.Size()
	}
	st.Rows = st.HeadRows
	for _, s := range w.segments {
		st.Rows += s.part.Rows()
		st.Bytes += s.part.Reader().Size()
	}
	h.Workspaces = append(h.Workspaces, st)
}

// maxSuspects bounds the different errors that are remembered.
const maxSuspects = 20

// suspect takes note of damage that a question met. Questions that do not need
// the damaged bytes are still answered.
func (w *workspace) suspect(err error) {
	if !errors.Is(err, query.ErrCorrupt) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	f := Fault{w.name, w.segmentDir(), err.Error()}
	if len(w.suspects) < maxSuspects && !slices.Contains(w.suspects, f) {
		w.suspects = append(w.suspects, f)
		w.opt.Log.Error("a question met damaged data", "workspace", w.name, "err", err)
	}
}
