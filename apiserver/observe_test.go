package apiserver

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// TestDrainEndsStreams has a handler that would wait for ever.
func TestDrainEndsStreams(t *testing.T) {
	s := New(Options{Store: NewOracle()})
	started := make(chan struct{})
	h := s.observe(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(started)
		<-rest.Draining(r.Context())
	}))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	}()
	<-started
	s.Drain()
	s.Drain() // again, without harm
	<-ended
}
