// Package progress tells how far a long run is: a bar that is drawn again and
// again on a terminal, plain lines anywhere else.
package progress

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// Bar is for one goroutine. Nothing is written before Options' first interval
// is over, so short runs stay silent.
type Bar struct {
	w        io.Writer
	what     string // "spans"
	terminal bool
	now      func() time.Time

	begin, last time.Time
	width       int // of what stands on the terminal's line
}

// New makes a bar over things called what.
func New(w io.Writer, what string) *Bar {
	return NewAt(w, what, isTerminal(w), time.Now)
}

// NewAt is New with a given kind of output and a clock.
func NewAt(w io.Writer, what string, terminal bool, now func() time.Time) *Bar {
	b := &Bar{w: w, what: what, terminal: terminal, now: now, begin: now()}
	b.last = b.begin
	return b
}

// isTerminal: a character device is one, but for the null device, where it
// does not matter.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Intervals between two outputs.
const (
	terminalEvery = 200 * time.Millisecond
	plainEvery    = 5 * time.Second
)

// Update says that n are done, and which fraction of all that is; a fraction
// below 0 is unknown.
func (b *Bar) Update(n int, fraction float64) {
	every := plainEvery
	if b.terminal {
		every = terminalEvery
	}
	now := b.now()
	if now.Sub(b.last) < every {
		return
	}
	b.last = now
	text := fmt.Sprintf("%s %s, %s/s", Count(n), b.what, Count(b.rate(n, now)))
	fraction = min(fraction, 1)
	if fraction > 0 {
		text = fmt.Sprintf("%3.0f%% %s, %v left", 100*fraction, text, b.left(fraction, now))
	}
	if !b.terminal {
		fmt.Fprintln(b.w, text)
		return
	}
	if fraction >= 0 {
		const cells = 24
		full := int(fraction * cells)
		text = "[" + strings.Repeat("#", full) + strings.Repeat(".", cells-full) + "] " + text
	}
	b.draw(text)
}

// draw replaces the line.
func (b *Bar) draw(text string) {
	fmt.Fprintf(b.w, "\r%s%s", text, strings.Repeat(" ", max(0, b.width-len(text))))
	b.width = len(text)
}

func (b *Bar) rate(n int, now time.Time) int {
	return int(float64(n) / max(now.Sub(b.begin).Seconds(), 1e-3))
}

func (b *Bar) left(fraction float64, now time.Time) time.Duration {
	took := now.Sub(b.begin)
	return (time.Duration(float64(took)/fraction) - took).Round(time.Second)
}

// Clear takes the bar off the terminal, for other output.
func (b *Bar) Clear() {
	if b.width > 0 {
		b.draw("")
		fmt.Fprint(b.w, "\r")
	}
}

// Done ends the bar with a summary; rejected are those that were not taken.
func (b *Bar) Done(n, rejected int) {
	b.Clear()
	now := b.now()
	fmt.Fprintf(b.w, "%s %s in %v, %s/s", Count(n), b.what, now.Sub(b.begin).Round(time.Millisecond), Count(b.rate(n, now)))
	if rejected > 0 {
		fmt.Fprintf(b.w, "; %s rejected", Count(rejected))
	}
	fmt.Fprintln(b.w)
}

// Count is a number with commas between thousands.
func Count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
