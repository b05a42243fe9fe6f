package control

import (
	"errors"
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Message string `json:"message"`
	Field   string `json:"field,omitempty"`
}

// fail answers an error in words for whoever writes the test.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	rest.LogUnknown(r, err)
	detail := errorDetail{Message: rest.Message(err)}
	var refused *rest.Error
	if errors.As(err, &refused) {
		detail.Field = refused.Field
	}
	rest.WriteJSON(w, rest.Status(err), errorBody{detail})
}

// bad refuses a request for what it says.
func bad(err error) error {
	var known *rest.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return rest.Errorf(http.StatusBadRequest, "%v", err)
}

// decode reads a body that may be empty.
func decode(r *http.Request, v any) error {
	return rest.DecodeJSON(r, v, rest.JSONOptions{RefuseUnknown: true, AllowEmpty: true})
}
