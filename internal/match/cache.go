package match

import (
	"container/list"
	"sync"
)

// maxCached is how many tokens of published texts and names are kept parsed: some
// 200 MB at most.
const maxCached = 2 << 20

// A cache keeps what was used last, up to a total weight. It is safe for
// concurrent use; two callers may build the same value at the same time.
type cache struct {
	mu      sync.Mutex
	max     int
	weight  int
	entries map[any]*list.Element
	recent  *list.List // of *cached, the last used first
}

type cached struct {
	key, value any
	weight     int
}

func newCache(weight int) *cache {
	return &cache{max: weight, entries: map[any]*list.Element{}, recent: list.New()}
}

// get returns the value of key, building it when it is not kept.
func (c *cache) get(key any, build func() (value any, weight int)) any {
	c.mu.Lock()
	if e := c.entries[key]; e != nil {
		c.recent.MoveToFront(e)
		c.mu.Unlock()
		return e.Value.(*cached).value
	}
	c.mu.Unlock()
	value, weight := build()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[key] != nil || weight > c.max {
		return value
	}
	c.entries[key] = c.recent.PushFront(&cached{key, value, weight})
	for c.weight += weight; c.weight > c.max; {
		old := c.recent.Remove(c.recent.Back()).(*cached)
		delete(c.entries, old.key)
		c.weight -= old.weight
	}
	return value
}
