package disk

import (
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Mem is a file system in memory. It is both a store's ordinary form, when
// nothing is to be kept, and the one on which crashes are tried. Sync and
// SyncDir only note what is durable by now.
//
// The memory of a removed file is free once its directory has been synced and
// its last handle is closed: until then a crash might bring it back.
type Mem struct {
	mu    sync.Mutex
	root  *memDir
	ops   uint64 // changes of names so far, over all directories
	locks map[*memData]bool
}

// NewMem makes an empty file system.
func NewMem() *Mem {
	return &Mem{root: newMemDir(), locks: map[*memData]bool{}}
}

// memNode is a *memDir or a *memData.
type memNode interface{ isDir() bool }

// memDir is a directory: its names as they are, as they would certainly be found
// after a crash, and the changes that lead from these to those.
type memDir struct {
	names   map[string]memNode
	durable map[string]memNode
	pending []nameChange
}

// nameChange is one atomic change of a directory: a name taken away, a name
// given, or both.
type nameChange struct {
	op     uint64
	remove string
	add    string
	node   memNode
}

func newMemDir() *memDir {
	return &memDir{names: map[string]memNode{}, durable: map[string]memNode{}}
}

func (*memDir) isDir() bool  { return true }
func (*memData) isDir() bool { return false }

// change applies a change now; it is durable after sync.
func (m *Mem) change(d *memDir, c nameChange) {
	m.ops++
	c.op = m.ops
	c.applyTo(d.names)
	d.pending = append(d.pending, c)
}

// applyTo skips the removal of a name that stands for another file by now, so
// that any subset of changes can be applied.
func (c nameChange) applyTo(names map[string]memNode) {
	if c.remove != "" && names[c.remove] == c.node {
		delete(names, c.remove)
	}
	if c.add != "" {
		names[c.add] = c.node
	}
}

func (d *memDir) sync() {
	for _, c := range d.pending {
		c.applyTo(d.durable)
	}
	d.pending = nil
}

func pathError(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// dir finds a directory. Called with mu held, as are parent and lookup.
func (m *Mem) dir(op, name string) (*memDir, error) {
	if err := checkName(op, name); err != nil {
		return nil, err
	}
	d := m.root
	if name == "." {
		return d, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		node, ok := d.names[part]
		if !ok {
			return nil, pathError(op, name, fs.ErrNotExist)
		}
		if d, ok = node.(*memDir); !ok {
			return nil, pathError(op, name, syscall.ENOTDIR)
		}
	}
	return d, nil
}

// parent finds the directory that holds, or would hold, a name.
func (m *Mem) parent(op, name string) (*memDir, string, error) {
	if err := checkName(op, name); err != nil {
		return nil, "", err
	}
	if name == "." {
		return nil, "", pathError(op, name, fs.ErrInvalid)
	}
	d, err := m.dir(op, path.Dir(name))
	return d, path.Base(name), err
}

// file finds a file; data is nil without an error when there is none.
func (m *Mem) file(op, name string) (d *memDir, base string, data *memData, err error) {
	d, base, err = m.parent(op, name)
	if err != nil {
		return nil, "", nil, err
	}
	switch node := d.names[base].(type) {
	case *memData:
		return d, base, node, nil
	case *memDir:
		return nil, "", nil, pathError(op, name, errIsDir)
	}
	return d, base, nil, nil
}

// Create implements FS. The file can be read as well as written.
func (m *Mem) Create(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, base, data, err := m.file("create", name)
	if err != nil {
		return nil, err
	}
	if data != nil {
		return nil, pathError("create", name, fs.ErrExist)
	}
	return m.newFile(d, base, name), nil
}

func (m *Mem) newFile(d *memDir, base, name string) *memFile {
	data := &memData{}
	m.change(d, nameChange{add: base, node: data})
	return &memFile{data: data, name: name, writable: true}
}

// Open implements FS.
func (m *Mem) Open(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, _, data, err := m.file("open", name)
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, pathError("open", name, fs.ErrNotExist)
	}
	return &memFile{data: data, name: name}, nil
}

// OpenAppend implements FS. The file can be read as well as written.
func (m *Mem) OpenAppend(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, base, data, err := m.file("open", name)
	if err != nil {
		return nil, err
	}
	if data == nil {
		return m.newFile(d, base, name), nil
	}
	return &memFile{data: data, name: name, writable: true}, nil
}

// Rename implements FS. Between two directories it is two changes: each is
// durable after SyncDir of its own directory.
func (m *Mem) Rename(oldName, newName string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	from, oldBase, data, err := m.file("rename", oldName)
	if err != nil {
		return err
	}
	if data == nil {
		return pathError("rename", oldName, fs.ErrNotExist)
	}
	to, newBase, _, err := m.file("rename", newName)
	if err != nil {
		return err
	}
	switch {
	case from != to:
		m.change(to, nameChange{add: newBase, node: data})
		m.change(from, nameChange{remove: oldBase, node: data})
	case oldBase != newBase:
		m.change(from, nameChange{remove: oldBase, add: newBase, node: data})
	}
	return nil
}

// Remove implements FS.
func (m *Mem) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, base, err := m.parent("remove", name)
	if err != nil {
		return err
	}
	node, ok := d.names[base]
	if !ok {
		return pathError("remove", name, fs.ErrNotExist)
	}
	if sub, ok := node.(*memDir); ok && len(sub.names) > 0 {
		return pathError("remove", name, syscall.ENOTEMPTY)
	}
	m.change(d, nameChange{remove: base, node: node})
	return nil
}

// MkdirAll implements FS.
func (m *Mem) MkdirAll(dir string) error {
	if err := checkName("mkdir", dir); err != nil {
		return err
	}
	if dir == "." {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.root
	for part := range strings.SplitSeq(dir, "/") {
		switch node := d.names[part].(type) {
		case *memDir:
			d = node
		case *memData:
			return pathError("mkdir", dir, syscall.ENOTDIR)
		default:
			sub := newMemDir()
			m.change(d, nameChange{add: part, node: sub})
			d = sub
		}
	}
	return nil
}

// List implements FS.
func (m *Mem) List(dir string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.dir("list", dir)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(d.names)), nil
}

// Stat implements FS.
func (m *Mem) Stat(name string) (Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if name == "." {
		return Info{Dir: true}, nil
	}
	d, base, err := m.parent("stat", name)
	if err != nil {
		return Info{}, err
	}
	switch node := d.names[base].(type) {
	case *memData:
		return Info{Size: node.length()}, nil
	case *memDir:
		return Info{Dir: true}, nil
	}
	return Info{}, pathError("stat", name, fs.ErrNotExist)
}

// SyncDir implements FS.
func (m *Mem) SyncDir(dir string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, err := m.dir("sync", dir)
	if err != nil {
		return err
	}
	d.sync()
	return nil
}

// Lock implements FS.
func (m *Mem) Lock(name string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, base, data, err := m.file("lock", name)
	if err != nil {
		return nil, err
	}
	if data == nil {
		data = m.newFile(d, base, name).data
	}
	if m.locks[data] {
		return nil, pathError("lock", name, ErrLocked)
	}
	m.locks[data] = true
	return &memLock{m: m, data: data}, nil
}

type memLock struct {
	m    *Mem
	data *memData
	once sync.Once
}

// Close releases the lock; a second Close does nothing, whoever holds it then.
func (l *memLock) Close() error {
	l.once.Do(func() {
		l.m.mu.Lock()
		defer l.m.mu.Unlock()
		delete(l.m.locks, l.data)
	})
	return nil
}
