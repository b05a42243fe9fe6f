package last9

import (
	"encoding/json"
)

type nestedError struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type flatError struct {
	Error string `json:"error"`
}

// queryBody is the body of every POST that asks for spans.
type queryBody struct {
	Pipeline    json.RawMessage `json:"pipeline"`
	QuerySource string          `json:"query_source"`
}

type heatmapAnswer struct {
	Data []heatmapPoint `json:"data"`
}

// heatmapPoint is a time cell: of each duration cell that holds spans its
// upper bound in milliseconds and the number of spans.
type heatmapPoint struct {
	Timestamp string       `json:"timestamp"`
	Values    [][2]float64 `json:"values"`
}

type seriesAnswer struct {
	Status string              `json:"status"`
	Data   []map[string]string `json:"data"`
}

type labelValuesAnswer struct {
	Status string   `json:"status"`
	Data   []string `json:"data"`
}

type tagsAnswer struct {
	Scopes []tagScope `json:"scopes"`
}

type tagScope struct {
	Name string   `json:"name"`
	Tags []string `json:"tags"`
}

const success = "success"

// savedInput is the body that creates or changes a saved search.
type savedInput struct {
	Name        *string         `json:"name"`
	Pipeline    json.RawMessage `json:"pipeline"`
	Mode        *string         `json:"mode"`
	Shared      *bool           `json:"shared"`
	QuerySource *string         `json:"query_source"`
}

type savedSearch struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Pipeline    json.RawMessage `json:"pipeline"`
	Mode        string          `json:"mode"`
	Shared      bool            `json:"shared"`
	QuerySource string          `json:"query_source"`
	CreatedAt   string          `json:"created_at"`
	UpdatedAt   string          `json:"updated_at"`
}

// savedDocument is a saved search as the store keeps it.
type savedDocument struct {
	savedSearch
	Owner string `json:"owner"`
}

type savedAnswer struct {
	Status string      `json:"status"`
	Data   savedSearch `json:"data"`
}

type savedListAnswer struct {
	Status string        `json:"status"`
	Data   []savedSearch `json:"data"`
}

type deletedAnswer struct {
	Status string    `json:"status"`
	Data   deletedID `json:"data"`
}

type deletedID struct {
	ID string `json:"id"`
}

// recentSearch is a query that was run. It is what the store keeps, too.
type recentSearch struct {
	ID          string          `json:"id"`
	Pipeline    json.RawMessage `json:"pipeline"`
	Mode        string          `json:"mode"`
	QuerySource string          `json:"query_source"`
	ExecutedAt  string          `json:"executed_at"`
}

type recentListAnswer struct {
	Status string         `json:"status"`
	Data   []recentSearch `json:"data"`
}

type exchangeInput struct {
	RefreshToken string `json:"refresh_token"`
}

type exchangeAnswer struct {
	AccessToken  string   `json:"access_token"`
	RefreshToken string   `json:"refresh_token"`
	ExpiresAt    int64    `json:"expires_at"`
	IssuedAt     int64    `json:"issued_at"`
	Type         string   `json:"type"`
	Scopes       []string `json:"scopes"`
}

type datasource struct {
	Name       string               `json:"name"`
	IsDefault  bool                 `json:"is_default"`
	URL        string               `json:"url"`
	Region     string               `json:"region"`
	Properties datasourceProperties `json:"properties"`
}

type datasourceProperties struct {
	Username          string `json:"username"`
	Password          string `json:"password"`
	LevitateClusterID string `json:"levitate_cluster_id"`
}
