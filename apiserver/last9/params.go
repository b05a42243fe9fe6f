package last9

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/last9/pipeline"
	"github.com/spanstead/spanstead/engine/query"
)

// Defaults and bounds of the parameters.
const (
	defaultLimit      = 100
	defaultSpanLimit  = 20
	defaultTraceLimit = 1000 // the page's
	maxLimit          = 10_000
	maxTraceLimit     = 100_000
	maxSeconds        = math.MaxInt64 / int64(time.Second)
)

// params are a request's query parameters; of a repeated one the first counts.
type params struct{ url.Values }

func paramsOf(r *http.Request) params { return params{r.URL.Query()} }

// window reads region, start and end, which every endpoint that asks for
// spans requires: the spans that start in [start, end).
func (p params) window() (query.Range, error) {
	if p.Get("region") == "" {
		return query.Range{}, errRegion
	}
	start, err := p.seconds("start")
	if err != nil {
		return query.Range{}, err
	}
	end, err := p.seconds("end")
	if err != nil {
		return query.Range{}, err
	}
	if start >= end {
		return query.Range{}, badRequest("start must be before end")
	}
	return query.Range{From: uint64(start) * 1e9, To: uint64(end) * 1e9}, nil
}

func (p params) seconds(name string) (int64, error) {
	text := p.Get(name)
	if text == "" {
		return 0, badRequest("%s query parameter is required", name)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > maxSeconds {
		return 0, badRequest("%s must be an integer of Unix seconds", name)
	}
	return n, nil
}

// integer reads a number from 1 to most; absent it is def, and where def is 0
// it is required.
func (p params) integer(name string, def, most int) (int, error) {
	text := p.Get(name)
	if text == "" && def == 0 {
		return 0, badRequest("%s query parameter is required", name)
	}
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, badRequest("%s must be an integer between 1 and %d", name, most)
	}
	return n, nil
}

// byTrace reads mode; absent it is what the endpoint does without.
func (p params) byTrace(absent bool) (bool, error) {
	switch p.Get("mode") {
	case "":
		return absent, nil
	case "span":
		return false, nil
	case "trace":
		return true, nil
	}
	return false, badRequest("mode must be span or trace")
}

// ordering says which rows a limit leaves and how they are shown.
type ordering struct {
	by         query.Order
	descending bool // from which end the limit takes
	reversed   bool // shown the other way round
}

// shownDescending reports whether rows are shown from the last to the first.
func (o ordering) shownDescending() bool { return o.descending != o.reversed }

// ordering reads order, which is asc or desc or a column, and direction, which
// is backward or forward. direction says from which end the limit takes, and
// asc or desc how the rows are shown; each follows the other when it is absent.
func (p params) ordering() (ordering, error) {
	o := ordering{descending: true}
	shown := ""
	switch order := strings.ToLower(p.Get("order")); order {
	case "", "timestamp":
	case "duration":
		o.by = query.OrderDuration
	case "asc", "desc":
		shown = order
		o.descending = order == "desc"
	default:
		return o, badRequest("order must be asc, desc, Timestamp or Duration")
	}
	switch p.Get("direction") {
	case "":
		return o, nil
	case "backward":
		o.descending = true
	case "forward":
		o.descending = false
	default:
		return o, badRequest("direction must be backward or forward")
	}
	o.reversed = shown != "" && o.descending != (shown == "desc")
	return o, nil
}

// duration reads a Go duration such as 100ms; absent it is 0.
func (p params) duration(name string) (int64, error) {
	text := p.Get(name)
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, badRequest("%s must be a duration above 0 such as 100ms, 1s or 5s", name)
	}
	return d.Nanoseconds(), nil
}

// body reads the body that asks for spans; an empty one is an empty pipeline.
func body(r *http.Request) (queryBody, *pipeline.Pipeline, error) {
	var b queryBody
	if err := rest.DecodeJSON(r, &b, rest.JSONOptions{AllowEmpty: true}); err != nil {
		return b, nil, err
	}
	if _, err := querySource(b.QuerySource); err != nil {
		return b, nil, err
	}
	p, err := pipeline.Parse(b.Pipeline)
	if err != nil {
		return b, nil, badRequest("%v", err)
	}
	return b, p, nil
}

// filterOf reads a body whose pipeline has filters alone.
func filterOf(r *http.Request) (query.Expr, error) {
	_, p, err := body(r)
	if err != nil {
		return nil, err
	}
	return onlyFilter(p)
}

func onlyFilter(p *pipeline.Pipeline) (query.Expr, error) {
	if !p.OnlyFilters() {
		return nil, badRequest("the pipeline of this endpoint takes filter and where stages only")
	}
	return p.Filter, nil
}

// and joins filters of which any may be nil.
func and(parts ...query.Expr) query.Expr {
	all := query.And{}
	for _, p := range parts {
		if p != nil {
			all = append(all, p)
		}
	}
	return all
}
