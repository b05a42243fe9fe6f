package bench

import (
	"math/rand/v2"
	"strings"
	"time"
	"unicode"

	"github.com/spanstead/spanstead/engine/query"
	"github.com/spanstead/spanstead/engine/span"
)

// Draw chooses the questions' parameters from spans that it is shown, so that
// they ask about what is there, in the proportions of the data. The same spans
// in the same order give the same questions.
type Draw struct {
	workload Workload
	count    int
	random   *rand.Rand
	any      reservoir
	routed   reservoir // with http.route and http.target: server spans
	refused  reservoir // with http.status_code of 500 and above
	failed   reservoir // with status ERROR
}

// NewDraw draws count parameters for each kind of question.
func NewDraw(w Workload, count int) *Draw {
	return &Draw{workload: w, count: count, random: rand.New(rand.NewPCG(w.Seed, 0x6472617773))}
}

// See takes spans into account. They are kept.
func (d *Draw) See(spans []*span.Span) {
	for _, s := range spans {
		d.any.offer(s, 8*d.count, d.random)
		if s.Status.Code == span.StatusError {
			d.failed.offer(s, d.count, d.random)
		}
		if _, ok := span.Lookup(s.Attributes, "http.route"); ok {
			d.routed.offer(s, 2*d.count, d.random)
		}
		if v, ok := span.Lookup(s.Attributes, "http.status_code"); ok && v.Int() >= 500 {
			d.refused.offer(s, d.count, d.random)
		}
	}
}

// reservoir keeps a number of those it was offered, each equally likely.
type reservoir struct {
	seen int
	kept []*span.Span
}

func (r *reservoir) offer(s *span.Span, most int, random *rand.Rand) {
	r.seen++
	if len(r.kept) < most {
		r.kept = append(r.kept, s)
	} else if i := random.IntN(r.seen); i < most {
		r.kept[i] = s
	}
}

// at is one of the kept spans, always the same for i.
func (r *reservoir) at(i int) *span.Span {
	if len(r.kept) == 0 {
		return &span.Span{}
	}
	return r.kept[i%len(r.kept)]
}

// Questions are the drawn questions, those of a kind side by side.
func (d *Draw) Questions(wanted []Kind) []Question {
	var all []Question
	for _, k := range Kinds() { // all of them, so that each draws the same whatever is wanted
		drawn := make([]Question, d.count)
		for i := range drawn {
			drawn[i] = d.question(k, i)
		}
		for _, w := range wanted {
			if w == k {
				all = append(all, drawn...)
			}
		}
	}
	return all
}

func (d *Draw) question(k Kind, i int) Question {
	q := Question{Kind: k, Range: d.day()}
	switch k {
	case Q1:
		q.TraceID, q.Range = d.any.at(i).TraceID, query.Range{}
	case Q2:
		s := d.refused.at(i)
		q.Service, q.Status, q.Range = s.ServiceName(), 500, d.around(s, time.Hour)
	case Q3:
		q.Service = d.failed.at(i).ServiceName()
	case Q4:
		s := d.failed.at(i)
		q.Service, q.MinDuration, q.MaxDuration = s.ServiceName(), s.DurationNano(), 20*s.DurationNano()
	case Q5:
		q.Range = d.shifted(i)
	case Q6:
		s := d.routed.at(i)
		q.Service, q.Route, q.Range = s.ServiceName(), text(s, "http.route"), d.shifted(i)
	case Q7, Q8a, Q8b:
		q.Range = d.around(d.any.at(i), []time.Duration{1, 3, 6, 12, 24}[i%5]*time.Hour)
	case Q9a:
		q.Text = partOf(text(d.routed.at(i), "http.target"), i)
	case Q9b:
		q.Text = patternOf(text(d.routed.at(i), "http.target"), i)
	case Q10:
		q.User = text(d.any.at(i+d.count), "user.id")
	case Q11:
		q.Method, q.Status = text(d.routed.at(i), "http.method"), 400
		q.Range = d.around(d.any.at(i), []time.Duration{6, 12, 24}[i%3]*time.Hour)
	}
	return q
}

// day is the whole day of the workload.
func (d *Draw) day() query.Range {
	start := d.workload.start()
	return query.Range{From: uint64(start.UnixNano()), To: uint64(start.Add(24 * time.Hour).UnixNano())}
}

// around is a range of that length, within the day, in which the span starts.
func (d *Draw) around(s *span.Span, length time.Duration) query.Range {
	day := d.day()
	from := s.StartTimeUnixNano - min(s.StartTimeUnixNano, uint64(d.random.Int64N(int64(length))))
	from = min(max(from, day.From), day.To-uint64(length))
	return query.Range{From: from, To: from + uint64(length)}
}

// shifted is a day from a whole minute on, as a chart asks that is drawn in
// minutes; one in ten begins and ends within a minute.
func (d *Draw) shifted(i int) query.Range {
	shift := uint64(time.Minute) * uint64(7*i)
	if i%10 == 9 {
		shift += uint64(d.random.Int64N(int64(time.Minute)))
	}
	day := d.day()
	return query.Range{From: day.From + shift, To: day.To + shift}
}

func text(s *span.Span, key string) string {
	v, _ := span.Lookup(s.Attributes, key)
	return v.Str()
}

// split cuts a target such as /api/v2/orders/1234567/archive before and after
// its number.
func split(target string) (before, number, after string) {
	path, _, _ := strings.Cut(target, "?")
	var best string
	for part := range strings.SplitSeq(path, "/") {
		if len(part) > len(best) && strings.IndexFunc(part, func(c rune) bool { return !unicode.IsDigit(c) }) < 0 {
			best = part
		}
	}
	before, after, _ = strings.Cut(path, "/"+best)
	return before + "/", best, after
}

// partOf is in turn something that one request has in its target and something
// that one in some hundred has.
func partOf(target string, i int) string {
	before, number, _ := split(target)
	if i%2 == 0 {
		return number
	}
	return before[strings.LastIndexByte(before[:len(before)-1], '/')+1:] + number[:min(2, len(number))]
}

// patternOf is a pattern that one in some hundred to some ten thousand targets match.
func patternOf(target string, i int) string {
	before, number, after := split(target)
	digits := number[:min(2+i%3, len(number))]
	return "^/api/v[0-9]+" + before[strings.LastIndexByte(before[:len(before)-1], '/'):] + digits + "[0-9]*" + after + `(\?|$)`
}
