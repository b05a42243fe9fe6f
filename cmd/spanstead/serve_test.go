package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/spanstead/spanstead/apiserver"
)

// started is a running serve whose first line was read.
type started struct {
	ready ready
	lines *bufio.Reader
	stop  func() int // ends it and returns the exit status
	log   *bytes.Buffer
}

func startServe(t *testing.T, args ...string) started {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	s := started{lines: bufio.NewReader(out), log: &bytes.Buffer{}}
	status := make(chan int, 1)
	go func() {
		args := append([]string{"serve", "--addr", "127.0.0.1:0", "--grpc-addr", "127.0.0.1:0"}, args...)
		status <- run(ctx, args, in, s.log)
		_ = in.Close()
	}()
	s.stop = func() int {
		cancel()
		_, _ = io.Copy(io.Discard, s.lines)
		return <-status
	}
	t.Cleanup(cancel)
	line, err := s.lines.ReadBytes('\n')
	if err != nil {
		t.Fatalf("no first line: %v, status %d, %s", err, <-status, s.log)
	}
	if err := json.Unmarshal(line, &s.ready); err != nil {
		t.Fatalf("first line %q: %v", line, err)
	}
	return s
}

func TestServe(t *testing.T) {
	s := startServe(t)
	for _, path := range []string{"health", "ready"} {
		res, err := http.Get(s.ready.URL + "/_spanstead/" + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	conn, err := net.Dial("tcp", s.ready.GRPC)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if status := s.stop(); status != 0 || !strings.Contains(s.log.String(), "draining") {
		t.Errorf("exit status %d, log:\n%s", status, s.log)
	}
	if _, err := net.Dial("tcp", s.ready.GRPC); err == nil {
		t.Error("it still listens")
	}
}

// TestExamples does what the printed curl lines say, with curl where there is
// one: each is to be answered with something.
func TestExamples(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("no curl on this machine")
	}
	s := startServe(t, "--demo")
	vendor := ""
	for tried := 0; tried < 5; {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if name, ok := strings.CutPrefix(line, "# "); ok {
			vendor = strings.TrimSpace(name)
			continue
		}
		if command, ok := strings.CutPrefix(line, "curl "); ok {
			tried++
			answer, err := exec.Command("sh", "-c", curl+" -f "+command).CombinedOutput()
			if err != nil || !bytes.Contains(answer, []byte(`"`)) {
				t.Errorf("%s: %v\n%s%s", vendor, err, line, answer)
			}
		}
	}
	s.stop()
}

func TestServeRefusesFlags(t *testing.T) {
	for _, args := range [][]string{
		{}, {"sing"}, {"serve", "extra"}, {"serve", "--fidelity", "high"}, {"serve", "--sync", "often"},
		{"serve", "--max-body", "0"}, {"serve", "--no-such-flag"},
	} {
		var stdout, stderr bytes.Buffer
		if status := run(t.Context(), args, &stdout, &stderr); status != 2 || stdout.Len() > 0 || stderr.Len() == 0 {
			t.Errorf("%v: status %d, stdout %q, stderr %q", args, status, &stdout, &stderr)
		}
	}
}

func TestServeSaysThatAnAddressIsTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var stderr bytes.Buffer
	status := run(t.Context(), []string{"serve", "--addr", "127.0.0.1:0", "--grpc-addr", l.Addr().String()}, io.Discard, &stderr)
	if status != 1 || !strings.Contains(stderr.String(), "in use") {
		t.Errorf("status %d, %s", status, &stderr)
	}
}

func TestQuoteIsOneWord(t *testing.T) {
	for _, s := range []string{"", "plain", "it's", `a "b" $c \d`, "'"} {
		out, err := exec.Command("sh", "-c", "printf %s "+quote(s)).Output()
		if err != nil || string(out) != s {
			t.Errorf("%q became %q (%v)", s, out, err)
		}
	}
}

func TestDemoIsQuick(t *testing.T) {
	st := apiserver.NewOracle()
	begin := time.Now()
	if err := loadDemo(t.Context(), st, begin); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("loading took %v", took)
	}
	list, err := examples(t.Context(), st, begin)
	if err != nil || len(list) != 5 || !strings.Contains(list[1].body, `"serviceNamespace":"shop"`) {
		t.Errorf("%v: %+v", err, list)
	}
}
