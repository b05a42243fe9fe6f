// Package intake brings the spans of an export request to the workspaces to
// which they belong. What a vendor's exporters send names one in a header, in
// the path, or in an attribute of each resource.
//
// A Target is a value and safe for concurrent use.
package intake

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
)

// Target is where the spans of one request go.
type Target struct {
	Workspace string
	// Attribute, if not "", is the resource attribute that names another
	// workspace than Workspace.
	Attribute string
	// MaxBody bounds the request's bytes after decompression; 0 means no bound
	// of the vendor's.
	MaxBody int64
}

// Find is the target of a request to a path: that of the first address that
// claims it. What none claims goes to the default workspace, but for resources
// whose attribute names another.
func Find(ingest []rest.Ingest, path string, r *http.Request) Target {
	unclaimed := Target{Workspace: store.DefaultWorkspace}
	for _, in := range ingest {
		if in.Path != path {
			continue
		}
		if name, ok := in.Workspace(r); ok {
			return Target{name, in.Attribute, in.MaxBody}
		}
		if unclaimed.Attribute == "" {
			unclaimed.Attribute = in.Attribute
		}
	}
	return unclaimed
}

// Append stores a request's spans, as store.Writer does. A request for several
// workspaces is checked before the first of them is written. When a write
// fails, those before it stay; sending the request again stores the rest, and
// nothing twice.
func (t Target) Append(ctx context.Context, w store.Writer, request []byte) (store.Appended, error) {
	if t.Attribute == "" || !bytes.Contains(request, []byte(t.Attribute)) {
		return w.Append(ctx, t.Workspace, request)
	}
	parts, ok := split(request, t.Attribute, t.Workspace)
	if !ok || len(parts) == 0 {
		return w.Append(ctx, t.Workspace, request)
	}
	if len(parts) == 1 {
		return w.Append(ctx, parts[0].workspace, request)
	}
	whole, err := otlp.Walk(request, nil)
	if err != nil {
		return store.Appended{}, err
	}
	var sum store.Appended
	var messages []string
	for _, p := range parts {
		a, err := w.Append(ctx, p.workspace, p.request)
		if err != nil {
			return store.Appended{}, err
		}
		sum.Accepted += a.Accepted
		sum.Rejected += a.Rejected
		if a.Message != "" {
			messages = append(messages, a.Message)
		}
	}
	sum.Message = strings.Join(messages, "; ")
	if sum.Rejected == whole.Rejected {
		sum.Message = whole.Message // which names spans by their place in the request that was sent
	}
	return sum, nil
}
