package part

import (
	"container/list"
	"sync"
	"sync/atomic"
)

// Cache keeps what was decoded from segments, the most recently used first,
// up to a number of bytes. It is safe for concurrent use and shared by all
// parts of a store.
type Cache struct {
	limit int64

	mu    sync.Mutex
	size  int64
	items map[key]*list.Element
	order list.List // of *item, most recently used in front

	owners       atomic.Uint64
	hits, misses atomic.Int64
}

type key struct {
	owner uint64 // of the part, never used again
	kind  kind
	a, b  int32
	text  string
}

type kind uint8

const (
	kindPlain kind = iota
	kindCodes
	kindTraceCodes
	kindDict
	kindPostings
	kindLists
	kindNested
	kindPairs
	kindHistogram
	kindTuples
	kindObjects
	kindParents
	kindTraceIDs
	kindMemory
)

type item struct {
	key   key
	value any
	size  int64
}

// itemSize is what an item takes besides its value.
const itemSize = 256

// DefaultCacheBytes is the limit of a Cache for which none is given.
const DefaultCacheBytes = 256 << 20

// NewCache makes a cache of at most limit bytes; 0 means DefaultCacheBytes.
func NewCache(limit int64) *Cache {
	if limit == 0 {
		limit = DefaultCacheBytes
	}
	return &Cache{limit: limit, items: map[key]*list.Element{}}
}

// CacheStats says how a cache has served.
type CacheStats struct {
	Bytes, Hits, Misses int64
}

// Stats returns what the cache holds and how often it had what was asked for.
func (c *Cache) Stats() CacheStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return CacheStats{c.size, c.hits.Load(), c.misses.Load()}
}

// get returns the value under k, loading it when it is not there. Two
// goroutines may load the same value at once; both loads are right.
func get[T any](c *Cache, k key, load func() (T, int, error)) (T, error) {
	c.mu.Lock()
	if e, ok := c.items[k]; ok {
		c.order.MoveToFront(e)
		c.mu.Unlock()
		c.hits.Add(1)
		return e.Value.(*item).value.(T), nil
	}
	c.mu.Unlock()
	c.misses.Add(1)
	v, size, err := load()
	if err == nil {
		c.put(k, v, int64(size)+itemSize)
	}
	return v, err
}

// peek returns the value under k, or nil.
func (c *Cache) peek(k key) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.items[k]; ok {
		c.order.MoveToFront(e)
		return e.Value.(*item).value
	}
	return nil
}

func (c *Cache) put(k key, v any, size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.items[k]; ok || size > c.limit {
		return
	}
	c.items[k] = c.order.PushFront(&item{k, v, size})
	c.size += size
	for c.size > c.limit {
		c.remove(c.order.Back())
	}
}

func (c *Cache) remove(e *list.Element) {
	it := c.order.Remove(e).(*item)
	delete(c.items, it.key)
	c.size -= it.size
}

// forget drops all that a part has cached.
func (c *Cache) forget(owner uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := c.order.Front(); e != nil; {
		next := e.Next()
		if e.Value.(*item).key.owner == owner {
			c.remove(e)
		}
		e = next
	}
}
