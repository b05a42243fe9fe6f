package disk

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

const seeds = 300

// outcomes crashes m with many seeds and gives the distinct results of look.
func outcomes(m *Mem, look func(*Mem) string) map[string]bool {
	seen := map[string]bool{}
	for seed := range uint64(seeds) {
		seen[look(m.Crash(seed))] = true
	}
	return seen
}

func TestCrashKeepsWhatWasSynced(t *testing.T) {
	m := NewMem()
	put(t, m, "a", "synced")
	must(t, m.SyncDir("."))
	f, err := m.OpenAppend("a")
	must(t, err)
	io.WriteString(f, strings.Repeat("-", 3000))
	seen := outcomes(m, func(m *Mem) string { return text(t, m, "a") })
	if len(seen) < 50 {
		t.Errorf("only %d different outcomes", len(seen))
	}
	var zeros, garbage, holes bool
	for s := range seen {
		tail, ok := strings.CutPrefix(s, "synced")
		if !ok || len(tail) > 3000 {
			t.Fatalf("crash left %q", s)
		}
		zeros = zeros || strings.Contains(tail, "\x00\x00\x00\x00")
		garbage = garbage || strings.ContainsFunc(tail, func(r rune) bool { return r != '-' && r != 0 })
		holes = holes || strings.Contains(tail, "\x00-")
	}
	if !seen["synced"] || !seen["synced"+strings.Repeat("-", 3000)] || !zeros || !garbage || !holes {
		t.Errorf("missing outcomes: zeros %v, garbage %v, holes %v", zeros, garbage, holes)
	}
}

func TestCrashSeedsWithMeaning(t *testing.T) {
	m := NewMem()
	put(t, m, "a", "1")
	must(t, m.SyncDir("."))
	f, err := m.OpenAppend("a")
	must(t, err)
	io.WriteString(f, "2")
	put(t, m, "b", "3")
	for seed, want := range map[uint64]string{CrashLosesAll: "1 absent", CrashKeepsAll: "12 3"} {
		after := m.Crash(seed)
		if got := text(t, after, "a") + " " + text(t, after, "b"); got != want {
			t.Errorf("seed %d: %s, want %s", seed, got, want)
		}
	}
}

func TestCrashRepeats(t *testing.T) {
	m := NewMem()
	must(t, m.MkdirAll("d"))
	for i := range 20 {
		f, err := m.Create(fmt.Sprintf("d/%d", i))
		must(t, err)
		f.Write(make([]byte, i*300))
	}
	must(t, m.SyncDir("."))
	for seed := range uint64(20) {
		a, b := m.Crash(seed), m.Crash(seed)
		for i := range 20 {
			name := fmt.Sprintf("d/%d", i)
			if text(t, a, name) != text(t, b, name) {
				t.Fatalf("seed %d: %s differs", seed, name)
			}
		}
	}
}

// TestCrashAfterTruncate: a cut that was not synced may have happened or not,
// and what was written after it may be there, but nothing else.
func TestCrashAfterTruncate(t *testing.T) {
	m := NewMem()
	put(t, m, "a", "abcdef")
	must(t, m.SyncDir("."))
	f, err := m.OpenAppend("a")
	must(t, err)
	must(t, f.Truncate(4))
	must(t, f.Truncate(2))
	seen := outcomes(m, func(m *Mem) string { return text(t, m, "a") })
	if len(seen) != 2 || !seen["abcdef"] || !seen["ab"] {
		t.Errorf("cut: %v", seen)
	}
	io.WriteString(f, "XY")
	seen = outcomes(m, func(m *Mem) string { return text(t, m, "a") })
	if !seen["abcdef"] || !seen["ab"] || !seen["abX"] || !seen["abXY"] {
		t.Errorf("cut and written: %v", seen)
	}
	must(t, f.Sync())
	seen = outcomes(m, func(m *Mem) string { return text(t, m, "a") })
	if len(seen) != 1 || !seen["abXY"] {
		t.Errorf("synced: %v", seen)
	}
}

