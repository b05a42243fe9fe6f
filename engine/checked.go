package engine

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"syscall"

	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/query"
)

// maxSmallFile bounds a file that is read whole.
const maxSmallFile = 256 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checkLine ends a small file: the CRC-32C of the file's name and of what
// stands before the line.
func checkLine(name string, b []byte) []byte {
	crc := crc32.Update(crc32.Checksum([]byte(name), castagnoli), castagnoli, b)
	return fmt.Appendf(nil, "\ncrc32c %08x\n", crc)
}

// readFile reads what writeFile wrote. The error wraps query.ErrCorrupt when
// the bytes are not that.
func readFile(fsys disk.FS, dir, name string) ([]byte, error) {
	f, err := fsys.Open(join(dir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > maxSmallFile {
		return nil, fmt.Errorf("%s: %w: %d bytes", name, query.ErrCorrupt, size)
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	end := len(b) - len(checkLine(name, nil))
	if end < 0 || !bytes.Equal(b[end:], checkLine(name, b[:end])) {
		return nil, fmt.Errorf("%s: %w: bad checksum", name, query.ErrCorrupt)
	}
	return b[:end], nil
}

// writeFile replaces dir/name in one step, durably.
func writeFile(fsys disk.FS, dir, name string, b []byte) error {
	full, tmp := join(dir, name), join(dir, name+".tmp")
	if err := removeIfThere(fsys, tmp); err != nil {
		return err
	}
	err := writeNew(fsys, tmp, append(b, checkLine(name, b)...))
	if err == nil {
		err = fsys.Rename(tmp, full)
	}
	if err != nil {
		return errors.Join(diskError(err), removeIfThere(fsys, tmp))
	}
	return fsys.SyncDir(dir)
}

func writeNew(fsys disk.FS, name string, b []byte) error {
	f, err := fsys.Create(name)
	if err != nil {
		return err
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// diskError says in the store's terms that a disk is full.
func diskError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", query.ErrFull, err)
	}
	return err
}
