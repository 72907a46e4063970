package trilliansqlite_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/trillian"
	"github.com/google/trillian/log"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/storage"
	"github.com/google/trillian/storage/testonly"
	"github.com/google/trillian/types"
	"github.com/google/trillian/util/clock"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/sijil/sijil/internal/trilliansqlite"
)

// killFolder makes the test binary the process that TestKill kills.
const killFolder = "TRILLIANSQLITE_KILL_FOLDER"

// TestKill kills a process that queues and integrates, again and again, and
// checks after each time that every leaf that was answered is there, and that
// the stored tree is the tree of the stored leaves.
func TestKill(t *testing.T) {
	if dir := os.Getenv(killFolder); dir != "" {
		queueUntilKilled(dir)
		return
	}
	dir := t.TempDir()
	s := opened(t)(trilliansqlite.Create(dir, trilliansqlite.Options{}))
	tree := newTree(t, s, testonly.LogTree)
	mustClose(t, s)

	answered := make(map[string]bool)
	for round := range 5 {
		killAfter(t, dir, 150*(round+1), answered)
		s := opened(t)(trilliansqlite.Open(dir, trilliansqlite.Options{}))
		checkTree(t, s, tree) // as it was left
		integrate(t, s, tree)
		for _, value := range checkTree(t, s, tree) {
			delete(answered, hex.EncodeToString(leaf(value).LeafIdentityHash))
		}
		mustClose(t, s)
		if len(answered) > 0 {
			t.Fatalf("round %d: %d leaves were answered and are lost", round, len(answered))
		}
	}
}

// killAfter starts the other process, notes n leaves that it says are durable,
// kills it, and notes what else it had said.
func killAfter(t *testing.T, dir string, n int, answered map[string]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKill$")
	cmd.Env = append(os.Environ(), killFolder+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	said := 0
	for lines.Scan() {
		hash, ok := strings.CutPrefix(lines.Text(), "durable ")
		if !ok {
			t.Errorf("the other process says %q", lines.Text())
			continue
		}
		answered[hash] = true
		if said++; said == n {
			cmd.Process.Kill()
		}
	}
	cmd.Wait() // its error is the kill
	if said < n {
		t.Fatalf("the other process ended after %d leaves", said)
	}
}

// queueUntilKilled queues new leaves from several goroutines, says which are
// durable, and integrates them meanwhile.
func queueUntilKilled(dir string) {
	fail := func(err error) { fmt.Println("error:", err); os.Exit(1) }
	s, err := trilliansqlite.Open(dir, trilliansqlite.Options{})
	if err != nil {
		fail(err)
	}
	trees, err := storage.ListTrees(context.Background(), s.AdminStorage(), false)
	if err != nil {
		fail(err)
	}
	var mu sync.Mutex // guards standard output: one line, one write
	for g := range 16 {
		go func() {
			for i := 0; ; i++ {
				l := leaf(strconv.Itoa(os.Getpid()) + fmt.Sprint("/", g, "/", i))
				if _, err := queue(s, trees[0], l); err != nil {
					fail(err)
				}
				mu.Lock()
				fmt.Printf("durable %x\n", l.LeafIdentityHash)
				mu.Unlock()
			}
		}()
	}
	log.InitMetrics(nil)
	for {
		_, err := log.IntegrateBatch(context.Background(), trees[0], 64, 0, 0, clock.System, s.LogStorage(), quota.Noop())
		if err != nil {
			fail(err)
		}
	}
}

// checkTree compares the root with one computed from the leaves, and gives the
// leaves' values.
func checkTree(t *testing.T, s *trilliansqlite.Storage, tree *trillian.Tree) (values []string) {
	t.Helper()
	err := read(s, tree, func(ctx context.Context, tx storage.ReadOnlyLogTreeTX) error {
		slr, err := tx.LatestSignedLogRoot(ctx)
		if err != nil {
			return err
		}
		var root types.LogRootV1
		if err := root.UnmarshalBinary(slr.LogRoot); err != nil {
			return err
		}
		r := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
		for size := int64(root.TreeSize); int64(len(values)) < size; {
			leaves, err := tx.GetLeavesByRange(ctx, int64(len(values)), size)
			if err != nil {
				return err
			}
			for _, l := range leaves {
				values = append(values, string(l.LeafValue))
				if err := r.Append(rfc6962.DefaultHasher.HashLeaf(l.LeafValue), nil); err != nil {
					return err
				}
			}
		}
		got, err := r.GetRootHash(nil)
		if err == nil && root.TreeSize > 0 && string(got) != string(root.RootHash) {
			t.Errorf("root of %d leaves is %x, the leaves give %x", root.TreeSize, root.RootHash, got)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// TestNothingOfATransactionIsSeenBeforeItsCommit is the other half of the
// promise: what was not committed is not there.
func TestNothingOfATransactionIsSeenBeforeItsCommit(t *testing.T) {
	s := create(t)
	tree := newTree(t, s, testonly.LogTree)
	if _, err := queue(s, tree, leaf("a")); err != nil {
		t.Fatal(err)
	}
	fault := fmt.Errorf("fault")
	err := write(s, tree, func(ctx context.Context, tx storage.LogTreeTX) error {
		leaves, err := tx.DequeueLeaves(ctx, 1, time.Now())
		if err != nil {
			return err
		}
		leaves[0].IntegrateTimestamp = leaves[0].QueueTimestamp
		if err := tx.UpdateSequencedLeaves(ctx, leaves); err != nil {
			return err
		}
		return fault
	})
	if err != fault {
		t.Fatalf("ReadWriteTransaction = %v, want the function's own error", err)
	}
	if n := integrate(t, s, tree); n != 1 {
		t.Errorf("integrated %d leaves, want the one that was rolled back", n)
	}
}
