package bench

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
)

// Profiles are written for each step of each system, as NAME-STEP.cpu,
// NAME-STEP.heap and NAME-STEP.trace.
type Profiles struct {
	Dir              string
	CPU, Heap, Trace bool
}

// around does what fn does under the wanted profiles. A nil p wants none.
func (p *Profiles) around(name string, fn func() error) (err error) {
	if p == nil || !p.CPU && !p.Heap && !p.Trace {
		return fn()
	}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(p.Dir, name)
	if p.CPU {
		f, err := os.Create(path + ".cpu")
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if p.Trace {
		f, err := os.Create(path + ".trace")
		if err != nil {
			return err
		}
		defer f.Close()
		if err := trace.Start(f); err != nil {
			return err
		}
		defer trace.Stop()
	}
	err = fn()
	if p.Heap {
		err = errors.Join(err, writeHeap(path+".heap"))
	}
	return err
}

func writeHeap(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	runtime.GC()
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
