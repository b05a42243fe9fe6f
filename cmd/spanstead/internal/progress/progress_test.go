package progress

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func run(terminal bool, fraction func(i int) float64) string {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	b := NewAt(&out, "spans", terminal, func() time.Time { return now })
	for i := range 100 {
		now = now.Add(100 * time.Millisecond)
		b.Update(i*1000, fraction(i))
	}
	b.Done(100_000, 12)
	return out.String()
}

func TestPlainLines(t *testing.T) {
	got := run(false, func(i int) float64 { return float64(i) / 100 })
	want := " 49% 49,000 spans, 9,800/s, 5s left\n 99% 99,000 spans, 9,900/s, 0s left\n100,000 spans in 10s, 10,000/s; 12 rejected\n"
	if got != want {
		t.Errorf("got\n%s", got)
	}
	if got := run(false, func(int) float64 { return -1 }); !strings.HasPrefix(got, "49,000 spans, 9,800/s\n") {
		t.Errorf("unknown fraction: got\n%s", got)
	}
}

func TestTerminal(t *testing.T) {
	got := run(true, func(i int) float64 { return float64(i) / 100 })
	lines := strings.Split(got, "\r")
	if len(lines) < 50 || !strings.HasPrefix(lines[25], "[###########.............]  49% 49,000 spans") {
		t.Errorf("got %d: %q", len(lines), lines[25])
	}
	if last := lines[len(lines)-1]; last != "100,000 spans in 10s, 10,000/s; 12 rejected\n" {
		t.Errorf("last line %q", last)
	}
	if blank := lines[len(lines)-2]; strings.TrimSpace(blank) != "" || len(blank) < 40 {
		t.Errorf("the bar was not taken off: %q", blank)
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -100: "-100", 1234567: "1,234,567"} {
		if got := Count(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
