package engine

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spanstead/spanstead/engine/internal/disk"
)

// ErrNoStore says that a directory holds no store.
var ErrNoStore = errors.New("no store in this directory")

// openExisting opens a data directory for reading; it makes none.
func openExisting(dir string) (*disk.OS, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	root, err := disk.OpenOS(dir)
	if err != nil {
		return nil, err
	}
	names, err := root.List(".")
	if err == nil && !slices.ContainsFunc(names, func(n string) bool { return n == registryName || isWorkspaceDir(n) }) {
		err = fmt.Errorf("%s: %w", dir, ErrNoStore)
	}
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return root, nil
}

// HasStore reports, as an error that says why not, whether a directory holds a
// store. Open makes an empty one instead.
func HasStore(dir string) error {
	root, err := openExisting(dir)
	if err != nil {
		return err
	}
	return root.Close()
}

// segmentID is the inverse of segmentName.
func segmentID(name string) (uint64, bool) {
	id, err := strconv.ParseUint(strings.TrimSuffix(name, ".arrow"), 10, 64)
	return id, err == nil && segmentName(id) == name
}
