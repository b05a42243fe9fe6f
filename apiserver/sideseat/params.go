package sideseat

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/query"
)

// params is a query string in the order in which it was sent.
type params []param

type param struct{ key, value string }

// parseParams splits a query string; what is not an escape stays as it is, and
// bytes that are not UTF-8 are replaced.
func parseParams(raw string) (params, error) {
	var out params
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		out = append(out, param{unescape(key), unescape(value)})
	}
	return out, nil
}

func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	if t, err := url.QueryUnescape(s); err == nil {
		return strings.ToValidUTF8(t, "\uFFFD")
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			c = ' '
		}
		if c == '%' && i+2 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				c = byte(v)
				i += 2
			}
		}
		b.WriteByte(c)
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// get is the first value of a key.
func (p params) get(key string) (string, bool) {
	for _, q := range p {
		if q.key == key {
			return q.value, true
		}
	}
	return "", false
}

func (p params) all(key string) []string {
	var out []string
	for _, q := range p {
		if q.key == key {
			out = append(out, q.value)
		}
	}
	return out
}

func parseError(format string, args ...any) error {
	return bad("QUERY_PARSE_ERROR", "Failed to deserialize query string: "+fmt.Sprintf(format, args...))
}

// fieldType is how a parameter is read.
type fieldType uint8

const (
	fieldText fieldType = iota
	fieldNumber
	fieldBool
)

// fields are the parameters that a path knows.
type fields map[string]fieldType

// check reads the known parameters in the order in which they were sent: a
// repeated one, or one of the wrong type, is an error. many are the keys that
// may be repeated.
func (p params) check(known fields, many ...string) error {
	seen := map[string]bool{}
	for _, q := range p {
		kind, ok := known[q.key]
		if !ok {
			continue
		}
		if seen[q.key] && !contains(many, q.key) {
			return parseError("duplicate field `%s`", q.key)
		}
		seen[q.key] = true
		if err := kind.check(q); err != nil {
			return err
		}
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

func (k fieldType) check(q param) error {
	switch k {
	case fieldNumber:
		_, err := wholeNumber(q)
		return err
	case fieldBool:
		if q.value != "true" && q.value != "false" {
			return parseError("%s: provided string was not `true` or `false`", q.key)
		}
	}
	return nil
}

// wholeNumber reads an unsigned number of 32 bits.
func wholeNumber(q param) (int, error) {
	digits := strings.TrimPrefix(q.value, "+")
	if q.value == "" {
		return 0, parseError("%s: cannot parse integer from empty string", q.key)
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, parseError("%s: invalid digit found in string", q.key)
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return 0, parseError("%s: number too large to fit in target type", q.key)
	}
	return int(n), nil
}

func (p params) number(key string, otherwise int) int {
	if v, ok := p.get(key); ok {
		if n, err := wholeNumber(param{key, v}); err == nil {
			return n
		}
	}
	return otherwise
}

func (p params) bool(key string, otherwise bool) bool {
	if v, ok := p.get(key); ok {
		return v == "true"
	}
	return otherwise
}

// Bounds on paging: those of the service, and ours where the page knows none.
const (
	defaultLimit    = 50
	maxLimit        = 500
	maxPage         = 100
	documentedLimit = 10_000
)

type paging struct{ page, limit int }

// offset is how many items come before the page, as far as the store counts.
func (p paging) offset() int { return min((p.page-1)*p.limit, query.MaxLimit) }

func (a *Adapter) paging(p params) (paging, error) {
	most := documentedLimit
	if a.observed() {
		most = maxLimit
	}
	out := paging{p.number("page", 1), p.number("limit", defaultLimit)}
	var faults []string
	if out.limit < 1 || out.limit > most {
		faults = append(faults, fmt.Sprintf("Limit must be between 1 and %d", most))
	}
	switch {
	case out.page < 1:
		faults = append(faults, "Page must be >= 1")
	case a.observed() && out.page > maxPage:
		faults = append(faults, fmt.Sprintf("Page must be <= %d to prevent expensive queries", maxPage))
	}
	if faults != nil {
		return out, bad("VALIDATION_ERROR", strings.Join(faults, "; "))
	}
	return out, nil
}

// order is an order_by parameter.
type order struct {
	column string
	asc    bool
}

// order reads order_by; the default is the start time, latest first.
func (p params) order(allowed ...string) (order, error) {
	v, ok := p.get("order_by")
	if !ok {
		return order{column: "start_time"}, nil
	}
	column, direction, given := strings.Cut(v, ":")
	if given && direction != "asc" && direction != "desc" {
		return order{}, bad("INVALID_ORDER", "Invalid order_by format. Use 'column' or 'column:asc' or 'column:desc'")
	}
	if !contains(allowed, column) {
		return order{}, bad("INVALID_ORDER_COLUMN", "Cannot order by: "+column)
	}
	return order{column, direction == "asc"}, nil
}

// window is the range of start times that from_timestamp and to_timestamp
// give, both inclusive, in whole microseconds as the service keeps them.
func (a *Adapter) window(p params) (query.Range, error) {
	return a.windowOf(p, "from_timestamp", "to_timestamp")
}

func (a *Adapter) windowOf(p params, fromKey, toKey string) (query.Range, error) {
	var r query.Range
	from, ok, err := a.time(p, fromKey)
	if err != nil {
		return r, err
	}
	if ok {
		r.From = rest.UnixNano(from.Truncate(time.Microsecond))
	}
	to, ok, err := a.time(p, toKey)
	if err != nil {
		return r, err
	}
	if ok {
		if r.To = rest.UnixNano(to.Truncate(time.Microsecond).Add(time.Microsecond)); r.To <= r.From {
			r.To = max(r.From, 1) // nothing
		}
	}
	return r, nil
}

func (a *Adapter) time(p params, key string) (t time.Time, ok bool, err error) {
	v, ok := p.get(key)
	if !ok {
		return t, false, nil
	}
	if t, err = parseTime(v); err != nil && !a.observed() {
		t, err = parseISO(v)
	}
	if err != nil {
		return t, false, bad("INVALID_TIMESTAMP", fmt.Sprintf("Invalid timestamp format: %s. Use ISO 8601 format.", v))
	}
	return t, true, nil
}

// parseTime reads RFC 3339 with a zone; a space or a small t may stand between
// date and time.
func parseTime(v string) (time.Time, error) {
	if len(v) > 10 && (v[10] == ' ' || v[10] == 't') {
		v = v[:10] + "T" + v[11:]
	}
	v = strings.Replace(v, "\u2212", "-", 1) // the minus sign of typography
	if strings.HasSuffix(v, "z") {
		v = v[:len(v)-1] + "Z"
	}
	if len(v) < len("2026-06-01T12:00:00Z") || strings.ContainsAny(v, ",") {
		return time.Time{}, fmt.Errorf("timestamp %.40q: too short", v)
	}
	return time.Parse(time.RFC3339Nano, v)
}

func unixNano(t time.Time) uint64 { return rest.UnixNano(t) }

// isoLayouts are the forms of ISO 8601 that the service does not take. A time
// without a zone is in UTC.
var isoLayouts = []string{
	"2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02",
}

func parseISO(v string) (time.Time, error) {
	var t time.Time
	var err error
	for _, layout := range isoLayouts {
		if t, err = time.Parse(layout, v); err == nil {
			return t, nil
		}
	}
	return t, err
}
