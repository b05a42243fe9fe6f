package derive

import (
	"strings"

	"github.com/spanstead/spanstead/engine/span"
)

type mark struct{ prefix, framework string }

// A span attribute with this prefix tells the framework. Earlier lines win.
var attributeMarks = []mark{
	{"langgraph.", "LangGraph"}, {"langsmith.", "LangChain"}, {"langchain.", "LangChain"}, {"openinference.", "OpenInference"},
	{"gcp.vertex.agent.", "GoogleADK"}, {"ai.operationId", "VercelAISDK"}, {"ai.telemetry.", "VercelAISDK"},
	{"ai.usage.", "VercelAISDK"}, {"autogen.", "AutoGen"}, {"semantic_kernel.", "SemanticKernel"}, {"crew_key", "CrewAI"},
	{"mlflow.", "MLflow"}, {"logfire.", "Logfire"}, {"lk.", "LiveKit"}, {"traceloop.", "TraceLoop"},
}

// The value of gen_ai.provider.name or gen_ai.system may tell it.
var systemMarks = []mark{
	{"strands-agents", "StrandsAgents"}, {"gcp.vertex.agent", "GoogleADK"}, {"autogen", "AutoGen"},
}

// And so may the resource's service.name or telemetry.sdk.name.
var resourceMarks = []mark{
	{"service.name=strands-agents", "StrandsAgents"}, {"service.name=crewAI-telemetry", "CrewAI"},
	{"telemetry.sdk.name=logfire", "Logfire"},
}

// Framework is the library that made the span, "Unknown" if nothing tells.
func Framework(s *span.Span) string {
	for _, m := range resourceMarks {
		key, value, _ := strings.Cut(m.prefix, "=")
		if v, ok := span.Lookup(resourceAttributes(s), key); ok && v.Text() == value {
			return m.framework
		}
	}
	if system := System(s); system != nil {
		for _, m := range systemMarks {
			if *system == m.prefix {
				return m.framework
			}
		}
	}
	if s.Name == "LangGraph" {
		return "LangGraph"
	}
	for _, m := range attributeMarks {
		for i := range s.Attributes {
			if strings.HasPrefix(s.Attributes[i].Key, m.prefix) {
				return m.framework
			}
		}
	}
	return "Unknown"
}
