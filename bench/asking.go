package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// ask times one question.
func (b *bench) ask(ctx context.Context, q *Question) (time.Duration, Answer, error) {
	start := time.Now()
	a, err := b.system.Ask(ctx, q)
	took := time.Since(start)
	if err != nil {
		err = fmt.Errorf("%v %+v: %w", q.Kind, *q, err)
	}
	return took, a, err
}

// byKind are the questions of each kind with the number of the first.
func (b *bench) byKind(fn func(r *QuestionResult, first int, questions []Question) error) error {
	for first := 0; first < len(b.questions); {
		n := first
		for n < len(b.questions) && b.questions[n].Kind == b.questions[first].Kind {
			n++
		}
		if err := fn(b.of(b.questions[first].Kind), first, b.questions[first:n]); err != nil {
			return err
		}
		first = n
	}
	return nil
}

// of is the place of a kind's result.
func (b *bench) of(k Kind) *QuestionResult {
	for i := range b.result.Questions {
		if b.result.Questions[i].Kind == k {
			return &b.result.Questions[i]
		}
	}
	b.result.Questions = append(b.result.Questions, QuestionResult{Kind: k})
	return &b.result.Questions[len(b.result.Questions)-1]
}

// cold asks every question of a system that was just opened.
func (b *bench) cold(ctx context.Context) error {
	return b.byKind(func(r *QuestionResult, _ int, questions []Question) error {
		end := time.Now().Add(b.Budget)
		for i := range questions {
			if err := b.reopen(ctx); err != nil {
				return err
			}
			took, _, err := b.ask(ctx, &questions[i])
			if err != nil {
				return err
			}
			r.Cold = append(r.Cold, took)
			if time.Now().After(end) {
				break
			}
		}
		return nil
	})
}

// reopen closes the system, has its files forgotten, and opens it.
func (b *bench) reopen(ctx context.Context) error {
	err := b.system.Close()
	b.system = nil
	if err != nil {
		return err
	}
	paths, _, err := files(b.dir)
	if err := errors.Join(err, dropCaches(paths)); err != nil {
		return err
	}
	start := time.Now()
	b.system, err = b.peer.Open(ctx, b.dir)
	b.result.Open = append(b.result.Open, time.Since(start))
	return err
}

// compare asks every question once and holds the answers against those of the
// system that answered first. It warms the system up.
func (b *bench) compare(ctx context.Context) error {
	return b.byKind(func(r *QuestionResult, first int, questions []Question) error {
		end := time.Now().Add(b.Budget)
		for i := range questions {
			_, a, err := b.ask(ctx, &questions[i])
			if err != nil {
				return err
			}
			r.Items += a.Items()
			b.check(first+i, &a)
			if time.Now().After(end) {
				break
			}
		}
		return nil
	})
}

func (b *bench) check(question int, a *Answer) {
	got := asked{b.peer.Name, a.Digest()}
	want, ok := b.answers[question]
	if !ok {
		b.answers[question] = got
		return
	}
	b.results.Compared++
	if want.digest != got.digest {
		b.results.Differences = append(b.results.Differences,
			fmt.Sprintf("%s answers otherwise than %s (%d items): %+v", got.system, want.system, a.Items(), b.questions[question]))
	}
}

// warm asks every question in rounds.
func (b *bench) warm(ctx context.Context) error {
	return b.byKind(func(r *QuestionResult, _ int, questions []Question) error {
		end := time.Now().Add(b.Budget)
		for len(r.Rounds) < b.Rounds && (len(r.Rounds) == 0 || time.Now().Before(end)) {
			var round Times
			for i := range questions {
				took, _, err := b.ask(ctx, &questions[i])
				if err != nil {
					return err
				}
				round = append(round, took)
				if len(r.Rounds) == 0 && time.Now().After(end) {
					break
				}
			}
			r.Rounds = append(r.Rounds, round)
		}
		return nil
	})
}

// mixed lets each number of clients ask all questions, each client in an order
// of its own, for a while.
func (b *bench) mixed(ctx context.Context) error {
	for _, clients := range b.Clients {
		r, err := b.mix(ctx, clients)
		if err != nil {
			return fmt.Errorf("%d clients: %w", clients, err)
		}
		b.result.Mixed = append(b.result.Mixed, *r)
	}
	return nil
}

func (b *bench) mix(ctx context.Context, clients int) (*MixedResult, error) {
	perClient := make([][kinds]Times, clients)
	errs := make([]error, clients)
	var wg sync.WaitGroup
	start := time.Now()
	for c := range clients {
		wg.Go(func() { errs[c] = b.client(ctx, c, start.Add(b.Mixed), &perClient[c]) })
	}
	wg.Wait()
	r := &MixedResult{Clients: clients, Wall: time.Since(start)}
	for _, times := range perClient {
		for k := range times {
			r.Kinds[k] = append(r.Kinds[k], times[k]...)
		}
	}
	return r, errors.Join(errs...)
}

func (b *bench) client(ctx context.Context, number int, end time.Time, times *[kinds]Times) error {
	for i := 0; i == 0 || time.Now().Before(end); i++ {
		q := &b.questions[shuffled(i+1009*number, len(b.questions))]
		took, _, err := b.ask(ctx, q)
		if err != nil {
			return err
		}
		times[q.Kind] = append(times[q.Kind], took)
	}
	return nil
}

// shuffled is the i-th of an endless sequence of permutations of 0 to n-1.
func shuffled(i, n int) int {
	return rand.New(rand.NewPCG(uint64(i/n), 0x6f72646572)).Perm(n)[i%n]
}
