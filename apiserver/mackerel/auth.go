package mackerel

import (
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

const (
	apiKeyHeader    = "X-Api-Key"
	ingestKeyHeader = "Mackerel-Api-Key"
)

// apiKey is the request's key, which names its workspace. ok is false for one
// that is missing, sent twice or not well formed.
func apiKey(r *http.Request) (key string, ok bool) {
	keys := r.Header.Values(apiKeyHeader)
	if len(keys) != 1 || !rest.WellFormed(keys[0]) {
		return "", false
	}
	return keys[0], true
}

func ingestWorkspace(r *http.Request) (string, bool) {
	key := r.Header.Get(ingestKeyHeader)
	return key, rest.WellFormed(key)
}
