package mackerel

import "github.com/spanstead/spanstead/apiserver/internal/rest"

// listRequest is the body of List Traces. A field that is null is as good as absent.
type listRequest struct {
	ServiceName        *string           `json:"serviceName"`
	ServiceNamespace   *string           `json:"serviceNamespace"`
	From               *rest.Integer     `json:"from"`
	To                 *rest.Integer     `json:"to"`
	Environment        *string           `json:"environment"`
	TraceID            *string           `json:"traceId"`
	SpanName           *string           `json:"spanName"`
	Version            *string           `json:"version"`
	IssueFingerprint   *string           `json:"issueFingerprint"`
	StatusCode         *string           `json:"statusCode"`
	MinLatencyMillis   *rest.Integer     `json:"minLatencyMillis"`
	MaxLatencyMillis   *rest.Integer     `json:"maxLatencyMillis"`
	Attributes         []attributeFilter `json:"attributes"`
	ResourceAttributes []attributeFilter `json:"resourceAttributes"`
	Page               *rest.Integer     `json:"page"`
	PerPage            *rest.Integer     `json:"perPage"`
	Order              sortOrder         `json:"order"`
}

type attributeFilter struct {
	Key      *string `json:"key"`
	Value    *string `json:"value"`
	Operator *string `json:"operator"`
	Type     *string `json:"type"`
}

type sortOrder struct {
	Column    *string `json:"column"`
	Direction *string `json:"direction"`
}

type listResponse struct {
	Results     []listResult `json:"results"`
	HasNextPage bool         `json:"hasNextPage"`
}

type listResult struct {
	TraceID              string `json:"traceId"`
	ServiceName          string `json:"serviceName"`
	ServiceNamespace     string `json:"serviceNamespace"`
	Environment          string `json:"environment"`
	Title                string `json:"title"`
	TraceStartAt         int64  `json:"traceStartAt"`
	TraceLatencyMillis   int64  `json:"traceLatencyMillis"`
	ServiceStartAt       int64  `json:"serviceStartAt"`
	ServiceLatencyMillis int64  `json:"serviceLatencyMillis"`
}
