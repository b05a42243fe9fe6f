package control

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/spanstead/spanstead/apiserver/internal/rest"
)

// duration is written as Go writes one, "1.5s".
type duration time.Duration

// MarshalJSON is told at json.Marshaler.
func (d duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON is told at json.Unmarshaler.
func (d *duration) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return rest.Errorf(http.StatusBadRequest, `duration %.40s: want a text such as "200ms" or "1m30s"`, b)
	}
	v, err := time.ParseDuration(text)
	if err != nil {
		return rest.Errorf(http.StatusBadRequest, `duration %.40q: want a text such as "200ms" or "1m30s"`, text)
	}
	*d = duration(v)
	return nil
}
