package disk

import (
	"errors"
	"io"
	"sync"
)

// OpKind names an operation of FS or File.
type OpKind string

// The kinds of operation. The first group changes the disk and is numbered.
const (
	OpCreate     OpKind = "create"
	OpOpenAppend OpKind = "open-append"
	OpRename     OpKind = "rename"
	OpRemove     OpKind = "remove"
	OpMkdirAll   OpKind = "mkdir-all"
	OpSyncDir    OpKind = "sync-dir"
	OpLock       OpKind = "lock"
	OpWrite      OpKind = "write"
	OpSync       OpKind = "sync"
	OpTruncate   OpKind = "truncate"

	OpOpen OpKind = "open"
	OpList OpKind = "list"
	OpStat OpKind = "stat"
	OpRead OpKind = "read"
	OpSize OpKind = "size"
)

func (k OpKind) changes() bool {
	switch k {
	case OpOpen, OpList, OpStat, OpRead, OpSize:
		return false
	}
	return true
}

// Op is an operation about to happen.
type Op struct {
	Kind OpKind
	Name string // the file or directory; of a rename, the old name
	// Seq counts the operations that change the disk, from 1; 0 for one that
	// only reads.
	Seq int
}

// ShortWrite is an error for a hook to return before a write: the first N bytes
// are written, and the write fails with Err.
type ShortWrite struct {
	N   int
	Err error
}

func (e *ShortWrite) Error() string { return "short write: " + e.Err.Error() }
func (e *ShortWrite) Unwrap() error { return e.Err }

// Faulty passes operations on to another FS unless its hook objects. An
// operation whose hook returns an error is not done (but see [ShortWrite]) and
// fails with that error. Closing a file always closes it.
type Faulty struct {
	fs FS

	mu    sync.Mutex
	seq   int
	hook  func(Op) error
	crash int
}

// NewFaulty wraps fs. The hook may be nil; it is called before each operation,
// one call at a time, and must not use the Faulty itself.
func NewFaulty(fs FS, hook func(Op) error) *Faulty {
	return &Faulty{fs: fs, hook: hook}
}

// SetHook replaces the hook from the next operation on.
func (f *Faulty) SetHook(hook func(Op) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = hook
}

// CrashAt makes every operation fail with ErrCrashed, without effect, from the
// n-th one that changes the disk on (the first is 1); 0 takes it back.
func (f *Faulty) CrashAt(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.crash = n
}

// Ops is the number of operations so far that change the disk, failed ones
// included.
func (f *Faulty) Ops() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seq
}

// before counts an operation and asks the hook.
func (f *Faulty) before(kind OpKind, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	op := Op{Kind: kind, Name: name}
	if kind.changes() {
		f.seq++
		op.Seq = f.seq
	}
	if f.crash > 0 && f.seq >= f.crash {
		return pathError(string(kind), name, ErrCrashed)
	}
	if f.hook == nil {
		return nil
	}
	if err := f.hook(op); err != nil {
		return pathError(string(kind), name, err)
	}
	return nil
}

func (f *Faulty) file(kind OpKind, name string, open func(string) (File, error)) (File, error) {
	if err := f.before(kind, name); err != nil {
		return nil, err
	}
	inner, err := open(name)
	if err != nil {
		return nil, err
	}
	return &faultyFile{fs: f, name: name, inner: inner}, nil
}

// Create implements FS.
func (f *Faulty) Create(name string) (File, error) { return f.file(OpCreate, name, f.fs.Create) }

// Open implements FS.
func (f *Faulty) Open(name string) (File, error) { return f.file(OpOpen, name, f.fs.Open) }

// OpenAppend implements FS.
func (f *Faulty) OpenAppend(name string) (File, error) {
	return f.file(OpOpenAppend, name, f.fs.OpenAppend)
}

// Rename implements FS.
func (f *Faulty) Rename(oldName, newName string) error {
	if err := f.before(OpRename, oldName); err != nil {
		return err
	}
	return f.fs.Rename(oldName, newName)
}

// Remove implements FS.
func (f *Faulty) Remove(name string) error {
	if err := f.before(OpRemove, name); err != nil {
		return err
	}
	return f.fs.Remove(name)
}

// MkdirAll implements FS.
func (f *Faulty) MkdirAll(dir string) error {
	if err := f.before(OpMkdirAll, dir); err != nil {
		return err
	}
	return f.fs.MkdirAll(dir)
}

// List implements FS.
func (f *Faulty) List(dir string) ([]string, error) {
	if err := f.before(OpList, dir); err != nil {
		return nil, err
	}
	return f.fs.List(dir)
}

// Stat implements FS.
func (f *Faulty) Stat(name string) (Info, error) {
	if err := f.before(OpStat, name); err != nil {
		return Info{}, err
	}
	return f.fs.Stat(name)
}

// SyncDir implements FS.
func (f *Faulty) SyncDir(dir string) error {
	if err := f.before(OpSyncDir, dir); err != nil {
		return err
	}
	return f.fs.SyncDir(dir)
}

// Lock implements FS. Releasing the lock always works.
func (f *Faulty) Lock(name string) (io.Closer, error) {
	if err := f.before(OpLock, name); err != nil {
		return nil, err
	}
	return f.fs.Lock(name)
}

type faultyFile struct {
	fs    *Faulty
	name  string
	inner File
}

func (f *faultyFile) Write(p []byte) (int, error) {
	err := f.fs.before(OpWrite, f.name)
	if err == nil {
		return f.inner.Write(p)
	}
	var short *ShortWrite
	if !errors.As(err, &short) {
		return 0, err
	}
	n, werr := f.inner.Write(p[:min(max(short.N, 0), len(p))])
	return n, errors.Join(err, werr)
}

func (f *faultyFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fs.before(OpRead, f.name); err != nil {
		return 0, err
	}
	return f.inner.ReadAt(p, off)
}

func (f *faultyFile) Sync() error {
	if err := f.fs.before(OpSync, f.name); err != nil {
		return err
	}
	return f.inner.Sync()
}

func (f *faultyFile) Truncate(n int64) error {
	if err := f.fs.before(OpTruncate, f.name); err != nil {
		return err
	}
	return f.inner.Truncate(n)
}

func (f *faultyFile) Size() (int64, error) {
	if err := f.fs.before(OpSize, f.name); err != nil {
		return 0, err
	}
	return f.inner.Size()
}

func (f *faultyFile) Close() error { return f.inner.Close() }
