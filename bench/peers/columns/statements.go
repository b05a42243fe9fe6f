package columns

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/spanstead/spanstead/bench"
)

// Statements are the SQL of every question, one file for each in a directory.
//
// A file holds statements, each ended by a semicolon at the end of a line.
// {name} in them stands for the contents of the file name.sql beside it or for
// a parameter of the question: texts in quotes, times and durations in
// nanoseconds, an id as hex in quotes, {trace_hi} and {trace_lo} its halves as
// numbers.
type Statements struct {
	bySubject map[string]string
	includes  []string // old and new, for a strings.Replacer
	escape    *strings.Replacer
}

// Standard is the quoting of standard SQL.
var Standard = strings.NewReplacer("'", "''")

// Backslash is the quoting of databases to which a backslash means something.
var Backslash = strings.NewReplacer("'", `\'`, `\`, `\\`)

// ReadStatements reads a directory of SQL files for a database with that way
// of quoting.
func ReadStatements(dir fs.FS, quoting *strings.Replacer) (*Statements, error) {
	names, err := fs.Glob(dir, "*.sql")
	if err != nil {
		return nil, err
	}
	s := &Statements{bySubject: map[string]string{}, escape: quoting}
	for _, name := range names {
		b, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		subject := strings.TrimSuffix(name, ".sql")
		s.bySubject[subject] = string(b)
		s.includes = append(s.includes, "{"+subject+"}", strings.TrimSpace(string(b)))
	}
	for _, k := range bench.Kinds() {
		if s.bySubject[k.String()] == "" {
			return nil, fmt.Errorf("no SQL for %v", k)
		}
	}
	return s, nil
}

// File is the statements of a file that is no question's.
func (s *Statements) File(subject string) []string { return split(s.bySubject[subject]) }

// For is the statements of a question.
func (s *Statements) For(q *bench.Question) []string {
	text := strings.NewReplacer(s.includes...).Replace(s.bySubject[q.Kind.String()])
	return split(s.parameters(q).Replace(text))
}

func (s *Statements) parameters(q *bench.Question) *strings.Replacer {
	quote := func(text string) string { return "'" + s.escape.Replace(text) + "'" }
	trace := q.TraceID.String()
	return strings.NewReplacer(
		"{trace}", quote(trace),
		"{trace_hi}", fmt.Sprint(number(q.TraceID[:8])),
		"{trace_lo}", fmt.Sprint(number(q.TraceID[8:])),
		"{from}", fmt.Sprint(q.Range.From),
		"{to}", fmt.Sprint(q.Range.To),
		"{service}", quote(q.Service),
		"{route}", quote(q.Route),
		"{min_duration}", fmt.Sprint(q.MinDuration),
		"{max_duration}", fmt.Sprint(q.MaxDuration),
		"{text}", quote(q.Text),
		"{user}", quote(q.User),
		"{method}", quote(q.Method),
		"{status}", fmt.Sprint(q.Status),
		"{step}", fmt.Sprint(uint64(bench.HeatmapStep)),
		"{cells}", fmt.Sprint(bench.HeatmapCells),
	)
}

func number(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

func split(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, ";\n") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}
