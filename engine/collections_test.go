package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/engine"
)

func TestListCollections(t *testing.T) {
	s, err := engine.Open(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for _, name := range []string{"b", "a", "gone"} {
		if err := s.PutDocument(t.Context(), "default", name, "id", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DeleteDocument(t.Context(), "default", "gone", "id"); err != nil {
		t.Fatal(err)
	}
	got, err := s.ListCollections(t.Context(), "default")
	if diff := cmp.Diff([]string{"a", "b"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
