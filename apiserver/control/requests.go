package control

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/journal"
	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// statusPattern is a number or a text.
type statusPattern string

// UnmarshalJSON is told at json.Unmarshaler.
func (s *statusPattern) UnmarshalJSON(b []byte) error {
	var n json.Number
	if json.Unmarshal(b, &n) == nil {
		*s = statusPattern(n)
		return nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return rest.Errorf(http.StatusBadRequest, `status %.40s: want a number or a text such as "4xx"`, b)
	}
	*s = statusPattern(text)
	return nil
}

type requestMatch struct {
	Vendor    string            `json:"vendor"`
	Workspace string            `json:"workspace"`
	Method    string            `json:"method"`
	Route     string            `json:"route"`
	Path      string            `json:"path"`
	Status    statusPattern     `json:"status"`
	Query     map[string]string `json:"query"`
	Headers   map[string]string `json:"headers"`
	Body      string            `json:"body"`
	JSON      json.RawMessage   `json:"json"`
	Fault     string            `json:"fault"`
	After     int64             `json:"after"`
}

func (m *requestMatch) match() journal.Match {
	return journal.Match{
		Vendor: m.Vendor, Workspace: m.Workspace, Method: m.Method, Route: m.Route, Path: m.Path, Status: string(m.Status),
		Query: m.Query, Header: m.Headers, Body: m.Body, JSON: m.JSON, Fault: m.Fault, After: m.After,
	}
}

// request is one entry of the journal.
type request struct {
	ID              int64       `json:"id"`
	Time            time.Time   `json:"time"`
	TookMillis      float64     `json:"tookMs"`
	RequestID       string      `json:"requestId"`
	Vendor          string      `json:"vendor"`
	Route           string      `json:"route"`
	Workspace       string      `json:"workspace"`
	Method          string      `json:"method"`
	Path            string      `json:"path"`
	Query           url.Values  `json:"query"`
	Headers         http.Header `json:"headers"`
	Body            string      `json:"body"`
	BodyBytes       int64       `json:"bodyBytes"`
	BodyCut         bool        `json:"bodyCut"`
	Status          int         `json:"status"`
	ResponseHeaders http.Header `json:"responseHeaders"`
	Response        string      `json:"response"`
	ResponseBytes   int64       `json:"responseBytes"`
	ResponseCut     bool        `json:"responseCut"`
	Faults          []string    `json:"faults"`
	Spans           int         `json:"spans"`
	Rejected        int         `json:"rejected"`
}

func requestOf(e *journal.Entry) request {
	r := request{
		e.ID, e.Time.UTC(), float64(e.Took) / float64(time.Millisecond), e.RequestID, e.Vendor, e.Route, e.Workspace,
		e.Method, e.Path, e.Query, e.Header, e.Body, e.BodyBytes, e.BodyCut,
		e.Status, e.ResponseHeader, e.Response, e.ResponseBytes, e.ResponseCut, e.Faults, e.Spans, e.Rejected,
	}
	if r.ResponseHeaders == nil {
		r.ResponseHeaders = http.Header{}
	}
	if r.Faults == nil {
		r.Faults = []string{}
	}
	return r
}

type requestList struct {
	Requests []request `json:"requests"`
}

// Limits on the requests that are listed at a time.
const (
	defaultRequests = 100
	maxRequests     = 10_000
)

func (a *Adapter) answerRequests(w http.ResponseWriter, m journal.Match, limit int) error {
	switch {
	case limit < 0 || limit > maxRequests:
		return &rest.Error{Status: http.StatusBadRequest, Field: "limit", Message: "limit lies between 1 and 10000"}
	case limit == 0:
		limit = defaultRequests
	}
	entries, err := a.opt.Double.Journal().Find(m, limit)
	if err != nil {
		return bad(err)
	}
	answer := requestList{[]request{}}
	for i := range entries {
		answer.Requests = append(answer.Requests, requestOf(&entries[i]))
	}
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}

// listed are the parameters of GET requests.
var listed = map[string]bool{
	"vendor": true, "workspace": true, "method": true, "route": true, "path": true, "status": true,
	"body": true, "fault": true, "after": true, "limit": true,
}

func (a *Adapter) listRequests(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	numbers := map[string]int64{}
	for name := range q {
		if !listed[name] {
			return &rest.Error{Status: http.StatusBadRequest, Field: name, Message: "unknown parameter " + strconv.Quote(name)}
		}
		if name != "after" && name != "limit" {
			continue
		}
		n, err := strconv.ParseInt(q.Get(name), 10, 32)
		if err != nil || n < 0 {
			return &rest.Error{Status: http.StatusBadRequest, Field: name, Message: name + " is a number from 0"}
		}
		numbers[name] = n
	}
	return a.answerRequests(w, journal.Match{
		Vendor: q.Get("vendor"), Workspace: q.Get("workspace"), Method: q.Get("method"), Route: q.Get("route"),
		Path: q.Get("path"), Status: q.Get("status"), Body: q.Get("body"), Fault: q.Get("fault"), After: numbers["after"],
	}, int(numbers["limit"]))
}

func (a *Adapter) findRequests(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Match requestMatch `json:"match"`
		Limit int          `json:"limit"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	return a.answerRequests(w, in.Match.match(), in.Limit)
}

func (a *Adapter) forgetRequests(w http.ResponseWriter, r *http.Request) error {
	workspace := r.URL.Query().Get("workspace")
	if err := a.exists(r, workspace); err != nil {
		return err
	}
	a.opt.Double.Journal().Forget(workspace)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *Adapter) countRequests(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Match requestMatch `json:"match"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	entries, err := a.opt.Double.Journal().Find(in.Match.match(), 0)
	if err != nil {
		return bad(err)
	}
	rest.WriteJSON(w, http.StatusOK, struct {
		Count int `json:"count"`
	}{len(entries)})
	return nil
}

type verdict struct {
	OK          bool     `json:"ok"`
	Count       int      `json:"count"`
	Message     string   `json:"message,omitempty"`
	Nearest     *request `json:"nearest,omitempty"`
	Differences []string `json:"differences,omitempty"`
}

// verifyRequests answers 409 where the requests are not as many as wanted, so
// that `curl --fail` and the like notice.
func (a *Adapter) verifyRequests(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Match   requestMatch `json:"match"`
		Exactly *int         `json:"exactly"`
		AtLeast *int         `json:"atLeast"`
		AtMost  *int         `json:"atMost"`
	}
	if err := decode(r, &in); err != nil {
		return err
	}
	report, err := a.opt.Double.Journal().Verify(in.Match.match(), journal.Times{Exactly: in.Exactly, AtLeast: in.AtLeast, AtMost: in.AtMost})
	if err != nil {
		return bad(err)
	}
	v := verdict{report.OK, report.Count, report.Message, nil, report.Differences}
	if report.Nearest != nil {
		n := requestOf(report.Nearest)
		v.Nearest = &n
	}
	status := http.StatusOK
	if !report.OK {
		status = http.StatusConflict
	}
	rest.WriteJSON(w, status, v)
	return nil
}
