package bench

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
)

// Machine says where and of what a measurement was made.
type Machine struct {
	CPU    string // model
	Cores  int    // that the process may use
	Memory int64  // bytes; zero if it is not known
	OS     string
	Go     string
	Commit string
	Load   string // load averages, at the beginning and at the end; empty if not known
}

func thisMachine() Machine {
	return Machine{
		CPU:    field("/proc/cpuinfo", "model name"),
		Cores:  runtime.GOMAXPROCS(0),
		Memory: memoryBytes(),
		OS:     strings.TrimSpace(runtime.GOOS + "/" + runtime.GOARCH + " " + firstLine("/proc/sys/kernel/osrelease")),
		Go:     runtime.Version(),
		Commit: moduleVersion(),
		Load:   load(),
	}
}

func load() string {
	fields := strings.Fields(firstLine("/proc/loadavg"))
	return strings.Join(fields[:min(3, len(fields))], " ")
}

func memoryBytes() int64 {
	kib := int64(0)
	for _, c := range field("/proc/meminfo", "MemTotal") {
		if c >= '0' && c <= '9' {
			kib = 10*kib + int64(c-'0')
		}
	}
	return kib << 10
}

func firstLine(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return line
}

// field is what follows "name :" in a file of such lines.
func field(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// moduleVersion is the commit that the program was built from, as far as the
// build or git can tell.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	if revision != "" {
		return revision + dirty
	}
	if out, err := exec.Command("git", "describe", "--always", "--dirty=+changes", "--abbrev=12").Output(); err == nil {
		return strings.TrimSpace(string(out))
	}
	return "unknown"
}
