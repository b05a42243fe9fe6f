package mackerel

import (
	"sync"
	"time"
)

// limiter lets each key pass once a second.
type limiter struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// maxKeys bounds the keys remembered; past it those of the last second stay.
const maxKeys = 10_000

func (l *limiter) pass(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.last[key]) < time.Second {
		return false
	}
	if l.last == nil {
		l.last = map[string]time.Time{}
	}
	if len(l.last) >= maxKeys {
		for k, t := range l.last {
			if now.Sub(t) >= time.Second {
				delete(l.last, k)
			}
		}
	}
	l.last[key] = now
	return true
}
