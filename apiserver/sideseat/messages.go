package sideseat

import (
	"cmp"
	"context"
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
	around, err := a.around(r.Context(), r.project, t)
	if err != nil {
		return err
	}
	return a.messages(w, r, conversationOf{traces: tracesOrNone(t), around: around})
}

// around is the session of a trace, earliest trace first. What a trace repeats
// of the conversation before it is left out of it.
func (a *Adapter) around(ctx context.Context, project string, t *trace) ([]*trace, error) {
	if t == nil {
		return nil, nil
	}
	session := t.row(nil).SessionID
	if session == nil {
		return nil, nil
	}
	return a.sessionTraces(ctx, project, *session)
}

func tracesOrNone(t *trace) []*trace {
	if t == nil {
		return nil
	}
	return []*trace{t}
}

// conversationOf says which messages are asked for.
type conversationOf struct {
	traces []*trace
	around []*trace         // the session, which only tells what is history
	only   func(*item) bool // of the traces' spans; nil for all
	// session: the totals are of the spans whose messages are shown, rather
	// than of the traces.
	session bool
}

// tools are those of the traces; of a session, of the traces that have a
// message to show.
func (of *conversationOf) tools(byTrace map[string][]sideml.Tool, blocks []messageBlock) []sideml.Tool {
	var out []sideml.Tool
	for _, t := range of.traces {
		id := t.items[0].traceID
		if !of.session || slices.ContainsFunc(blocks, func(b messageBlock) bool { return b.TraceID == id }) {
			out = append(out, byTrace[id]...)
		}
	}
	return out
}

// sumOf adds up the tokens and costs of the spans that blocks are from.
func sumOf(blocks []messageBlock) (tokens int64, cost number, spans int) {
	counted := map[string]bool{}
	for i := range blocks {
		b := &blocks[i]
		if key := b.TraceID + "/" + b.SpanID; !counted[key] {
			counted[key] = true
			tokens += *b.Tokens
			cost += *b.Cost
		}
	}
	return tokens, cost, len(counted)
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
	return a.messages(w, r, conversationOf{traces: tracesOrNone(t), only: func(it *item) bool { return it.spanID == r.vars["span"] }})
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
	return a.messages(w, r, conversationOf{traces: traces, around: traces, session: true})
}

// messages answers with the conversation of some traces, or of some spans of
// them.
func (a *Adapter) messages(w http.ResponseWriter, r *request, of conversationOf) error {
	if err := r.query.check(messageFields); err != nil {
		return err
	}
	window, err := a.window(r.query)
	if err != nil {
		return err
	}
	var tokens derive.Tokens
	var costs derive.Costs
	tools := map[string][]sideml.Tool{} // by trace
	blocks := []messageBlock{}
	for _, t := range of.traces {
		tt, cc := t.totals(of.only)
		tokens.Add(tt)
		costs.Add(cc)
		var said []messageBlock
		for _, it := range t.items {
			if window.Contains(it.Raw.StartTimeUnixNano) && (of.only == nil || of.only(it)) {
				tools[it.traceID] = append(tools[it.traceID], sideml.Tools(it.Raw)...)
				said = append(said, t.blocksOf(it)...)
			}
		}
		blocks = append(blocks, fold(withoutHistory(said, of.around))...)
	}
	if role, ok := r.query.get("role"); ok && role == sideml.RoleSystem {
		blocks = withoutPrompts(blocks, of.around)
	}
	byTime(blocks)
	if role, ok := r.query.get("role"); ok {
		blocks = slices.DeleteFunc(blocks, func(b messageBlock) bool { return b.Role != role })
	}
	meta := a.metaOfMessages(blocks, tokens, costs)
	if of.session {
		meta.TotalTokens, meta.TotalCost, _ = sumOf(blocks)
	}
	rest.WriteJSON(w, http.StatusOK, conversation{
		Messages: blocks, Metadata: meta,
		ToolDefinitions: sideml.MergeTools(of.tools(tools, blocks)), ToolNames: toolNames(of.traces),
	})
	return nil
}

// withoutHistory leaves out what each span was told again of earlier traces:
// everything up to the last answer that the model had given before.
func withoutHistory(blocks []messageBlock, session []*trace) []messageBlock {
	if len(blocks) == 0 || len(session) == 0 {
		return blocks
	}
	given := map[string]bool{}
	for _, t := range session {
		if t.items[0].traceID == blocks[0].TraceID {
			break
		}
		for _, it := range t.items {
			for _, b := range sideml.Extract(it.Raw) {
				if b.Role == sideml.RoleAssistant && b.Said() {
					given[b.Hash] = true
				}
			}
		}
	}
	last := map[string]int{} // by span, the last message that is history
	for i := range blocks {
		if b := &blocks[i]; b.Role == sideml.RoleAssistant && !b.block.Said() && given[b.ContentHash] {
			last[b.SpanID] = max(last[b.SpanID], b.MessageIndex+1)
		}
	}
	return slices.DeleteFunc(blocks, func(b messageBlock) bool { return !b.block.Said() && b.MessageIndex < last[b.SpanID] })
}

// withoutPrompts leaves out what a session's earlier trace was told as its
// system prompt already; the service does so when it is asked for these alone.
func withoutPrompts(blocks []messageBlock, session []*trace) []messageBlock {
	first := map[string]string{} // trace by content
	for _, t := range session {
		for _, it := range t.items {
			for _, b := range sideml.Extract(it.Raw) {
				if _, ok := first[b.Hash]; !ok && b.Role == sideml.RoleSystem {
					first[b.Hash] = it.traceID
				}
			}
		}
	}
	return slices.DeleteFunc(blocks, func(b messageBlock) bool {
		trace, ok := first[b.ContentHash]
		return ok && b.Role == sideml.RoleSystem && trace != b.TraceID
	})
}

// fold orders blocks by time and leaves out what they repeat.
func fold(blocks []messageBlock) []messageBlock {
	byTime(blocks)
	return sideml.Fold(blocks, func(b *messageBlock) *sideml.Block { return &b.block })
}

func byTime(blocks []messageBlock) {
	slices.SortStableFunc(blocks, func(x, y messageBlock) int {
		return cmp.Or(cmp.Compare(x.Timestamp, y.Timestamp), cmp.Compare(x.start, y.start))
	})
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
	none, free := int64(0), number(0)
	out := make([]messageBlock, len(extracted))
	for i, b := range extracted {
		out[i] = messageBlock{
			EntryType: b.Type, Content: b.Content, Role: b.Role, TraceID: it.traceID, SpanID: it.spanID, SessionID: it.SessionID,
			MessageIndex: b.Message, EntryIndex: b.Entry, ParentSpanID: it.parent, SpanPath: path, Timestamp: stamp(b.Time / 1000),
			Observation: &it.Observation, Model: it.Model, Provider: it.System, Name: b.Name, FinishReason: b.Finish,
			ToolUseID: b.ToolUseID, ToolName: b.ToolName, Tokens: &total, Cost: &cost, StatusCode: it.Status, IsError: it.Raw.Status.Code == span.StatusError,
			SourceType: b.Source, Category: b.Category, ContentHash: b.Hash, IsSemantic: b.Semantic, block: b, start: it.Start,
		}
		if b.Error { // what went wrong has cost nothing
			out[i].Tokens, out[i].Cost = &none, &free
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
