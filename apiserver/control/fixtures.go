package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/store"
	"github.com/spanstead/spanstead/engine/otlp"
	"github.com/spanstead/spanstead/fixtures"
)

// Bounds on what is loaded at a time.
const (
	maxFixtureSpans = 10_000_000
	maxOTLP         = 256 << 20
)

type scenarioInput struct {
	Workspace string     `json:"workspace"` // "" for the default one
	Scenario  string     `json:"scenario"`  // of the library
	YAML      string     `json:"yaml"`      // or one of the caller's own
	Seed      uint64     `json:"seed"`
	Spans     int        `json:"spans"` // 0 for as many as the scenario says
	Start     *time.Time `json:"start"`
	End       *time.Time `json:"end"` // without both, by the workspace's clock
	Duration  duration   `json:"duration"`
}

type loaded struct {
	Workspace string `json:"workspace"`
	Spans     int    `json:"spans"`
	Rejected  int    `json:"rejected"`
	Message   string `json:"message,omitempty"`
}

type scenarioInfo struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

func (a *Adapter) listFixtures(w http.ResponseWriter, _ *http.Request) error {
	answer := struct {
		Scenarios []scenarioInfo `json:"scenarios"`
	}{[]scenarioInfo{}}
	for _, name := range fixtures.Library() {
		s, err := fixtures.Load(name)
		if err != nil {
			return err
		}
		answer.Scenarios = append(answer.Scenarios, scenarioInfo{name, s.Description()})
	}
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}

func (a *Adapter) loadFixtures(w http.ResponseWriter, r *http.Request) error {
	var in scenarioInput
	if err := decode(r, &in); err != nil {
		return err
	}
	if in.Workspace == "" {
		in.Workspace = store.DefaultWorkspace
	}
	if err := a.exists(r, in.Workspace); err != nil {
		return err
	}
	scenario, err := in.load()
	if err != nil {
		return bad(err)
	}
	opt := fixtures.Options{Seed: in.Seed, Spans: in.Spans, Duration: time.Duration(in.Duration)}
	if in.Start != nil {
		opt.Start = *in.Start
	}
	switch {
	case in.End != nil:
		opt.End = *in.End
	case in.Start == nil:
		opt.End = a.opt.Double.Clock().Now(in.Workspace)
	}
	n, err := a.opt.Double.Load(r.Context(), in.Workspace, fixtures.New(scenario, opt))
	if err != nil {
		return err
	}
	rest.WriteJSON(w, http.StatusOK, loaded{Workspace: in.Workspace, Spans: n})
	return nil
}

func (in *scenarioInput) load() (*fixtures.Scenario, error) {
	switch {
	case in.Spans < 0 || in.Spans > maxFixtureSpans:
		return nil, &rest.Error{Status: http.StatusBadRequest, Field: "spans", Message: "spans lies between 0 and 10000000"}
	case in.Duration < 0:
		return nil, &rest.Error{Status: http.StatusBadRequest, Field: "duration", Message: "duration is not negative"}
	case (in.Scenario == "") == (in.YAML == ""):
		return nil, &rest.Error{Status: http.StatusBadRequest, Field: "scenario", Message: "one of scenario and yaml is required"}
	case in.YAML != "":
		return fixtures.Parse("yaml", []byte(in.YAML))
	}
	return fixtures.Load(in.Scenario)
}

// loadOTLP takes spans in from a file: an export request in protobuf, or any
// number of them in JSON, one after the other, as the Collector's file exporter
// writes them.
func (a *Adapter) loadOTLP(w http.ResponseWriter, r *http.Request) error {
	workspace := r.URL.Query().Get("workspace")
	if workspace == "" {
		workspace = store.DefaultWorkspace
	}
	if err := a.exists(r, workspace); err != nil {
		return err
	}
	body, err := rest.ReadBody(r, maxOTLP)
	if err != nil {
		return err
	}
	requests, err := exportRequests(body)
	if err != nil {
		return err
	}
	answer := loaded{Workspace: workspace}
	for _, request := range requests {
		res, err := a.opt.Double.Store().Append(r.Context(), workspace, request)
		if err != nil {
			return err
		}
		answer.Spans += res.Accepted
		answer.Rejected += res.Rejected
		if answer.Message == "" {
			answer.Message = res.Message
		}
	}
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}

// exportRequests is the requests of a file in protobuf. Nothing of a file with
// a fault is taken.
func exportRequests(body []byte) ([][]byte, error) {
	if !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
		return [][]byte{body}, nil
	}
	var requests [][]byte
	d := json.NewDecoder(bytes.NewReader(body))
	for {
		var one json.RawMessage
		err := d.Decode(&one)
		if errors.Is(err, io.EOF) {
			return requests, nil
		}
		if err != nil {
			return nil, rest.Errorf(http.StatusBadRequest, "invalid JSON at offset %d: %v", d.InputOffset(), err)
		}
		request, err := otlp.JSONToProto(nil, one)
		if err != nil {
			return nil, err
		}
		requests = append(requests, request)
	}
}
