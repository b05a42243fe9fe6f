package double

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/clock"
	"github.com/spanstead/spanstead/apiserver/internal/faults"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Bounds on snapshots, all of them together.
const (
	maxSnapshots     = 100
	maxSnapshotBytes = 1 << 30
	snapshotBatch    = 2000 // spans of one request
)

// Snapshot tells of what was kept.
type Snapshot struct {
	Name       string
	Workspace  string // "" for everything
	Taken      time.Time
	Workspaces int
	Spans      int
	Bytes      int64
}

// snapshot is spans and documents by workspace, the clocks and the faults.
type snapshot struct {
	Snapshot
	workspaces map[string]*contents
	clocks     clock.Settings
	clock      clock.State // of Workspace, if it has one of its own
	ownClock   bool
	faults     []faults.Info
}

type contents struct {
	requests  [][]byte // export requests, in the order of the spans
	documents map[string][]store.Document
}

// snapshots are in memory; they end with the server.
type snapshots struct {
	mu    sync.Mutex
	list  []*snapshot
	named int
}

// SnapshotName makes up a name that is not taken.
func (d *Double) SnapshotName() string {
	d.kept.mu.Lock()
	defer d.kept.mu.Unlock()
	d.kept.named++
	return fmt.Sprintf("snapshot-%d", d.kept.named)
}

// TakeSnapshot keeps everything as it is at this moment under a name, in the
// place of what was kept under it before; with a workspace, that one alone.
func (d *Double) TakeSnapshot(ctx context.Context, name, workspace string) (Snapshot, error) {
	if name == "" || len(name) > 64 || strings.ContainsAny(name, "/?#") {
		return Snapshot{}, fmt.Errorf("%w: a snapshot's name has 1 to 64 characters and none of /?#", query.ErrInvalid)
	}
	s := &snapshot{Snapshot: Snapshot{Name: name, Workspace: workspace}, workspaces: map[string]*contents{}}
	d.mu.Lock()
	defer d.mu.Unlock()
	names := []string{workspace}
	if workspace == "" {
		var err error
		if names, err = d.opt.Store.ListWorkspaces(ctx); err != nil {
			return Snapshot{}, err
		}
	} else if err := d.Exists(ctx, workspace); err != nil {
		return Snapshot{}, err
	}
	for _, name := range names {
		if err := d.copyWorkspace(ctx, s, name); err != nil {
			return Snapshot{}, err
		}
	}
	s.Taken, s.Workspaces = d.clock.Now(workspace), len(names)
	s.clocks = d.clock.Settings()
	s.clock, s.ownClock = d.clock.State(workspace)
	s.faults = d.faults.List()
	return s.Snapshot, d.kept.put(s)
}

// copyWorkspace takes a workspace's spans and documents out of the store.
func (d *Double) copyWorkspace(ctx context.Context, s *snapshot, name string) error {
	c := &contents{documents: map[string][]store.Document{}}
	s.workspaces[name] = c
	var batch []*span.Span
	flush := func() error {
		if len(batch) > 0 {
			request := otlp.AppendRequest(nil, batch)
			c.requests = append(c.requests, request)
			s.Spans, s.Bytes = s.Spans+len(batch), s.Bytes+int64(len(request))
			batch = batch[:0]
		}
		if s.Bytes > maxSnapshotBytes {
			return fmt.Errorf("%w: snapshots of more than %d bytes", query.ErrFull, int64(maxSnapshotBytes))
		}
		return nil
	}
	var full error
	err := d.opt.Store.Each(ctx, name, query.Spans{}, func(sp *span.Span) bool {
		if batch = append(batch, sp); len(batch) == snapshotBatch {
			full = flush()
		}
		return full == nil
	})
	if err = errors.Join(err, full); err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	collections, err := d.opt.Store.ListCollections(ctx, name)
	for _, collection := range collections {
		docs, derr := d.opt.Store.ListDocuments(ctx, name, collection)
		c.documents[collection], err = docs, errors.Join(err, derr)
		for _, doc := range docs {
			s.Bytes += int64(len(doc.Body))
		}
	}
	return err
}

func (k *snapshots) put(s *snapshot) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(k.list), func(o *snapshot) bool { return o.Name == s.Name })
	bytes := s.Bytes
	for _, o := range list {
		bytes += o.Bytes
	}
	if len(list) >= maxSnapshots || bytes > maxSnapshotBytes {
		return fmt.Errorf("%w: more than %d snapshots or %d bytes of them", query.ErrFull, maxSnapshots, int64(maxSnapshotBytes))
	}
	k.list = append(list, s)
	return nil
}

func (k *snapshots) find(name string) (*snapshot, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, s := range k.list {
		if s.Name == name {
			return s, nil
		}
	}
	return nil, fmt.Errorf("snapshot %.80q: %w", name, query.ErrNotFound)
}

// Snapshots lists what was kept, oldest first.
func (d *Double) Snapshots() []Snapshot {
	d.kept.mu.Lock()
	defer d.kept.mu.Unlock()
	var list []Snapshot
	for _, s := range d.kept.list {
		list = append(list, s.Snapshot)
	}
	return list
}

// DropSnapshot forgets a snapshot.
func (d *Double) DropSnapshot(name string) error {
	if _, err := d.kept.find(name); err != nil {
		return err
	}
	d.kept.mu.Lock()
	defer d.kept.mu.Unlock()
	d.kept.list = slices.DeleteFunc(d.kept.list, func(s *snapshot) bool { return s.Name == name })
	return nil
}

// RestoreSnapshot makes everything, or the snapshot's workspace, as it was when
// the snapshot was taken: spans, documents, faults with their counts from 0,
// clocks. The journal is empty then. No request sees a part of it. After an
// error what is there is neither the old nor the new.
func (d *Double) RestoreSnapshot(ctx context.Context, name string) (Snapshot, error) {
	s, err := d.kept.find(name)
	if err != nil {
		return Snapshot{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.Workspace == "" {
		return s.Snapshot, d.restoreAll(ctx, s)
	}
	return s.Snapshot, d.restoreOne(ctx, s)
}

func (d *Double) restoreAll(ctx context.Context, s *snapshot) error {
	if err := d.clear(ctx); err != nil {
		return err
	}
	for name, c := range s.workspaces {
		if err := d.put(ctx, name, c); err != nil {
			return err
		}
	}
	d.faults.Restore(s.faults)
	d.clock.Restore(s.clocks)
	return nil
}

func (d *Double) restoreOne(ctx context.Context, s *snapshot) error {
	if d.Exists(ctx, s.Workspace) == nil {
		if err := d.resetOne(ctx, s.Workspace); err != nil {
			return err
		}
	}
	if err := d.put(ctx, s.Workspace, s.workspaces[s.Workspace]); err != nil {
		return err
	}
	if s.ownClock {
		if err := d.clock.Set(s.Workspace, s.clock); err != nil {
			return err
		}
	}
	for _, f := range s.faults {
		if f.Match.Workspace == s.Workspace {
			if _, err := d.faults.Add(f.Fault); err != nil {
				return err
			}
		}
	}
	return nil
}

// put fills an empty workspace.
func (d *Double) put(ctx context.Context, name string, c *contents) error {
	if err := d.opt.Store.CreateWorkspace(ctx, name); err != nil {
		return err
	}
	for _, request := range c.requests {
		if _, err := d.opt.Store.Append(ctx, name, request); err != nil {
			return err
		}
	}
	for collection, docs := range c.documents {
		for _, doc := range docs {
			if err := d.opt.Store.PutDocument(ctx, name, collection, doc.ID, doc.Body); err != nil {
				return err
			}
		}
	}
	return nil
}
