package sideseat

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/sideseat/derive"
	"github.com/spanstead/spanstead/apiserver/sideseat/sideml"
	"github.com/spanstead/spanstead/engine/span"
)

// messageBlock is a block of SideML with the span that it is from.
type messageBlock struct {
	EntryType    string          `json:"entry_type"`
	Content      json.RawMessage `json:"content"`
	Role         string          `json:"role"`
	TraceID      string          `json:"trace_id"`
	SpanID       string          `json:"span_id"`
	SessionID    *string         `json:"session_id,omitempty"`
	MessageIndex int             `json:"message_index"`
	EntryIndex   int             `json:"entry_index"`
	ParentSpanID *string         `json:"parent_span_id,omitempty"`
	SpanPath     []string        `json:"span_path"`
	Timestamp    stamp           `json:"timestamp"`
	Observation  *string         `json:"observation_type,omitempty"`
	Model        *string         `json:"model,omitempty"`
	Provider     *string         `json:"provider,omitempty"`
	Name         string          `json:"name,omitempty"`
	FinishReason string          `json:"finish_reason,omitempty"`
	ToolUseID    string          `json:"tool_use_id,omitempty"`
	ToolName     string          `json:"tool_name,omitempty"`
	Tokens       *int64          `json:"tokens,omitempty"`
	Cost         *number         `json:"cost,omitempty"`
	StatusCode   *string         `json:"status_code,omitempty"`
	IsError      bool            `json:"is_error"`
	SourceType   string          `json:"source_type"`
	Category     string          `json:"category"`
	ContentHash  string          `json:"content_hash"`
	IsSemantic   bool            `json:"is_semantic"`

	block sideml.Block
	start int64
}

type messageMeta struct {
	TotalMessages int     `json:"total_messages"`
	TotalTokens   int64   `json:"total_tokens"`
	TotalCost     number  `json:"total_cost"`
	StartTime     string  `json:"start_time"`
	EndTime       *string `json:"end_time"`
}

type conversation struct {
	Messages        []messageBlock    `json:"messages"`
	Metadata        messageMeta       `json:"metadata"`
	ToolDefinitions []json.RawMessage `json:"tool_definitions"`
	ToolNames       []string          `json:"tool_names"`
}

var messageFields = fields{"role": fieldText, "from_timestamp": fieldText, "to_timestamp": fieldText}

// traceMessages answers GET /traces/{trace}/messages.
func (a *Adapter) traceMessages(w http.ResponseWriter, r *request) error {
	id, err := r.traceID()
	if err != nil {
		return err
	}
	t, err := a.loadOne(r.Context(), r.project, id)
	if err != nil {
		return err
	}
	return a.messages(w, r, tracesOrNone(t), nil)
}

func tracesOrNone(t *trace) []*trace {
	if t == nil {
		return nil
	}
	return []*trace{t}
}

// spanMessages answers GET /traces/{trace}/spans/{span}/messages.
func (a *Adapter) spanMessages(w http.ResponseWriter, r *request) error {
	id, err := r.traceID()
	if err != nil {
		return err
	}
	t, err := a.loadOne(r.Context(), r.project, id)
	if err != nil {
		return err
	}
	return a.messages(w, r, tracesOrNone(t), func(it *item) bool { return it.spanID == r.vars["span"] })
}

// sessionMessages answers GET /sessions/{session}/messages.
func (a *Adapter) sessionMessages(w http.ResponseWriter, r *request) error {
	id, err := r.sessionID()
	if err != nil {
		return err
	}
	traces, err := a.sessionTraces(r.Context(), r.project, id)
	if err != nil {
		return err
	}
	return a.messages(w, r, traces, nil)
}

