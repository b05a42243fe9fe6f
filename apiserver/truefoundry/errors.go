package truefoundry

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// fail answers an error as the HttpError of the vendor's SDKs.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	rest.LogUnknown(r, err)
	body := httpError{StatusCode: rest.Status(err), Message: rest.Message(err)}
	var refused *rest.Error
	if errors.As(err, &refused) {
		body.Code = refused.Code
		if refused.Field != "" {
			body.Details = []errorDetail{{refused.Field}}
		}
	}
	rest.WriteJSON(w, body.StatusCode, body)
}

func notFound(w http.ResponseWriter, r *http.Request) {
	fail(w, r, rest.Errorf(http.StatusNotFound, "no such path"))
}

func methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	fail(w, r, rest.Errorf(http.StatusMethodNotAllowed, "method %s is not allowed here", r.Method))
}

// invalid refuses one field of the request; the message begins with its name.
func invalid(field, format string, args ...any) error {
	return &rest.Error{Status: http.StatusBadRequest, Field: field, Message: field + ": " + fmt.Sprintf(format, args...)}
}
