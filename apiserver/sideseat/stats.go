package sideseat

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/sideseat/derive"
	"github.com/spanstead/spanstead/engine/query"
)

type statsAnswer struct {
	Period         statsPeriod      `json:"period"`
	Counts         statsCounts      `json:"counts"`
	Costs          statsCosts       `json:"costs"`
	Tokens         statsTokens      `json:"tokens"`
	ByFramework    []frameworkShare `json:"by_framework"`
	ByModel        []modelShare     `json:"by_model"`
	RecentActivity int              `json:"recent_activity_count"`
	AvgTraceMS     *number          `json:"avg_trace_duration_ms"`
	TrendData      []tokenBucket    `json:"trend_data"`
	LatencyTrend   []latencyBucket  `json:"latency_trend_data"`
}

type statsPeriod struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type statsCounts struct {
	Traces         int `json:"traces"`
	TracesPrevious int `json:"traces_previous"`
	Sessions       int `json:"sessions"`
	Spans          int `json:"spans"`
	UniqueUsers    int `json:"unique_users"`
}

type statsCosts struct {
	Input      number `json:"input"`
	Output     number `json:"output"`
	CacheRead  number `json:"cache_read"`
	CacheWrite number `json:"cache_write"`
	Reasoning  number `json:"reasoning"`
	Total      number `json:"total"`
}

type statsTokens struct {
	Input      int64 `json:"input"`
	Output     int64 `json:"output"`
	CacheRead  int64 `json:"cache_read"`
	CacheWrite int64 `json:"cache_write"`
	Reasoning  int64 `json:"reasoning"`
	Total      int64 `json:"total"`
}

type frameworkShare struct {
	Framework  string `json:"framework"`
	Count      int    `json:"count"`
	Percentage number `json:"percentage"`
}

type modelShare struct {
	Model      string `json:"model"`
	Tokens     int64  `json:"tokens"`
	Cost       number `json:"cost"`
	Percentage number `json:"percentage"`
	micros     int64
}

type tokenBucket struct {
	Bucket stamp `json:"bucket"`
	Tokens int64 `json:"tokens"`
}

type latencyBucket struct {
	Bucket stamp  `json:"bucket"`
	AvgMS  number `json:"avg_duration_ms"`
}

var statsFields = fields{"from_timestamp": fieldText, "to_timestamp": fieldText}

// Bounds on statistics: the longest period, and the longest one that is shown
// by the hour rather than by the day.
const (
	maxStats    = 90
	maxHourly   = 48 * time.Hour
	recentSpans = 5 * time.Minute
)

// stats answers GET /stats.
func (a *Adapter) stats(w http.ResponseWriter, r *request) error {
	if err := r.query.check(statsFields); err != nil {
		return plainError(err)
	}
	for _, key := range []string{"from_timestamp", "to_timestamp"} {
		if _, ok := r.query.get(key); !ok {
			return plainError(parseError("missing field `%s`", key))
		}
	}
	window, err := a.window(r.query)
	if err != nil {
		return err
	}
	from, _, _ := a.time(r.query, "from_timestamp")
	to, _, _ := a.time(r.query, "to_timestamp")
	if !from.Before(to) {
		return bad("INVALID_TIME_RANGE", "from_timestamp must be strictly before to_timestamp")
	}
	if int(to.Sub(from)/(24*time.Hour)) > maxStats {
		return bad("RANGE_TOO_LARGE", "Time range cannot exceed 90 days")
	}
	s, err := a.gather(r.Context(), r.project, window)
	if err != nil {
		return err
	}
	answer := s.answer(from.UTC(), to.UTC())
	answer.Counts.TracesPrevious, err = a.countBefore(r.Context(), r.project, from, to)
	if err != nil {
		return err
	}
	if answer.RecentActivity, err = a.recent(r.Context(), r.project); err != nil {
		return err
	}
	return noStore(w, answer)
}

// bound writes an end of a period; one that is finer than the service keeps
// loses its fraction there.
func bound(t time.Time) string {
	if t.Nanosecond()%1000 != 0 {
		t = t.Truncate(time.Second)
	}
	return stamp(t.UnixMicro()).String()
}

// countBefore counts the traces of the period of the same length before, with its last
// moment.
func (a *Adapter) countBefore(ctx context.Context, project string, from, to time.Time) (int, error) {
	before := unixNano(from.Add(-to.Sub(from)))
	page, err := a.opt.Store.Traces(ctx, project, query.Traces{
		Range: query.Range{From: before, To: unixNano(from.Truncate(time.Microsecond).Add(time.Microsecond))}, Total: true,
	})
	return page.Total, err
}

// recent counts the traces of the last minutes.
func (a *Adapter) recent(ctx context.Context, project string) (int, error) {
	page, err := a.opt.Store.Traces(ctx, project, query.Traces{
		Range: query.Range{From: unixNano(rest.Now(ctx, a.opt.Now).Add(-recentSpans))}, Total: true,
	})
	return page.Total, err
}

// gathered is what is summed up over the spans of a period.
type gathered struct {
	traces          []*trace // with the period's spans alone
	sessions, users map[string]bool
	frameworks      map[string]map[*trace]bool
	models          map[string]*modelShare
	spans           int
	tokens          derive.Tokens
	costs           derive.Costs
	byTime          map[int64]int64 // tokens by start
}

