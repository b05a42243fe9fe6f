package bench

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// WriteTable writes the results as Markdown.
func (r *Results) WriteTable(w io.Writer) error {
	t := &table{w: w}
	t.head(r)
	t.ingest(r)
	t.section("Warm", "p50 (p95) in ms; the best p50 of a row is bold.", r, func(s *SystemResult) func(Kind) Times {
		return s.times((*QuestionResult).Warm)
	})
	t.section("Cold", "Each question is the first after the system was opened again. p50 (p95) in ms.", r, func(s *SystemResult) func(Kind) Times {
		return s.times((*QuestionResult).coldTimes)
	})
	t.opened(r)
	t.mixed(r)
	t.during(r)
	t.answers(r)
	return t.err
}

func (r *QuestionResult) coldTimes() Times { return r.Cold }

// times are those of a kind, or none.
func (s *SystemResult) times(of func(*QuestionResult) Times) func(Kind) Times {
	return func(k Kind) Times {
		for i := range s.Questions {
			if s.Questions[i].Kind == k {
				return of(&s.Questions[i])
			}
		}
		return nil
	}
}

// table writes Markdown and keeps the first error.
type table struct {
	w   io.Writer
	err error
}

func (t *table) printf(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format, args...)
	}
}

// columns writes a header row.
func (t *table) columns(names ...string) {
	t.row(names...)
	t.printf("|%s\n", strings.Repeat(" --- |", len(names)))
}

func (t *table) row(cells ...string) { t.printf("| %s |\n", strings.Join(cells, " | ")) }

func (t *table) head(r *Results) {
	s, m := &r.Spool, &r.Machine
	t.printf("# %d spans, %d parameters a question\n\n", s.Made, r.Queries)
	t.printf("%d requests of about %d spans, %d bytes of OTLP a span, seed %d; `zstd -3` of the requests as one stream: %.1f bytes a span.\n\n",
		s.Requests, s.Batch, s.Bytes/int64(max(s.Made, 1)), s.Seed, float64(s.ZstdBytes)/float64(max(s.Made, 1)))
	t.printf("%s, %d cores, %.0f GB, %s, %s, commit %s; load averages before and after: %s.\n\n",
		m.CPU, m.Cores, float64(m.Memory)/(1<<30), m.OS, m.Go, m.Commit, m.Load)
}

func (t *table) ingest(r *Results) {
	t.printf("## Ingest\n\nOne client. CPU and memory include what is left to do after the last request.\n\n")
	t.columns("system", "version", "acknowledged means", "spans/s", "then until at rest", "CPU s per million", "peak resident MB", "bytes a span on disk")
	for i := range r.Systems {
		p, in := &r.Systems[i].Peer, &r.Systems[i].Ingest
		if in.Spans == 0 {
			continue
		}
		size := fmt.Sprintf("%.1f", in.BytesPerSpan())
		if p.Volatile {
			size = "-"
		}
		t.row(p.Name, p.Version, p.Promise, fmt.Sprintf("%.0f", in.SpansPerSecond()), fmt.Sprintf("%.1f s", in.Finish.Seconds()),
			fmt.Sprintf("%.1f", in.CPUPerMillion()), fmt.Sprintf("%.0f", float64(in.PeakBytes)/1e6), size)
	}
	t.printf("\n")
}

// section writes a row for each kind of question and a column for each system.
// It writes nothing when no system has any times.
func (t *table) section(title, says string, r *Results, times func(*SystemResult) func(Kind) Times) {
	header := []string{"", "asked"}
	for i := range r.Systems {
		header = append(header, r.Systems[i].Peer.Name)
	}
	begun := false
	for _, k := range Kinds() {
		perSystem := make([]Times, len(r.Systems))
		some := false
		for i := range r.Systems {
			perSystem[i] = times(&r.Systems[i])(k)
			some = some || len(perSystem[i]) > 0
		}
		if !some {
			continue
		}
		if !begun {
			begun = true
			t.printf("## %s\n\n%s\n\n", title, says)
			t.columns(header...)
		}
		t.row(append([]string{k.String(), k.Text()}, cells(perSystem)...)...)
	}
	if begun {
		t.printf("\n")
	}
}

