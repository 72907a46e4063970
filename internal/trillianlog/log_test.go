package trillianlog_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/trillian"
	"github.com/google/trillian/storage"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/sijil/sijil/internal/trillianlog"
	"github.com/sijil/sijil/internal/trilliansqlite"
)

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
