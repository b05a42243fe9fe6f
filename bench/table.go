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
	t.questions(r, "Warm", QuestionResult.warmTimes)
	t.questions(r, "Cold", QuestionResult.coldTimes)
	t.mixed(r)
	t.during(r)
	t.answers(r)
	return t.err
}

func (r QuestionResult) warmTimes() Times { return r.Warm() }
func (r QuestionResult) coldTimes() Times { return r.Cold }

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

// questions writes a row for each kind and a column for each system.
func (t *table) questions(r *Results, title string, times func(QuestionResult) Times) {
	t.printf("## %s\n\np50 (p95) in ms; the best p50 of a row is bold.\n\n", title)
	header := []string{"", "asked"}
	for i := range r.Systems {
		header = append(header, r.Systems[i].Peer.Name)
	}
	t.columns(header...)
	for _, k := range Kinds() {
		perSystem := make([]Times, len(r.Systems))
		some := false
		for i := range r.Systems {
			perSystem[i] = r.Systems[i].times(k, times)
			some = some || len(perSystem[i]) > 0
		}
		if some {
			t.row(append([]string{k.String(), k.Text()}, cells(perSystem)...)...)
		}
	}
	t.printf("\n")
	if title == "Cold" {
		t.opened(r)
	}
}

func (s *SystemResult) times(k Kind, times func(QuestionResult) Times) Times {
	for _, q := range s.Questions {
		if q.Kind == k {
			return times(q)
		}
	}
	return nil
}

// cells are the systems' times of one row.
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
		case p == best:
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
	caches := "and the operating system's pages of its files dropped"
	if !dropsCaches {
		caches = "but the operating system's pages of its files kept"
	}
	t.printf("Each question is the first after the system was opened again, %s. Opening alone takes", caches)
	separator := " "
	for i := range r.Systems {
		if o := r.Systems[i].Open; len(o) > 0 {
			t.printf("%s%s %s (%s)", separator, r.Systems[i].Peer.Name, ms(o.Quantile(0.5)), ms(o.Quantile(0.95)))
			separator = ", "
		}
	}
	t.printf(" ms.\n\n")
}

func (t *table) mixed(r *Results) {
	t.printf("## Clients\n\nAll questions in random order. p50 (p95) in ms over all of them.\n\n")
	t.columns("system", "clients", "questions/s", "p50 (p95)", "p99")
	for i := range r.Systems {
		for _, m := range r.Systems[i].Mixed {
			var all Times
			for _, k := range m.Kinds {
				all = append(all, k...)
			}
			t.row(r.Systems[i].Peer.Name, fmt.Sprint(m.Clients), fmt.Sprintf("%.0f", float64(m.Asked())/m.Wall.Seconds()),
				fmt.Sprintf("%s (%s)", ms(all.Quantile(0.5)), ms(all.Quantile(0.95))), ms(all.Quantile(0.99)))
		}
	}
	t.printf("\n")
}

func (t *table) during(r *Results) {
	t.printf("## While ingesting\n\nThe next day's spans come in at full speed while one client asks. p50 (p95) in ms.\n\n")
	header := []string{""}
	rates := []string{"spans/s"}
	for i := range r.Systems {
		d := r.Systems[i].During
		header = append(header, r.Systems[i].Peer.Name)
		rate := "-"
		if d != nil {
			rate = fmt.Sprintf("%.0f", float64(d.Spans)/d.Wall.Seconds())
		}
		rates = append(rates, rate)
	}
	t.columns(header...)
	t.row(rates...)
	for _, k := range Kinds() {
		perSystem := make([]Times, len(r.Systems))
		some := false
		for i := range r.Systems {
			if d := r.Systems[i].During; d != nil {
				perSystem[i] = d.Kinds[k]
				some = some || len(perSystem[i]) > 0
			}
		}
		if some {
			t.row(append([]string{k.String()}, cells(perSystem)...)...)
		}
	}
	t.printf("\n")
}

func (t *table) answers(r *Results) {
	t.printf("## Answers\n\n%d answers were compared with those of the first system, %d differ.\n", r.Compared, len(r.Differences))
	for i, d := range r.Differences {
		if i == 20 {
			t.printf("- …\n")
			break
		}
		t.printf("- %s\n", d)
	}
}