// cells are the systems' times of one row; the best is bold if there are others.
func cells(perSystem []Times) []string {
	best := time.Duration(0)
	for _, t := range perSystem {
		if p := t.Quantile(0.5); len(t) > 0 && (best == 0 || p < best) {
			best = p
		}
	}
	var cells []string
	for _, t := range perSystem {
		switch p := t.Quantile(0.5); {
		case len(t) == 0:
			cells = append(cells, "-")
		case p == best && len(perSystem) > 1:
			cells = append(cells, fmt.Sprintf("**%s** (%s)", ms(p), ms(t.Quantile(0.95))))
		default:
			cells = append(cells, fmt.Sprintf("%s (%s)", ms(p), ms(t.Quantile(0.95))))
		}
	}
	return cells
}

// ms writes milliseconds with three digits that mean something.
func ms(d time.Duration) string {
	v := float64(d) / 1e6
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

func (t *table) opened(r *Results) {
	var took []string
	for i := range r.Systems {
		if o := r.Systems[i].Open; len(o) > 0 {
			took = append(took, fmt.Sprintf("%s %s (%s)", r.Systems[i].Peer.Name, ms(o.Quantile(0.5)), ms(o.Quantile(0.95))))
		}
	}
	if len(took) == 0 {
		return
	}
	pages := "were dropped"
	if !dropsCaches {
		pages = "were kept"
	}
	t.printf("The pages that the operating system has of the files %s. Opening is not part of the times; it takes, in ms: %s.\n\n", pages, strings.Join(took, ", "))
}

func (t *table) mixed(r *Results) {
	most := 0
	for i := range r.Systems {
		for _, m := range r.Systems[i].Mixed {
			if most == 0 {
				t.printf("## Clients\n\nAll questions in an order that is random and the same for every system; times in ms over all of them.\n\n")
				t.columns("system", "clients", "questions/s", "p50 (p95)", "p99")
			}
			most = max(most, m.Clients)
			all := m.All()
			t.row(r.Systems[i].Peer.Name, fmt.Sprint(m.Clients), fmt.Sprintf("%.0f", float64(len(all))/m.Wall.Seconds()),
				fmt.Sprintf("%s (%s)", ms(all.Quantile(0.5)), ms(all.Quantile(0.95))), ms(all.Quantile(0.99)))
		}
	}
	if most == 0 {
		return
	}
	t.printf("\n")
	t.section(fmt.Sprintf("%d clients", most), "p50 (p95) in ms.", r, func(s *SystemResult) func(Kind) Times {
		return func(k Kind) Times {
			for i := range s.Mixed {
				if s.Mixed[i].Clients == most {
					return s.Mixed[i].Kinds[k]
				}
			}
			return nil
		}
	})
}

func (t *table) during(r *Results) {
	var rates []string
	for i := range r.Systems {
		if d := r.Systems[i].During; d != nil {
			rates = append(rates, fmt.Sprintf("%s %.0f", r.Systems[i].Peer.Name, float64(d.Spans)/d.Wall.Seconds()))
		}
	}
	if len(rates) == 0 {
		return
	}
	says := "The next day's spans come in at full speed while one client asks. Spans/s: " + strings.Join(rates, ", ") + ". p50 (p95) in ms."
	t.section("While ingesting", says, r, func(s *SystemResult) func(Kind) Times {
		return func(k Kind) Times {
			if s.During == nil {
				return nil
			}
			return s.During.Kinds[k]
		}
	})
}

func (t *table) answers(r *Results) {
	if len(r.Systems) < 2 {
		t.printf("## Answers\n\nOne system: nothing to compare its answers with.\n")
		return
	}
	t.printf("## Answers\n\n%d answers were compared with those of the first system, %d differ.\n", r.Compared, len(r.Differences))
	for i, d := range r.Differences {
		if i == 20 {
			t.printf("- …\n")
			break
		}
		t.printf("- %s\n", d)
	}
}
