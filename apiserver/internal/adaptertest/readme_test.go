package adaptertest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

func TestReadmeFaults(t *testing.T) {
	text := "| What | Test |\n|---|---|\n| `GET /a` | `TestA` |\n| b | `x/y`, `TestNone` |\n| c | |\n\n| Free | Table |\n|--|--|\n| d | e |\n"
	tests := map[string]bool{"TestA": true, "x/y": true}
	routes := []rest.Route{{Method: "GET", Path: "/a"}, {Method: "GET", Path: "/b"}}
	want := []string{
		`README.md:4: there is no test "TestNone"`,
		"README.md:5: the row names no test",
		"README.md: no row names the route `GET /b`",
	}
	if diff := cmp.Diff(want, readmeFaults(text, tests, routes)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := readmeFaults("no table", nil, nil); len(got) != 1 {
		t.Errorf("without a table: %q", got)
	}
}

func TestCellsOf(t *testing.T) {
	if diff := cmp.Diff([]string{"a | b", "c"}, cellsOf(`| a \| b | c |`)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if cellsOf("text | text") != nil || cellsOf("|") != nil {
		t.Error("what is no row was split")
	}
}
