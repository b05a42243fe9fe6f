// Package docs_test runs what the guides of this folder say.
package docs_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// blocks are the code blocks of a language in a guide.
func blocks(t *testing.T, name, language string) []string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(text, -1) {
		out = append(out, string(m[1]))
	}
	if len(out) == 0 {
		t.Fatalf("%s has no block of %s", name, language)
	}
	return out
}

func TestGuideIsThisFile(t *testing.T) {
	code, err := os.ReadFile("guide_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range blocks(t, "testing.md", "go") {
		if !strings.Contains(string(code), block) {
			t.Errorf("guide_test.go does not have\n%s", block)
		}
	}
}

// build makes the command and returns the folder that it is in.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	c := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "spanstead"), "github.com/spanstead/spanstead/cmd/spanstead")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

// TestShell runs the guide's lines for the shell, from first to last, against a
// server of its own.
func TestShell(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: no %s", tool)
		}
	}
	server := exec.Command(filepath.Join(build(t), "spanstead"), "serve", "--addr", "127.0.0.1:0", "--grpc-addr", "")
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		if err := server.Wait(); err != nil {
			t.Error(err)
		}
	}()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ready struct{ URL string }
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	script := "set -euo pipefail\n" + strings.Join(blocks(t, "testing.md", "sh"), "\necho\n")
	c := exec.CommandContext(t.Context(), "bash", "-x", "-c", strings.ReplaceAll(script, "http://127.0.0.1:4318", ready.URL))
	c.Dir = t.TempDir()
	if said, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}

// TestNode runs the guide's test for Node. It needs node, and in
// SPANSTEAD_NODE_MODULES a node_modules with the packages that the guide names.
func TestNode(t *testing.T) {
	modules := os.Getenv("SPANSTEAD_NODE_MODULES")
	if modules == "" {
		t.Skip("SKIPPED: SPANSTEAD_NODE_MODULES names no node_modules with the OpenTelemetry SDK; nothing was tried from Node")
	}
	dir := t.TempDir()
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "first.test.mjs"), []byte(blocks(t, "testing.md", "js")[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "node", "--test", "first.test.mjs")
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+build(t)+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "# pass 2") {
		t.Errorf("%v\n%s", err, out)
	}
}
