package trillianlog_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/sijil/sijil/internal/trillianlog"
)

func TestReopen(t *testing.T) {
	f := newFixture(t)
	l := f.open(t)
	for i := range 300 { // more than one subtree
		mustAppend(t, l, fmt.Sprint(i), uint64(i), false)
	}
	f.close(t)
	l = f.open(t)
	mustAppend(t, l, "7", 7, true)
	mustAppend(t, l, "after", 300, false)
	checkRoot(t, l, 301)
}

// queue puts entries in Trillian's queue as a process would that died before
// their integration.
func (f *fixture) queue(t *testing.T, at time.Time, entries ...string) {
	t.Helper()
	ctx := context.Background()
	tree, err := storage.GetTree(ctx, f.storage.AdminStorage(), f.treeID)
	if err != nil {
		t.Fatal(err)
	}
	var leaves []*trillian.LogLeaf
	for _, e := range entries {
		hash := rfc6962.DefaultHasher.HashLeaf([]byte(e))
		leaves = append(leaves, &trillian.LogLeaf{LeafValue: []byte(e), MerkleLeafHash: hash, LeafIdentityHash: hash})
	}
	if _, err := f.storage.LogStorage().QueueLeaves(ctx, tree, leaves, at); err != nil {
		t.Fatal(err)
	}
}

func TestOpenIntegratesWhatWasQueued(t *testing.T) {
	f := newFixture(t)
	f.queue(t, time.Now(), "a", "b")
	f.queue(t, time.Now().Add(time.Hour), "c") // the clock was ahead before the crash
	f.close(t)
	l := f.open(t)
	checkRoot(t, l, 3)
	mustAppend(t, l, "c", 2, true)
	mustAppend(t, l, "d", 3, false)
}

func TestAppendOfAnEntryThatIsOnlyQueued(t *testing.T) {
	f := newFixture(t)
	l := f.open(t)
	f.queue(t, time.Now(), "a") // nobody wakes the sequencer
	mustAppend(t, l, "a", 0, true)
	checkRoot(t, l, 1)
}

func TestClockSteppedBack(t *testing.T) {
	f := newFixture(t)
	var mu sync.Mutex
	now := time.Now()
	step := func(d time.Duration) { mu.Lock(); now = now.Add(d); mu.Unlock() }
	f.clock = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }

	l := f.open(t)
	mustAppend(t, l, "0", 0, false) // and the clock stands still
	mustAppend(t, l, "1", 1, false)
	step(-time.Hour)
	mustAppend(t, l, "2", 2, false)
	f.close(t)
	step(-24 * time.Hour)
	l = f.open(t)
	mustAppend(t, l, "3", 3, false)
	step(48 * time.Hour)
	mustAppend(t, l, "4", 4, false)
	checkRoot(t, l, 5)
}

func TestClose(t *testing.T) {
	f := newFixture(t)
	l := f.open(t)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	answered := make([]map[string]uint64, 8)
	for g := range answered {
		answered[g] = make(map[string]uint64)
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				entry := fmt.Sprintf("%d/%d", g, i)
				index, _, err := l.Append(context.Background(), []byte(entry))
				if err == nil {
					answered[g][entry] = index
				} else if !errors.Is(err, trillianlog.ErrClosed) {
					t.Errorf("Append during Close: %v", err)
				}
			}
		})
	}
	for {
		size, _, err := l.Root(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if size > 100 {
			break
		}
	}
	f.close(t) // while they append
	close(stop)
	wg.Wait()

	l = f.open(t)
	size, _, err := l.Root(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	leaves := checkRoot(t, l, size)
	for _, m := range answered {
		for entry, index := range m {
			if index >= size || string(leaves[index]) != entry {
				t.Errorf("entry %q was answered with %d and is not there", entry, index)
			}
		}
	}
}
