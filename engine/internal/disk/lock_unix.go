//go:build unix && !solaris && !illumos && !aix

package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes a lock that belongs to the open file, so that a second opener
// in the same process is refused too.
func lockFile(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			return ErrLocked
		}
		return err
	}
}

func syncDir(f *os.File) error { return f.Sync() }
