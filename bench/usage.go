package bench

import (
	"io/fs"
	"path/filepath"
	"runtime"
	"runtime/debug"
)

// usage is what the process has used so far.
type usage struct {
	cpuSeconds float64 // user and system
	peakBytes  int64   // of resident memory since resetPeak; zero if it is not known
}

// settleMemory gives memory back that earlier steps left, and begins a new peak.
func settleMemory() {
	runtime.GC()
	debug.FreeOSMemory()
	resetPeak()
}

// files are the regular files below a directory with their sizes.
func files(dir string) (paths []string, bytes int64, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		paths, bytes = append(paths, path), bytes+info.Size()
		return nil
	})
	return paths, bytes, err
}
