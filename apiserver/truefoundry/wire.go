package truefoundry

import (
	"encoding/json"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/engine/span"
)

// queryRequest is QuerySpansRequest. A field that is null is as good as absent.
type queryRequest struct {
	StartTime              *string       `json:"startTime"`
	EndTime                *string       `json:"endTime"`
	TraceIDs               []*string     `json:"traceIds,omitempty"`
	SpanIDs                []*string     `json:"spanIds,omitempty"`
	ParentSpanIDs          []*string     `json:"parentSpanIds,omitempty"`
	CreatedBySubjectTypes  []*string     `json:"createdBySubjectTypes,omitempty"`
	CreatedBySubjectSlugs  []*string     `json:"createdBySubjectSlugs,omitempty"`
	ApplicationNames       []*string     `json:"applicationNames,omitempty"`
	Limit                  *rest.Integer `json:"limit"`
	SortDirection          *string       `json:"sortDirection"`
	PageToken              *string       `json:"pageToken"`
	TracingProjectFQN      *string       `json:"tracingProjectFqn"`
	DataRoutingDestination *string       `json:"dataRoutingDestination"`
	Filters                []filter      `json:"filters,omitempty"`
	IncludeFeedbacks       *bool         `json:"includeFeedbacks"`
}

// filter is one of SpanFieldFilter, SpanAttributeFilter and
// GatewayRequestMetadataFilter, told apart by the member that names what is compared.
type filter struct {
	SpanFieldName             *string         `json:"spanFieldName"`
	SpanAttributeKey          *string         `json:"spanAttributeKey"`
	GatewayRequestMetadataKey *string         `json:"gatewayRequestMetadataKey"`
	Operator                  *string         `json:"operator"`
	Value                     json.RawMessage `json:"value"`
}

type queryResponse struct {
	Data       []traceSpan     `json:"data"`
	Pagination tokenPagination `json:"pagination"`
}

// tokenPagination has a token only where there is a page to go to.
type tokenPagination struct {
	Limit             int    `json:"limit"`
	NextPageToken     string `json:"nextPageToken,omitempty"`
	PreviousPageToken string `json:"previousPageToken,omitempty"`
}

type traceSpan struct {
	SpanID           string         `json:"spanId"`
	TraceID          string         `json:"traceId"`
	ParentSpanID     string         `json:"parentSpanId"`
	ServiceName      string         `json:"serviceName"`
	SpanName         string         `json:"spanName"`
	SpanKind         string         `json:"spanKind"`
	ScopeName        string         `json:"scopeName"`
	ScopeVersion     string         `json:"scopeVersion"`
	Timestamp        string         `json:"timestamp"`
	DurationNs       int64          `json:"durationNs"`
	StatusCode       string         `json:"statusCode"`
	StatusMessage    string         `json:"statusMessage"`
	SpanAttributes   attributes     `json:"spanAttributes"`
	Events           []spanEvent    `json:"events"`
	CreatedBySubject subject        `json:"createdBySubject"`
	Feedbacks        [][]span.Value `json:"feedbacks"`
}

type spanEvent struct {
	Name       string     `json:"name"`
	Timestamp  string     `json:"timestamp"`
	Attributes attributes `json:"attributes"`
}

type subject struct {
	SubjectID                   string `json:"subjectId"`
	SubjectType                 string `json:"subjectType"`
	SubjectSlug                 string `json:"subjectSlug,omitempty"`
	SubjectDisplayName          string `json:"subjectDisplayName,omitempty"`
	SubjectPatName              string `json:"subjectPatName,omitempty"`
	SubjectControllerName       string `json:"subjectControllerName,omitempty"`
	SubjectExternalIdentitySlug string `json:"subjectExternalIdentitySlug,omitempty"`
	TenantName                  string `json:"tenantName,omitempty"`
}

// attributes are written as one plain object.
type attributes []span.KeyValue

// MarshalJSON writes the last of equal keys, and numbers as doubles.
func (a attributes) MarshalJSON() ([]byte, error) {
	return span.AppendJSONObject(nil, doubled(a)), nil
}

type httpError struct {
	StatusCode int           `json:"statusCode"`
	Message    string        `json:"message"`
	Code       string        `json:"code,omitempty"`
	Details    []errorDetail `json:"details,omitempty"`
}

type errorDetail struct {
	Field string `json:"field"`
}
