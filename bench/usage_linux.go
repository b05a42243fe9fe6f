package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

func processUsage() usage {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		return usage{}
	}
	seconds := func(t unix.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return usage{cpuSeconds: seconds(r.Utime) + seconds(r.Stime), peakBytes: statusBytes("VmHWM:")}
}

// resetPeak makes VmHWM begin again at what is resident now. Where the kernel
// does not offer that, the peak is that of the whole run.
func resetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// statusBytes reads a field of /proc/self/status; zero if it is not there.
func statusBytes(field string) int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		var kib int64
		if rest, ok := bytes.CutPrefix(lines.Bytes(), []byte(field)); ok {
			if _, err := fmt.Sscan(string(rest), &kib); err == nil {
				return kib << 10
			}
		}
	}
	return 0
}

// dropCaches writes out and forgets the pages that the system keeps of files.
func dropCaches(paths []string) error {
	for _, path := range paths {
		f, err := os.Open(path)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return err
		}
		err = unix.Fdatasync(int(f.Fd()))
		if err == nil {
			err = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
		}
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

const dropsCaches = true
