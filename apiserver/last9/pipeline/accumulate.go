package pipeline

import (
	"math"
	"slices"

	"github.com/spanstead/spanstead/engine/span"
)

// accumulator gathers what an aggregate function needs of its rows.
type accumulator interface {
	// add looks at a row and reports whether it keeps a number of it.
	add(row *span.Span) (kept bool)
	// total is the function's value; empty when the rows give none.
	total() span.Value
}

// accumulatorOf reads a function's arguments. What it returns makes the
// accumulator of one group; seconds is the time that $rate divides by.
func accumulatorOf(name string, a *arguments) (func(seconds float64) accumulator, error) {
	made, err := accumulatorNamed(name, a)
	if err == nil {
		err = a.err
	}
	return made, err
}

func accumulatorNamed(name string, a *arguments) (func(float64) accumulator, error) {
	switch name {
	case "$count", "$rate":
		a.count(0, 1)
		fields := a.fieldsFrom(0)
		perSecond := name == "$rate"
		return func(seconds float64) accumulator {
			return &counting{fields: fields, perSecond: perSecond, seconds: seconds}
		}, nil
	case "$quantile", "$quantile_exact":
		a.count(2, 2)
		q, f, exact := a.number(0), a.field(1), name == "$quantile_exact"
		if a.err == nil && (q < 0 || q > 1) {
			a.err = atIndex(faultf("a quantile lies between 0 and 1"), 0)
		}
		return func(float64) accumulator { return &quantile{field: f, q: q, exact: exact} }, nil
	case "$apdex_score":
		a.count(2, 2)
		t, f := a.number(0), a.field(1)
		if a.err == nil && t <= 0 {
			a.err = atIndex(faultf("the threshold is above 0"), 0)
		}
		if f.form == asDuration {
			t *= 1e9
		}
		return func(float64) accumulator { return &apdex{field: f, threshold: t} }, nil
	case "$median":
		a.count(1, 1)
		f := a.field(0)
		return func(float64) accumulator { return &quantile{field: f, q: 0.5} }, nil
	}
	return moment(name, a)
}

func moment(name string, a *arguments) (func(float64) accumulator, error) {
	total, ok := map[string]func(*moments) span.Value{
		"$sum": (*moments).sum, "$avg": (*moments).average, "$min": (*moments).least, "$max": (*moments).most,
		"$stddev":       func(m *moments) span.Value { return root(m.variance(1)) },
		"$stddev_pop":   func(m *moments) span.Value { return root(m.variance(0)) },
		"$variance":     func(m *moments) span.Value { return m.variance(1) },
		"$variance_pop": func(m *moments) span.Value { return m.variance(0) },
	}[name]
	if !ok {
		return nil, faultf("unknown function, want $count, $rate, $avg, $sum, $min, $max, $median, $stddev, $stddev_pop, $variance, $variance_pop, $quantile, $quantile_exact or $apdex_score")
	}
	a.count(1, 1)
	f := a.field(0)
	return func(float64) accumulator { return &moments{field: f, of: total, exact: true} }, nil
}

// counting counts rows, or those that have the field.
type counting struct {
	fields    []Field
	perSecond bool
	seconds   float64
	n         int64
}

func (c *counting) add(row *span.Span) bool {
	if len(c.fields) == 0 || c.fields[0].Of(row).Text() != "" {
		c.n++
	}
	return false
}

func (c *counting) total() span.Value {
	switch {
	case !c.perSecond:
		return span.Int(c.n)
	case c.seconds <= 0:
		return span.Value{}
	}
	return span.Double(float64(c.n) / c.seconds)
}

// moments sums up numbers as they come. Rows without a number do not count.
type moments struct {
	field    Field
	of       func(*moments) span.Value
	n        float64
	mean, m2 float64 // Welford's
	min, max span.Value
	lo, hi   float64
	floatSum float64
	intSum   int64
	exact    bool // all were ints and intSum did not overflow
}

func (m *moments) add(row *span.Span) bool {
	v, f, ok := m.field.number(row)
	if !ok {
		return false
	}
	m.n++
	d := f - m.mean
	m.mean += d / m.n
	m.m2 += d * (f - m.mean)
	if m.n == 1 || f < m.lo {
		m.lo, m.min = f, plainNumber(v, f)
	}
	if m.n == 1 || f > m.hi {
		m.hi, m.max = f, plainNumber(v, f)
	}
	m.addSum(v, f)
	return false
}

func (m *moments) addSum(v span.Value, f float64) {
	m.floatSum += f
	i := plainNumber(v, f)
	if i.Type() != span.TypeInt {
		m.exact = false
		return
	}
	sum := m.intSum + i.Int()
	if (sum > m.intSum) != (i.Int() > 0) && i.Int() != 0 {
		m.exact = false
	}
	m.intSum = sum
}

// plainNumber is a number of the store as a number of the answer: a string
// that holds one becomes one.
func plainNumber(v span.Value, f float64) span.Value {
	if v.Type() == span.TypeString {
		if n, ok := number(v.Str()); ok {
			return n
		}
		return span.Double(f)
	}
	return v
}

func (m *moments) total() span.Value { return m.of(m) }

func (m *moments) sum() span.Value {
	if m.exact {
		return span.Int(m.intSum)
	}
	return finite(m.floatSum)
}

func (m *moments) average() span.Value {
	if m.n == 0 {
		return span.Value{}
	}
	return finite(m.mean)
}

func (m *moments) least() span.Value { return m.min }
func (m *moments) most() span.Value  { return m.max }

// variance is that of a sample when lost is 1, of the whole when it is 0.
func (m *moments) variance(lost float64) span.Value {
	if m.n <= lost {
		return span.Value{}
	}
	return finite(m.m2 / (m.n - lost))
}

func root(v span.Value) span.Value {
	if v.Type() != span.TypeDouble {
		return v
	}
	return span.Double(math.Sqrt(v.Double()))
}

// finite is a double, or empty where JSON has no number for it.
func finite(f float64) span.Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return span.Value{}
	}
	return span.Double(f)
}

// quantile keeps all numbers.
type quantile struct {
	field Field
	q     float64
	exact bool // an element of the list, not a point between two
	list  []float64
}

func (k *quantile) add(row *span.Span) bool {
	_, f, ok := k.field.number(row)
	if ok {
		k.list = append(k.list, f)
	}
	return ok
}

func (k *quantile) total() span.Value {
	if len(k.list) == 0 {
		return span.Value{}
	}
	slices.Sort(k.list)
	last := len(k.list) - 1
	if k.exact {
		return finite(k.list[min(int(k.q*float64(len(k.list))), last)])
	}
	at := k.q * float64(last)
	i := int(at)
	lo, hi := k.list[i], k.list[min(i+1, last)]
	return finite(lo + (hi-lo)*(at-float64(i)))
}

// apdex scores 1 for a number up to the threshold, a half up to four times it.
type apdex struct {
	field     Field
	threshold float64
	score, n  float64
}

func (a *apdex) add(row *span.Span) bool {
	_, f, ok := a.field.number(row)
	if !ok {
		return false
	}
	a.n++
	switch {
	case f <= a.threshold:
		a.score++
	case f <= 4*a.threshold:
		a.score += 0.5
	}
	return false
}

func (a *apdex) total() span.Value {
	if a.n == 0 {
		return span.Value{}
	}
	return span.Double(a.score / a.n)
}
