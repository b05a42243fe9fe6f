package derive

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/spanstead/spanstead/engine/span"
)

//go:embed prices.json
var embeddedPrices []byte

// Prices says what a token of each model costs.
type Prices struct {
	Date   string           `json:"date"`   // the day on which the prices were read
	Models map[string]Price `json:"models"` // by name, lower case
}

// Price is in dollars for a million tokens. A kind of token without a price of
// its own costs nothing, but reasoning costs what output does.
type Price struct {
	Input      float64  `json:"input"`
	Output     float64  `json:"output"`
	CacheRead  float64  `json:"cache_read,omitempty"`
	CacheWrite float64  `json:"cache_write,omitempty"`
	Reasoning  *float64 `json:"reasoning,omitempty"`
}

// ParsePrices reads a price table; it is JSON in the form of prices.json.
func ParsePrices(b []byte) (*Prices, error) {
	var p Prices
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, fmt.Errorf("price table: %w", err)
	}
	for name, price := range p.Models {
		for _, f := range []float64{price.Input, price.Output, price.CacheRead, price.CacheWrite} {
			if f < 0 || math.IsNaN(f) || math.IsInf(f, 0) || f > 1e9 {
				return nil, fmt.Errorf("price table: model %q: price %v is out of range", name, f)
			}
		}
	}
	return &p, nil
}

// DefaultPrices is the embedded table.
var DefaultPrices = sync.OnceValue(func() *Prices {
	p, err := ParsePrices(embeddedPrices)
	if err != nil {
		panic(err) // the file is part of the program
	}
	return p
})

// find looks a model up by its name, without regard to case; then without a
// provider in front, without the day of its release, and for one that was
// fine-tuned by the model that it came from.
func (p *Prices) find(model string) (Price, bool) {
	name := strings.ToLower(model)
	for _, try := range []func(string) string{
		func(n string) string { return n }, withoutProvider, withoutDate,
		func(n string) string { return withoutDate(withoutProvider(n)) }, baseModel,
	} {
		if price, ok := p.Models[try(name)]; ok {
			return price, true
		}
	}
	return Price{}, false
}

func withoutProvider(name string) string { return name[strings.IndexByte(name, '/')+1:] }

// withoutDate cuts -2024-08-06 off.
func withoutDate(name string) string {
	const date = "-2006-01-02"
	if len(name) <= len(date) {
		return name
	}
	if _, err := time.Parse(date, name[len(name)-len(date):]); err != nil {
		return name
	}
	return name[:len(name)-len(date)]
}

// baseModel is gpt-4o-mini for ft:gpt-4o-mini:acme.
func baseModel(name string) string {
	rest, ok := strings.CutPrefix(name, "ft:")
	if !ok {
		return name
	}
	base, _, _ := strings.Cut(rest, ":")
	return base
}

// Costs is what a span cost: by the price of the model that answered, or that
// was asked; where that comes to nothing, as the span itself says.
func (d *Deriver) Costs(s *span.Span) Costs {
	model := text(s.Attributes, ResponseModelKeys...)
	if model == nil {
		model = Model(s)
	}
	var c Costs
	if model != nil {
		if price, ok := d.prices.find(*model); ok {
			c = price.of(TokensOf(s))
		}
	}
	if c.Total == 0 {
		if total, ok := dollars(s, KeyCostTotal); ok {
			c.Total = total
			c.Input, _ = dollars(s, "llm.cost.prompt")
			c.Output, _ = dollars(s, "llm.cost.completion")
		}
	}
	return c
}

var costKeys = func() []string {
	keys := []string{KeyCostTotal}
	for _, k := range [][]string{InputTokenKeys, OutputTokenKeys, CacheReadTokenKeys, CacheWriteTokenKeys, ReasoningTokenKeys} {
		keys = append(keys, k...)
	}
	return keys
}()

// CostKeys are the attributes without which every cost is zero.
func CostKeys() []string { return costKeys }

func (p Price) of(t Tokens) Costs {
	reasoning := p.Output
	if p.Reasoning != nil {
		reasoning = *p.Reasoning
	}
	in, out := dear(t.Input, p.Input), dear(t.Output, p.Output)
	read, write, think := dear(t.CacheRead, p.CacheRead), dear(t.CacheWrite, p.CacheWrite), dear(t.Reasoning, reasoning)
	return Costs{
		Input: micros(in), Output: micros(out), CacheRead: micros(read), CacheWrite: micros(write), Reasoning: micros(think),
		Total: micros(in + out + read + write + think),
	}
}

func dear(tokens int64, perMillion float64) float64 { return float64(tokens) * (perMillion / 1e6) }

// micros rounds dollars to millionths, halves away from zero.
func micros(dollars float64) int64 {
	m := math.Round(dollars * 1e6)
	if math.IsNaN(m) || math.Abs(m) > math.MaxInt64/4 {
		return 0
	}
	return int64(m)
}

func dollars(s *span.Span, key string) (int64, bool) {
	v, ok := span.Lookup(s.Attributes, key)
	if !ok {
		return 0, false
	}
	f, ok := v.Number()
	return micros(f), ok
}
