package double

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/query"
)

// Access is how a client reaches a workspace through one vendor's API.
type Access struct {
	BaseURL string            `json:"baseUrl"`
	Header  map[string]string `json:"headers"`
	Params  map[string]string `json:"params"`
}

// CreateWorkspace makes an empty workspace and returns its name; "" makes one
// up. The name has to be one that every vendor's client can send.
func (d *Double) CreateWorkspace(ctx context.Context, name string) (string, error) {
	if name == "" {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails
		name = "t-" + hex.EncodeToString(b[:])
	}
	if err := checkName(name); err != nil {
		return "", err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	names, err := d.opt.Store.ListWorkspaces(ctx)
	if err != nil {
		return "", err
	}
	if slices.Contains(names, name) {
		return "", rest.Errorf(http.StatusConflict, "workspace %q exists", name)
	}
	return name, d.opt.Store.CreateWorkspace(ctx, name)
}

// checkName holds a name to what all vendors take.
func checkName(name string) error {
	if len(name) > 64 {
		return fmt.Errorf("%w: a workspace's name has at most 64 characters", query.ErrInvalid)
	}
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return fmt.Errorf("%w: workspace %q: want letters, digits, - and _", query.ErrInvalid, name)
		}
	}
	switch name {
	case CredentialExpired, CredentialForbidden:
		return fmt.Errorf("%w: workspace %q: that is a credential which is refused", query.ErrInvalid, name)
	}
	return nil
}

// DeleteWorkspace removes a workspace and all that belongs to it; the default
// one is emptied.
func (d *Double) DeleteWorkspace(ctx context.Context, name string) error {
	return d.deleteWorkspace(ctx, name)
}

// Workspaces lists the names, sorted, and how many spans each has.
func (d *Double) Workspaces(ctx context.Context) (names []string, spans []int, err error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if names, err = d.opt.Store.ListWorkspaces(ctx); err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		n, err := d.opt.Store.Count(ctx, name, query.Count{})
		if err != nil {
			return nil, nil, err
		}
		spans = append(spans, n)
	}
	return names, spans, nil
}

// Exists returns query.ErrNotFound for a workspace that nobody created.
func (d *Double) Exists(ctx context.Context, name string) error {
	if name != store.DefaultWorkspace && d.existing(ctx, name) != name {
		return fmt.Errorf("workspace %q: %w", name, query.ErrNotFound)
	}
	return nil
}

// Access is how clients reach a workspace of the server at origin, by vendor.
// A workspace's name is a credential for it.
func (d *Double) Access(origin, workspace string) map[string]Access {
	all := map[string]Access{}
	for _, v := range d.vendors {
		a := v.Access(workspace)
		all[v.Name()] = Access{origin + a.Path, a.Header, a.Params}
	}
	return all
}

// Spans is how many spans a workspace has.
func (d *Double) Spans(ctx context.Context, workspace string) (int, error) {
	return d.opt.Store.Count(ctx, workspace, query.Count{})
}
