package pipeline

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spanstead/spanstead/engine/query"
)

// fault is what is wrong with a pipeline, and where.
type fault struct {
	path []string // innermost first
	err  error
}

// Error is the place and the fault: `pipeline[0].query.$and[1].$gt: …`.
func (f *fault) Error() string {
	var b strings.Builder
	b.WriteString("pipeline")
	for i := len(f.path) - 1; i >= 0; i-- {
		b.WriteString(f.path[i])
	}
	b.WriteString(": ")
	b.WriteString(f.err.Error())
	return b.String()
}

// Unwrap makes every fault a query.ErrInvalid.
func (f *fault) Unwrap() error { return query.ErrInvalid }

func faultf(format string, args ...any) error {
	return &fault{err: fmt.Errorf(format, args...)}
}

// at adds the place in which an error came up.
func at(err error, place string) error {
	if err == nil {
		return nil
	}
	var f *fault
	if !errors.As(err, &f) {
		f = &fault{err: trimmed{err}}
	}
	f.path = append(f.path, place)
	return f
}

func atIndex(err error, i int) error { return at(err, fmt.Sprintf("[%d]", i)) }

func atKey(err error, key string) error { return at(err, "."+short(key)) }

// trimmed says an error of package query without its prefix.
type trimmed struct{ error }

func (t trimmed) Error() string {
	return strings.TrimPrefix(t.error.Error(), query.ErrInvalid.Error()+": ")
}

// short bounds what of a request is repeated in an error.
func short(s string) string {
	if len(s) > 60 {
		return strings.ToValidUTF8(s[:60], "") + "…"
	}
	return s
}
