package control

import (
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"github.com/spanstead/spanstead/apiserver/internal/faults"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

type fault struct {
	Name     string        `json:"name"`
	Match    faultMatch    `json:"match"`
	Schedule faultSchedule `json:"schedule"`
	Then     faultEffect   `json:"then"`
}

type faultMatch struct {
	Vendor    string            `json:"vendor,omitempty"`
	Workspace string            `json:"workspace,omitempty"`
	Method    string            `json:"method,omitempty"`
	Route     string            `json:"route,omitempty"`
	Path      string            `json:"path,omitempty"`
	Headers   map[string]string `json:"headers,omitempty"`
}

type faultSchedule struct {
	First    int     `json:"first,omitempty"`
	Every    int     `json:"every,omitempty"`
	Percent  float64 `json:"percent,omitempty"`
	Seed     uint64  `json:"seed,omitempty"`
	Sequence []bool  `json:"sequence,omitempty"`
	Repeat   bool    `json:"repeat,omitempty"`
}

type faultEffect struct {
	Delay      *faultDelay `json:"delay,omitempty"`
	Status     int         `json:"status,omitempty"`
	Error      string      `json:"error,omitempty"`
	RetryAfter *duration   `json:"retryAfter,omitempty"`
	Connection string      `json:"connection,omitempty"` // reset
	Body       string      `json:"body,omitempty"`       // truncated or malformed
	StaleFor   duration    `json:"staleFor,omitempty"`
}

type faultDelay struct {
	Fixed  duration `json:"fixed,omitempty"`
	Median duration `json:"median,omitempty"`
	Sigma  float64  `json:"sigma,omitempty"`
	Max    duration `json:"max,omitempty"`
}

// fault is what was asked for; words that there are not are refused.
func (f *fault) fault() (faults.Fault, error) {
	out := faults.Fault{
		Name: f.Name,
		Match: faults.Match{Vendor: f.Match.Vendor, Workspace: f.Match.Workspace, Method: f.Match.Method,
			Route: f.Match.Route, Path: f.Match.Path, Header: f.Match.Headers},
		Schedule: faults.Schedule(f.Schedule),
		Then: faults.Effect{
			Status: f.Then.Status, Error: f.Then.Error, RetryAfter: (*time.Duration)(f.Then.RetryAfter),
			Reset: f.Then.Connection == "reset", Truncate: f.Then.Body == "truncated", Malform: f.Then.Body == "malformed",
			Stale: time.Duration(f.Then.StaleFor),
		},
	}
	if c := f.Then.Connection; c != "" && c != "reset" {
		return out, &rest.Error{Status: http.StatusBadRequest, Field: "then.connection", Message: `then.connection: want "reset"`}
	}
	if b := f.Then.Body; b != "" && b != "truncated" && b != "malformed" {
		return out, &rest.Error{Status: http.StatusBadRequest, Field: "then.body", Message: `then.body: want "truncated" or "malformed"`}
	}
	if d := f.Then.Delay; d != nil {
		out.Then.Delay = faults.Delay{Fixed: time.Duration(d.Fixed), Median: time.Duration(d.Median), Sigma: d.Sigma, Max: time.Duration(d.Max)}
	}
	return out, nil
}

func faultOf(f *faults.Fault) fault {
	out := fault{
		Name: f.Name,
		Match: faultMatch{f.Match.Vendor, f.Match.Workspace, f.Match.Method,
			f.Match.Route, f.Match.Path, f.Match.Header},
		Schedule: faultSchedule(f.Schedule),
		Then: faultEffect{
			Status: f.Then.Status, Error: f.Then.Error, RetryAfter: (*duration)(f.Then.RetryAfter), StaleFor: duration(f.Then.Stale),
		},
	}
	if f.Then.Reset {
		out.Then.Connection = "reset"
	}
	switch {
	case f.Then.Truncate:
		out.Then.Body = "truncated"
	case f.Then.Malform:
		out.Then.Body = "malformed"
	}
	if d := f.Then.Delay; d != (faults.Delay{}) {
		out.Then.Delay = &faultDelay{duration(d.Fixed), duration(d.Median), d.Sigma, duration(d.Max)}
	}
	return out
}

type countedFault struct {
	fault
	Matched int `json:"matched"`
	Applied int `json:"applied"`
}

func (a *Adapter) listFaults(w http.ResponseWriter, r *http.Request) error {
	workspace := r.URL.Query().Get("workspace")
	answer := struct {
		Faults []countedFault `json:"faults"`
	}{[]countedFault{}}
	for _, f := range a.opt.Double.Faults().List() {
		if workspace == "" || f.Match.Workspace == workspace {
			answer.Faults = append(answer.Faults, countedFault{faultOf(&f.Fault), f.Matched, f.Applied})
		}
	}
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}

func (a *Adapter) addFault(w http.ResponseWriter, r *http.Request) error {
	var in fault
	if err := decode(r, &in); err != nil {
		return err
	}
	if err := a.exists(r, in.Match.Workspace); err != nil {
		return err
	}
	f, err := in.fault()
	if err != nil {
		return err
	}
	if f, err = a.opt.Double.AddFault(f); err != nil {
		return bad(err)
	}
	rest.WriteJSON(w, http.StatusCreated, countedFault{fault: faultOf(&f)})
	return nil
}

// clearFaults removes those of a workspace, or all.
func (a *Adapter) clearFaults(w http.ResponseWriter, r *http.Request) error {
	a.opt.Double.Faults().Forget(r.URL.Query().Get("workspace"))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *Adapter) removeFault(w http.ResponseWriter, r *http.Request) error {
	name := mux.Vars(r)["name"]
	if !a.opt.Double.Faults().Remove(r.URL.Query().Get("workspace"), name) {
		return rest.Errorf(http.StatusNotFound, "there is no fault %.80q in this workspace", name)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

type knownError struct {
	Name    string `json:"name"`
	Status  int    `json:"status"`
	Message string `json:"message"`
	// Narrow errors only meet some requests, such as those with a page token.
	Narrow bool `json:"narrow"`
}

func (a *Adapter) knownErrors(w http.ResponseWriter, _ *http.Request) error {
	answer := struct {
		Errors []knownError `json:"errors"`
	}{[]knownError{}}
	for _, e := range a.opt.Double.KnownErrors() {
		answer.Errors = append(answer.Errors, knownError(e))
	}
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}
