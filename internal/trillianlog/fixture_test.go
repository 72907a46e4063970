package trillianlog_test

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/trillian/storage"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

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
	// wrap, if set, goes around the storage that the log is given.
	wrap func(storage.LogStorage) storage.LogStorage
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
	log := f.storage.LogStorage()
	if f.wrap != nil {
		log = f.wrap(log)
	}
	f.log, err = trillianlog.Open(context.Background(), trillianlog.Options{
		Log: log, Admin: f.storage.AdminStorage(), TreeID: f.treeID, Clock: f.clock,
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
