package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/query"
)

const (
	registryName = "workspaces.json"
	maxName      = 1024
)

// registry says which directory holds which workspace. Directories are
// numbered, so that no name becomes a file name, and a number is never used
// twice.
type registry struct {
	Version int               `json:"version"`
	Next    int               `json:"next"`
	Dirs    map[string]string `json:"workspaces"`
}

func readRegistry(fsys disk.FS) (registry, error) {
	r := registry{Version: 1, Next: 1, Dirs: map[string]string{}}
	b, err := readFile(fsys, ".", registryName)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil || r.Version != 1 || r.Dirs == nil {
		return r, fmt.Errorf("%s: %w: version %d, %v", registryName, query.ErrCorrupt, r.Version, err)
	}
	for name, dir := range r.Dirs {
		if !isWorkspaceDir(dir) {
			return r, fmt.Errorf("%s: %w: workspace %q in %q", registryName, query.ErrCorrupt, name, dir)
		}
	}
	return r, nil
}

func isWorkspaceDir(name string) bool {
	return len(name) >= 7 && name[0] == 'w' && strings.Trim(name[1:], "0123456789") == ""
}

func (r *registry) clone() registry {
	c := *r
	c.Dirs = maps.Clone(r.Dirs)
	return c
}

// add gives the name a directory that was never used.
func (r *registry) add(name string) (dir string) {
	dir = fmt.Sprintf("w%06d", r.Next)
	r.Next++
	r.Dirs[name] = dir
	return dir
}

// write replaces the registry, durably.
func (r *registry) write(fsys disk.FS) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(fsys, ".", registryName, b)
}

// sweep removes directories that no workspace has, left by a deletion that was
// interrupted.
func (r *registry) sweep(fsys disk.FS) error {
	names, err := fsys.List(".")
	if err != nil {
		return err
	}
	used := slices.Collect(maps.Values(r.Dirs))
	for _, name := range names {
		if isWorkspaceDir(name) && !slices.Contains(used, name) {
			if err := removeAll(fsys, name); err != nil {
				return err
			}
		}
	}
	return nil
}

func join(dir, name string) string {
	if dir == "." {
		return name
	}
	return dir + "/" + name
}

func removeIfThere(fsys disk.FS, name string) error {
	if err := fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// removeAll removes a directory with its files and subdirectories.
func removeAll(fsys disk.FS, dir string) error {
	names, err := fsys.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		full := join(dir, name)
		info, err := fsys.Stat(full)
		if err != nil {
			return err
		}
		if info.Dir {
			err = removeAll(fsys, full)
		} else {
			err = fsys.Remove(full)
		}
		if err != nil {
			return err
		}
	}
	if err := fsys.SyncDir(dir); err != nil {
		return err
	}
	if err := fsys.Remove(dir); err != nil {
		return err
	}
	i := strings.LastIndexByte(dir, '/')
	if i < 0 {
		return fsys.SyncDir(".")
	}
	return fsys.SyncDir(dir[:i])
}
