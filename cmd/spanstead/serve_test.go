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

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/apiserver"
	"github.com/spanstead/spanstead/engine"
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

// TestServeKeepsData sends a span to a data directory, ends the process as
// SIGTERM does, and asks the next one for it.
func TestServeKeepsData(t *testing.T) {
	dir := t.TempDir()
	s := startServe(t, "--data", dir)
	if s.ready.Data != dir {
		t.Errorf("data %q, want %q", s.ready.Data, dir)
	}
	res, err := http.Post(s.ready.URL+"/v1/traces", "application/json", strings.NewReader(
		`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"kept"}]}]}]}`))
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%v, %+v", err, res)
	}
	_ = res.Body.Close()
	var stderr bytes.Buffer
	if status := run(t.Context(), []string{"serve", "--addr", "127.0.0.1:0", "--grpc-addr", "", "--data", dir}, io.Discard, &stderr); status != 1 || !strings.Contains(stderr.String(), dir) {
		t.Errorf("a second process on the directory: status %d, %s", status, &stderr)
	}
	if status := s.stop(); status != 0 {
		t.Fatalf("exit status %d, log:\n%s", status, s.log)
	}
	s = startServe(t, "--data", dir)
	defer s.stop()
	r, err := http.NewRequest(http.MethodGet, s.ready.URL+"/api/v0/traces/0af7651916cd43dd8448eb211c80319c", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Api-Key", "any")
	if res, err = http.DefaultClient.Do(r); err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || !bytes.Contains(body, []byte(`"name":"kept"`)) {
		t.Errorf("%s %s, %v", res.Status, body, err)
	}
}

func TestProblems(t *testing.T) {
	got := problemsOf(engine.Health{
		Faults:     []engine.Fault{{Workspace: "w", File: "000012.arrow", Err: "bad checksum"}},
		ReadOnly:   map[string]string{"w": "sync failed"},
		Background: map[string]string{"v": "disk full"},
	})
	want := []string{
		`workspace "v": sealing or merging: disk full`,
		`workspace "w" takes no writes: sync failed`,
		`workspace "w": 000012.arrow was set aside: bad checksum`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if problemsOf(engine.Health{}) != nil {
		t.Error("a healthy store has problems")
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
	vendor, tried := "", 0
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == "\n" {
			continue
		}
		if name, ok := strings.CutPrefix(line, "# "); ok {
			vendor = strings.TrimSpace(name)
			continue
		}
		command, _ := strings.CutPrefix(line, "curl ")
		answer, err := exec.Command("sh", "-c", curl+" -f "+command).CombinedOutput()
		if err != nil || !bytes.Contains(answer, []byte(`"`)) {
			t.Errorf("%s: %v\n%s%s", vendor, err, line, answer)
		}
		if tried++; vendor == "Lumos" { // the last one
			break
		}
	}
	if tried != 5 {
		t.Errorf("%d vendors, want 5", tried)
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
