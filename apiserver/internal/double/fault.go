package double

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spanstead/spanstead/apiserver/internal/faults"
)

// AddFault takes a fault in and returns it as it is kept. A named error has to be one
// of KnownErrors; without another vendor in its match the fault is about that
// vendor.
func (d *Double) AddFault(f faults.Fault) (faults.Fault, error) {
	if name := f.Then.Error; name != "" {
		vendor, _, _ := strings.Cut(name, ".")
		v := d.vendor(vendor)
		if v == nil || namedError(v, name) == nil {
			return f, fmt.Errorf("error %q is not known; known are %s", name, strings.Join(d.KnownNames(), ", "))
		}
		if f.Match.Vendor != "" && f.Match.Vendor != vendor {
			return f, fmt.Errorf("error %q is not one of vendor %s", name, f.Match.Vendor)
		}
		f.Match.Vendor = vendor
	}
	if v := f.Match.Vendor; v != "" && d.vendor(v) == nil {
		return f, fmt.Errorf("vendor %q is not known; known are %s", v, strings.Join(d.vendorNames(), ", "))
	}
	var err error
	f.Name, err = d.faults.Add(f)
	return f, err
}

// Faults is the set.
func (d *Double) Faults() *faults.Set { return d.faults }

// KnownError is a vendor's error that a fault can name.
type KnownError struct {
	Name    string
	Status  int
	Message string
	Narrow  bool // it only happens to some requests, such as those with a page token
}

// KnownErrors are those of all vendors, sorted by name.
func (d *Double) KnownErrors() []KnownError {
	var list []KnownError
	for _, v := range d.vendors {
		for _, e := range v.Errors() {
			list = append(list, KnownError{v.Name() + "." + e.Name, e.Err.Status, e.Err.Message, e.Applies != nil})
		}
	}
	slices.SortFunc(list, func(a, b KnownError) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// KnownNames are the names of KnownErrors.
func (d *Double) KnownNames() []string {
	var names []string
	for _, e := range d.KnownErrors() {
		names = append(names, e.Name)
	}
	return names
}

func (d *Double) vendorNames() []string {
	var names []string
	for _, v := range d.vendors {
		names = append(names, v.Name())
	}
	return names
}

// Origin is the address under which a client reached this server.
func Origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
