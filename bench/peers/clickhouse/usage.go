package clickhouse

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
)

// processUsage reads what another process uses, where /proc tells.
type processUsage struct{ pid atomic.Int64 }

// ticks are the units of /proc/PID/stat on every Linux of today.
const ticks = 100

func (u *processUsage) read() (cpuSeconds float64, peakBytes int64) {
	dir := fmt.Sprintf("/proc/%d/", u.pid.Load())
	stat, err := os.ReadFile(dir + "stat")
	if err != nil {
		return 0, 0
	}
	// The command, in parentheses, may hold anything; utime and stime are the
	// 12th and 13th field after it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) > 12 {
		var user, system float64
		if _, err := fmt.Sscan(fields[11], &user); err == nil {
			cpuSeconds += user / ticks
		}
		if _, err := fmt.Sscan(fields[12], &system); err == nil {
			cpuSeconds += system / ticks
		}
	}
	status, err := os.ReadFile(dir + "status")
	if err != nil {
		return cpuSeconds, 0
	}
	for lines := bufio.NewScanner(bytes.NewReader(status)); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			if _, err := fmt.Sscan(rest, &peakBytes); err == nil {
				return cpuSeconds, peakBytes << 10
			}
		}
	}
	return cpuSeconds, 0
}
