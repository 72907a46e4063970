package trillianlog

import "sync"

// waiters are the Append calls that wait for their entry's place.
type waiters struct {
	mu sync.Mutex // guards m and the count of every waiter in it
	m  map[leafHash]*waiter
}

// waiter is shared by all calls that wait for the same entry.
type waiter struct {
	hash  leafHash
	count int
	done  chan struct{} // closed when index is set
	index uint64
}

func newWaiters() *waiters { return &waiters{m: make(map[leafHash]*waiter)} }

// join must be called before the entry is queued, so that its integration
// cannot be missed. Each join needs a leave.
func (ws *waiters) join(hash leafHash) *waiter {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	w := ws.m[hash]
	if w == nil {
		w = &waiter{hash: hash, done: make(chan struct{})}
		ws.m[hash] = w
	}
	w.count++
	return w
}

func (ws *waiters) leave(w *waiter) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	w.count--
	if w.count == 0 && ws.m[w.hash] == w {
		delete(ws.m, w.hash)
	}
}

// resolve wakes the calls whose entries have a place now.
func (ws *waiters) resolve(placed []placement) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, p := range placed {
		if w := ws.m[p.hash]; w != nil {
			delete(ws.m, p.hash)
			w.index = p.index
			close(w.done)
		}
	}
}

// waiting gives the hashes of the entries still waited for.
func (ws *waiters) waiting() [][]byte {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	hashes := make([][]byte, 0, len(ws.m))
	for hash := range ws.m {
		hashes = append(hashes, hash[:])
	}
	return hashes
}
