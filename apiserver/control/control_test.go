package control_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/apiserver/control"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

func TestHealthAndReady(t *testing.T) {
	broken := func(context.Context) []string { return []string{"segment 000012: bad checksum"} }
	loading := func(context.Context) error { return errors.New("loading") }
	tests := []struct {
		name string
		opt  control.Options
		path string
		code int
		body string
	}{
		{"healthy", control.Options{}, "health", 200, `{"status":"ok"}`},
		{"ready", control.Options{}, "ready", 200, `{"status":"ready"}`},
		{"unhealthy", control.Options{Health: broken}, "health", 503, `{"status":"unhealthy","problems":["segment 000012: bad checksum"]}`},
		{"unhealthy is not ready", control.Options{Health: broken}, "ready", 503, `{"status":"not ready","problems":["segment 000012: bad checksum"]}`},
		{"all is told", control.Options{Health: broken, Ready: loading}, "ready", 503, `{"status":"not ready","problems":["segment 000012: bad checksum","loading"]}`},
		{"loading", control.Options{Ready: loading}, "ready", 503, `{"status":"not ready","problems":["loading"]}`},
		{"loading is healthy", control.Options{Ready: loading}, "health", 200, `{"status":"ok"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec := httptest.NewRecorder()
			rest.NewRouter(control.New(tt.opt)).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, control.Prefix+tt.path, nil))
			if got := strings.TrimSpace(rec.Body.String()); rec.Code != tt.code || got != tt.body {
				t.Errorf("%d %s, want %d %s", rec.Code, got, tt.code, tt.body)
			}
		})
	}
}
