package sideseat

import (
	"errors"
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
	"github.com/spanstead/spanstead/apiserver/sideseat/filter"
	"github.com/spanstead/spanstead/engine/query"
)

// apiError is SideSeat's error body.
type apiError struct {
	Error   string `json:"error"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func bad(code, message string) error {
	return &rest.Error{Status: http.StatusBadRequest, Code: code, Message: message}
}

func notFound(code, message string) error {
	return &rest.Error{Status: http.StatusNotFound, Code: code, Message: message}
}

var (
	errAPIKey    = &rest.Error{Status: http.StatusUnauthorized, Code: "API_KEY_INVALID", Message: "Invalid or expired API key"}
	errProjectID = bad("INVALID_PROJECT_ID", "Invalid project_id: must be 1-64 alphanumeric chars, dashes, or underscores")
	errDatabase  = &rest.Error{Status: http.StatusInternalServerError, Code: "INTERNAL", Message: "Database operation failed"}
)

// plain is an error that the service's framework answers in plain text.
type plain struct {
	status  int
	message string
}

// Error is the text.
func (e *plain) Error() string { return e.message }

// plainError is a fault of the query string on the paths that do not shape it.
func plainError(err error) error {
	var known *rest.Error
	if errors.As(err, &known) && known.Code == "QUERY_PARSE_ERROR" {
		return &plain{known.Status, known.Message}
	}
	return err
}

// kinds are the words for a status.
var kinds = map[int]string{
	http.StatusUnauthorized: "unauthorized", http.StatusForbidden: "forbidden", http.StatusNotFound: "not_found",
	http.StatusConflict: "conflict", http.StatusServiceUnavailable: "service_unavailable",
	http.StatusInternalServerError: "internal_error",
}

// fail answers an error in SideSeat's form.
func (a *Adapter) fail(w http.ResponseWriter, r *http.Request, err error) {
	var text *plain
	if errors.As(err, &text) {
		rest.WriteBody(w, text.status, "text/plain; charset=utf-8", []byte(text.message))
		return
	}
	var known *rest.Error
	if errors.As(err, &known) && known.Code != "" {
		writeError(w, known.Status, known.Code, known.Message)
		return
	}
	rest.LogUnknown(r, err)
	status, code, message := rest.Status(err), "INTERNAL", "Database operation failed"
	switch {
	case errors.Is(err, query.ErrInvalid) || status == http.StatusBadRequest:
		code, message = "BAD_REQUEST", rest.Message(err)
	case status == http.StatusNotFound:
		code, message = "NOT_FOUND", rest.Message(err)
	case status == http.StatusServiceUnavailable:
		code, message = "SERVICE_UNAVAILABLE", rest.Message(err)
	case status < http.StatusInternalServerError:
		code, message = "BAD_REQUEST", rest.Message(err)
	}
	writeError(w, status, code, message)
}

func writeError(w http.ResponseWriter, status int, code, message string) {
	kind, ok := kinds[status]
	if !ok {
		kind = "bad_request"
	}
	rest.WriteJSON(w, status, apiError{kind, code, message})
}

// filterError tells what is wrong with the filters parameter. A value that the
// column cannot be compared with is a fault of the service itself.
func (a *Adapter) filterError(err error) error {
	var column filter.UnknownColumn
	var many filter.TooMany
	switch {
	case errors.As(err, &column):
		return bad("INVALID_FILTER_COLUMN", column.Error())
	case errors.As(err, &many):
		return bad("TOO_MANY_FILTERS", many.Error())
	case errors.Is(err, filter.ErrFault) && a.observed():
		return errDatabase
	case errors.Is(err, filter.ErrFault):
		return bad("INVALID_FILTER_VALUE", err.Error())
	}
	return bad("INVALID_FILTER_JSON", err.Error())
}
