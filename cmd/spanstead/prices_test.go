package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPricesFlag: a price table of one's own takes the place of the embedded
// one; one that cannot be read is refused before anything is served.
func TestPricesFlag(t *testing.T) {
	good := filepath.Join(t.TempDir(), "prices.json")
	if err := os.WriteFile(good, []byte(`{"date":"2025-01-01","models":{"house":{"input":3.5,"output":7}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := parseServe([]string{"--prices", good}, &bytes.Buffer{})
	if err != nil || o.prices == nil {
		t.Fatal(o, err)
	}
	var stderr bytes.Buffer
	if _, err := parseServe([]string{"--prices", good + ".not"}, &stderr); err == nil || !strings.Contains(stderr.String(), "prices.json.not") {
		t.Fatal(err, stderr.String())
	}
}
