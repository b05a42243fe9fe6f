package apitest

import (
	"context"
	"fmt"
	"testing"

	"github.com/spanstead/spanstead/apiserver/internal/double"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/engine/span"
	"github.com/spanstead/spanstead/fixtures"
)

// Workspace is one of a server's isolated sets of spans, with the requests,
// saved searches, faults and the clock that belong to it.
type Workspace struct {
	// Name is what clients send to be led here: an organisation, an API key, a
	// project or a token, as the vendor has it. Access methods such as Mackerel
	// say where it goes.
	Name string

	t      testing.TB // nil on a Server that New made
	server *Server
}

// NewWorkspace makes a workspace for one test of several on a server. It goes
// when the test ends.
func (s *Server) NewWorkspace(t testing.TB) *Workspace {
	t.Helper()
	ctx := context.Background()
	name, err := s.double.CreateWorkspace(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.double.DeleteWorkspace(ctx, name) }) // a reset may have been before
	return &Workspace{Name: name, t: t, server: s}
}

// Server is where the workspace is.
func (w *Workspace) Server() *Server { return w.server }

func (w *Workspace) helper() {
	if w.t != nil {
		w.t.Helper()
	}
}

// check ends the test if there is an error.
func (w *Workspace) check(err error) {
	w.helper()
	switch {
	case err == nil:
	case w.t == nil:
		panic(err)
	default:
		w.t.Fatal(err)
	}
}

// Append stores spans. A span without a Resource or Scope gets empty ones; one
// whose ids are there already changes nothing.
func (w *Workspace) Append(spans ...*span.Span) {
	w.helper()
	whole := make([]*span.Span, len(spans))
	for i, s := range spans {
		c := *s
		if c.Resource == nil {
			c.Resource = &span.Resource{}
		}
		if c.Scope == nil {
			c.Scope = &span.Scope{}
		}
		whole[i] = &c
	}
	w.AppendOTLP(otlp.AppendRequest(nil, whole))
}

// AppendOTLP stores the spans of an ExportTraceServiceRequest in protobuf.
func (w *Workspace) AppendOTLP(request []byte) {
	w.helper()
	a, err := w.server.double.Store().Append(context.Background(), w.Name, request)
	w.check(err)
	if a.Rejected > 0 {
		w.check(fmt.Errorf("%d spans were rejected: %s", a.Rejected, a.Message))
	}
}

// Load stores what is left of a generator, and returns how many spans that was.
func (w *Workspace) Load(g *fixtures.Generator) int {
	w.helper()
	n, err := w.server.double.Load(context.Background(), w.Name, g)
	w.check(err)
	return n
}

// Reset brings the workspace back to how it was made: no spans, saved
// searches, requests or faults, and the server's clock.
func (w *Workspace) Reset() {
	w.helper()
	w.check(w.server.double.Reset(context.Background(), w.Name))
}

// Snapshot keeps the workspace as it is: spans, saved searches, faults and
// clock. The function that it returns brings it back to that, any number of
// times; requests are forgotten then.
func (w *Workspace) Snapshot() (restore func()) {
	w.helper()
	ctx := context.Background()
	name := w.server.double.SnapshotName()
	_, err := w.server.double.TakeSnapshot(ctx, name, w.Name)
	w.check(err)
	if w.t != nil {
		w.t.Cleanup(func() { _ = w.server.double.DropSnapshot(name) }) // it is there
	}
	return func() {
		w.helper()
		_, err := w.server.double.RestoreSnapshot(ctx, name)
		w.check(err)
	}
}

func (w *Workspace) access(vendor string) double.Access {
	return w.server.double.Access(w.server.URL, w.Name)[vendor]
}
