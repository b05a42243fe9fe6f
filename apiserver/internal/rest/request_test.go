package rest

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spanstead/spanstead/engine/query"
)

func TestRequestScope(t *testing.T) {
	var out bytes.Buffer
	r := httptest.NewRequest("GET", "/path", nil)
	if RequestID(r.Context()) != "" || Draining(r.Context()) != nil {
		t.Error("a request outside of a server has an id or a channel")
	}
	LogUnknown(r, errors.New("dropped")) // no logger: nothing happens
	draining := make(chan struct{})
	ctx := WithDraining(WithRequest(r.Context(), "id", slog.New(slog.NewTextHandler(&out, nil))), draining)
	r = r.WithContext(ctx)
	for _, err := range []error{query.ErrInvalid, query.ErrNotFound, Errorf(400, "no")} {
		LogUnknown(r, err)
	}
	if out.Len() > 0 {
		t.Errorf("errors of the client were logged: %s", &out)
	}
	LogUnknown(r, errors.New("disk"))
	if !strings.Contains(out.String(), "error=disk") || !strings.Contains(out.String(), "path=/path") || RequestID(r.Context()) != "id" {
		t.Errorf("id %q, log %s", RequestID(r.Context()), &out)
	}
	close(draining)
	<-Draining(r.Context())
}

func TestStatusAndMessage(t *testing.T) {
	tests := []struct {
		err     error
		status  int
		message string
	}{
		{Errorf(418, "tea"), 418, "tea"},
		{query.ErrInvalid, 400, "invalid query"},
		{query.ErrNotFound, 404, "not found"},
		{query.ErrFull, 503, "storage full"},
		{query.ErrCorrupt, 500, "Internal Server Error"},
		{errors.New("secret"), 500, "Internal Server Error"},
	}
	for _, tt := range tests {
		if s, m := Status(tt.err), Message(tt.err); s != tt.status || m != tt.message {
			t.Errorf("%v: %d %q, want %d %q", tt.err, s, m, tt.status, tt.message)
		}
	}
}
