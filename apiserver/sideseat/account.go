package sideseat

import (
	"net/http"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// health answers GET /api/v1/health.
func (a *Adapter) health(w http.ResponseWriter, r *http.Request) error {
	rest.WriteJSON(w, http.StatusOK, struct {
		Status  string `json:"status"`
		Version string `json:"version"`
	}{"ok", Version})
	return nil
}

type user struct {
	ID          string  `json:"id"`
	Email       *string `json:"email"`
	DisplayName string  `json:"display_name"`
	CreatedAt   string  `json:"created_at"`
	UpdatedAt   string  `json:"updated_at"`
}

type organization struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Slug string `json:"slug"`
	Role string `json:"role"`
}

// since is when the adapter was made, which stands for when its user was.
func (a *Adapter) since() string { return a.started.UTC().Format(time.RFC3339) }

// me answers GET /api/v1/users/me: the one user of a service without
// authentication.
func (a *Adapter) me(w http.ResponseWriter, r *http.Request) error {
	if err := a.authorize(r); err != nil {
		return err
	}
	rest.WriteJSON(w, http.StatusOK, struct {
		User          user           `json:"user"`
		Organizations []organization `json:"organizations"`
	}{
		user{ID: "local", DisplayName: "Local User", CreatedAt: a.since(), UpdatedAt: a.since()},
		[]organization{{"default", "Default Organization", "default", "owner"}},
	})
	return nil
}

type project struct {
	ID             string `json:"id"`
	OrganizationID string `json:"organization_id"`
	Name           string `json:"name"`
	CreatedAt      string `json:"created_at"`
	UpdatedAt      string `json:"updated_at"`
}

// projects answers GET /api/v1/projects: the workspaces of the store.
func (a *Adapter) projects(w http.ResponseWriter, r *http.Request) error {
	if err := a.authorize(r); err != nil {
		return err
	}
	names, err := a.opt.Store.ListWorkspaces(r.Context())
	if err != nil {
		return err
	}
	params, err := parseParams(r.URL.RawQuery)
	if err != nil {
		return err
	}
	if err := params.check(fields{"page": fieldNumber, "limit": fieldNumber}); err != nil {
		return err
	}
	p, err := a.paging(params)
	if err != nil {
		return err
	}
	answer := list[project]{Data: []project{}, Meta: metaOf(p, len(names))}
	for _, name := range pageOf(names, p) {
		title := name
		if name == "default" {
			title = "Default Project"
		}
		answer.Data = append(answer.Data, project{name, "default", title, a.since(), a.since()})
	}
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}
