package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// aggregate is an aggregate or window_aggregate stage.
type aggregate struct {
	groupBy    []pair
	aggregates []aggregated
	window     uint64 // width in nanoseconds; 0 without windows
}

// aggregated is one function with the name of its outcome.
type aggregated struct {
	name string
	make func(seconds float64) accumulator
}

func parseAggregate(n *node, fields scopeOf) (stage, error) {
	list, err := n.want("aggregates", isArray)
	if err != nil {
		return nil, err
	}
	if len(list.list) == 0 || len(list.list) > maxLabels {
		return nil, atKey(faultf("%d aggregates, want 1 to %d", len(list.list), maxLabels), "aggregates")
	}
	a := &aggregate{}
	for i := range list.list {
		one, err := oneAggregate(&list.list[i], fields)
		if err != nil {
			return nil, atKey(atIndex(err, i), "aggregates")
		}
		a.aggregates = append(a.aggregates, one)
	}
	return a, a.readGroupBy(n, fields)
}

func oneAggregate(n *node, fields scopeOf) (aggregated, error) {
	if n.kind != isObject {
		return aggregated{}, faultf("want an object, got %v", n.kind)
	}
	name, args, err := function(n)
	if err != nil {
		return aggregated{}, err
	}
	as, err := n.want("as", isString)
	if err != nil {
		return aggregated{}, err
	}
	if as.text == "" {
		return aggregated{}, atKey(faultf("want a name"), "as")
	}
	made, err := accumulatorOf(name, &arguments{list: args, fields: fields})
	if err != nil {
		return aggregated{}, atKey(atKey(err, name), "function")
	}
	return aggregated{as.text, made}, nil
}

func (a *aggregate) readGroupBy(n *node, fields scopeOf) error {
	groupBy := n.get("groupby")
	if groupBy != nil {
		if groupBy.kind != isObject {
			return atKey(faultf(`want an object {"Field": "alias"}, got %v`, groupBy.kind), "groupby")
		}
		var err error
		if a.groupBy, err = pairs(groupBy, fields); err != nil {
			return atKey(err, "groupby")
		}
	}
	names := slices.Clone(a.groupBy)
	for _, one := range a.aggregates {
		names = append(names, pair{alias: one.name})
	}
	if a.window > 0 {
		names = append(names, pair{alias: windowColumn})
	}
	return distinct(names)
}

// windowColumn is the column that holds a window's start.
const windowColumn = "Timestamp"

// windowUnits are the units of a window, in seconds.
var windowUnits = map[string]uint64{
	"second": 1, "seconds": 1, "minute": 60, "minutes": 60,
	"hour": 3600, "hours": 3600, "day": 86400, "days": 86400,
}

// maxWindow bounds a window, in seconds.
const maxWindow = 366 * 86400

func (p *Pipeline) parseWindow(n *node) (stage, error) {
	if p.Aggregated {
		return nil, faultf("window_aggregate needs rows that have a time, and aggregated rows have none")
	}
	a := &aggregate{}
	var err error
	if a.window, err = windowOf(n); err != nil {
		return nil, atKey(err, "window")
	}
	one, err := oneAggregate(n, p.fields())
	if err != nil {
		return nil, err
	}
	a.aggregates = []aggregated{one}
	return a, a.readGroupBy(n, p.fields())
}

// windowOf reads ["5", "minutes"].
func windowOf(n *node) (uint64, error) {
	w := n.get("window")
	if w == nil || w.kind != isArray || len(w.list) != 2 || w.list[1].kind != isString {
		return 0, faultf(`want a number and a unit, ["5", "minutes"]`)
	}
	a := &arguments{list: w.list}
	count := a.integer(0)
	if a.err != nil {
		return 0, a.err
	}
	unit, ok := windowUnits[w.list[1].text]
	if !ok {
		return 0, atIndex(faultf("unknown unit %q, want seconds, minutes, hours or days", short(w.list[1].text)), 1)
	}
	if count < 1 || count > maxWindow || uint64(count)*unit > maxWindow {
		return 0, atIndex(faultf("a window lasts from 1 second to 366 days"), 0)
	}
	return uint64(count) * unit * 1e9, nil
}

