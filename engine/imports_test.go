package engine

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/spanstead/spanstead/"

// arrows says which of our packages a package may import, outside its tests.
// The longest entry that holds for a package counts; "x/..." is x and all
// below it. A new arrow is an edit here.
var arrows = map[string][]string{
	"engine/span":  {},
	"engine/query": {"engine/span"},
	"engine/otlp":  {"engine/span", "engine/query"},

	"index":   {},
	"segment": {"engine/span"},

	"engine/internal/disk":       {},
	"engine/internal/wal":        {"engine/internal/disk"},
	"engine/internal/table":      {"engine/span", "engine/query", "engine/otlp", "index", "segment"},
	"engine/internal/part":       {"engine/span", "engine/query", "engine/otlp", "engine/plan", "engine/internal/table", "index", "segment"},
	"engine/internal/head":       {"engine/span", "engine/query", "engine/otlp", "engine/plan", "engine/internal/table", "index"},
	"engine/internal/enginetest": {"engine/span", "engine/query", "engine/otlp", "engine/internal/table"},
	"engine/query/oracle":        {"engine/span", "engine/query", "engine/otlp", "index"},
	"engine/plan":                {"engine/span", "engine/query", "engine/otlp", "index"},
	"engine":                     {"engine/span", "engine/query", "engine/otlp", "engine/plan", "engine/internal/...", "index", "segment"},

	"fixtures": {"engine/span"},
	"bench":    {"bench/...", "engine/...", "index", "segment", "fixtures"},

	"apiserver/store":           {"engine/span", "engine/query", "engine/otlp"},
	"apiserver/internal/rest":   {"engine/span", "engine/query"},
	"apiserver/internal/...":    {"apiserver/internal/...", "apiserver/store", "engine", "engine/span", "engine/query", "engine/query/oracle", "engine/otlp"},
	"apiserver/otlphttp":        {"apiserver/internal/rest", "apiserver/internal/intake", "apiserver/store", "engine/span", "engine/query", "engine/otlp"},
	"apiserver/otlpgrpc":        {"apiserver/internal/rest", "apiserver/internal/intake", "apiserver/store", "engine/span", "engine/query", "engine/otlp"},
	"apiserver/control":         {"apiserver/internal/...", "apiserver/store", "engine/span", "engine/query", "engine/otlp", "fixtures"},
	"apiserver/apitest/...":     {"apiserver/...", "engine", "engine/span", "engine/query", "engine/query/oracle", "engine/otlp", "fixtures"},
	"apiserver/last9/...":       {"apiserver/last9/...", "apiserver/internal/...", "apiserver/store", "engine/span", "engine/query"},
	"apiserver/mackerel/...":    {"apiserver/mackerel/...", "apiserver/internal/...", "apiserver/store", "engine/span", "engine/query"},
	"apiserver/sideseat/...":    {"apiserver/sideseat/...", "apiserver/internal/...", "apiserver/store", "engine/span", "engine/query", "engine/otlp"},
	"apiserver/truefoundry/...": {"apiserver/truefoundry/...", "apiserver/internal/...", "apiserver/store", "engine/span", "engine/query"},
	"apiserver/lumos/...":       {"apiserver/lumos/...", "apiserver/internal/...", "apiserver/store", "engine/span", "engine/query"},
	"apiserver":                 {"apiserver/...", "engine/span", "engine/query", "engine/otlp"},

	"cmd/...": {"cmd/...", "apiserver/...", "bench/...", "engine/...", "fixtures", "index", "segment"},
}

// onlyTests may import these.
var onlyTests = []string{
	module + "engine/internal/enginetest", module + "apiserver/internal/storetest",
	"github.com/leanovate/gopter", "github.com/google/go-cmp", "testing",
}

// nobody imports these: the binary needs no C, and what is heavy lies in
// modules of its own.
var nobody = []string{
	"C", "runtime/cgo", "github.com/marcboeker/go-duckdb", "github.com/duckdb", "github.com/chdb-io", "github.com/testcontainers",
	"github.com/apache/arrow-go/v18/arrow/compute", "github.com/apache/arrow-go/v18/parquet", "github.com/ClickHouse",
}

// source is one Go file of the module.
type source struct {
	pkg     string // "engine/plan"
	name    string
	test    bool // a test, or a package that is for tests alone
	imports []string
}

// sources parses the imports of every file of the module, other modules below
// it left out.
func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil && name != ".." {
				return filepath.SkipDir
			}
			if base := d.Name(); name != ".." && (base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel := strings.TrimPrefix(filepath.ToSlash(name), "../")
		s := source{pkg: path.Dir(rel), name: rel}
		s.test = strings.HasSuffix(rel, "_test.go") || strings.HasSuffix(s.pkg, "test")
		for _, i := range file.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, p)
		}
		out = append(out, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// holdsFor reports whether an entry of the table is of a package.
func holdsFor(entry, pkg string) bool {
	tree, all := strings.CutSuffix(entry, "/...")
	return pkg == tree || all && strings.HasPrefix(pkg, tree+"/")
}

func allowed(pkg string) (to []string, ok bool) {
	best := ""
	for entry := range arrows {
		if holdsFor(entry, pkg) && len(entry) > len(best) {
			best = entry
		}
	}
	return arrows[best], best != ""
}

// TestImports holds the graph of packages.
func TestImports(t *testing.T) {
	files := sources(t)
	seen := map[string]bool{}
	for _, s := range files {
		if strings.HasSuffix(s.name, "_test.go") {
			continue
		}
		seen[s.pkg] = true
		to, ok := allowed(s.pkg)
		if !ok {
			t.Errorf("%s: package %s has no place in the table", s.name, s.pkg)
		}
		for _, p := range s.imports {
			ours, is := strings.CutPrefix(p, module)
			if is && !slices.ContainsFunc(to, func(entry string) bool { return holdsFor(entry, ours) }) {
				t.Errorf("%s: %s may not import %s", s.name, s.pkg, ours)
			}
		}
	}
	for _, pkg := range []string{"engine", "engine/plan", "index", "segment", "apiserver", "cmd/spanstead"} {
		if !seen[pkg] {
			t.Errorf("no package %s among %d files: not the whole tree was read", pkg, len(files))
		}
	}
}

// TestNobodyImports: no file, tests included, brings in what the module does
// without; and what is for tests stays with them.
func TestNobodyImports(t *testing.T) {
	under := func(p string, trees []string) bool {
		return slices.ContainsFunc(trees, func(tree string) bool { return p == tree || strings.HasPrefix(p, tree+"/") })
	}
	for _, s := range sources(t) {
		for _, p := range s.imports {
			if under(p, nobody) {
				t.Errorf("%s imports %s", s.name, p)
			}
			if !s.test && under(p, onlyTests) {
				t.Errorf("%s is no test and imports %s", s.name, p)
			}
			if below := strings.HasPrefix(s.pkg, "engine") || s.pkg == "index" || s.pkg == "segment" || s.pkg == "fixtures"; below && !s.test && (p == "net/http" || p == "flag" || p == "log") {
				t.Errorf("%s imports %s, which is for servers and commands", s.name, p)
			}
		}
	}
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mod)) {
		if name, _, _ := strings.Cut(strings.TrimSpace(line), " "); under(name, nobody) {
			t.Errorf("go.mod requires %s", name)
		}
	}
}
