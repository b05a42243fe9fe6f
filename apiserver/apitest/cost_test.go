package apitest_test

import (
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/spanstead/spanstead/apiserver/apitest"
)

// firstAnswer starts a server and asks it once.
func firstAnswer(tb testing.TB, opt apitest.Options) {
	srv, err := apitest.New(opt)
	if err != nil {
		tb.Fatal(err)
	}
	srv.Append(spanOf(1, "web", 0))
	res, _, err := try(srv.Workspace, "mackerel", http.MethodPost, srv.URL+"/api/v0/traces", listOf("web"))
	if err != nil || res.StatusCode != 200 {
		tb.Fatal(res, err)
	}
	if err := srv.Close(); err != nil {
		tb.Fatal(err)
	}
}

func BenchmarkStartToFirstAnswer(b *testing.B) {
	for b.Loop() {
		firstAnswer(b, apitest.Options{})
	}
}

func BenchmarkStartToFirstAnswerTLS(b *testing.B) {
	for b.Loop() {
		firstAnswer(b, apitest.Options{TLS: true})
	}
}

// TestNothingLeaks starts and ends servers, cuts requests of theirs, and counts
// goroutines and open files.
func TestNothingLeaks(t *testing.T) {
	use := func() {
		for _, opt := range []apitest.Options{{}, {TLS: true}, {NoListener: true}} {
			srv, err := apitest.New(opt)
			if err != nil {
				t.Fatal(err)
			}
			srv.Append(spanOf(1, "web", 0))
			for _, f := range []apitest.Fault{{Reset: true}, {Truncate: true}, {Malform: true}, {Status: 500}, {Delay: time.Millisecond}} {
				remove := srv.Fault(f)
				_, _, _ = try(srv.Workspace, "mackerel", http.MethodPost, srv.URL+"/api/v0/traces", listOf("web")) // some are meant to fail
				remove()
			}
			srv.Client().CloseIdleConnections()
			if err := srv.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	use() // what is made once and kept
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for range 10 {
		use()
	}
	deadline := time.Now().Add(10 * time.Second)
	look := time.NewTicker(time.Millisecond) // connections end in goroutines of their own
	defer look.Stop()
	for runtime.NumGoroutine() > goroutines || openFiles(t) > files {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before; %d files, %d before\n%s", runtime.NumGoroutine(), goroutines,
				openFiles(t), files, stacks[:runtime.Stack(stacks, true)])
		}
		<-look.C
	}
}

// openFiles is 0 where the system does not tell.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

// TestStreamEndsWithTheServer has a client that listens while the server ends.
func TestStreamEndsWithTheServer(t *testing.T) {
	srv, err := apitest.New(apitest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	res, err := srv.Client().Get(srv.SideSeat().BaseURL + "/sse")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
}
