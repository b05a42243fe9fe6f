package sideml

import (
	"encoding/json"
	"testing"

	"github.com/spanstead/spanstead/engine/span"
)

// TestHashes are hashes that the real server gave to the same content.
func TestHashes(t *testing.T) {
	for _, c := range []struct{ part, want string }{
		{`{"type":"text","text":"Hi."}`, "421b704d2af4f57f"},
		{`{"type":"text","text":"  r1  "}`, "be54769e69dbd7f0"},
		{`{"type":"json","data":{"a":1}}`, "9b25f393e412d27a"},
		{`{"type":"json","data":{"b":1,"a":2}}`, "949e338366eb4b7d"},
		{`{"type":"json","data":"s"}`, "5f5265eccf587853"},
		{`{"type":"tool_use","id":"call_1","name":"get_weather","input":{"city":"Paris","days":1}}`, "59192db6cec85bf5"},
		{`{"type":"tool_call_response","id":"c1","response":{"temp":3}}`, "2dff880b15b58868"},
		{`{"type":"tool_result","tool_use_id":"t","content":"res"}`, "edcc8546ed977305"},
		{`{"type":"reasoning","content":"It is cold."}`, "db5db033ba5bcc52"},
		{`{"type":"refusal","refusal":"no"}`, "1884e732c57f154e"},
		{`{"type":"thinking","content":"th"}`, "1a062b8afa3a2551"},
		{`{"type":"redacted_thinking","data":"zz"}`, "46180f0d3b442ed3"},
		{`{"type":"image_url","image_url":"http://x"}`, "a2f765fd0d00b1f1"},
		{`{"type":"blob","mime_type":"image/png","data":"AAAA"}`, "5cf810ea955c039c"},
		{`{"type":"input_audio","input_audio":{"data":"AA","format":"wav"}}`, "d5621939e5ff5dfa"},
		{`5`, "563d6905a1c1aa1c"},
	} {
		if got := parse(json.RawMessage(c.part)); got.hash != c.want {
			t.Errorf("%s: %s hashes to %s, want %s", c.part, got.kind, got.hash, c.want)
		}
	}
}

// FuzzExtract reads hostile messages; their blocks are always JSON.
func FuzzExtract(f *testing.F) {
	for _, s := range []string{
		`[{"role":"user","parts":[{"type":"text","content":"a"},{"type":"tool_call","id":"1","name":"n","arguments":"{"}]}]`,
		`[{"role":"tool","content":[{"type":"json","data":null}]}]`, `{"role":5,"content":{}}`, `[[]]`, `"x"`, `{"role":"assistant","tool_calls":[{"function":{}}]}`, "[null,{",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		kvs := func(keys ...string) []span.KeyValue {
			var out []span.KeyValue
			for _, key := range keys {
				out = append(out, span.KeyValue{Key: key, Value: span.String(text)})
			}
			return out
		}
		s := &span.Span{
			Attributes: kvs("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions",
				"gen_ai.prompt.0.content", "llm.output_messages.1.message.role", "ai.response.text", "retrieval.documents.0.document.content"),
			Status: span.Status{Code: span.StatusError},
		}
		for _, name := range []string{eventChoice, eventAssistant, eventTool, eventDetails, eventException, "gen_ai.user.message"} {
			s.Events = append(s.Events, span.Event{Name: name, Attributes: kvs("content", "message", "tool_calls", "gen_ai.input.messages", "exception.message")})
		}
		for _, b := range Extract(s) {
			if !json.Valid(b.Content) {
				t.Errorf("%q: content %q", text, b.Content)
			}
		}
		for _, d := range MergeTools(Tools(s)) {
			if !json.Valid(d) {
				t.Errorf("%q: definition %q", text, d)
			}
		}
	})
}