// messages answers with the conversation of some traces, or of some spans of
// them.
func (a *Adapter) messages(w http.ResponseWriter, r *request, traces []*trace, only func(*item) bool) error {
	if err := r.query.check(messageFields); err != nil {
		return err
	}
	window, err := r.query.window()
	if err != nil {
		return err
	}
	var tokens derive.Tokens
	var costs derive.Costs
	var tools []sideml.Tool
	var blocks []messageBlock
	for _, t := range traces {
		tt, cc := t.totals(only)
		tokens.Add(tt)
		costs.Add(cc)
		for _, it := range t.items {
			if window.Contains(it.Raw.StartTimeUnixNano) && (only == nil || only(it)) {
				tools = append(tools, sideml.Tools(it.Raw)...)
				blocks = append(blocks, t.blocksOf(it)...)
			}
		}
	}
	blocks = fold(blocks)
	if role, ok := r.query.get("role"); ok {
		blocks = slices.DeleteFunc(blocks, func(b messageBlock) bool { return b.Role != role })
	}
	rest.WriteJSON(w, http.StatusOK, conversation{
		Messages: blocks, Metadata: a.metaOfMessages(blocks, tokens, costs),
		ToolDefinitions: sideml.MergeTools(tools), ToolNames: toolNames(traces),
	})
	return nil
}

// fold orders blocks by time and leaves out what they repeat.
func fold(blocks []messageBlock) []messageBlock {
	slices.SortStableFunc(blocks, func(x, y messageBlock) int {
		return cmp.Or(cmp.Compare(x.Timestamp, y.Timestamp), cmp.Compare(x.start, y.start))
	})
	return sideml.Fold(blocks, func(b *messageBlock) *sideml.Block { return &b.block })
}

func (a *Adapter) metaOfMessages(blocks []messageBlock, tokens derive.Tokens, costs derive.Costs) messageMeta {
	m := messageMeta{TotalMessages: len(blocks), TotalTokens: tokens.Total, TotalCost: dollars(costs.Total)}
	if len(blocks) == 0 {
		m.StartTime = a.opt.Now().UTC().Format(time.RFC3339Nano)
		return m
	}
	end := blocks[len(blocks)-1].Timestamp.String()
	m.StartTime, m.EndTime = blocks[0].Timestamp.String(), &end
	return m
}

// blocksOf is what a span says, with the span.
func (t *trace) blocksOf(it *item) []messageBlock {
	extracted := sideml.Extract(it.Raw)
	if len(extracted) == 0 {
		return nil
	}
	path := t.path(it)
	total, cost := it.Tokens.Total, dollars(it.Costs.Total)
	out := make([]messageBlock, len(extracted))
	for i, b := range extracted {
		out[i] = messageBlock{
			EntryType: b.Type, Content: b.Content, Role: b.Role, TraceID: it.traceID, SpanID: it.spanID, SessionID: it.SessionID,
			MessageIndex: b.Message, EntryIndex: b.Entry, ParentSpanID: it.parent, SpanPath: path, Timestamp: stamp(b.Time / 1000),
			Observation: &it.Observation, Model: it.Model, Provider: it.System, Name: b.Name, FinishReason: b.Finish,
			ToolUseID: b.ToolUseID, ToolName: b.ToolName, Tokens: &total, Cost: &cost, StatusCode: it.Status, IsError: b.Error,
			SourceType: b.Source, Category: b.Category, ContentHash: b.Hash, IsSemantic: b.Semantic, block: b, start: it.Start,
		}
	}
	return out
}

// path is the ids from the root down to the span.
func (t *trace) path(it *item) []string {
	byID := make(map[string]*item, len(t.items))
	for _, other := range t.items {
		byID[other.spanID] = other
	}
	var path []string
	seen := map[*item]bool{}
	for at := it; at != nil && !seen[at]; {
		seen[at] = true
		path = append(path, at.spanID)
		if at.parent == nil {
			break
		}
		at = byID[*at.parent]
	}
	slices.Reverse(path)
	return path
}

// toolNames lists the tools that agents say they have.
func toolNames(traces []*trace) []string {
	names := []string{}
	for _, t := range traces {
		for _, it := range t.items {
			v, ok := span.Lookup(it.Raw.Attributes, "gen_ai.agent.tools")
			if !ok {
				continue
			}
			var list []string
			if json.Unmarshal([]byte(v.Text()), &list) != nil {
				continue
			}
			for _, n := range list {
				if !slices.Contains(names, n) {
					names = append(names, n)
				}
			}
		}
	}
	return names
}
