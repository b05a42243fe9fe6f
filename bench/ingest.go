package bench

import (
	"context"
	"errors"
	"time"
)

// ingest stores the whole workload from one client, a request at a time.
func (b *bench) ingest(ctx context.Context) error {
	settleMemory()
	before := b.usage()
	start := time.Now()
	if err := b.day.Each(func(request []byte) error { return b.system.Ingest(ctx, request) }); err != nil {
		return err
	}
	acknowledged := time.Now()
	if err := b.system.Finish(ctx); err != nil {
		return err
	}
	r := IngestResult{Spans: b.day.Made, Wall: acknowledged.Sub(start), Finish: time.Since(acknowledged)}
	after := b.usage()
	r.CPUSeconds, r.PeakBytes = after.cpuSeconds-before.cpuSeconds, after.peakBytes
	var err error
	if r.Bytes, err = b.size(ctx); err != nil {
		return err
	}
	b.result.Ingest = r
	b.Log.Info("ingested", "system", b.peer.Name, "spans/s", int(r.SpansPerSecond()), "CPU s/M", r.CPUPerMillion(), "B/span", r.BytesPerSpan())
	return nil
}

func (b *bench) size(ctx context.Context) (int64, error) {
	if s, ok := b.system.(Sizer); ok {
		return s.Size(ctx)
	}
	_, size, err := files(b.dir)
	return size, err
}

func (b *bench) usage() usage {
	u := processUsage()
	if b.peer.Usage != nil {
		cpu, peak := b.peer.Usage()
		u.cpuSeconds += cpu
		u.peakBytes += peak
	}
	return u
}

// during ingests the further spans while one client asks all questions over
// and over.
func (b *bench) during(ctx context.Context) error {
	r := &DuringResult{Spans: b.next.Made}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ingested := make(chan error, 1)
	start := time.Now()
	go func() {
		err := b.next.Each(func(request []byte) error { return b.system.Ingest(ctx, request) })
		r.Wall = time.Since(start)
		ingested <- err
	}()
	for i := 0; ; i++ {
		select {
		case err := <-ingested:
			b.result.During = r
			return err
		default:
		}
		q := &b.questions[shuffled(i, len(b.questions))]
		took, _, err := b.ask(ctx, q)
		if err != nil {
			stop()
			return errors.Join(err, <-ingested)
		}
		r.Kinds[q.Kind] = append(r.Kinds[q.Kind], took)
	}
}
