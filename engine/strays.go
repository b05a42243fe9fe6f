package engine

import (
	"errors"
	"path"
)

// A stray is a file that says what other files say too: a segment that was
// written but could not be put in its place, or what it replaces and could not
// be removed. Opened now, the store would tell the two apart by the logs and
// segments that are still there; so these stay until the stray is gone, and
// nothing else is sealed or merged before.

// stray takes note of such a file. Called with mu held.
func (w *workspace) stray(name string) { w.strays = append(w.strays, name) }

// clearStrays removes the strays, durably. Called without mu, by the one
// goroutine that seals and merges.
func (w *workspace) clearStrays() error {
	w.mu.Lock()
	strays := w.strays
	w.strays = nil
	w.mu.Unlock()
	for i, name := range strays {
		if err := errors.Join(removeIfThere(w.fs, name), w.fs.SyncDir(path.Dir(name))); err != nil {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.strays = append(w.strays, strays[i:]...)
			return err
		}
	}
	return nil
}