// tree is the whole file system in a line.
func tree(t *testing.T, m *Mem, dir string) string {
	names, err := m.List(dir)
	must(t, err)
	var out []string
	for _, name := range names {
		path := name
		if dir != "." {
			path = dir + "/" + name
		}
		info, err := m.Stat(path)
		must(t, err)
		if info.Dir {
			out = append(out, name+"{"+tree(t, m, path)+"}")
			continue
		}
		out = append(out, name+"="+text(t, m, path))
	}
	return strings.Join(out, " ")
}

func TestCrashAndNames(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(m *Mem)
		want []string
	}{
		{"create", func(m *Mem) { put(t, m, "d/b", "B") }, []string{"d{a=A}", "d{a=A b=B}"}},
		{"create, synced", func(m *Mem) { put(t, m, "d/b", "B"); must(t, m.SyncDir("d")) }, []string{"d{a=A b=B}"}},
		{"remove", func(m *Mem) { must(t, m.Remove("d/a")) }, []string{"d{a=A}", "d{}"}},
		{"rename", func(m *Mem) { must(t, m.Rename("d/a", "d/b")) }, []string{"d{a=A}", "d{b=A}"}},
		{"rename, synced", func(m *Mem) { must(t, m.Rename("d/a", "d/b")); must(t, m.SyncDir("d")) }, []string{"d{b=A}"}},
		{"rename onto", func(m *Mem) {
			put(t, m, "d/t", "T")
			must(t, m.SyncDir("d"))
			must(t, m.Rename("d/t", "d/a"))
		}, []string{"d{a=A t=T}", "d{a=T}"}},
		{"rename onto and remove", func(m *Mem) {
			put(t, m, "d/t", "T")
			must(t, m.SyncDir("d"))
			must(t, m.Rename("d/t", "d/a"))
			must(t, m.Remove("d/a"))
		}, []string{"d{a=A t=T}", "d{a=T}", "d{}"}},
		{"two changes", func(m *Mem) {
			put(t, m, "d/b", "B")
			must(t, m.Remove("d/a"))
		}, []string{"d{a=A b=B}", "d{a=A}", "d{b=B}", "d{}"}},
		{"between directories", func(m *Mem) { must(t, m.Rename("d/a", "a")) },
			[]string{"a=A d{a=A}", "a=A d{}", "d{a=A}", "d{}"}},
		{"between directories, target synced", func(m *Mem) {
			must(t, m.Rename("d/a", "a"))
			must(t, m.SyncDir("."))
		}, []string{"a=A d{a=A}", "a=A d{}"}},
		{"new directory", func(m *Mem) {
			must(t, m.MkdirAll("e"))
			put(t, m, "e/x", "X")
			must(t, m.SyncDir("e"))
		}, []string{"d{a=A}", "d{a=A} e{x=X}"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := NewMem()
			must(t, m.MkdirAll("d"))
			put(t, m, "d/a", "A")
			must(t, m.SyncDir("."))
			must(t, m.SyncDir("d"))
			test.do(m)
			seen := outcomes(m, func(m *Mem) string { return tree(t, m, ".") })
			for _, want := range test.want {
				if !seen[want] {
					t.Errorf("never found %q", want)
				}
			}
			for got := range seen {
				if !slices.Contains(test.want, got) {
					t.Errorf("found %q", got)
				}
			}
		})
	}
}

func TestCrashLeavesTheOriginalAlone(t *testing.T) {
	m := NewMem()
	f, err := m.Create("a")
	must(t, err)
	io.WriteString(f, "one")
	_, err = m.Lock("LOCK")
	must(t, err)
	after := m.Crash(CrashKeepsAll)
	g, err := after.OpenAppend("a")
	must(t, err)
	io.WriteString(g, " after")
	io.WriteString(f, " before")
	if got := text(t, m, "a") + "|" + text(t, after, "a"); got != "one before|one after" {
		t.Error(got)
	}
	if _, err := after.Lock("LOCK"); err != nil {
		t.Errorf("lock survived the crash: %v", err)
	}
}
