package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/query"
)

const (
	documentsName = "documents.json"
	// maxDocument and maxDocuments bound one document's body and a workspace's
	// bodies together, in bytes: every change rewrites the file.
	maxDocument  = 1 << 20
	maxDocuments = 32 << 20
)

// documents are a workspace's small files by collection and id.
type documents map[string]map[string][]byte

// openDocuments reads the documents. A damaged file of them is set aside;
// spans are answered without it.
func (w *workspace) openDocuments() error {
	full := w.dir + "/" + documentsName
	if aside, err := disk.Exists(w.fs, full+corruptSuffix); err != nil || aside {
		w.docsFault = &Fault{w.name, full + corruptSuffix, "set aside as damaged"}
		return err
	}
	err := w.readDocuments()
	if errors.Is(err, query.ErrCorrupt) {
		w.docsFault = &Fault{w.name, full + corruptSuffix, err.Error()}
		return w.moveAside(full, err)
	}
	return err
}

func (w *workspace) readDocuments() error {
	b, err := readFile(w.fs, w.dir, documentsName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &w.docs); err != nil {
		return fmt.Errorf("%s: %w: %w", documentsName, query.ErrCorrupt, err)
	}
	return nil
}

// documentsThere is why documents are not answered or changed, or nil.
func (w *workspace) documentsThere() error {
	if w.docsFault == nil {
		return nil
	}
	return fmt.Errorf("workspace %q: %w: %s: %s", w.name, query.ErrCorrupt, w.docsFault.File, w.docsFault.Err)
}

// PutDocument stores a small document beside the spans, durably; body is
// copied.
func (s *Store) PutDocument(_ context.Context, workspace, collection, id string, body []byte) error {
	if len(body) > maxDocument || len(id) > maxName || len(collection) > maxName {
		return fmt.Errorf("%w: a document has at most %d bytes and its name %d", query.ErrInvalid, maxDocument, maxName)
	}
	return s.changeDocuments(workspace, func(d documents) error {
		if d[collection] == nil {
			d[collection] = map[string][]byte{}
		}
		d[collection][id] = bytes.Clone(body)
		return nil
	})
}

// DeleteDocument removes a document, durably, or returns query.ErrNotFound.
func (s *Store) DeleteDocument(_ context.Context, workspace, collection, id string) error {
	return s.changeDocuments(workspace, func(d documents) error {
		if _, ok := d[collection][id]; !ok {
			return fmt.Errorf("document %.80q: %w", id, query.ErrNotFound)
		}
		delete(d[collection], id)
		return nil
	})
}

// changeDocuments changes a copy, which takes the place of the documents once
// it is durable.
func (s *Store) changeDocuments(workspace string, change func(documents) error) error {
	w, err := s.workspace(workspace)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := errors.Join(w.writable(), w.documentsThere()); err != nil {
		return err
	}
	next := documents{}
	size := 0
	for name, c := range w.docs {
		next[name] = maps.Clone(c)
	}
	if err := change(next); err != nil {
		return err
	}
	for _, c := range next {
		for _, body := range c {
			size += len(body)
		}
	}
	if size > maxDocuments {
		return fmt.Errorf("%w: documents of more than %d bytes", query.ErrFull, maxDocuments)
	}
	b, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := writeFile(w.fs, w.dir, documentsName, b); err != nil {
		return err
	}
	w.docs = next
	return nil
}

// Document returns a document's body, or query.ErrNotFound.
func (s *Store) Document(_ context.Context, workspace, collection, id string) ([]byte, error) {
	w, err := s.workspace(workspace)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.documentsThere(); err != nil {
		return nil, err
	}
	body, ok := w.docs[collection][id]
	if !ok {
		return nil, fmt.Errorf("document %.80q: %w", id, query.ErrNotFound)
	}
	return bytes.Clone(body), nil
}

// ListDocuments returns all of a collection, sorted by id.
func (s *Store) ListDocuments(_ context.Context, workspace, collection string) ([]query.Document, error) {
	w, err := s.workspace(workspace)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.documentsThere(); err != nil {
		return nil, err
	}
	var out []query.Document
	for _, id := range slices.Sorted(maps.Keys(w.docs[collection])) {
		out = append(out, query.Document{ID: id, Body: bytes.Clone(w.docs[collection][id])})
	}
	return out, nil
}
