package trillianlog_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/sijil/sijil/internal/trillianlog"
	"github.com/sijil/sijil/internal/trilliansqlite"
)

func TestMain(m *testing.M) {
	trillianlog.RouteKlog(slog.DiscardHandler)
	m.Run()
}

// fixture is a folder with a log that can be closed and opened again.
type fixture struct {
	dir     string
	treeID  int64
	clock   func() time.Time
	storage *trilliansqlite.Storage
	log     *trillianlog.Log
}

// newFixture creates a log, its storage open and the log itself not yet.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{dir: t.TempDir(), clock: time.Now}
	var err error
	if f.storage, err = trilliansqlite.Create(f.dir, trilliansqlite.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.close(t) })
	f.treeID, err = trillianlog.Create(context.Background(), f.storage.LogStorage(), f.storage.AdminStorage())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) open(t testing.TB) *trillianlog.Log {
	t.Helper()
	var err error
	if f.storage == nil {
		if f.storage, err = trilliansqlite.Open(f.dir, trilliansqlite.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	f.log, err = trillianlog.Open(context.Background(), trillianlog.Options{
		Log: f.storage.LogStorage(), Admin: f.storage.AdminStorage(), TreeID: f.treeID, Clock: f.clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f.log
}

func (f *fixture) close(t testing.TB) {
	t.Helper()
	if f.log != nil {
		if err := f.log.Close(); err != nil {
			t.Errorf("close log: %v", err)
		}
		f.log = nil
	}
	if f.storage != nil {
		if err := f.storage.Close(); err != nil {
			t.Errorf("close storage: %v", err)
		}
		f.storage = nil
	}
}

func openLog(t testing.TB) *trillianlog.Log { return newFixture(t).open(t) }

func mustAppend(t testing.TB, l *trillianlog.Log, entry string, want uint64, wantDuplicate bool) {
	t.Helper()
	index, duplicate, err := l.Append(context.Background(), []byte(entry))
	if err != nil {
		t.Fatalf("Append(%q): %v", entry, err)
	}
	if index != want || duplicate != wantDuplicate {
		t.Fatalf("Append(%q) = %d, %v, want %d, %v", entry, index, duplicate, want, wantDuplicate)
	}
}

// checkRoot recomputes the root from the entries, without Trillian, and gives
// the entries.
func checkRoot(t testing.TB, l *trillianlog.Log, wantSize uint64) [][]byte {
	t.Helper()
	ctx := context.Background()
	size, hash, err := l.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if size != wantSize {
		t.Fatalf("tree size %d, want %d", size, wantSize)
	}
	leaves, err := l.Leaves(ctx, 0, size)
	if err != nil {
		t.Fatal(err)
	}
	r := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for _, leaf := range leaves {
		if err := r.Append(rfc6962.DefaultHasher.HashLeaf(leaf), nil); err != nil {
			t.Fatal(err)
		}
	}
	want, err := r.GetRootHash(nil)
	if err != nil {
		t.Fatal(err)
	}
	if size == 0 {
		want = rfc6962.DefaultHasher.EmptyRoot()
	}
	if !bytes.Equal(hash, want) {
		t.Fatalf("root hash %x, the entries give %x", hash, want)
	}
	return leaves
}

// TestExample is the example of the package comment.
func TestExample(t *testing.T) {
	l := openLog(t)
	checkRoot(t, l, 0)
	mustAppend(t, l, "first", 0, false)
	mustAppend(t, l, "first", 0, true)
	_, hash, err := l.Root(context.Background())
	if want := sha256.Sum256([]byte("\x00first")); err != nil || !bytes.Equal(hash, want[:]) {
		t.Fatalf("root hash %x, %v, want %x", hash, err, want)
	}
	checkRoot(t, l, 1)
}

func TestAppendConcurrent(t *testing.T) {
	const unique, copies = 1024, 2
	l := openLog(t)
	type answer struct {
		index     uint64
		duplicate bool
		err       error
	}
	answers := make([]answer, unique*copies)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			a := &answers[i]
			a.index, a.duplicate, a.err = l.Append(context.Background(), fmt.Appendf(nil, "entry %d", i%unique))
		})
	}
	wg.Wait()

	leaves := checkRoot(t, l, unique)
	for i := range unique {
		firsts := 0
		for c := range copies {
			a := answers[i+c*unique]
			if a.err != nil {
				t.Fatal(a.err)
			}
			if a.index != answers[i].index {
				t.Errorf("entry %d has indices %d and %d", i, a.index, answers[i].index)
			}
			if got, want := string(leaves[a.index]), fmt.Sprintf("entry %d", i); got != want {
				t.Errorf("index %d holds %q, was answered for %q", a.index, got, want)
			}
			if !a.duplicate {
				firsts++
			}
		}
		if firsts != 1 {
			t.Errorf("entry %d: %d calls were the first, want 1", i, firsts)
		}
	}
}

func TestLeaves(t *testing.T) {
	l := openLog(t)
	for i := range 5 {
		mustAppend(t, l, fmt.Sprint(i), uint64(i), false)
	}
	got, err := l.Leaves(context.Background(), 2, 2)
	if want := "[2 3]"; err != nil || fmt.Sprintf("%s", got) != want {
		t.Errorf("Leaves(2, 2) = %s, %v, want %s", got, err, want)
	}
	if got, err := l.Leaves(context.Background(), 3, 0); err != nil || len(got) != 0 {
		t.Errorf("Leaves(3, 0) = %s, %v, want none", got, err)
	}
	for _, r := range [][2]uint64{{0, 6}, {4, 2}, {5, 1}, {1 << 63, 1}, {1, 1<<64 - 1}} {
		if got, err := l.Leaves(context.Background(), r[0], r[1]); err == nil {
			t.Errorf("Leaves(%d, %d) = %d entries, want an error", r[0], r[1], len(got))
		}
	}
}

func TestAppendSizes(t *testing.T) {
	l := openLog(t)
	for _, n := range []int{0, trillianlog.MaxEntryBytes + 1} {
		if _, _, err := l.Append(context.Background(), make([]byte, n)); err == nil {
			t.Errorf("Append of %d bytes succeeded", n)
		}
	}
	mustAppend(t, l, string(make([]byte, trillianlog.MaxEntryBytes)), 0, false)
	checkRoot(t, l, 1)
}

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

func TestAppendContext(t *testing.T) {
	l := openLog(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := l.Append(ctx, []byte("a")); !errors.Is(err, context.Canceled) {
		t.Errorf("Append = %v, want context.Canceled", err)
	}
	if _, _, err := l.Append(context.Background(), []byte("a")); err != nil {
		t.Error(err)
	}
	checkRoot(t, l, 1)
}

func TestCreate(t *testing.T) {
	ctx := context.Background()
	f := newFixture(t)
	if _, err := trillianlog.Create(ctx, f.storage.LogStorage(), f.storage.AdminStorage()); !errors.Is(err, trillianlog.ErrExists) {
		t.Errorf("second Create = %v, want ErrExists", err)
	}
	s, err := trilliansqlite.Create(t.TempDir(), trilliansqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	// A process that died between the tree and its root.
	tree, err := storage.CreateTree(ctx, s.AdminStorage(), &trillian.Tree{
		TreeState: trillian.TreeState_ACTIVE, TreeType: trillian.TreeType_LOG, MaxRootDuration: durationpb.New(0),
	})
	if err != nil {
		t.Fatal(err)
	}
	o := trillianlog.Options{Log: s.LogStorage(), Admin: s.AdminStorage()}
	if _, err := trillianlog.Open(ctx, o); !errors.Is(err, storage.ErrTreeNeedsInit) {
		t.Errorf("Open of an uninitialised tree = %v, want ErrTreeNeedsInit", err)
	}
	id, err := trillianlog.Create(ctx, s.LogStorage(), s.AdminStorage())
	if err != nil || id != tree.TreeId {
		t.Fatalf("Create = %d, %v, want the tree that is there, %d", id, err, tree.TreeId)
	}
	l, err := trillianlog.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, "a", 0, false)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, _, err := l.Append(ctx, []byte("b")); !errors.Is(err, trillianlog.ErrClosed) {
		t.Errorf("Append after Close = %v, want ErrClosed", err)
	}
}
