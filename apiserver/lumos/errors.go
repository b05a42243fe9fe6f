package lumos

import (
	"errors"
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// fail answers an error as the vendor's ApiError.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	rest.LogUnknown(r, err)
	status := rest.Status(err)
	e := apiError{Code: 1000 + status, Description: rest.Message(err)}
	var refused *rest.Error
	if errors.As(err, &refused) {
		e.Field = refused.Field
	}
	rest.WriteJSON(w, status, e)
}

func notFound(w http.ResponseWriter, r *http.Request) {
	fail(w, r, rest.Errorf(http.StatusNotFound, "no such path"))
}

func methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	fail(w, r, rest.Errorf(http.StatusMethodNotAllowed, "method %s is not allowed here", r.Method))
}
