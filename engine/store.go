package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/internal/part"
	"github.com/spanstead/spanstead/engine/query"
)

// ErrLocked says that another store, in this process or another, has the data
// directory open.
var ErrLocked = disk.ErrLocked

// DefaultWorkspace is where every name that nobody created leads.
const DefaultWorkspace = "default"

// Store is an open store.
type Store struct {
	opt   Options
	fs    disk.FS
	lock  io.Closer
	cache *part.Cache

	mu         sync.RWMutex
	closed     bool
	registry   registry
	workspaces map[string]*workspace
}

// Open opens the store in opt.Dir, or an empty one in memory, and replays what
// its logs hold. Only one Store has a directory open at a time: ErrLocked.
// A file that is damaged is set aside and reported by Health; questions to its
// workspace then fail with query.ErrCorrupt.
func Open(opt Options) (*Store, error) {
	opt.setDefaults()
	s := &Store{opt: opt, cache: part.NewCache(opt.CacheBytes), workspaces: map[string]*workspace{}}
	if err := s.openDisk(); err != nil {
		return nil, errors.Join(err, s.closeDisk())
	}
	if err := s.openWorkspaces(); err != nil {
		for _, w := range s.workspaces {
			err = errors.Join(err, w.abandon())
		}
		return nil, errors.Join(err, s.closeDisk())
	}
	return s, nil
}

func (s *Store) openDisk() (err error) {
	switch {
	case s.opt.disk != nil:
		s.fs = s.opt.disk
	case s.opt.Dir == "":
		s.fs = disk.NewMem()
	default:
		root, err := disk.OpenOS(s.opt.Dir)
		if err != nil {
			return err
		}
		s.fs = root
	}
	if s.lock, err = s.fs.Lock("lock"); err != nil {
		return fmt.Errorf("data directory %s: %w", s.opt.Dir, err)
	}
	return nil
}

// closeDisk gives up the lock and the directory.
func (s *Store) closeDisk() error {
	var errs []error
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if root, ok := s.fs.(io.Closer); ok && s.opt.disk == nil {
		errs = append(errs, root.Close())
	}
	return errors.Join(errs...)
}

func (s *Store) openWorkspaces() (err error) {
	if s.registry, err = readRegistry(s.fs); err != nil {
		return err
	}
	if _, ok := s.registry.Dirs[DefaultWorkspace]; !ok {
		s.registry.add(DefaultWorkspace)
		if err := s.registry.write(s.fs); err != nil {
			return err
		}
	}
	if err := s.registry.sweep(s.fs); err != nil {
		return err
	}
	for name, dir := range s.registry.Dirs {
		w, err := s.openWorkspace(name, dir)
		if err != nil {
			return fmt.Errorf("workspace %q: %w", name, err)
		}
		s.workspaces[name] = w
	}
	return nil
}

// Close seals what the heads hold, so that nothing is left to replay, and
// closes the store. Views that are still open stay readable. A second Close
// does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var errs []error
	for _, w := range s.workspaces {
		errs = append(errs, w.close())
	}
	return errors.Join(append(errs, s.closeDisk())...)
}

// workspace finds the workspace of a name, or the default one.
func (s *Store) workspace(name string) (*workspace, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, query.ErrClosed
	}
	if w := s.workspaces[name]; w != nil {
		return w, nil
	}
	return s.workspaces[DefaultWorkspace], nil
}

// CreateWorkspace makes an empty workspace, durably; one that exists is left
// as it is.
func (s *Store) CreateWorkspace(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return query.ErrClosed
	}
	if name == "" || len(name) > maxName {
		return fmt.Errorf("%w: a workspace's name has 1 to %d bytes", query.ErrInvalid, maxName)
	}
	if s.workspaces[name] != nil {
		return nil
	}
	_, err := s.makeWorkspace(name)
	return err
}

// makeWorkspace opens a new directory under a name, which from then on leads there.
func (s *Store) makeWorkspace(name string) (*workspace, error) {
	next := s.registry.clone()
	dir := next.add(name)
	w, err := s.openWorkspace(name, dir)
	if err != nil {
		return nil, err
	}
	if err := next.write(s.fs); err != nil {
		return nil, errors.Join(err, w.discard())
	}
	s.registry, s.workspaces[name] = next, w
	return w, nil
}

// DeleteWorkspace removes a workspace with all it holds; the default one is
// emptied instead. Views that are open stay readable.
func (s *Store) DeleteWorkspace(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return query.ErrClosed
	}
	old := s.workspaces[name]
	if old == nil {
		return fmt.Errorf("workspace %q: %w", name, query.ErrNotFound)
	}
	if name == DefaultWorkspace {
		if _, err := s.makeWorkspace(name); err != nil {
			return err
		}
		return old.discard()
	}
	next := s.registry.clone()
	delete(next.Dirs, name)
	if err := next.write(s.fs); err != nil {
		return err
	}
	s.registry = next
	delete(s.workspaces, name)
	return old.discard()
}

// ListWorkspaces returns the names, sorted.
func (s *Store) ListWorkspaces(context.Context) ([]string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, query.ErrClosed
	}
	var names []string
	for name := range s.workspaces {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}
