package derive

import (
	"strings"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

var (
	infrastructureKeys = []string{"http.method", "http.request.method", "rpc.system", "db.system"}
	vercelModelKeys    = []string{"ai.model.id", "ai.model.provider"}
	agentKeys          = []string{KeyAgentName, KeyAgentID}
	toolKeys           = []string{KeyToolName, KeyToolCall, "ai.toolCall.name"}
	modelKeys          = []string{"gen_ai.request.model", "gen_ai.response.model"}
)

type named struct{ word, kind string }

var (
	operationTypes = []named{
		{"chat", ObservationGeneration}, {"text_completion", ObservationGeneration}, {"embeddings", "embedding"},
	}
	openInferenceTypes = []named{
		{"llm", ObservationGeneration}, {"chain", "chain"}, {"tool", "tool"}, {"agent", "agent"},
		{"retriever", "retriever"}, {"embedding", "embedding"}, {"guardrail", "guardrail"}, {"evaluator", "evaluator"},
	}
	langsmithTypes = []named{{"llm", ObservationGeneration}}
	nameTypes      = []named{
		{"embed", "embedding"}, {"agent", "agent"}, {"tool", "tool"}, {"retriev", "retriever"},
		{"guardrail", "guardrail"}, {"eval", "evaluator"},
	}
)

// Observation is the observation type of a span, ObservationSpan for one that
// is no step of a GenAI application.
func Observation(s *span.Span) string {
	a := s.Attributes
	if has(a, infrastructureKeys...) {
		return ObservationSpan
	}
	if kind := kindOf(operationTypes, text(a, KeyOperation), false); kind != "" {
		if kind == ObservationGeneration && asksToEmbed(s) {
			return "embedding"
		}
		return kind
	}
	if kind := kindOf(openInferenceTypes, text(a, KeyOIKind), true); kind != "" {
		return kind
	}
	if kind := kindOf(langsmithTypes, text(a, "langsmith.span.kind"), true); kind != "" {
		return kind
	}
	switch {
	case has(a, vercelModelKeys...):
		return ObservationGeneration
	case has(a, agentKeys...):
		return "agent"
	case has(a, toolKeys...):
		return "tool"
	}
	if kind := kindIn(nameTypes, s.Name); kind != "" {
		return kind
	}
	if has(a, modelKeys...) {
		return ObservationGeneration
	}
	return ObservationSpan
}

// asksToEmbed reports whether the model that was asked for makes embeddings,
// going by its name.
func asksToEmbed(s *span.Span) bool {
	m := text(s.Attributes, "gen_ai.request.model")
	return m != nil && strings.Contains(strings.ToLower(*m), "embed")
}

func kindOf(table []named, value *string, fold bool) string {
	if value == nil {
		return ""
	}
	for _, n := range table {
		if *value == n.word || fold && strings.EqualFold(*value, n.word) {
			return n.kind
		}
	}
	return ""
}

func kindIn(table []named, name string) string {
	name = strings.ToLower(name)
	for _, n := range table {
		if strings.Contains(name, n.word) {
			return n.kind
		}
	}
	return ""
}

// IsObservation is the filter that holds for exactly the spans whose
// Observation is not ObservationSpan.
func IsObservation() query.Expr {
	some := query.Or{
		oneOf(KeyOperation, operationTypes, false), oneOf(KeyOIKind, openInferenceTypes, true),
		oneOf("langsmith.span.kind", langsmithTypes, true),
	}
	for _, keys := range [][]string{vercelModelKeys, agentKeys, toolKeys, modelKeys} {
		some = append(some, anyOf(SpanFields(keys)))
	}
	for _, n := range nameTypes {
		some = append(some, must(query.Compare{Field: query.Name, Op: query.OpContains, Values: []span.Value{span.String(n.word)}, Fold: true}))
	}
	return query.And{query.Not{X: anyOf(SpanFields(infrastructureKeys))}, some}
}

func oneOf(key string, table []named, fold bool) query.Expr {
	values := make([]span.Value, len(table))
	for i, n := range table {
		values[i] = span.String(n.word)
	}
	return must(query.Compare{Field: query.Attr(query.ScopeSpan, key), View: query.Text, Values: values, Fold: fold})
}

func anyOf(fields []query.Field) query.Expr {
	var or query.Or
	for _, f := range fields {
		or = append(or, query.Exists{Field: f})
	}
	return or
}

// must makes a comparison that is known to be right.
func must(c query.Compare) query.Expr {
	e, err := query.NewCompare(c)
	if err != nil {
		panic(err)
	}
	return e
}

var operationCategories = []named{
	{"chat", "llm"}, {"text_completion", "llm"}, {"embeddings", "embedding"}, {"execute_tool", "tool"}, {"invoke_agent", "agent"},
}

var openInferenceCategories = []named{
	{"llm", "llm"}, {"chain", "chain"}, {"tool", "tool"}, {"agent", "agent"}, {"retriever", "retriever"}, {"embedding", "embedding"},
}

var nameCategories = []named{{"llm", "llm"}, {"chat", "llm"}, {"embed", "embedding"}, {"retriev", "retriever"}}

// Category is the kind of work that a span does, "other" if nothing tells.
func Category(s *span.Span) string {
	a := s.Attributes
	switch {
	case has(a, "http.method", "http.request.method", "rpc.system"):
		return "http"
	case has(a, "db.system"):
		return "db"
	case has(a, "messaging.system"):
		return "messaging"
	case has(a, "aws.s3.bucket"):
		return "storage"
	}
	if c := kindOf(operationCategories, text(a, KeyOperation), false); c != "" {
		if c == "llm" && asksToEmbed(s) {
			return "embedding"
		}
		return c
	}
	switch {
	case has(a, KeyToolName):
		return "tool"
	case has(a, KeyAgentName):
		return "agent"
	}
	if c := kindOf(openInferenceCategories, text(a, KeyOIKind), true); c != "" {
		return c
	}
	if c := kindIn(nameCategories, s.Name); c != "" {
		return c
	}
	return "other"
}
