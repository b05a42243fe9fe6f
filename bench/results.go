package bench

import (
	"slices"
	"time"
)

// Results are all that a run found out.
type Results struct {
	Machine Machine
	Spool   Spool
	Queries int // parameters of each kind
	Systems []SystemResult
	// Differences tell which answers were not those of the first system that
	// was asked. With any, the times are worth nothing.
	Differences []string
	Compared    int // answers that were compared
}

// SystemResult is what was measured of one system.
type SystemResult struct {
	Peer      Peer
	Ingest    IngestResult
	Open      Times // opening it again for the cold questions
	Questions []QuestionResult
	Mixed     []MixedResult
	During    *DuringResult // nil if it was not measured
}

// IngestResult is what it cost to store the workload.
type IngestResult struct {
	Spans      int
	Wall       time.Duration // until the last request was acknowledged
	Finish     time.Duration // from then until the system was at rest
	CPUSeconds float64       // of both
	PeakBytes  int64         // resident, of both
	Bytes      int64         // on disk afterwards
}

// SpansPerSecond is the rate until the last acknowledgement.
func (r *IngestResult) SpansPerSecond() float64 { return float64(r.Spans) / r.Wall.Seconds() }

// CPUPerMillion is the processor seconds that a million spans cost.
func (r *IngestResult) CPUPerMillion() float64 { return r.CPUSeconds / float64(r.Spans) * 1e6 }

// BytesPerSpan is what a span takes on disk.
func (r *IngestResult) BytesPerSpan() float64 { return float64(r.Bytes) / float64(r.Spans) }

// QuestionResult is how long the questions of a kind took.
type QuestionResult struct {
	Kind   Kind
	Items  int // of all answers together
	Cold   Times
	Rounds []Times // warm; a round asks every parameter once
}

// Warm is the times of all rounds.
func (r *QuestionResult) Warm() Times {
	var all Times
	for _, round := range r.Rounds {
		all = append(all, round...)
	}
	return all
}

// MixedResult is how it went with several clients, each asking all questions
// in an order of its own.
type MixedResult struct {
	Clients int
	Wall    time.Duration
	Kinds   [kinds]Times
}

// All is the times of all kinds.
func (r *MixedResult) All() Times {
	var all Times
	for _, t := range r.Kinds {
		all = append(all, t...)
	}
	return all
}

// DuringResult is how ingesting and asking went at once.
type DuringResult struct {
	Spans int
	Wall  time.Duration // of ingesting
	Kinds [kinds]Times
}

// Times are durations in the order of measuring.
type Times []time.Duration

// Quantile is the least of the times that a part p of them does not exceed;
// zero of no times.
func (t Times) Quantile(p float64) time.Duration {
	if len(t) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t))
	i := int(p*float64(len(sorted)) + 0.999999)
	return sorted[min(max(i, 1), len(sorted))-1]
}
