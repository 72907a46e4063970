package pdf

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sijil/sijil/internal/extract"
)

// A file that fills its sandbox leaves nothing of it behind: what the machine has lent
// does not grow from one to the next.
func TestMemoryIsGivenBack(t *testing.T) {
	e, err := New(t.Context(), Options{CacheDir: t.TempDir(), Time: 1500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	held := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapSys - m.HeapReleased
	}
	drawing := "0 0 m 500 700 l S\n"
	file := write([]string{strings.Repeat(drawing, (9<<20)/len(drawing))}, "")
	runtime.GC()
	before := held()
	for range 2 {
		var x *extract.Error
		if _, err := e.Read(t.Context(), file); !errors.As(err, &x) || x.Code != extract.CodeTooSlow {
			t.Fatalf("got %v", err)
		}
		if after := held(); after > before+mostMemory/2 {
			t.Errorf("%d MiB are held after the file, %d before", after>>20, before>>20)
		}
	}
}

func TestLinear(t *testing.T) {
	var m memory
	l := m.Allocate(1, 2)
	a := l.Reallocate(1 << 16)
	a[7] = 7
	for _, size := range []uint64{firstMemory, firstMemory + 1, mostMemory} {
		if b := l.Reallocate(size); uint64(len(b)) != size || b[7] != 7 {
			t.Errorf("%d bytes: got %d", size, len(b))
		}
	}
	if l.Reallocate(mostMemory+1) != nil {
		t.Error("more than the most was given")
	}
	if !m.large.Load() {
		t.Error("the second step was not noted")
	}
}
