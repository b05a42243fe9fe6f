package last9

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// recentCollection holds the searches that an organisation has run.
func recentCollection(r *request) string { return "last9.recent-searches/" + r.org }

// Bounds on recent searches.
const (
	recentFor     = 7 * 24 * time.Hour // the page's
	recentMost    = 200                // older ones make room
	recentLongest = 16 << 10           // bytes of a pipeline; a longer one is not remembered
	// recentAgain is how long the same search counts as one, so that a program
	// that repeats its question does not write to the store each time.
	recentAgain = time.Minute
)

// listRecent is GET …/traces/recent-searches: the latest first.
func (a *Adapter) listRecent(w http.ResponseWriter, r *request) error {
	source, err := querySource(paramsOf(r.Request).Get("query_source"))
	if err != nil {
		return err
	}
	all, err := a.recentOf(r)
	if err != nil {
		return err
	}
	now := rest.Now(r.Context(), a.opt.Now)
	answer := recentListAnswer{Status: success, Data: []recentSearch{}}
	for _, s := range all {
		if !s.gone(now) && (source == "" || source == s.QuerySource) {
			answer.Data = append(answer.Data, s)
		}
	}
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}

// gone reports whether the search was run longer ago than it is kept.
func (s *recentSearch) gone(now time.Time) bool {
	return !now.Before(parseTime(s.ExecutedAt).Add(recentFor))
}

// recentOf returns all that are kept, the latest first.
func (a *Adapter) recentOf(r *request) ([]recentSearch, error) {
	all, err := documents[recentSearch](r.Context(), a, r.org, recentCollection(r))
	slices.SortFunc(all, func(x, y recentSearch) int {
		return cmp.Or(cmp.Compare(y.ExecutedAt, x.ExecutedAt), cmp.Compare(x.ID, y.ID))
	})
	return all, err
}

// remember keeps a search that is about to be run. A store that takes no
// writes does not keep it from being answered.
func (a *Adapter) remember(r *request, b queryBody, byTrace bool, source string) error {
	source, err := querySource(source)
	if err != nil {
		return err
	}
	s := recentSearch{
		Pipeline:    compacted(b.Pipeline),
		Mode:        "span",
		QuerySource: cmp.Or(source, b.QuerySource, sourceManual),
	}
	if byTrace {
		s.Mode = "trace"
	}
	if len(s.Pipeline) == 0 || string(s.Pipeline) == "null" {
		s.Pipeline = json.RawMessage("[]")
	}
	if len(s.Pipeline) > recentLongest {
		return nil
	}
	s.ID = digestID(r.org, string(s.Pipeline), s.Mode, s.QuerySource)
	if err := a.rememberAs(r, s); err != nil {
		rest.LogUnknown(r.Request, err)
	}
	return nil
}

func (a *Adapter) rememberAs(r *request, s recentSearch) error {
	now := rest.Now(r.Context(), a.opt.Now)
	known, fresh, err := a.lately(r, s.ID, now)
	if err != nil || fresh {
		return err
	}
	a.searches.Lock()
	defer a.searches.Unlock()
	if !known {
		if err := a.makeRoom(r, now); err != nil {
			return err
		}
	}
	s.ExecutedAt = now.UTC().Format(timeFormat)
	return a.put(r.Context(), r.org, recentCollection(r), s.ID, s)
}

// lately reports whether a search is kept, and was run a moment ago.
func (a *Adapter) lately(r *request, id string, now time.Time) (known, fresh bool, err error) {
	body, err := a.opt.Store.Document(r.Context(), r.org, recentCollection(r), id)
	if isNotFound(err) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	var s recentSearch
	if json.Unmarshal(body, &s) != nil {
		return true, false, nil // it is written anew
	}
	ago := now.Sub(parseTime(s.ExecutedAt))
	return true, ago >= 0 && ago < recentAgain, nil
}

// makeRoom removes what has expired, and the oldest when there are too many.
func (a *Adapter) makeRoom(r *request, now time.Time) error {
	all, err := a.recentOf(r)
	if err != nil {
		return err
	}
	for i, s := range all {
		if i+1 < recentMost && !s.gone(now) {
			continue
		}
		err := a.opt.Store.DeleteDocument(r.Context(), r.org, recentCollection(r), s.ID)
		if err != nil && !isNotFound(err) {
			return err
		}
	}
	return nil
}
