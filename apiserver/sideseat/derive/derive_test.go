package derive

import (
	"strings"
	"testing"

	"github.com/spanstead/spanstead/engine/span"
)

func TestPriceNames(t *testing.T) {
	p := DefaultPrices()
	for model, like := range map[string]string{
		"gpt-4o": "gpt-4o", "GPT-4O": "gpt-4o", "openai/gpt-4o": "gpt-4o", "gpt-4o-2025-01-01": "gpt-4o",
		"models/gemini-2.5-pro": "gemini-2.5-pro", "ft:gpt-4o-mini:acme": "gpt-4o-mini",
		"gpt-4o-foo": "", "azure/eu/gpt-4o": "", "gpt-4o-2025-99-01": "", "my-private-llm": "", "": "", "/": "", "ft:": "",
	} {
		got, ok := p.find(model)
		if want, known := p.Models[like]; ok != known || got != want {
			t.Errorf("%q: %+v, %v; want that of %q", model, got, ok, like)
		}
	}
}

// TestDefaultPrices holds the embedded table to its own rules.
func TestDefaultPrices(t *testing.T) {
	p := DefaultPrices()
	if p.Date == "" || len(p.Models) < 50 {
		t.Errorf("date %q, %d models", p.Date, len(p.Models))
	}
	for name := range p.Models {
		if name != strings.ToLower(name) {
			t.Errorf("model %q is not in lower case", name)
		}
	}
}

func spanWith(name string, kvs ...string) *span.Span {
	s := &span.Span{Name: name}
	for i := 0; i < len(kvs); i += 2 {
		s.Attributes = append(s.Attributes, span.KeyValue{Key: kvs[i], Value: span.String(kvs[i+1])})
	}
	return s
}

func TestKinds(t *testing.T) {
	for _, c := range []struct {
		span                             *span.Span
		observation, category, framework string
	}{
		{spanWith("x", "gen_ai.operation.name", "chat"), "generation", "llm", "Unknown"},
		{spanWith("x", "gen_ai.operation.name", "chat", "gen_ai.request.model", "mistral-embed"), "embedding", "embedding", "Unknown"},
		{spanWith("x", "gen_ai.operation.name", "embeddings"), "embedding", "embedding", "Unknown"},
		{spanWith("x", "gen_ai.operation.name", "execute_tool"), "span", "tool", "Unknown"},
		{spanWith("x", "gen_ai.operation.name", "chat", "http.method", "GET"), "span", "http", "Unknown"},
		{spanWith("x", "gen_ai.operation.name", "chat", "messaging.system", "kafka"), "generation", "messaging", "Unknown"},
		{spanWith("x", "openinference.span.kind", "retriever"), "retriever", "retriever", "OpenInference"},
		{spanWith("x", "openinference.span.kind", "RERANKER"), "span", "other", "OpenInference"},
		{spanWith("x", "gen_ai.agent.name", "a", "gen_ai.tool.name", "t"), "agent", "tool", "Unknown"},
		{spanWith("x", "ai.model.id", "m", "gen_ai.agent.name", "a"), "generation", "agent", "Unknown"},
		{spanWith("x", "gen_ai.response.model", "m"), "generation", "other", "Unknown"},
		{spanWith("retriev TOOL"), "tool", "retriever", "Unknown"},
		{spanWith("llm embed"), "embedding", "llm", "Unknown"},
		{spanWith("LangGraph"), "span", "other", "LangGraph"},
		{spanWith("x", "gen_ai.system", "strands-agents"), "span", "other", "StrandsAgents"},
	} {
		o, k, f := Observation(c.span), Category(c.span), Framework(c.span)
		if o != c.observation || k != c.category || f != c.framework {
			t.Errorf("%+v: %s, %s, %s; want %s, %s, %s", c.span.Attributes, o, k, f, c.observation, c.category, c.framework)
		}
	}
}
