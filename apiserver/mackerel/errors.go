package mackerel

import (
	"net/http"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

type errorBody struct {
	Error errorMessage `json:"error"`
}

type errorMessage struct {
	Message string `json:"message"`
}

// fail answers an error in the vendor's shape.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	rest.LogUnknown(r, err)
	rest.WriteJSON(w, rest.Status(err), errorBody{errorMessage{rest.Message(err)}})
}

func notFound(w http.ResponseWriter, r *http.Request) {
	fail(w, r, rest.Errorf(http.StatusNotFound, "no such path"))
}

func methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	fail(w, r, rest.Errorf(http.StatusMethodNotAllowed, "method %s is not allowed here", r.Method))
}

func invalid(format string, args ...any) error {
	return rest.Errorf(http.StatusBadRequest, format, args...)
}
