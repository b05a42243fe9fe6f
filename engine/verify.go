package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spanstead/spanstead/engine/internal/disk"
	"github.com/spanstead/spanstead/engine/internal/part"
	"github.com/spanstead/spanstead/engine/internal/wal"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/segment"
)

// Report is what Verify found.
type Report struct {
	// Faults are damage: bytes that are not what was written, or that
	// contradict each other, and files that were set aside before.
	Faults []Fault `json:"faults"`
	// Notes are what an interruption leaves behind and the next Open clears up.
	Notes []Fault `json:"notes"`

	Workspaces int   `json:"workspaces"`
	Segments   int   `json:"segments"`
	Logs       int   `json:"logs"`
	Rows       int   `json:"rows"`    // of segments, deleted ones included
	Records    int   `json:"records"` // of logs
	Bytes      int64 `json:"bytes"`   // of segments and logs
}

// Verify reads everything in a data directory and checks it: checksums, and
// then what the bytes say against each other. It changes nothing but holds the
// directory's lock meanwhile: ErrLocked when another store has it. Damage is
// in the report; an error means that the directory could not be looked at.
func Verify(ctx context.Context, dir string) (*Report, error) {
	fsys, err := openExisting(dir)
	if err != nil {
		return nil, err
	}
	defer fsys.Close()
	lock, err := fsys.Lock("lock")
	if err != nil {
		return nil, fmt.Errorf("data directory %s: %w", dir, err)
	}
	r, err := verify(ctx, fsys)
	return r, errors.Join(err, lock.Close())
}

func verify(ctx context.Context, fsys disk.FS) (*Report, error) {
	v := &verifier{fs: fsys, Report: Report{Faults: []Fault{}, Notes: []Fault{}}}
	reg, err := v.registry()
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(reg.Dirs)) {
		v.name = name
		w := &workspaceVerifier{verifier: v, dir: reg.Dirs[name], cache: part.NewCache(verifyCache)}
		if err := w.run(ctx); err != nil {
			return nil, fmt.Errorf("workspace %q: %w", name, err)
		}
		v.Workspaces++
	}
	return &v.Report, nil
}

// verifyCache is small: every batch is read a few times in a row.
const verifyCache = 64 << 20

// verifier collects what is wrong.
type verifier struct {
	fs   disk.FS
	name string // of the workspace that is looked at
	Report
}

// fault reports what is wrong in a file; errors that were joined are several
// faults. It is given back when it is no fault of the bytes.
func (v *verifier) fault(file string, err error) error {
	var other []error
	for _, e := range flatten(err) {
		if !isDamage(e) {
			other = append(other, fmt.Errorf("%s: %w", file, e))
			continue
		}
		v.Faults = append(v.Faults, Fault{v.name, file, e.Error()})
	}
	return errors.Join(other...)
}

func isDamage(err error) bool {
	for _, kind := range []error{query.ErrCorrupt, segment.ErrCorrupt, segment.ErrVersion, wal.ErrCorrupt, wal.ErrVersion} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// faultf reports what is wrong in a file.
func (v *verifier) faultf(file, format string, args ...any) {
	v.Faults = append(v.Faults, Fault{v.name, file, fmt.Sprintf(format, args...)})
}

// note reports what the next Open clears up.
func (v *verifier) note(file, format string, args ...any) {
	v.Notes = append(v.Notes, Fault{v.name, file, fmt.Sprintf(format, args...)})
}

// flatten takes apart what errors.Join has joined, and drops repeats.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var texts []string
	for _, e := range joined.Unwrap() {
		texts = append(texts, e.Error())
	}
	if err.Error() != strings.Join(texts, "\n") {
		return []error{err} // several are wrapped, but not as a list
	}
	var out []error
	for _, e := range joined.Unwrap() {
		for _, f := range flatten(e) {
			if !slices.ContainsFunc(out, func(o error) bool { return o.Error() == f.Error() }) {
				out = append(out, f)
			}
		}
	}
	return out
}

// registry reads which workspaces there are, and looks for directories that
// none of them has.
func (v *verifier) registry() (registry, error) {
	reg, err := readRegistry(v.fs)
	sound := err == nil
	if err != nil {
		if err = v.fault(registryName, err); err != nil {
			return reg, err
		}
		reg.Dirs = map[string]string{}
	}
	names, err := v.fs.List(".")
	if err != nil {
		return reg, err
	}
	if sound && !slices.Contains(names, registryName) {
		v.faultf(registryName, "the file is missing")
	}
	used := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(reg.Dirs)) {
		dir := reg.Dirs[name]
		n, err := strconv.Atoi(dir[1:])
		if used[dir] || err != nil || n >= reg.Next {
			v.faultf(registryName, "workspace %q is in %s, which has another workspace or was never given out", name, dir)
		}
		used[dir] = true
	}
	for _, name := range names {
		if isWorkspaceDir(name) && !used[name] && sound {
			v.note(name, "the directory of a deleted workspace, to be removed")
		}
	}
	return reg, nil
}
