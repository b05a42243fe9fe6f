package disk

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// New directories and files are readable by owner and group: traces tell much.
const (
	dirMode  = 0o750
	fileMode = 0o640
)

// OS is a directory of the machine. It resolves names with os.Root, so neither
// ".." nor a symbolic link leads outside.
type OS struct {
	root *os.Root
}

// OpenOS opens a directory as a file system and makes it, durably, if absent.
// Close releases the directory; files opened through it stay usable.
func OpenOS(dir string) (*OS, error) {
	if err := makeRoot(dir); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	return &OS{root: root}, nil
}

// makeRoot makes dir and its missing parents and syncs the parent of each
// directory that it made.
func makeRoot(dir string) error {
	dir = filepath.Clean(dir)
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeRoot(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, dirMode); err != nil && !os.IsExist(err) {
		return err
	}
	f, err := os.Open(parent)
	if err != nil {
		return err
	}
	defer f.Close()
	return syncDir(f)
}

// Close releases the directory.
func (o *OS) Close() error { return o.root.Close() }

// Create implements FS. The file can be read as well as written.
func (o *OS) Create(name string) (File, error) {
	return o.open("create", name, os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND)
}

// Open implements FS.
func (o *OS) Open(name string) (File, error) {
	return o.open("open", name, os.O_RDONLY)
}

// OpenAppend implements FS. The file can be read as well as written.
func (o *OS) OpenAppend(name string) (File, error) {
	return o.open("open", name, os.O_RDWR|os.O_CREATE|os.O_APPEND)
}

func (o *OS) open(op, name string, flag int) (File, error) {
	if err := checkName(op, name); err != nil {
		return nil, err
	}
	f, err := o.root.OpenFile(filepath.FromSlash(name), flag, fileMode)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = &fs.PathError{Op: op, Path: name, Err: errIsDir}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return osFile{f}, nil
}

// Rename implements FS.
func (o *OS) Rename(oldName, newName string) error {
	for _, name := range []string{oldName, newName} {
		if err := checkName("rename", name); err != nil {
			return err
		}
	}
	info, err := o.root.Lstat(filepath.FromSlash(oldName))
	if err != nil {
		return err
	}
	if info.IsDir() {
		return &fs.PathError{Op: "rename", Path: oldName, Err: errIsDir}
	}
	return o.root.Rename(filepath.FromSlash(oldName), filepath.FromSlash(newName))
}

// Remove implements FS.
func (o *OS) Remove(name string) error {
	if err := checkName("remove", name); err != nil {
		return err
	}
	return o.root.Remove(filepath.FromSlash(name))
}

// MkdirAll implements FS.
func (o *OS) MkdirAll(dir string) error {
	if err := checkName("mkdir", dir); err != nil {
		return err
	}
	return o.root.MkdirAll(filepath.FromSlash(dir), dirMode)
}

// List implements FS.
func (o *OS) List(dir string) ([]string, error) {
	f, err := o.openDir("list", dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	return names, nil
}

// Stat implements FS.
func (o *OS) Stat(name string) (Info, error) {
	if err := checkName("stat", name); err != nil {
		return Info{}, err
	}
	info, err := o.root.Stat(filepath.FromSlash(name))
	if err != nil {
		return Info{}, err
	}
	return Info{Size: info.Size(), Dir: info.IsDir()}, nil
}

// SyncDir implements FS.
func (o *OS) SyncDir(dir string) error {
	f, err := o.openDir("sync", dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return syncDir(f)
}

func (o *OS) openDir(op, dir string) (*os.File, error) {
	if err := checkName(op, dir); err != nil {
		return nil, err
	}
	return o.root.Open(filepath.FromSlash(dir))
}

// Lock implements FS. The kernel drops the lock when the process ends, however
// it ends, so a lock file left behind locks nothing.
func (o *OS) Lock(name string) (io.Closer, error) {
	if err := checkName("lock", name); err != nil {
		return nil, err
	}
	f, err := o.root.OpenFile(filepath.FromSlash(name), os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, err
	}
	if err := lockFile(f); err != nil {
		f.Close()
		return nil, &fs.PathError{Op: "lock", Path: name, Err: err}
	}
	return f, nil
}

// osFile narrows os.File, whose Sync may do more than is asked.
type osFile struct{ f *os.File }

func (f osFile) Write(p []byte) (int, error)             { return f.f.Write(p) }
func (f osFile) ReadAt(p []byte, off int64) (int, error) { return f.f.ReadAt(p, off) }
func (f osFile) Truncate(n int64) error                  { return f.f.Truncate(n) }
func (f osFile) Close() error                            { return f.f.Close() }
func (f osFile) Sync() error                             { return syncData(f.f) }

func (f osFile) Size() (int64, error) {
	info, err := f.f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
