package segment

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/google/go-cmp/cmp"
)

// TestForeignReaders opens a segment with Polars and Arrow JS and compares
// every cell with arrow-go's. The packages nodejs-polars, apache-arrow and
// fzstd are looked for in the directory SPANSTEAD_NODE_MODULES, or where node
// finds them.
func TestForeignReaders(t *testing.T) {
	script := nodeScript(t, "readers.js")
	s := newSample(t, sampleSpec(50), 120)
	file := s.write(t, Options{})
	name := filepath.Join(t.TempDir(), "segment.arrow")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	questions, err := json.Marshal(polarsQuestions)
	if err != nil {
		t.Fatal(err)
	}
	out := runNode(t, script, name, string(questions))
	var got struct{ Arrow, Polars, PolarsScan map[string][]any }
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %.200s", err, out)
	}
	want := tableCells(t, file)
	if d := cmp.Diff(want, got.Arrow); d != "" {
		t.Errorf("Arrow JS: %s", d)
	}
	wantPolars := polarsCells(want)
	for reader, answer := range map[string]map[string][]any{"readIPC": got.Polars, "scanIPC": got.PolarsScan} {
		if d := cmp.Diff(wantPolars, answer); d != "" {
			t.Errorf("Polars %s: %s", reader, d)
		}
	}
}

// TestForeignDirectory has the directory read by a program that was written
// from FORMAT.md, and expects it to find the same blocks and good checksums.
func TestForeignDirectory(t *testing.T) {
	script := nodeScript(t, "directory.js")
	for _, s := range []*sample{newSample(t, sampleSpec(50), 120), smallSample(t)} {
		file := s.write(t, Options{})
		name := filepath.Join(t.TempDir(), "segment.arrow")
		if err := os.WriteFile(name, file, 0o600); err != nil {
			t.Fatal(err)
		}
		var want []string
		for b := range open(t, file).Blocks() {
			if b.Name == "trailer" {
				b.Stored -= 4 // its checksum does not cover itself
			} else if b.Literal != nil {
				continue
			}
			want = append(want, fmt.Sprintf("%d %d true", b.Offset, b.Stored))
		}
		got := strings.Split(strings.TrimSpace(string(runNode(t, script, name))), "\n")
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	}
}

func runNode(t *testing.T, script string, args ...string) []byte {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("node", append([]string{script}, args...)...)
	cmd.Env = append(os.Environ(), "NODE_PATH="+os.Getenv("SPANSTEAD_NODE_MODULES"))
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", script, err, stderr.String())
	}
	return out
}

// nodeScript is the path of a script, if node and its packages are there.
func nodeScript(t *testing.T, name string) string {
	t.Helper()
	script, err := filepath.Abs(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	probe := exec.Command("node", "-e", `for (const m of ["nodejs-polars", "apache-arrow", "fzstd"]) require.resolve(m)`)
	probe.Env = append(os.Environ(), "NODE_PATH="+os.Getenv("SPANSTEAD_NODE_MODULES"))
	if out, err := probe.CombinedOutput(); err != nil {
		t.Skipf("NO FOREIGN READER CHECKED: node with nodejs-polars, apache-arrow and fzstd is not there (set SPANSTEAD_NODE_MODULES): %v %.200s", err, out)
	}
	return script
}

// tableCells is a file as arrow-go reads it, in the cells of readers.js.
func tableCells(t *testing.T, file []byte) map[string][]any {
	t.Helper()
	f, err := ipc.NewFileReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	table := map[string][]any{}
	for i := range f.NumRecords() {
		rec, err := f.RecordBatchAt(i)
		if err != nil {
			t.Fatal(err)
		}
		for c, a := range rec.Columns() {
			name := rec.ColumnName(c)
			for k := range a.Len() {
				table[name] = append(table[name], cell(a, k))
			}
		}
	}
	return table
}

func cell(a arrow.Array, i int) any {
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.Dictionary:
		return cell(a.Dictionary(), a.GetValueIndex(i))
	case *array.String:
		return "s:" + a.Value(i)
	case *array.Binary:
		return "x:" + hex.EncodeToString(a.Value(i))
	case *array.FixedSizeBinary:
		return "x:" + hex.EncodeToString(a.Value(i))
	case *array.Float64:
		return fmt.Sprintf("%016x", math.Float64bits(a.Value(i)))
	case *array.Float32:
		return fmt.Sprintf("%016x", math.Float64bits(float64(a.Value(i))))
	case *array.List:
		first, last := a.ValueOffsets(i)
		cells := []any{}
		for k := first; k < last; k++ {
			cells = append(cells, cell(a.ListValues(), int(k)))
		}
		return cells
	case *array.Struct:
		cells := []any{}
		for k := range a.NumField() {
			cells = append(cells, cell(a.Field(k), i))
		}
		return cells
	}
	return a.ValueStr(i)
}

// polarsQuestions are a name, a path into a column and what lies there.
var polarsQuestions = [][]any{
	{"resource.service.name", []string{"resource.service.name"}, "text"},
	{"resource.port", []string{"resource.port"}, "int"},
	{"resource.ratio", []string{"resource.ratio"}, "float"},
	{"resource.up", []string{"resource.up"}, "bool"},
	{"resource.blob", []string{"resource.blob"}, "bytes"},
	{"start_time_unix_nano", []string{"start_time_unix_nano"}, "int"},
	{"duration_nano", []string{"duration_nano"}, "int"},
	{"name", []string{"name"}, "text"},
	{"trace_id", []string{"trace_id"}, "bytes"},
	{"span_id", []string{"span_id"}, "bytes"},
	{"id16", []string{"id16"}, "bytes"},
	{"i32", []string{"i32"}, "int"},
	{"u8", []string{"u8"}, "int"},
	{"f64", []string{"f64"}, "float"},
	{"flag", []string{"flag"}, "bool"},
	{"text", []string{"text"}, "text"},
	{"blob", []string{"blob"}, "bytes"},
	{"events/0", []string{"events", "time_unix_nano"}, "int"},
	{"events/1", []string{"events", "name"}, "text"},
	{"events/2/0", []string{"events", "attributes", "key"}, "text"},
	{"events/3", []string{"events", "dropped_attributes_count"}, "int"},
	{"links/3/0", []string{"links", "attributes", "key"}, "text"},
}

// polarsCells answers polarsQuestions from a table's cells.
func polarsCells(table map[string][]any) map[string][]any {
	answers := map[string][]any{}
	for _, q := range polarsQuestions {
		name := q[0].(string)
		path := strings.Split(name, "/")
		cells := table[path[0]]
		for _, step := range path[1:] {
			cells = pickField(explode(cells), int(step[0]-'0'))
		}
		if q[2] == "bytes" {
			cells = nullsAndDistinct(cells)
		}
		answers[name] = cells
	}
	return answers
}

// explode is Polars': an empty list becomes one null.
func explode(lists []any) (cells []any) {
	for _, l := range lists {
		if l, ok := l.([]any); ok && len(l) > 0 {
			cells = append(cells, l...)
			continue
		}
		cells = append(cells, nil)
	}
	return cells
}

func pickField(structs []any, i int) (cells []any) {
	for _, s := range structs {
		if s == nil {
			cells = append(cells, nil)
			continue
		}
		cells = append(cells, s.([]any)[i])
	}
	return cells
}

func nullsAndDistinct(cells []any) []any {
	nulls, distinct := 0, map[any]bool{}
	for _, c := range cells {
		distinct[c] = true
		if c == nil {
			nulls++
		}
	}
	return []any{fmt.Sprint(nulls), fmt.Sprint(len(distinct))}
}
