package journal

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"github.com/spanstead/spanstead/apiserver/internal/match"
)

// Match says which requests are meant: those for which every field holds that
// is set. In a pattern "*" stands for any text.
type Match struct {
	Vendor    string
	Workspace string
	Method    string
	Route     string            // pattern of the route's template
	Path      string            // pattern of the path
	Status    string            // a number, "4xx" for a hundred of them, "0" for those not yet answered
	Query     map[string]string // patterns of parameters
	Header    map[string]string // patterns of headers
	Body      string            // is part of the body
	JSON      json.RawMessage   // is contained in the body: members and array elements, not their spelling
	Fault     string            // pattern of the name of a fault that was applied
	After     int64             // only requests with a higher number
}

// Check reports fields that can never hold.
func (m *Match) Check() error {
	if m.JSON != nil {
		if _, err := match.ParseJSON(m.JSON); err != nil {
			return fmt.Errorf("json: %w", err)
		}
	}
	if m.Status != "" {
		s := strings.TrimSuffix(m.Status, "xx")
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n > 999 || len(s) != len(m.Status) && len(s) != 1 {
			return fmt.Errorf("status %q: want a number, or a digit and xx", m.Status)
		}
	}
	return nil
}

// want is the match with its JSON read.
type want struct {
	Match
	json any
}

func prepare(m Match) (want, error) {
	if err := m.Check(); err != nil {
		return want{}, err
	}
	w := want{Match: m}
	if m.JSON != nil {
		w.json, _ = match.ParseJSON(m.JSON) // Check has read it
	}
	return w, nil
}

// mismatch is one thing in which a request is not what is meant. The weight
// says how far it is off.
type mismatch struct {
	text   string
	weight int
}

// mismatches lists how a request of the workspace differs from what is meant;
// nothing when it matches.
func (w *want) mismatches(e *Entry) []mismatch {
	var list []mismatch
	add := func(weight int, format string, args ...any) {
		list = append(list, mismatch{fmt.Sprintf(format, args...), weight})
	}
	text := func(weight int, name, pattern, got string) {
		if pattern != "" && !match.Glob(pattern, got) {
			add(weight, "%s: want %s, got %q", name, pattern, got)
		}
	}
	text(8, "vendor", w.Vendor, e.Vendor)
	text(4, "method", strings.ToUpper(w.Method), e.Method)
	text(8, "route", w.Route, e.Route)
	text(8, "path", w.Path, e.Path)
	if w.Status != "" && !statusIs(w.Status, e.Status) {
		add(2, "status: want %s, got %d", w.Status, e.Status)
	}
	values(add, "query", w.Query, func(name string) []string { return e.Query[name] })
	values(add, "header", w.Header, func(name string) []string { return headerValues(e.Header, name) })
	if !strings.Contains(e.Body, w.Body) {
		add(2, "body: want %q in it", w.Body)
	}
	if w.JSON != nil {
		w.compareJSON(e, add)
	}
	if w.Fault != "" && !match.Any(e.Faults, w.Fault) {
		add(1, "faults: want %s, got %q", w.Fault, e.Faults)
	}
	if e.ID <= w.After {
		add(100, "number: want one after %d, got %d", w.After, e.ID)
	}
	return list
}

func (w *want) compareJSON(e *Entry, add func(int, string, ...any)) {
	got, err := match.ParseJSON([]byte(e.Body))
	switch {
	case e.BodyCut:
		add(3, "body: too long to be kept whole")
	case err != nil:
		add(3, "body: want JSON, got %.100q", e.Body)
	default:
		for _, line := range match.Missing(w.json, got) {
			add(1, "body %s", line)
		}
	}
}

// values compares what may come several times under a name.
func values(add func(int, string, ...any), kind string, want map[string]string, got func(name string) []string) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		have := got(name)
		switch {
		case len(have) == 0:
			add(1, "%s %s: want %s, got none", kind, name, want[name])
		case !match.Any(have, want[name]):
			add(1, "%s %s: want %s, got %q", kind, name, want[name], have)
		}
	}
}

func headerValues(h http.Header, name string) []string {
	return h[textproto.CanonicalMIMEHeaderKey(name)]
}

func statusIs(pattern string, status int) bool {
	if class, ok := strings.CutSuffix(pattern, "xx"); ok {
		return strconv.Itoa(status/100) == class
	}
	return strconv.Itoa(status) == pattern
}

// String tells what is meant in one line.
func (m Match) String() string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" "+value)
		}
	}
	add("vendor", m.Vendor)
	add("workspace", m.Workspace)
	add("method", m.Method)
	add("route", m.Route)
	add("path", m.Path)
	add("status", m.Status)
	for _, name := range slices.Sorted(maps.Keys(m.Query)) {
		add("query "+name, m.Query[name])
	}
	for _, name := range slices.Sorted(maps.Keys(m.Header)) {
		add("header "+name, m.Header[name])
	}
	if m.Body != "" {
		add("body with", strconv.Quote(m.Body))
	}
	add("JSON", string(m.JSON))
	add("fault", m.Fault)
	if m.After > 0 {
		add("number above", strconv.FormatInt(m.After, 10))
	}
	if len(parts) == 0 {
		return "any"
	}
	return strings.Join(parts, ", ")
}
