//go:build !linux

package bench

import "runtime/metrics"

// processUsage knows the processor time of Go code alone, as of the last
// garbage collection.
func processUsage() usage {
	s := []metrics.Sample{{Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"}}
	metrics.Read(s)
	return usage{cpuSeconds: s[0].Value.Float64() - s[1].Value.Float64()}
}

func resetPeak() {}

func dropCaches([]string) error { return nil }

const dropsCaches = false
