package disk

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// syncData uses fdatasync: it writes the bytes and the length, which is all the
// metadata that reading them back needs, and leaves out the modification time.
func syncData(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var syncErr error
	err = conn.Control(func(fd uintptr) {
		syncErr = unix.EINTR
		for errors.Is(syncErr, unix.EINTR) {
			syncErr = unix.Fdatasync(int(fd))
		}
	})
	if err != nil { // closed: nothing was called, and Sync words it as ever
		return f.Sync()
	}
	if syncErr != nil {
		return &fs.PathError{Op: "sync", Path: f.Name(), Err: syncErr}
	}
	return nil
}
