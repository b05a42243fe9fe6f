package sideseat

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/sideseat/sideml"
	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// A feed goes back in time with a cursor instead of page numbers.
type feedPaging struct {
	NextCursor *string `json:"next_cursor"`
	HasMore    bool    `json:"has_more"`
}

type feedSpansAnswer struct {
	Data       []spanRow  `json:"data"`
	Pagination feedPaging `json:"pagination"`
}

type feedMessagesAnswer struct {
	Data            []messageBlock    `json:"data"`
	Pagination      feedPaging        `json:"pagination"`
	Metadata        feedMeta          `json:"metadata"`
	ToolDefinitions []json.RawMessage `json:"tool_definitions"`
	ToolNames       []string          `json:"tool_names"`
}

type feedMeta struct {
	MessageCount int    `json:"message_count"`
	SpanCount    int    `json:"span_count"`
	TotalTokens  int64  `json:"total_tokens"`
	TotalCost    number `json:"total_cost"`
}

var feedFields = fields{
	"limit": fieldNumber, "cursor": fieldText, "start_time": fieldText, "end_time": fieldText,
	"is_observation": fieldBool, "include_raw_span": fieldBool,
}

var feedMessageFields = fields{"limit": fieldNumber, "cursor": fieldText, "start_time": fieldText, "end_time": fieldText}

const (
	defaultFeedSpans    = 50
	defaultFeedMessages = 100
)

// feedSpans answers GET /feed/spans.
func (a *Adapter) feedSpans(w http.ResponseWriter, r *request) error {
	items, paging, err := a.feed(r, defaultFeedSpans, feedFields)
	if err != nil {
		return err
	}
	answer := feedSpansAnswer{Data: []spanRow{}, Pagination: paging}
	raw := r.query.bool("include_raw_span", false)
	for _, it := range items {
		answer.Data = append(answer.Data, it.rowWithRaw(r.project, raw))
	}
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}

// feedMessages answers GET /feed/messages: what the spans of a page say.
func (a *Adapter) feedMessages(w http.ResponseWriter, r *request) error {
	items, paging, err := a.feed(r, defaultFeedMessages, feedMessageFields)
	if err != nil {
		return err
	}
	var blocks []messageBlock
	var tools []sideml.Tool
	for _, it := range items {
		blocks = append(blocks, (&trace{items: []*item{it}}).blocksOf(it)...)
		tools = append(tools, sideml.Tools(it.Raw)...)
	}
	blocks = fold(blocks)
	slices.SortStableFunc(blocks, func(x, y messageBlock) int { return cmp.Compare(y.Timestamp, x.Timestamp) })
	answer := feedMessagesAnswer{Data: blocks, Pagination: paging, ToolDefinitions: sideml.MergeTools(tools), ToolNames: []string{}}
	answer.Metadata.MessageCount = len(blocks)
	answer.Metadata.TotalTokens, answer.Metadata.TotalCost, answer.Metadata.SpanCount = sumOf(blocks)
	rest.WriteJSON(w, http.StatusOK, answer)
	return nil
}

// feed reads the spans of one page, latest start first.
func (a *Adapter) feed(r *request, limit int, known fields) ([]*item, feedPaging, error) {
	var paging feedPaging
	if err := r.query.check(known); err != nil {
		return nil, paging, plainError(err)
	}
	q := query.Spans{Descending: true, Limit: min(max(r.query.number("limit", limit), 1), maxLimit)}
	var err error
	if q.After, err = r.query.cursor(); err != nil {
		return nil, paging, err
	}
	if q.Range, err = a.windowOf(r.query, "start_time", "end_time"); err != nil {
		return nil, paging, err
	}
	sel := &selection{observations: r.query.bool("is_observation", false)}
	q.Filter = sel.plan().Sure
	page, err := a.opt.Store.Spans(r.Context(), r.project, q)
	if err != nil {
		return nil, paging, err
	}
	items := make([]*item, len(page.Spans))
	for i, s := range page.Spans {
		items[i] = a.item(s)
	}
	paging.HasMore = page.More
	if n := len(page.Spans); n > 0 {
		next := cursorOf(page.Spans[n-1])
		paging.NextCursor = &next
	}
	return items, paging, nil
}

// cursorOf is the place of a span in the feed: its start and its ids.
func cursorOf(s *span.Span) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d:%s%s", s.StartTimeUnixNano, s.TraceID, s.SpanID))
}

// cursor reads the cursor parameter; nil without one.
func (p params) cursor() (*query.Position, error) {
	text, ok := p.get("cursor")
	if !ok {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, bad("INVALID_CURSOR", "Invalid cursor format")
	}
	at, id, ok := strings.Cut(string(b), ":")
	if !ok {
		if strings.ContainsFunc(string(b), func(r rune) bool { return r < ' ' || r > '~' }) {
			return nil, bad("INVALID_CURSOR", "Invalid cursor format")
		}
		return nil, bad("INVALID_CURSOR", "Invalid cursor format: expected timestamp:span_id")
	}
	start, err := strconv.ParseUint(at, 10, 64)
	if err != nil {
		return nil, bad("INVALID_CURSOR", "Invalid cursor timestamp")
	}
	if len(id) != 48 {
		return &query.Position{Start: start}, nil
	}
	trace, err := span.ParseTraceID(id[:32])
	if err != nil {
		return nil, bad("INVALID_CURSOR", "Invalid cursor format")
	}
	spanID, err := span.ParseSpanID(id[32:])
	if err != nil {
		return nil, bad("INVALID_CURSOR", "Invalid cursor format")
	}
	return &query.Position{Start: start, TraceID: trace, SpanID: spanID}, nil
}
