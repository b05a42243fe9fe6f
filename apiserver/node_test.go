package apiserver_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/engine/query"
)

// TestNode has the official OpenTelemetry SDK for JavaScript send spans to
// every vendor's address and reads them back with fetch. It needs node, and in
// SPANSTEAD_NODE_MODULES a node_modules with @opentelemetry/api 1.9.0,
// sdk-trace-base and resources 2.8.0, exporter-trace-otlp-http and
// exporter-trace-otlp-proto 0.219.0.
func TestNode(t *testing.T) {
	modules := os.Getenv("SPANSTEAD_NODE_MODULES")
	if modules == "" {
		t.Skip("SKIPPED: SPANSTEAD_NODE_MODULES names no node_modules with the OpenTelemetry SDK; nothing was tried from Node")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("SPANSTEAD_NODE_MODULES is set, and there is no node: ", err)
	}
	r := start(t)
	if err := r.store.CreateWorkspace(t.Context(), "node"); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), node, "testdata/node.cjs", r.url)
	c.Env = append(os.Environ(), "NODE_PATH="+modules)
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "20 exchanges") {
		t.Fatalf("%v\n%s", err, out)
	}
	if n, err := r.store.Count(t.Context(), "node", query.Count{}); err != nil || n != 40 {
		t.Errorf("%d spans, want 40 (%v)", n, err)
	}
}
