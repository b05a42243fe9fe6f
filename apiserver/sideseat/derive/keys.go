package derive

import "github.com/spanstead/spanstead/engine/query"

// Attribute keys that decide a column. Of a list, the first that the span has
// counts, whatever its value.
const (
	KeyOperation = "gen_ai.operation.name"
	KeyOIKind    = "openinference.span.kind"
	KeyAgentName = "gen_ai.agent.name"
	KeyAgentID   = "gen_ai.agent.id"
	KeyToolName  = "gen_ai.tool.name"
	KeyToolCall  = "gen_ai.tool.call.id"
	KeyMetadata  = "metadata"
	KeyCostTotal = "llm.cost.total"
)

// The keys of each column, the first one that is there counts.
var (
	EnvironmentKeys = []string{"deployment.environment", "deployment.environment.name"} // of the resource
	SessionKeys     = []string{
		"session.id", "langsmith.trace.session_id", "langgraph.thread_id", "ai.telemetry.metadata.sessionId",
		"mlflow.trace.session", "gcp.vertex.agent.session_id",
	}
	UserKeys  = []string{"user.id", "enduser.id", "ai.telemetry.metadata.userId", "mlflow.trace.user"}
	ModelKeys = []string{
		"gen_ai.request.model", "llm.model_name", "embedding.model_name", "reranker.model_name", "ai.model.id",
	}
	ResponseModelKeys = []string{"gen_ai.response.model"}
	SystemKeys        = []string{"gen_ai.provider.name", "gen_ai.system", "llm.provider", "ai.model.provider"}
	TagKeys           = []string{"tags", "tag.tags", "langsmith.tags"}

	InputTokenKeys = []string{
		"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt",
		"llm.usage.prompt_tokens", "ai.usage.promptTokens",
	}
	OutputTokenKeys = []string{
		"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion",
		"llm.usage.completion_tokens", "ai.usage.completionTokens",
	}
	TotalTokenKeys     = []string{"gen_ai.usage.total_tokens", "llm.token_count.total"}
	CacheReadTokenKeys = []string{
		"gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_read_tokens",
		"llm.usage.cache_read_input_tokens", "ai.usage.cachedInputTokens",
	}
	CacheWriteTokenKeys = []string{
		"gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write_tokens",
		"gen_ai.usage.cache_write_input_tokens", "llm.usage.cache_creation_input_tokens",
	}
	ReasoningTokenKeys = []string{"gen_ai.usage.output_reasoning_tokens", "ai.usage.reasoningTokens"}
)

// A member of the metadata object that names the session or the user where no
// attribute does.
const (
	metadataSession = "thread_id"
	metadataUser    = "user_id"
)

// SpanFields are the fields of span attributes.
func SpanFields(keys []string) []query.Field { return fields(query.ScopeSpan, keys) }

// ResourceFields are the fields of resource attributes.
func ResourceFields(keys []string) []query.Field { return fields(query.ScopeResource, keys) }

// KeyIDs is a reserved attribute of spans whose ids do not have OTLP's length:
// it holds them as they were sent.
const KeyIDs = "sideseat.sent_ids"
