package sideseat

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/query"
)

// maxOptions is how many values of a column are offered.
const maxOptions = 100

// option is a value to filter by, and how often it occurs.
type option struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

type optionsAnswer struct {
	Options map[string][]option `json:"options"`
}

// tally counts the distinct owners of each value of some columns.
type tally map[string]map[string]map[string]bool

func newTally(columns ...string) tally {
	t := tally{}
	for _, c := range columns {
		t[c] = map[string]map[string]bool{}
	}
	return t
}

// add counts a value once for its owner, a trace or a span or a session.
func (t tally) add(column string, value *string, owner string) {
	values := t[column]
	if values == nil || value == nil {
		return
	}
	if values[*value] == nil {
		values[strings.Clone(*value)] = map[string]bool{}
	}
	values[*value][owner] = true
}

func (t tally) answer() optionsAnswer {
	out := optionsAnswer{Options: map[string][]option{}}
	for column, values := range t {
		options := make([]option, 0, len(values))
		for v, owners := range values {
			options = append(options, option{v, len(owners)})
		}
		slices.SortFunc(options, func(x, y option) int {
			return cmp.Or(cmp.Compare(y.Count, x.Count), strings.Compare(x.Value, y.Value))
		})
		out.Options[column] = options[:min(len(options), maxOptions)]
	}
	return out
}

var (
	optionFields     = fields{"columns": fieldText, "from_timestamp": fieldText, "to_timestamp": fieldText}
	spanOptionFields = fields{
		"columns": fieldText, "from_timestamp": fieldText, "to_timestamp": fieldText, "observations_only": fieldBool,
	}
)

// columnsOf is the columns that are asked for, of those that there are, and
// always the fixed ones.
func (p params) columnsOf(all []string, fixed ...string) []string {
	text, ok := p.get("columns")
	if !ok {
		return append(slices.Clone(all), fixed...)
	}
	out := slices.Clone(fixed)
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); slices.Contains(all, name) {
			out = append(out, name)
		}
	}
	return out
}

// options counts over every span in the asked range.
func (a *Adapter) options(w http.ResponseWriter, r *request, observations bool, t tally, add func(*item)) error {
	window, err := a.window(r.query)
	if err != nil {
		return err
	}
	sel := &selection{window: window, observations: observations}
	if err := a.each(r.Context(), r.project, sel, query.Spans{}, func(it *item) bool { add(it); return true }); err != nil {
		return err
	}
	again, err := a.resent(r.Context(), r.project)
	if err != nil {
		return err
	}
	for _, it := range again {
		if sel.matches(it) {
			add(it)
		}
	}
	w.Header().Set("Cache-Control", "private, max-age=30")
	rest.WriteJSON(w, http.StatusOK, t.answer())
	return nil
}

// traceOptions answers GET /traces/filter-options.
func (a *Adapter) traceOptions(w http.ResponseWriter, r *request) error {
	if err := r.query.check(optionFields); err != nil {
		return err
	}
	t := newTally(r.query.columnsOf([]string{"environment", "trace_name", "user_id", "session_id"}, "tags")...)
	return a.options(w, r, false, t, func(it *item) {
		t.add("environment", it.Environment, it.traceID)
		t.add("user_id", it.UserID, it.traceID)
		t.add("session_id", it.SessionID, it.traceID)
		if it.parent == nil {
			t.add("trace_name", &it.Raw.Name, it.traceID)
		}
		for _, tag := range it.Tags {
			t.add("tags", &tag, it.traceID)
		}
	})
}

// spanOptions answers GET /spans/filter-options.
func (a *Adapter) spanOptions(w http.ResponseWriter, r *request) error {
	if err := r.query.check(spanOptionFields); err != nil {
		return err
	}
	t := newTally(r.query.columnsOf([]string{
		"gen_ai_request_model", "span_category", "environment", "framework", "gen_ai_system", "gen_ai_agent_name",
		"status_code", "observation_type",
	})...)
	return a.options(w, r, r.query.bool("observations_only", true), t, func(it *item) {
		owner := it.traceID + "/" + it.spanID
		t.add("gen_ai_request_model", it.Model, owner)
		t.add("span_category", &it.Category, owner)
		t.add("environment", it.Environment, owner)
		t.add("framework", &it.Framework, owner)
		t.add("gen_ai_system", it.System, owner)
		t.add("gen_ai_agent_name", it.Agent, owner)
		t.add("status_code", it.Status, owner)
		t.add("observation_type", &it.Observation, owner)
	})
}

// sessionOptions answers GET /sessions/filter-options.
func (a *Adapter) sessionOptions(w http.ResponseWriter, r *request) error {
	if err := r.query.check(optionFields); err != nil {
		return err
	}
	t := newTally(r.query.columnsOf([]string{"environment", "user_id"})...)
	return a.options(w, r, false, t, func(it *item) {
		if it.SessionID != nil {
			t.add("environment", it.Environment, *it.SessionID)
			t.add("user_id", it.UserID, *it.SessionID)
		}
	})
}
