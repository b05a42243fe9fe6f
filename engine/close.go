package engine

import (
	"errors"
)

// close seals what the head holds and closes all files. Sealing that fails
// leaves the log to be replayed.
func (w *workspace) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.running {
		w.idle.Wait()
	}
	if w.closed {
		return nil
	}
	var err error
	if w.broken == nil {
		err = w.drain()
	}
	w.closed = true
	return errors.Join(err, w.closeFiles())
}

// drain seals every head, so that the log that remains holds no spans.
func (w *workspace) drain() error {
	if w.head.Rows() > 0 {
		if err := w.rotate(); err != nil {
			return err
		}
	}
	for len(w.frozen) > 0 {
		w.mu.Unlock()
		_, err := w.sealOne()
		w.mu.Lock()
		if err != nil {
			return err
		}
	}
	return nil
}

// abandon closes a workspace as it is.
func (w *workspace) abandon() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for w.running {
		w.idle.Wait()
	}
	return w.closeFiles()
}

// discard closes a workspace without sealing and removes its files.
func (w *workspace) discard() error {
	return errors.Join(w.abandon(), removeAll(w.fs, w.dir))
}

func (w *workspace) closeFiles() error {
	var errs []error
	for _, s := range w.segments {
		errs = append(errs, w.release(s))
	}
	w.segments = nil
	for _, f := range w.frozen {
		if f.log != nil {
			errs = append(errs, f.log.Close())
		}
	}
	w.frozen = nil
	if w.log != nil {
		if err := w.log.Close(); w.broken == nil { // else it was told when it broke
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
