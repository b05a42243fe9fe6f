package rest

import "fmt"

// Fidelity says what wins where a vendor's page and its service collide.
type Fidelity int

const (
	// Documented follows the page. It is the default.
	Documented Fidelity = iota
	// Observed follows the service, its bugs included.
	Observed
)

// String is the name that ParseFidelity reads.
func (f Fidelity) String() string {
	if f == Observed {
		return "observed"
	}
	return "documented"
}

// ParseFidelity reads "documented" or "observed"; "" is documented.
func ParseFidelity(s string) (Fidelity, error) {
	switch s {
	case "", "documented":
		return Documented, nil
	case "observed":
		return Observed, nil
	}
	return Documented, fmt.Errorf("fidelity %q: want documented or observed", s)
}