func (a *Adapter) gather(ctx context.Context, project string, window query.Range) (*gathered, error) {
	g := &gathered{
		sessions: map[string]bool{}, users: map[string]bool{}, frameworks: map[string]map[*trace]bool{},
		models: map[string]*modelShare{}, byTime: map[int64]int64{},
	}
	ids, err := a.tracesOf(ctx, project, &selection{window: window})
	if err != nil {
		return nil, err
	}
	for part := range slices.Chunk(ids, chunk) {
		whole, err := a.load(ctx, project, part)
		if err != nil {
			return nil, err
		}
		for _, id := range part {
			if t := whole[id]; t != nil {
				g.add(t, window)
			}
		}
	}
	return g, nil
}

func (g *gathered) add(t *trace, window query.Range) {
	in := &trace{leaf: t.leaf}
	for _, it := range t.items {
		if !window.Contains(it.Raw.StartTimeUnixNano) {
			continue
		}
		in.items = append(in.items, it)
		g.spans++
		if it.SessionID != nil {
			g.sessions[*it.SessionID] = true
		}
		if it.UserID != nil {
			g.users[*it.UserID] = true
		}
		if it.IsObservation() {
			if g.frameworks[it.Framework] == nil {
				g.frameworks[it.Framework] = map[*trace]bool{}
			}
			g.frameworks[it.Framework][t] = true
		}
		if t.leaf[it] {
			g.count(it)
		}
	}
	if in.items != nil {
		g.traces = append(g.traces, in)
	}
}

func (g *gathered) count(it *item) {
	g.tokens.Add(it.Tokens)
	g.costs.Add(it.Costs)
	g.byTime[it.Start] += it.Tokens.Total
	if it.Model == nil {
		return
	}
	m := g.models[*it.Model]
	if m == nil {
		m = &modelShare{Model: *it.Model}
		g.models[*it.Model] = m
	}
	m.Tokens += it.Tokens.Total
	m.micros += it.Costs.Total
}

// cents4 rounds millionths of a dollar to four decimals.
func cents4(micros int64) number { return number(math.Round(float64(micros)/100) / 1e4) }

// percent is a share to one decimal.
func percent(part, whole int64) number {
	if whole == 0 {
		return 0
	}
	return number(math.Round(float64(part)*1000/float64(whole)) / 10)
}

func (g *gathered) answer(from, to time.Time) *statsAnswer {
	t, c := g.tokens, g.costs
	out := &statsAnswer{
		Period: statsPeriod{bound(from), bound(to)},
		Counts: statsCounts{Traces: len(g.traces), Sessions: len(g.sessions), Spans: g.spans, UniqueUsers: len(g.users)},
		Costs: statsCosts{
			cents4(c.Input), cents4(c.Output), cents4(c.CacheRead), cents4(c.CacheWrite), cents4(c.Reasoning), cents4(c.Total),
		},
		Tokens:      statsTokens{t.Input, t.Output, t.CacheRead, t.CacheWrite, t.Reasoning, t.Total},
		ByFramework: g.frameworkShares(), ByModel: g.modelShares(),
	}
	g.trends(out, from, to)
	return out
}

func (g *gathered) frameworkShares() []frameworkShare {
	shares, total := []frameworkShare{}, 0
	for name, traces := range g.frameworks {
		shares = append(shares, frameworkShare{Framework: name, Count: len(traces)})
		total += len(traces)
	}
	slices.SortFunc(shares, func(x, y frameworkShare) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Framework, y.Framework))
	})
	for i := range shares {
		shares[i].Percentage = percent(int64(shares[i].Count), int64(total))
	}
	return shares
}

func (g *gathered) modelShares() []modelShare {
	shares := []modelShare{}
	for _, m := range g.models {
		m.Cost, m.Percentage = cents4(m.micros), percent(m.Tokens, g.tokens.Total)
		shares = append(shares, *m)
	}
	slices.SortFunc(shares, func(x, y modelShare) int {
		return cmp.Or(cmp.Compare(y.Tokens, x.Tokens), cmp.Compare(x.Model, y.Model))
	})
	return shares
}

// trends fills the hours or days from the first to the last of the period.
func (g *gathered) trends(out *statsAnswer, from, to time.Time) {
	step := time.Hour
	if to.Sub(from) > maxHourly {
		step = 24 * time.Hour
	}
	width := step.Microseconds()
	tokens, sums, counts := map[int64]int64{}, map[int64]float64{}, map[int64]int{}
	for start, n := range g.byTime {
		tokens[start/width] += n
	}
	sum := 0.0
	for _, t := range g.traces {
		start, end := t.extent()
		ms := float64((end - start) / 1000)
		sums[start/width] += ms
		counts[start/width]++
		sum += ms
	}
	if len(g.traces) > 0 {
		avg := number(sum / float64(len(g.traces)))
		out.AvgTraceMS = &avg
	}
	out.TrendData, out.LatencyTrend = []tokenBucket{}, []latencyBucket{}
	for b := floorDiv(from.UnixMicro(), width); b*width <= to.UnixMicro(); b++ {
		avg := 0.0
		if counts[b] > 0 {
			avg = sums[b] / float64(counts[b])
		}
		out.TrendData = append(out.TrendData, tokenBucket{stamp(b * width), tokens[b]})
		out.LatencyTrend = append(out.LatencyTrend, latencyBucket{stamp(b * width), number(avg)})
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
