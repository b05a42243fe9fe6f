package journal

import (
	"fmt"
	"strings"
)

// Find returns the requests that match, newest first, at most limit of them;
// 0 means all. It fails on a Match that Check refuses.
func (j *Journal) Find(m Match, limit int) ([]Entry, error) {
	w, err := prepare(m)
	if err != nil {
		return nil, err
	}
	var found []Entry
	for _, e := range j.all(m.Workspace) {
		if len(w.mismatches(&e.Entry)) == 0 {
			if found = append(found, e.whole()); len(found) == limit {
				break
			}
		}
	}
	return found, nil
}

// Times is how many requests are wanted. The zero Times wants at least one.
type Times struct{ Exactly, AtLeast, AtMost *int }

// String is the number in words.
func (t Times) String() string {
	var parts []string
	add := func(word string, n *int) {
		if n != nil {
			parts = append(parts, fmt.Sprintf("%s %d", word, *n))
		}
	}
	add("exactly", t.Exactly)
	add("at least", t.AtLeast)
	add("at most", t.AtMost)
	if len(parts) == 0 {
		return "at least 1"
	}
	return strings.Join(parts, " and ")
}

func (t Times) hold(n int) bool {
	if t == (Times{}) {
		return n > 0
	}
	return (t.Exactly == nil || n == *t.Exactly) && (t.AtLeast == nil || n >= *t.AtLeast) && (t.AtMost == nil || n <= *t.AtMost)
}

// Report is the outcome of Verify.
type Report struct {
	OK      bool
	Count   int    // of those that match
	Message string // why not OK, for people
	// Nearest is, where too few match, the request that differs least, and
	// Differences is how.
	Nearest     *Entry
	Differences []string
}

// Verify counts the requests that match and compares.
func (j *Journal) Verify(m Match, t Times) (Report, error) {
	w, err := prepare(m)
	if err != nil {
		return Report{}, err
	}
	var r Report
	var found []Entry
	var nearest *seen
	best := 0
	for _, e := range j.all(m.Workspace) {
		list := w.mismatches(&e.Entry)
		if len(list) == 0 {
			found = append(found, e.Entry)
		} else if weight := weightOf(list); nearest == nil || weight < best {
			best, nearest = weight, &e
		}
	}
	r.Count = len(found)
	if r.OK = t.hold(r.Count); r.OK {
		return r, nil
	}
	if nearest != nil && !tooMany(t, r.Count) {
		e := nearest.whole()
		r.Nearest = &e
		for _, d := range w.mismatches(&e) {
			r.Differences = append(r.Differences, d.text)
		}
	}
	r.Message = r.explain(m, t, found)
	return r, nil
}

func weightOf(list []mismatch) (weight int) {
	for _, d := range list {
		weight += d.weight
	}
	return weight
}

func tooMany(t Times, n int) bool {
	return t.Exactly != nil && n > *t.Exactly || t.AtMost != nil && n > *t.AtMost
}

// maxTold bounds the requests that a message lists.
const maxTold = 10

func (r *Report) explain(m Match, t Times, found []Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "want %s requests of %v; got %d", t, m, r.Count)
	for i := range found {
		if i == maxTold {
			fmt.Fprintf(&b, "\n  and %d more", len(found)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %s", found[i].Line())
	}
	switch {
	case r.Nearest != nil:
		fmt.Fprintf(&b, "\nThe nearest other is %s", r.Nearest.Line())
		for _, d := range r.Differences {
			fmt.Fprintf(&b, "\n  %s", d)
		}
		if r.Nearest.Body != "" {
			fmt.Fprintf(&b, "\n  its body: %s", cut(r.Nearest.Body, 1000))
		}
	case r.Count == 0:
		b.WriteString("\nThere was no request at all.")
	}
	return b.String()
}

// Line is the request in one line.
func (e *Entry) Line() string {
	vendor, status := e.Vendor, "not yet answered"
	if vendor == "" {
		vendor = "no route"
	}
	if e.Status != 0 {
		status = fmt.Sprint(e.Status)
	}
	path := e.Path
	if len(e.Query) > 0 {
		path += "?" + e.Query.Encode()
	}
	return fmt.Sprintf("#%d %s %s (%s): %s", e.ID, e.Method, cut(path, 300), vendor, status)
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
