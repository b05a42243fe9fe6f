package last9

import (
	"errors"
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// The errors of the page's table, in its words.
var (
	errRegion    = &rest.Error{Status: http.StatusBadRequest, Message: "region query parameter is required"}
	errExpired   = &rest.Error{Status: http.StatusUnauthorized, Code: "TOKEN_EXPIRED", Message: "Authorization token is expired"}
	errForbidden = &rest.Error{Status: http.StatusForbidden, Message: "Forbidden"}
	errNotFound  = &rest.Error{Status: http.StatusNotFound, Message: "Not Found"}
	errConfig    = &rest.Error{Status: http.StatusInternalServerError, Code: "ERR_S3_CONFIG_MISSING", Message: "OTLP configuration not found for org"}
)

// Those of tokens that the page does not list.
var (
	errNoToken  = &rest.Error{Status: http.StatusUnauthorized, Message: "Authorization token is required"}
	errBadToken = &rest.Error{Status: http.StatusBadRequest, Code: "INVALID_TOKEN", Message: "invalid access token"}
)

// codes are the words for a status where an error brings none of its own.
var codes = map[int]string{
	http.StatusBadRequest:            "BAD_REQUEST",
	http.StatusUnauthorized:          "UNAUTHORIZED",
	http.StatusForbidden:             "FORBIDDEN",
	http.StatusNotFound:              "NOT_FOUND",
	http.StatusMethodNotAllowed:      "METHOD_NOT_ALLOWED",
	http.StatusRequestEntityTooLarge: "REQUEST_TOO_LARGE",
	http.StatusServiceUnavailable:    "SERVICE_UNAVAILABLE",
}

// fail answers an error: nested as the page shows it, flat as the service does.
func (a *Adapter) fail(w http.ResponseWriter, r *http.Request, err error) {
	rest.LogUnknown(r, err)
	status, message, code := rest.Status(err), rest.Message(err), ""
	var refused *rest.Error
	if errors.As(err, &refused) {
		message, code = refused.Message, refused.Code
	}
	if status == http.StatusNotFound {
		message = errNotFound.Message
	}
	if a.observed() {
		rest.WriteJSON(w, status, flatError{Error: message})
		return
	}
	if code == "" {
		code = codes[status]
	}
	if code == "" {
		code = "INTERNAL_ERROR"
	}
	rest.WriteJSON(w, status, nestedError{errorDetail{Code: code, Message: message}})
}

func (a *Adapter) notFound(w http.ResponseWriter, r *http.Request) { a.fail(w, r, errNotFound) }

func (a *Adapter) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	a.fail(w, r, rest.Errorf(http.StatusMethodNotAllowed, "Method Not Allowed"))
}

func badRequest(format string, args ...any) error {
	return rest.Errorf(http.StatusBadRequest, format, args...)
}
