package adaptertest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// CheckReadme holds the README.md of the tested folder to its tests and its
// routes. In each table whose last column is called Test, that column names in
// backticks at least one test that exists: a function TestXxx of the folder,
// or archive/request for a request of testdata/archive.txtar. Some row names
// each route as `METHOD path`, and each address at which spans come in.
func CheckReadme(t *testing.T, a rest.Adapter) {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	routes := a.Routes()
	if in, ok := a.(rest.IngestAdapter); ok {
		for _, i := range in.Ingest() {
			routes = append(routes, rest.Route{Method: http.MethodPost, Path: i.Path})
		}
	}
	for _, fault := range readmeFaults(string(text), testNames(t), routes) {
		t.Error(fault)
	}
}

// testNames lists what a row may name.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, text := range readAll(t, "*_test.go") {
		for _, m := range testFunc.FindAllStringSubmatch(text, -1) {
			names[m[1]] = true
		}
	}
	for path, text := range readAll(t, "testdata/*.txtar") {
		archive := strings.TrimSuffix(filepath.Base(path), ".txtar")
		for _, f := range ParseArchive([]byte(text)).Files {
			if request, ok := strings.CutSuffix(f.Name, ".request"); ok {
				names[archive+"/"+request] = true
			}
		}
	}
	return names
}

var (
	testFunc = regexp.MustCompile(`(?m)^func (Test\w+|Fuzz\w+)\(`)
	quoted   = regexp.MustCompile("`([^`]+)`")
)

func readAll(t *testing.T, glob string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(glob)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = string(text)
	}
	return files
}

func readmeFaults(text string, tests map[string]bool, routes []rest.Route) []string {
	var faults []string
	inTable, rows := false, 0
	for i, line := range strings.Split(text, "\n") {
		cells := cellsOf(line)
		switch {
		case cells == nil:
			inTable = false
			continue
		case cells[len(cells)-1] == "Test":
			inTable = true
			continue
		case !inTable || strings.Trim(strings.Join(cells, ""), "-: ") == "":
			continue
		}
		rows++
		names := quoted.FindAllStringSubmatch(cells[len(cells)-1], -1)
		if len(names) == 0 {
			faults = append(faults, fmt.Sprintf("README.md:%d: the row names no test", i+1))
		}
		for _, name := range names {
			if !tests[name[1]] {
				faults = append(faults, fmt.Sprintf("README.md:%d: there is no test %q", i+1, name[1]))
			}
		}
	}
	if rows == 0 {
		faults = append(faults, "README.md: no table has a column Test")
	}
	for _, r := range routes {
		if name := "`" + r.Method + " " + r.Path + "`"; !strings.Contains(text, name) {
			faults = append(faults, fmt.Sprintf("README.md: no row names the route %s", name))
		}
	}
	return faults
}

// cellsOf splits a table's row; nil for a line that is none. A vertical bar
// within a cell is written \|.
func cellsOf(line string) []string {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "|") || !strings.HasSuffix(line, "|") || len(line) < 2 {
		return nil
	}
	cells := strings.Split(strings.ReplaceAll(line[1:len(line)-1], `\|`, "\x00"), "|")
	for i := range cells {
		cells[i] = strings.ReplaceAll(strings.TrimSpace(cells[i]), "\x00", "|")
	}
	return cells
}
