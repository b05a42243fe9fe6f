// Package disk is the few file operations the store uses, behind one interface
// with three forms: [OS] for a directory of the machine, [Mem] for memory, and
// [Faulty], which wraps either and fails on command.
//
// Names are slash-separated and relative to the form's root ("segments/x.arrow",
// "." for the root itself); a name that would leave the root is refused. Files
// grow at their end only: there is no write at an offset.
//
// Durability is the caller's to ask for, and all forms promise the same little:
// a file's bytes survive power loss once [File.Sync] has returned, and the
// creation, renaming or removal of a name once [FS.SyncDir] of its directory
// has. Mem remembers which is which, so that [Mem.Crash] can show what a machine
// might find afterwards.
//
// Every form and every file is safe for concurrent use. Two writers of one file
// are the caller's mistake: their bytes interleave.
package disk

import (
	"errors"
	"io"
	"io/fs"
	"syscall"
)

var (
	// ErrLocked says that another opener, in this process or another, holds the
	// lock.
	ErrLocked = errors.New("locked by another process or store")

	// ErrCrashed is what a [Faulty] returns for every operation from its crash
	// point on.
	ErrCrashed = errors.New("simulated crash")
)

// FS is a tree of files. Errors wrap fs.ErrNotExist and fs.ErrExist where those
// apply, and name the file.
type FS interface {
	// Create makes a new file for writing and fails when the name is taken.
	Create(name string) (File, error)
	// Open opens an existing file for reading. The file stays readable through
	// the handle when its name is renamed or removed.
	Open(name string) (File, error)
	// OpenAppend opens a file for writing at its end, and makes it if absent.
	OpenAppend(name string) (File, error)
	// Rename moves a file and replaces what has the new name, in one step. It
	// refuses directories.
	Rename(oldName, newName string) error
	// Remove takes away a file or an empty directory.
	Remove(name string) error
	// MkdirAll makes a directory and its missing parents. Each is durable after
	// SyncDir of its own parent.
	MkdirAll(dir string) error
	// List gives the names in a directory, files and directories, sorted.
	List(dir string) ([]string, error)
	// Stat describes a file or directory.
	Stat(name string) (Info, error)
	// SyncDir makes all earlier changes of names in the directory durable.
	SyncDir(dir string) error
	// Lock takes the exclusive lock that the named file stands for, without
	// waiting: ErrLocked when it is held. The file is made if absent and never
	// removed. The lock ends with Close, or with the process.
	Lock(name string) (io.Closer, error)
}

// File is an open file. Write appends; ReadAt and Size see what was written,
// durable or not.
type File interface {
	io.Writer
	io.ReaderAt
	// Sync makes the bytes and the length durable. After an error nothing is
	// known of the bytes since the last Sync that succeeded, and a second Sync
	// may succeed without having written them.
	Sync() error
	// Truncate sets the length; the next Write goes to the new end.
	Truncate(n int64) error
	Size() (int64, error)
	Close() error
}

// Info describes a name.
type Info struct {
	Size int64 // bytes; not meaningful for a directory
	Dir  bool
}

// Exists reports whether a name is there; an error is one of looking.
func Exists(fsys FS, name string) (bool, error) {
	_, err := fsys.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// checkName refuses a name that is not a plain path below the root.
func checkName(op, name string) error {
	if !fs.ValidPath(name) {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return nil
}

var errIsDir error = syscall.EISDIR
