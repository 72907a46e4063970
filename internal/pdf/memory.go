package pdf

import (
	"runtime/debug"
	"sync/atomic"

	"github.com/tetratelabs/wazero/experimental"
)

const (
	mostMemory  = memoryPages << 16
	firstMemory = mostMemory / 3 // enough for nearly every declaration
)

// memory gives sandboxes their memory in two steps, so that little is left behind by
// growth, and gives it back to the machine where a file needed the second.
//
// It stays on Go's heap: a sandbox that is killed may run on for a moment, and must
// not meet memory that is gone.
type memory struct{ large atomic.Bool }

// Allocate implements experimental.MemoryAllocator.
func (m *memory) Allocate(_, _ uint64) experimental.LinearMemory { return &linear{owner: m} }

// settle is called after each file. A collection costs less than the file did.
func (m *memory) settle() {
	if m.large.Swap(false) {
		debug.FreeOSMemory()
	}
}

// linear is the memory of one sandbox.
type linear struct {
	owner *memory
	bytes []byte
}

// Reallocate implements experimental.LinearMemory; nil refuses.
func (l *linear) Reallocate(size uint64) []byte {
	switch {
	case size > mostMemory:
		return nil
	case size <= uint64(cap(l.bytes)):
	case size <= firstMemory:
		l.grow(firstMemory)
	default:
		l.owner.large.Store(true)
		l.grow(mostMemory)
	}
	l.bytes = l.bytes[:size]
	return l.bytes
}

func (l *linear) grow(capacity int) {
	old := l.bytes
	l.bytes = make([]byte, len(old), capacity)
	copy(l.bytes, old)
}

// Free implements experimental.LinearMemory.
func (l *linear) Free() { l.bytes = nil }
