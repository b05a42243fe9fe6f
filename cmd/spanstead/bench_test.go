package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestBench(t *testing.T) {
	var stdout, stderr bytes.Buffer
	args := strings.Fields("bench --spans 300 --queries 1 --rounds 1 --mixed 1ms --clients 1 --questions Q1,Q5 --systems spanstead,slice")
	if status := run(t.Context(), args, &stdout, &stderr); status != 0 || !strings.Contains(stdout.String(), "2 answers were compared with those of the first system, 0 differ") {
		t.Errorf("status %d, %s%s", status, &stdout, &stderr)
	}
	stdout.Reset()
	if status := run(t.Context(), []string{"bench", "--spans", "0"}, &stdout, &stderr); status != 2 || stdout.Len() > 0 {
		t.Errorf("status %d, %s%s", status, &stdout, &stderr)
	}
}