func (a *aggregate) start(r *Run, next step) step {
	g := &grouping{aggregate: a, run: r, next: next, groups: map[string]*group{}}
	g.seconds = float64(r.Range.To-r.Range.From) / 1e9
	if a.window > 0 {
		g.seconds = float64(a.window) / 1e9
	}
	if a.window == 0 && len(a.groupBy) == 0 {
		g.groups[""] = g.newGroup(0, nil) // one line, even of no rows
	}
	return g
}

// grouping gathers the rows of one run.
type grouping struct {
	*aggregate
	run     *Run
	next    step
	seconds float64 // what $rate divides by
	groups  map[string]*group
	key     []byte
}

type group struct {
	window uint64
	values []span.Value
	totals []accumulator
}

func (g *grouping) newGroup(window uint64, values []span.Value) *group {
	n := &group{window: window, values: values}
	for _, a := range g.aggregates {
		n.totals = append(n.totals, a.make(g.seconds))
	}
	return n
}

func (g *grouping) push(row *span.Span) (bool, error) {
	grp, err := g.groupOf(row)
	if err != nil {
		return false, err
	}
	for _, t := range grp.totals {
		if t.add(row) {
			if err := g.run.keep(); err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

func (g *grouping) groupOf(row *span.Span) (*group, error) {
	var window uint64
	if g.window > 0 {
		window = row.StartTimeUnixNano / g.window * g.window
	}
	g.key = fmt.Appendf(g.key[:0], "%d", window)
	values := make([]span.Value, len(g.groupBy))
	for i, p := range g.groupBy {
		values[i] = p.field.Of(row)
		text := values[i].Text()
		g.key = fmt.Appendf(g.key, " %d:%s", len(text), text)
	}
	if g.window == 0 && len(g.groupBy) == 0 {
		g.key = g.key[:0]
	}
	if grp := g.groups[string(g.key)]; grp != nil {
		return grp, nil
	}
	if len(g.groups) >= MaxGroups {
		return nil, fmt.Errorf("%w: the pipeline makes more than %d groups: narrow the range or the filter", query.ErrInvalid, MaxGroups)
	}
	grp := g.newGroup(window, values)
	g.groups[string(g.key)] = grp
	return grp, nil
}

// close emits the lines by window, then by the values of the groups.
func (g *grouping) close() error {
	lines := make([]*group, 0, len(g.groups))
	for _, grp := range g.groups {
		lines = append(lines, grp)
	}
	slices.SortFunc(lines, compareGroups)
	for _, grp := range lines {
		more, err := g.next.push(g.line(grp))
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	return g.next.close()
}

func compareGroups(a, b *group) int {
	if c := cmp.Compare(a.window, b.window); c != 0 {
		return c
	}
	for i := range a.values {
		x, xNumber := a.values[i].Number()
		y, yNumber := b.values[i].Number()
		if xNumber && yNumber && x != y {
			return cmp.Compare(x, y)
		}
		if c := strings.Compare(a.values[i].Text(), b.values[i].Text()); c != 0 {
			return c
		}
	}
	return 0
}

func (g *grouping) line(grp *group) *span.Span {
	line := &span.Span{StartTimeUnixNano: grp.window}
	if g.window > 0 {
		line.Attributes = append(line.Attributes, span.KeyValue{Key: windowColumn, Value: span.String(FormatTime(grp.window))})
	}
	for i, p := range g.groupBy {
		line.Attributes = append(line.Attributes, span.KeyValue{Key: p.alias, Value: grp.values[i]})
	}
	for i, t := range grp.totals {
		line.Attributes = append(line.Attributes, span.KeyValue{Key: g.aggregates[i].name, Value: t.total()})
	}
	return line
}
