package bench

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
	"strings"
)

// WriteBenchstat writes the results in the text format of Go benchmarks. A warm
// question has a line for each round, its median over the parameters, so that
// benchstat sees how much it varies.
func (r *Results) WriteBenchstat(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, kv := range [][2]string{
		{"goos", runtime.GOOS}, {"goarch", runtime.GOARCH}, {"pkg", "github.com/spanstead/spanstead/bench"},
		{"cpu", r.Machine.CPU}, {"os", r.Machine.OS}, {"go", r.Machine.Go}, {"commit", r.Machine.Commit},
		{"load", r.Machine.Load}, {"spans", fmt.Sprint(r.Spool.Made)}, {"parameters", fmt.Sprint(r.Queries)},
	} {
		fmt.Fprintf(out, "%s: %s\n", kv[0], kv[1]) // errors stay with out
	}
	for i := range r.Systems {
		r.Systems[i].benchstat(out, r.Machine.Cores)
	}
	return out.Flush()
}

func (s *SystemResult) benchstat(w io.Writer, cores int) {
	fmt.Fprintf(w, "version-%s: %s\n", s.Peer.Name, s.Peer.Version)
	line := func(name string, n int, metrics ...any) {
		fmt.Fprintf(w, "Benchmark%s/system=%s-%d\t%d", name, s.Peer.Name, cores, n)
		for i := 0; i < len(metrics); i += 2 {
			fmt.Fprintf(w, "\t%v %s", metrics[i], metrics[i+1])
		}
		fmt.Fprintln(w)
	}
	if in := &s.Ingest; in.Spans > 0 {
		line("Ingest", in.Spans, in.Wall.Nanoseconds()/int64(in.Spans), "ns/op",
			strings.TrimSpace(fmt.Sprintf("%.0f", in.SpansPerSecond())), "spans/s", fmt.Sprintf("%.2f", in.CPUPerMillion()), "cpu-s/Mspan",
			fmt.Sprintf("%.1f", in.BytesPerSpan()), "disk-B/span", in.PeakBytes, "peak-B")
	}
	for _, q := range s.Questions {
		if len(q.Cold) > 0 {
			line("Cold/"+q.Kind.String(), len(q.Cold), q.Cold.Quantile(0.5).Nanoseconds(), "ns/op", q.Cold.Quantile(0.95).Nanoseconds(), "p95-ns/op")
		}
		for _, round := range q.Rounds {
			line("Warm/"+q.Kind.String(), len(round), round.Quantile(0.5).Nanoseconds(), "ns/op", round.Quantile(0.95).Nanoseconds(), "p95-ns/op")
		}
	}
	for _, m := range s.Mixed {
		all := m.All()
		line(fmt.Sprintf("Mixed/clients=%d", m.Clients), len(all), m.Wall.Nanoseconds()/int64(max(len(all), 1)), "ns/op",
			all.Quantile(0.5).Nanoseconds(), "p50-ns/op", all.Quantile(0.95).Nanoseconds(), "p95-ns/op")
	}
	if d := s.During; d != nil {
		line("DuringIngest", d.Spans, d.Wall.Nanoseconds()/int64(max(d.Spans, 1)), "ns/op")
		for k, times := range d.Kinds {
			if len(times) > 0 {
				line("During/"+Kind(k).String(), len(times), times.Quantile(0.5).Nanoseconds(), "ns/op", times.Quantile(0.95).Nanoseconds(), "p95-ns/op")
			}
		}
	}
}
