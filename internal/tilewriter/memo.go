package tilewriter

import (
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// memoSize is the number of stored hashes that one generation of a memo keeps:
// those of the last 30,000 entries, in about 8 MB for the two generations.
const memoSize = 1 << 16

// memo remembers stored hashes of published trees, by their index. A stored hash
// never changes, so a proof for any tree may use it. When the new generation is
// full it becomes the old one, and what is asked for again moves over.
type memo struct {
	mu   sync.Mutex // guards the maps
	size int
	new  map[int64]tlog.Hash
	old  map[int64]tlog.Hash
}

func newMemo(size int) *memo {
	return &memo{size: size, new: make(map[int64]tlog.Hash)}
}

// get fills out and returns the positions it has nothing for.
func (m *memo) get(indexes []int64, out []tlog.Hash) (missing []int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, x := range indexes {
		h, ok := m.new[x]
		if !ok {
			if h, ok = m.old[x]; ok {
				m.set(x, h)
			}
		}
		if !ok {
			missing = append(missing, i)
		}
		out[i] = h
	}
	return missing
}

// add remembers consecutive stored hashes, from the index first on.
func (m *memo) add(first int64, hashes []tlog.Hash) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, h := range hashes {
		m.set(first+int64(i), h)
	}
}

func (m *memo) set(x int64, h tlog.Hash) {
	if len(m.new) >= m.size {
		m.old, m.new = m.new, make(map[int64]tlog.Hash)
	}
	m.new[x] = h
}
