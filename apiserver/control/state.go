package control

import (
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"github.com/spanstead/spanstead/apiserver/internal/clock"
	"github.com/spanstead/spanstead/apiserver/internal/double"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// which names a workspace; "" means everything, or the server's own.
type which struct {
	Workspace string `json:"workspace"`
}

// exists refuses a workspace that nobody created.
func (a *Adapter) exists(r *http.Request, workspace string) error {
	if workspace == "" {
		return nil
	}
	return a.opt.Double.Exists(r.Context(), workspace)
}

func (a *Adapter) reset(w http.ResponseWriter, r *http.Request) error {
	var in which
	if err := decode(r, &in); err != nil {
		return err
	}
	if err := a.exists(r, in.Workspace); err != nil {
		return err
	}
	if err := a.opt.Double.Reset(r.Context(), in.Workspace); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// workspace is what a client needs to use one.
type workspace struct {
	Name    string                   `json:"name"`
	Spans   int                      `json:"spans"`
	Vendors map[string]double.Access `json:"vendors"`
	OTLP    otlpAccess               `json:"otlp"`
}

type otlpAccess struct {
	HTTP otlpEndpoint  `json:"http"`
	GRPC *otlpEndpoint `json:"grpc"` // null without gRPC
}

type otlpEndpoint struct {
	Endpoint string            `json:"endpoint"` // as OTEL_EXPORTER_OTLP_ENDPOINT has it
	URL      string            `json:"url,omitempty"`
	Headers  map[string]string `json:"headers"`
}

func (a *Adapter) workspaceOf(r *http.Request, name string, spans int) workspace {
	origin := double.Origin(r)
	access := a.opt.Double.Access(origin, name)
	otlp := access["otlp"]
	delete(access, "otlp")
	out := workspace{Name: name, Spans: spans, Vendors: access}
	out.OTLP.HTTP = otlpEndpoint{origin, otlp.BaseURL, otlp.Header}
	if addr := a.opt.Double.GRPC(); addr != "" {
		scheme := "http://"
		if r.TLS != nil {
			scheme = "https://"
		}
		out.OTLP.GRPC = &otlpEndpoint{Endpoint: scheme + addr, Headers: otlp.Header}
	}
	return out
}

func (a *Adapter) listWorkspaces(w http.ResponseWriter, r *http.Request) error {
	names, spans, err := a.opt.Double.Workspaces(r.Context())
	if err != nil {
		return err
	}
	answer := struct {
		Workspaces []workspace `json:"workspaces"`
	}{[]workspace{}}
	for i, name := range names {
		answer.Workspaces = append(answer.Workspaces, a.workspaceOf(r, name, spans[i]))
	}
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}

func (a *Adapter) createWorkspace(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name string `json:"name"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	name, err := a.opt.Double.CreateWorkspace(r.Context(), in.Name)
	if err != nil {
		return err
	}
	rest.WriteJSON(w, http.StatusCreated, a.workspaceOf(r, name, 0))
	return nil
}

func (a *Adapter) getWorkspace(w http.ResponseWriter, r *http.Request) error {
	name := mux.Vars(r)["name"]
	if err := a.exists(r, name); err != nil {
		return err
	}
	spans, err := a.opt.Double.Spans(r.Context(), name)
	if err != nil {
		return err
	}
	rest.WriteJSON(w, http.StatusOK, a.workspaceOf(r, name, spans))
	return nil
}

func (a *Adapter) deleteWorkspace(w http.ResponseWriter, r *http.Request) error {
	if err := a.opt.Double.DeleteWorkspace(r.Context(), mux.Vars(r)["name"]); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

type snapshotInput struct {
	Name      string `json:"name"`
	Workspace string `json:"workspace"`
}

type snapshot struct {
	Name       string    `json:"name"`
	Workspace  string    `json:"workspace"` // "" for everything
	Taken      time.Time `json:"taken"`
	Workspaces int       `json:"workspaces"`
	Spans      int       `json:"spans"`
	Bytes      int64     `json:"bytes"`
}

func (a *Adapter) listSnapshots(w http.ResponseWriter, _ *http.Request) error {
	answer := struct {
		Snapshots []snapshot `json:"snapshots"`
	}{[]snapshot{}}
	for _, s := range a.opt.Double.Snapshots() {
		answer.Snapshots = append(answer.Snapshots, snapshot(s))
	}
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}

func (a *Adapter) takeSnapshot(w http.ResponseWriter, r *http.Request) error {
	var in snapshotInput
	if err := decode(r, &in); err != nil {
		return err
	}
	if in.Name == "" {
		in.Name = a.opt.Double.SnapshotName()
	}
	s, err := a.opt.Double.TakeSnapshot(r.Context(), in.Name, in.Workspace)
	if err != nil {
		return err
	}
	rest.WriteJSON(w, http.StatusCreated, snapshot(s))
	return nil
}

func (a *Adapter) restoreSnapshot(w http.ResponseWriter, r *http.Request) error {
	s, err := a.opt.Double.RestoreSnapshot(r.Context(), mux.Vars(r)["name"])
	if err != nil {
		return err
	}
	rest.WriteJSON(w, http.StatusOK, snapshot(s))
	return nil
}

func (a *Adapter) dropSnapshot(w http.ResponseWriter, r *http.Request) error {
	if err := a.opt.Double.DropSnapshot(mux.Vars(r)["name"]); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

type clockInput struct {
	Workspace string     `json:"workspace"`
	Mode      clock.Mode `json:"mode"`
	Time      *time.Time `json:"time"`   // of frozen; nil means where the clock stands
	Offset    duration   `json:"offset"` // of offset
}

type clockState struct {
	Workspace string     `json:"workspace"`
	Mode      clock.Mode `json:"mode"`
	Now       time.Time  `json:"now"`
	Offset    duration   `json:"offset"`
	Own       bool       `json:"own"` // of the workspace, not the server's
}

func (a *Adapter) writeClock(w http.ResponseWriter, workspace string) {
	c := a.opt.Double.Clock()
	state, own := c.State(workspace)
	if state.Mode == "" {
		state.Mode = clock.Real
	}
	rest.WriteJSON(w, http.StatusOK, clockState{workspace, state.Mode, c.Now(workspace).UTC(), duration(state.Offset), own})
}

func (a *Adapter) getClock(w http.ResponseWriter, r *http.Request) error {
	workspace := r.URL.Query().Get("workspace")
	if err := a.exists(r, workspace); err != nil {
		return err
	}
	a.writeClock(w, workspace)
	return nil
}

func (a *Adapter) setClock(w http.ResponseWriter, r *http.Request) error {
	var in clockInput
	if err := decode(r, &in); err != nil {
		return err
	}
	if err := a.exists(r, in.Workspace); err != nil {
		return err
	}
	state, err := in.state(a.opt.Double.Clock().Now(in.Workspace))
	if err != nil {
		return err
	}
	if err := a.opt.Double.Clock().Set(in.Workspace, state); err != nil {
		return bad(err)
	}
	a.writeClock(w, in.Workspace)
	return nil
}

// state is how the clock is to be set; what does not go with the mode is refused.
func (in *clockInput) state(now time.Time) (clock.State, error) {
	switch {
	case in.Mode == "":
		return clock.State{}, &rest.Error{Status: http.StatusBadRequest, Field: "mode", Message: "mode is required: real, frozen or offset"}
	case in.Time != nil && in.Mode != clock.Frozen:
		return clock.State{}, &rest.Error{Status: http.StatusBadRequest, Field: "time", Message: "time goes with mode frozen"}
	case in.Offset != 0 && in.Mode != clock.Offset:
		return clock.State{}, &rest.Error{Status: http.StatusBadRequest, Field: "offset", Message: "offset goes with mode offset"}
	}
	state := clock.State{Mode: in.Mode, Offset: time.Duration(in.Offset)}
	if in.Mode == clock.Frozen {
		state.At = now
		if in.Time != nil {
			state.At = *in.Time
		}
	}
	return state, nil
}

func (a *Adapter) advanceClock(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		which
		By duration `json:"by"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	if err := a.exists(r, in.Workspace); err != nil {
		return err
	}
	if in.By == 0 {
		return &rest.Error{Status: http.StatusBadRequest, Field: "by", Message: `by is required, such as "5s"`}
	}
	a.opt.Double.Clock().Advance(in.Workspace, time.Duration(in.By))
	a.writeClock(w, in.Workspace)
	return nil
}
