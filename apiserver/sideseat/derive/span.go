// Package derive turns an OpenTelemetry span into the row that SideSeat keeps
// of it: what kind of observation it is, its model, session, user, tokens,
// costs and previews.
//
// A Deriver holds the price table and is safe for concurrent use; everything
// else is a pure function of the span.
package derive

import (
	"encoding/json"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Span is one span as SideSeat sees it. Strings that may be null are pointers.
type Span struct {
	Raw *span.Span

	Category    string
	Observation string
	Framework   string
	Status      *string

	Start, End int64 // Unix microseconds
	HasEnd     bool  // false when the span never ended; End is zero then
	DurationMS int64 // never negative

	Environment *string
	SessionID   *string
	UserID      *string
	Model       *string // as it was asked for
	System      *string
	Agent       *string

	FinishReasons []string
	Tags          []string
	Metadata      json.RawMessage // nil for none

	Tokens Tokens
	Costs  Costs
}

// Tokens are the token counts of a span or of a sum of spans.
type Tokens struct {
	Input, Output, Total, CacheRead, CacheWrite, Reasoning int64
}

// Bearing reports whether tokens went in or out; a total alone does not count.
func (t Tokens) Bearing() bool { return t.Input+t.Output > 0 }

// Add sums counts.
func (t *Tokens) Add(u Tokens) {
	t.Input += u.Input
	t.Output += u.Output
	t.Total += u.Total
	t.CacheRead += u.CacheRead
	t.CacheWrite += u.CacheWrite
	t.Reasoning += u.Reasoning
}

// Costs are in millionths of a dollar, as many decimals as SideSeat keeps.
type Costs struct {
	Input, Output, CacheRead, CacheWrite, Reasoning, Total int64
}

// Add sums costs.
func (c *Costs) Add(d Costs) {
	c.Input += d.Input
	c.Output += d.Output
	c.CacheRead += d.CacheRead
	c.CacheWrite += d.CacheWrite
	c.Reasoning += d.Reasoning
	c.Total += d.Total
}

// ObservationSpan is the observation type of a span that is no observation.
const ObservationSpan = "span"

// ObservationGeneration is the observation type of a call to a model.
const ObservationGeneration = "generation"

// IsObservation reports whether the span is a step of a GenAI application.
func (s *Span) IsObservation() bool { return s.Observation != ObservationSpan }

// Deriver derives spans with a price table.
type Deriver struct{ prices *Prices }

// New returns a Deriver; nil prices mean DefaultPrices.
func New(prices *Prices) *Deriver {
	if prices == nil {
		prices = DefaultPrices()
	}
	return &Deriver{prices}
}

// Span derives all of a span but its previews. The answer shares memory with s.
func (d *Deriver) Span(s *span.Span) *Span {
	out := &Span{
		Raw: s, Category: Category(s), Observation: Observation(s), Framework: Framework(s), Status: Status(s),
		Environment: Environment(s), SessionID: SessionID(s), UserID: UserID(s),
		Model: Model(s), System: System(s), Agent: text(s.Attributes, KeyAgentName),
		FinishReasons: finishReasons(s), Tags: Tags(s), Metadata: metadata(s),
		Tokens: TokensOf(s), Costs: d.Costs(s),
	}
	out.Start, out.End, out.HasEnd = int64(s.StartTimeUnixNano/1000), int64(s.EndTimeUnixNano/1000), s.EndTimeUnixNano != 0
	out.DurationMS = DurationMS(s)
	return out
}

// DurationMS is the whole milliseconds between start and end, 0 for a span
// that never ended or ended before it started.
func DurationMS(s *span.Span) int64 {
	if s.EndTimeUnixNano <= s.StartTimeUnixNano {
		return 0
	}
	return s.DurationNano() / 1e6
}

// Status is null for a span whose status was not set.
func Status(s *span.Span) *string {
	if s.Status == (span.Status{}) {
		return nil
	}
	code := s.Status.Code.String()
	return &code
}

// text is the first of the keys that the attributes have, as text.
func text(kvs []span.KeyValue, keys ...string) *string {
	for _, key := range keys {
		if v, ok := span.Lookup(kvs, key); ok {
			t := v.Text()
			return &t
		}
	}
	return nil
}

func has(kvs []span.KeyValue, keys ...string) bool {
	for _, key := range keys {
		if _, ok := span.Lookup(kvs, key); ok {
			return true
		}
	}
	return false
}

func resourceAttributes(s *span.Span) []span.KeyValue {
	if s.Resource == nil {
		return nil
	}
	return s.Resource.Attributes
}

// fields names attributes of one scope for a filter.
func fields(scope query.Scope, keys []string) []query.Field {
	out := make([]query.Field, len(keys))
	for i, key := range keys {
		out[i] = query.Attr(scope, key)
	}
	return out
}
