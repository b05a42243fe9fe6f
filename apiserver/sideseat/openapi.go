package sideseat

import _ "embed"

// OpenAPI describes the endpoints. The vendor publishes no such document; this
// one is the project's own.
//
//go:embed openapi.yaml
var OpenAPI []byte
