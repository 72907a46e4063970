package tilewriter

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/sijil/sijil/log/client"
)

// served is a log as a client sees it: through ReadTile alone.
type served struct{ w *Writer }

func (s served) Fetch(_ context.Context, path string) ([]byte, error) {
	return s.w.ReadTile(path)
}

// A client reads every tree that was published, also the earlier ones whose
// partial tiles have long been filled.
func TestClientReads(t *testing.T) {
	f := newFixture(t)
	w := f.open()
	var trees []client.Tree
	for _, n := range []int{1, 200, 55, 44, 2000} {
		size := f.log.add(n)
		cp, err := w.Cover(t.Context(), size-1)
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, client.Tree{Size: cp.Size, Root: cp.Root})
	}
	for i, tree := range trees {
		n := 0
		err := client.Entries(t.Context(), served{w}, tree, 0, tree.Size, func(i uint64, e []byte) error {
			if !bytes.Equal(e, f.log.leaves[i]) {
				t.Fatalf("entry %d is another", i)
			}
			n++
			return nil
		})
		if err != nil || uint64(n) != tree.Size {
			t.Fatalf("size %d: %d entries, %v", tree.Size, n, err)
		}
		for _, later := range trees[i:] {
			if err := client.Consistency(t.Context(), served{w}, tree, later); err != nil {
				t.Error(err)
			}
		}
		if _, _, err := client.Inclusion(t.Context(), served{w}, tree, tree.Size-1); err != nil {
			t.Error(err)
		}
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want []string
	}{
		{&RollbackError{Last: Checkpoint{Size: 7}, Size: 3, Where: "the log"},
			[]string{"the log: size 3", "size 7", "stop the service", "at least 7 entries", "second history"}},
		{&RollbackError{Last: Checkpoint{Size: 7}, Where: "the log"}, []string{"emptied", "another data folder"}},
		{&FullError{Dir: "tiles", Free: 1, MinFree: 2}, []string{"1 bytes free for tiles", "free some space"}},
		{&DamageError{Paths: []string{"tile/0/000"}, Err: errCrash}, []string{`this file is wrong: ["tile/0/000"]`, "check the disk"}},
		{&DamageError{Paths: []string{"edge/1-0", "tile/1/000"}, Err: errCrash}, []string{"at least one is wrong"}},
	} {
		for _, want := range tt.want {
			if !strings.Contains(tt.err.Error(), want) {
				t.Errorf("%v: want %q in it", tt.err, want)
			}
		}
	}
}
