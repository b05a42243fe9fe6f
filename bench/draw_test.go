package bench

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstead/spanstead/engine/otlp"
)

func TestDrawRepeats(t *testing.T) {
	w := Workload{Spans: 3000, Batch: 300, Seed: 9}
	draw := func(kinds []Kind) []Question {
		d := NewDraw(w, 20)
		if _, err := WriteSpool(t.Context(), filepath.Join(t.TempDir(), "spool"), w, false, d.See); err != nil {
			t.Fatal(err)
		}
		return d.Questions(kinds)
	}
	all := draw(Kinds())
	if diff := cmp.Diff(all, draw(Kinds())); diff != "" || len(all) != 20*len(Kinds()) {
		t.Errorf("%d questions, the second time others: %s", len(all), diff)
	}
	some := draw([]Kind{Q1, Q11})
	if diff := cmp.Diff(append(all[:20:20], all[len(all)-20:]...), some); diff != "" {
		t.Errorf("fewer kinds draw others: %s", diff)
	}
	different := map[Question]bool{}
	for _, q := range all {
		different[q] = true
	}
	if len(different) < len(all)*2/3 {
		t.Errorf("only %d different questions of %d", len(different), len(all))
	}
}

func TestPatternsMatchWhatTheyWereDrawnFrom(t *testing.T) {
	for _, target := range []string{"/api/v2/orders/7654321", "/api/v1/users/42/archive", "/api/v3/items/1234567/history?page=3&per_page=50"} {
		for i := range 4 {
			if p := patternOf(target, i); !regexp.MustCompile(p).MatchString(target) {
				t.Errorf("%s does not match %s", target, p)
			}
			if p := partOf(target, i); len(p) < 2 || !strings.Contains(target, p) {
				t.Errorf("%s does not contain %q", target, p)
			}
		}
	}
}

func TestSpool(t *testing.T) {
	s, err := WriteSpool(t.Context(), filepath.Join(t.TempDir(), "spool"), Workload{Spans: 2000, Batch: 100}, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	requests, spans, bytes := 0, 0, int64(0)
	err = s.Each(func(b []byte) error {
		list, _, err := otlp.DecodeSpans(b)
		requests, spans, bytes = requests+1, spans+len(list), bytes+int64(len(b))
		return err
	})
	if err != nil || requests != s.Requests || spans != s.Made || bytes != s.Bytes {
		t.Errorf("%d requests of %d spans, %d bytes, want %+v: %v", requests, spans, bytes, s, err)
	}
	if s.ZstdBytes == 0 || s.ZstdBytes > s.Bytes/3 {
		t.Errorf("%d bytes are %d compressed", s.Bytes, s.ZstdBytes)
	}
}

func TestParseKinds(t *testing.T) {
	got, err := ParseKinds("Q8,Q1,Q9b")
	if diff := cmp.Diff([]Kind{Q8a, Q8b, Q1, Q9b}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, err := ParseKinds("Q1,Q12"); err == nil {
		t.Error("Q12 is taken")
	}
}

func TestQuantile(t *testing.T) {
	times := Times{5, 1, 4, 2, 3, 10, 9, 8, 7, 6}
	for p, want := range map[float64]int{0: 1, 0.1: 1, 0.5: 5, 0.51: 6, 0.95: 10, 1: 10} {
		if got := times.Quantile(p); int(got) != want {
			t.Errorf("quantile %v is %d, want %d", p, got, want)
		}
	}
	if Times(nil).Quantile(0.5) != 0 {
		t.Error("no times have a quantile")
	}
}
