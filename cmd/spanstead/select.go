package main

import (
	"flag"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// selection says which spans are meant: those in a range of start times for
// which all conditions hold.
type selection struct {
	rng    query.Range
	filter query.And
}

func (s *selection) register(f *flag.FlagSet) {
	f.Func("where", whereUsage, func(text string) error {
		e, err := parseWhere(text)
		s.filter = append(s.filter, e)
		return err
	})
	f.Func("from", "only spans that start at this `time`, as in RFC 3339, or later", instant(&s.rng.From))
	f.Func("to", "only spans that start before this `time`", instant(&s.rng.To))
}

// all reports that nothing is left out.
func (s *selection) all() bool { return len(s.filter) == 0 && s.rng == query.Range{} }

func (s *selection) holds(sp *span.Span) bool {
	return s.rng.Contains(sp.StartTimeUnixNano) && query.Match(s.filter, sp)
}
