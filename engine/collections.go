package engine

import (
	"context"
	"maps"
	"slices"
)

// ListCollections returns the names of the collections that hold documents,
// sorted.
func (s *Store) ListCollections(_ context.Context, workspace string) ([]string, error) {
	w, err := s.workspace(workspace)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.documentsThere(); err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(w.docs))
	return slices.DeleteFunc(names, func(name string) bool { return len(w.docs[name]) == 0 }), nil
}
