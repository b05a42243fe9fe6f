package openapitest

import (
	"net/http/httptest"
	"strings"
	"testing"
)

const document = `
openapi: 3.1.0
info: {title: t, version: "1"}
servers: [{url: "https://elsewhere.test"}]
paths:
  /things:
    post:
      security: [{key: []}]
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name]
              properties:
                name: {type: string, nullable: true}
                size: {type: integer}
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema: {type: array, items: {$ref: '#/components/schemas/Thing'}}
components:
  securitySchemes: {key: {type: http, scheme: bearer}}
  schemas:
    Thing: {type: object, required: [id], properties: {id: {type: string}, at: {type: string, format: date-time}}}
`

func TestValidate(t *testing.T) {
	d := Load(t, []byte(document))
	tests := []struct {
		name, method, path, request string
		status                      int
		answer                      string
		ok                          bool
	}{
		{"good", "POST", "/things", `{"name":"a"}`, 200, `[{"id":"1","at":"2024-01-01T00:00:00Z"}]`, true},
		{"null that is meant", "POST", "/things", `{"name":null}`, 200, `[]`, true},
		{"null that is not", "POST", "/things", `{"name":"a","size":null}`, 200, `[]`, false},
		{"required member missing", "POST", "/things", `{}`, 200, `[]`, false},
		{"wrong answer", "POST", "/things", `{"name":"a"}`, 200, `{}`, false},
		{"wrong member of the answer", "POST", "/things", `{"name":"a"}`, 200, `[{"id":1}]`, false},
		{"refused request", "POST", "/things", `{}`, 400, `{"any":"thing"}`, true},
		{"unknown path", "POST", "/nothing", ``, 404, ``, true},
		{"unknown path that was served", "POST", "/nothing", ``, 200, ``, false},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.request))
		r.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		rec.Header().Set("Content-Type", "application/json")
		rec.WriteHeader(tt.status)
		_, _ = rec.WriteString(tt.answer)
		if err := d.Validate(t.Context(), r, []byte(tt.request), rec); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
