package sideseat

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spanstead/spanstead/apiserver/sideseat/derive"
)

// number is a float that is always written with a point or an exponent, as
// 0.0, 0.000025 or 1e-6.
type number float64

// MarshalJSON writes the shortest form, with an exponent below 1e-5 and from
// 1e16 on.
func (n number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	if a := math.Abs(f); a != 0 && (a < 1e-5 || a >= 1e16) {
		b := strconv.AppendFloat(nil, f, 'e', -1, 64)
		s := strings.Replace(strings.Replace(string(b), "e-0", "e-", 1), "e+", "e", 1)
		return []byte(s), nil
	}
	b := strconv.AppendFloat(nil, f, 'f', -1, 64)
	if !strings.Contains(string(b), ".") {
		b = append(b, ".0"...)
	}
	return b, nil
}

func dollars(micros int64) number { return number(float64(micros) / 1e6) }

// stamp is a time in microseconds, written in UTC with no, three or six digits
// of a second's fraction.
type stamp int64

// MarshalJSON writes the time.
func (s stamp) MarshalJSON() ([]byte, error) { return strconv.AppendQuote(nil, s.String()), nil }

// String is the time as it is written.
func (s stamp) String() string {
	layout := "2006-01-02T15:04:05.000000Z"
	switch {
	case s%1e6 == 0:
		layout = "2006-01-02T15:04:05Z"
	case s%1e3 == 0:
		layout = "2006-01-02T15:04:05.000Z"
	}
	return time.UnixMicro(int64(s)).UTC().Format(layout)
}

// tokenFields are the six token counts in their usual order.
type tokenFields struct {
	Input      int64 `json:"input_tokens"`
	Output     int64 `json:"output_tokens"`
	Total      int64 `json:"total_tokens"`
	CacheRead  int64 `json:"cache_read_tokens"`
	CacheWrite int64 `json:"cache_write_tokens"`
	Reasoning  int64 `json:"reasoning_tokens"`
}

// costFields are the six costs in their usual order.
type costFields struct {
	InputCost      number `json:"input_cost"`
	OutputCost     number `json:"output_cost"`
	CacheReadCost  number `json:"cache_read_cost"`
	CacheWriteCost number `json:"cache_write_cost"`
	ReasoningCost  number `json:"reasoning_cost"`
	TotalCost      number `json:"total_cost"`
}

func tokensOf(t derive.Tokens) tokenFields {
	return tokenFields{t.Input, t.Output, t.Total, t.CacheRead, t.CacheWrite, t.Reasoning}
}

func costsOf(c derive.Costs) costFields {
	return costFields{
		dollars(c.Input), dollars(c.Output), dollars(c.CacheRead), dollars(c.CacheWrite), dollars(c.Reasoning), dollars(c.Total),
	}
}

// traceRow is a trace in a list.
type traceRow struct {
	TraceID     string  `json:"trace_id"`
	TraceName   string  `json:"trace_name"`
	StartTime   stamp   `json:"start_time"`
	EndTime     stamp   `json:"end_time"`
	DurationMS  int64   `json:"duration_ms"`
	SessionID   *string `json:"session_id"`
	UserID      *string `json:"user_id"`
	Environment *string `json:"environment"`
	SpanCount   int     `json:"span_count"`
	tokenFields
	costFields
	Tags             []string        `json:"tags"`
	ObservationCount int             `json:"observation_count"`
	Metadata         json.RawMessage `json:"metadata"`
	InputPreview     *string         `json:"input_preview"`
	OutputPreview    *string         `json:"output_preview"`
	HasError         bool            `json:"has_error"`
}

// traceDetail is a trace with its spans.
type traceDetail struct {
	traceRow
	Spans []spanRow `json:"spans"`
}

// spanRow is a span in a list.
type spanRow struct {
	TraceID        string   `json:"trace_id"`
	SpanID         string   `json:"span_id"`
	ParentSpanID   *string  `json:"parent_span_id"`
	SpanName       string   `json:"span_name"`
	SpanKind       string   `json:"span_kind"`
	SpanCategory   string   `json:"span_category"`
	Observation    string   `json:"observation_type"`
	Framework      string   `json:"framework"`
	StatusCode     *string  `json:"status_code"`
	TimestampStart stamp    `json:"timestamp_start"`
	TimestampEnd   *stamp   `json:"timestamp_end"`
	DurationMS     int64    `json:"duration_ms"`
	Environment    *string  `json:"environment"`
	SessionID      *string  `json:"session_id"`
	UserID         *string  `json:"user_id"`
	Model          *string  `json:"model"`
	GenAISystem    *string  `json:"gen_ai_system"`
	AgentName      *string  `json:"agent_name"`
	FinishReasons  []string `json:"finish_reasons,omitempty"`
	tokenFields
	costFields
	EventCount    int      `json:"event_count"`
	LinkCount     int      `json:"link_count"`
	InputPreview  *string  `json:"input_preview"`
	OutputPreview *string  `json:"output_preview"`
	RawSpan       *rawSpan `json:"raw_span,omitempty"`
}

// meta is the paging of a list.
type meta struct {
	Page       int `json:"page"`
	Limit      int `json:"limit"`
	TotalItems int `json:"total_items"`
	TotalPages int `json:"total_pages"`
}

func metaOf(p paging, total int) meta {
	return meta{p.page, p.limit, total, (total + p.limit - 1) / p.limit}
}

// list is a page of rows.
type list[T any] struct {
	Data []T  `json:"data"`
	Meta meta `json:"meta"`
}
