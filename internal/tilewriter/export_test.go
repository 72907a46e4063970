package tilewriter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/log/tile"
)

// memTable is a table in memory, and its checkpoint.
type memTable struct {
	mu   sync.Mutex // held by the round that runs
	rows map[string][]byte
	cp   Checkpoint
	fail string // "before": the next commit fails; "after": it happens, and fails
}

func (m *memTable) tiles(_ context.Context, names []string) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return get(m.rows, names), nil
}

func get(rows map[string][]byte, names []string) [][]byte {
	out := make([][]byte, len(names))
	for i, name := range names {
		out[i] = bytes.Clone(rows[name])
	}
	return out
}

var errCommit = errors.New("the connection is gone")

func (m *memTable) rounds(_ context.Context, f func(Round) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := &memRound{rows: maps.Clone(m.rows), cp: m.cp}
	if err := f(r); err != nil {
		return err
	}
	fail := m.fail
	if m.fail = ""; fail != "before" {
		m.rows, m.cp = r.rows, r.cp
	}
	if fail != "" {
		return errCommit
	}
	return nil
}

type memRound struct {
	rows map[string][]byte
	cp   Checkpoint
}

func (r *memRound) Last(context.Context) (Checkpoint, error) { return r.cp, nil }

func (r *memRound) Tiles(_ context.Context, names []string) ([][]byte, error) {
	return get(r.rows, names), nil
}

func (r *memRound) CountTiles(_ context.Context, prefix string) (n int64, err error) {
	for name := range r.rows {
		if strings.HasPrefix(name, prefix) {
			n++
		}
	}
	return n, nil
}

func (r *memRound) Put(_ context.Context, name string, data []byte) error {
	r.rows[name] = bytes.Clone(data)
	return nil
}

func (r *memRound) Keep(_ context.Context, prefix string, names []string) error {
	maps.DeleteFunc(r.rows, func(name string, _ []byte) bool {
		return strings.HasPrefix(name, prefix) && !slices.Contains(names, name)
	})
	return nil
}

func (r *memRound) Swap(_ context.Context, old, new Checkpoint) error {
	if old.Size != r.cp.Size || !bytes.Equal(old.Note, r.cp.Note) {
		return ErrConflict
	}
	r.cp = new
	return nil
}

func newMemTable() *memTable { return &memTable{rows: map[string][]byte{}} }

func exporterOf(m *memTable, l *memLog, who string) *Exporter {
	return NewExporter(ExporterOptions{Source: l, Rounds: m.rounds, Sign: func(size uint64, root tlog.Hash) ([]byte, error) {
		return fmt.Appendf(nil, "%s %d %v", who, size, root), nil
	}})
}

func advance(t *testing.T, e *Exporter, want uint64) {
	t.Helper()
	cp, err := e.Advance(t.Context())
	if err != nil || cp.Size != want {
		t.Fatalf("size %d, want %d: %v", cp.Size, want, err)
	}
}

// checkTable reads every tile and entry of the table's tree through a Follower, and
// holds them against the log.
func checkTable(t *testing.T, m *memTable, l *memLog) {
	t.Helper()
	f := NewFollower(m.tiles)
	if _, _, err := f.Move(t.Context(), m.cp, m.tiles); err != nil {
		t.Fatal(err)
	}
	if want := l.rootAt(m.cp.Size); m.cp.Root != want {
		t.Fatalf("root %v, the log's is %v", m.cp.Root, want)
	}
	for n := int64(0); n*tile.Width < int64(m.cp.Size); n++ {
		at, _ := tile.At(tile.EntriesLevel, n, m.cp.Size)
		b, err := f.ReadTile(tile.Path(at))
		if err != nil {
			t.Fatal(err)
		}
		entries, err := tile.ParseBundle(b, at.W)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range entries {
			if !bytes.Equal(e, l.leaves[n*tile.Width+int64(i)]) {
				t.Fatalf("entry %d is another one", n*tile.Width+int64(i))
			}
		}
	}
	for _, index := range []uint64{0, m.cp.Size / 2, m.cp.Size - 1} {
		p, err := f.Prove(index, m.cp.Size)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(p, int64(m.cp.Size), m.cp.Root, int64(index), tlog.RecordHash(l.leaves[index])); err != nil {
			t.Errorf("proof of %d: %v", index, err)
		}
	}
	if n := len(m.rows) - int(countFull(m.cp.Size)); n > 4 {
		t.Errorf("%d rows beside the full tiles", n)
	}
}

// TestExport: a table holds what a folder would, at sizes around every edge.
func TestExport(t *testing.T) {
	m, l := newMemTable(), &memLog{}
	e := exporterOf(m, l, "one")
	advance(t, e, 0)
	if m.cp.Note == nil {
		t.Fatal("the empty tree is not signed")
	}
	for _, n := range []int{1, 254, 1, 1, 300, 1024, 65536, 3} {
		size := l.add(n)
		advance(t, e, size)
		advance(t, e, size) // nothing new
		checkTable(t, m, l)
	}
	again := exporterOf(m, l, "one")
	advance(t, again, uint64(len(l.leaves)))
	advance(t, again, l.add(10))
	checkTable(t, m, l)
}

// TestExportFenced: whoever goes on from another checkpoint than the stored one is
// told, for good, and has changed nothing.
func TestExportFenced(t *testing.T) {
	m, l := newMemTable(), &memLog{}
	one, two := exporterOf(m, l, "one"), exporterOf(m, l, "two")
	advance(t, one, l.add(300))
	advance(t, two, 300) // it begins from what is there
	advance(t, one, l.add(5))
	before := maps.Clone(m.rows)
	l.add(300)
	for range 2 {
		if _, err := two.Advance(t.Context()); !errors.Is(err, ErrConflict) {
			t.Fatalf("the second leader: %v", err)
		}
	}
	if !maps.EqualFunc(before, m.rows, bytes.Equal) || !bytes.HasPrefix(m.cp.Note, []byte("one 305 ")) {
		t.Errorf("it has written: %s", m.cp.Note)
	}
	advance(t, one, 605)
	checkTable(t, m, l)
}

// TestExportLostAnswer: a commit whose answer is lost may have happened; either way
// the same process goes on, and another one's checkpoint still stops it.
func TestExportLostAnswer(t *testing.T) {
	for _, fail := range []string{"before", "after"} {
		m, l := newMemTable(), &memLog{}
		e := exporterOf(m, l, "one")
		advance(t, e, l.add(10))
		m.fail = fail
		l.add(10)
		if _, err := e.Advance(t.Context()); !errors.Is(err, errCommit) {
			t.Fatal(err)
		}
		advance(t, e, 20)
		checkTable(t, m, l)

		m.fail = fail
		l.add(10)
		if _, err := e.Advance(t.Context()); !errors.Is(err, errCommit) {
			t.Fatal(err)
		}
		advance(t, exporterOf(m, l, "two"), 30)
		advance(t, exporterOf(m, l, "two"), l.add(1))
		if _, err := e.Advance(t.Context()); !errors.Is(err, ErrConflict) {
			t.Errorf("%s: another one has gone on: %v", fail, err)
		}
	}
}

// TestExportRefusesRollback: a log that does not continue the checkpoint is not signed.
func TestExportRefusesRollback(t *testing.T) {
	for name, spoil := range map[string]func(l *memLog) *memLog{
		"shorter": func(*memLog) *memLog { n := &memLog{}; n.add(299); return n },
		"other":   func(*memLog) *memLog { n := &memLog{}; n.addAs("other", 300); return n },
		"other, longer": func(*memLog) *memLog {
			n := &memLog{}
			n.addAs("other", 400)
			return n
		},
	} {
		m, l := newMemTable(), &memLog{}
		e := exporterOf(m, l, "one")
		advance(t, e, l.add(300))
		l = spoil(l)
		for who, next := range map[string]*Exporter{"the same process": e, "the next one": exporterOf(m, l, "one")} {
			next.opt.Source = l
			if _, err := next.Advance(t.Context()); !errors.Is(err, ErrRollback) {
				t.Errorf("%s, %s: %v", name, who, err)
			}
		}
		if m.cp.Size != 300 {
			t.Errorf("%s: signed %s", name, m.cp.Note)
		}
	}
}

// TestExportMends: rows that are missing or wrong on the edge are made again when a
// leadership begins, and have to give the signed root.
func TestExportMends(t *testing.T) {
	m, l := newMemTable(), &memLog{}
	advance(t, exporterOf(m, l, "one"), l.add(70_000))
	sound := maps.Clone(m.rows)
	for name, spoil := range map[string]func(){
		"a full tile is missing": func() { delete(m.rows, "tile/0/017") },
		"a bundle is missing":    func() { delete(m.rows, "tile/entries/003") },
		"the edge is missing": func() {
			maps.DeleteFunc(m.rows, func(n string, _ []byte) bool { return strings.HasPrefix(n, "edge/") })
		},
		"the edge is wrong":        func() { m.rows["edge/1-1"][5] ^= 1 },
		"the last bundle is wrong": func() { m.rows["edge/entries-273"][7] ^= 1 },
		"everything is missing":    func() { clear(m.rows) },
	} {
		m.rows = map[string][]byte{}
		for n, b := range sound {
			m.rows[n] = bytes.Clone(b)
		}
		spoil()
		if maps.EqualFunc(sound, m.rows, bytes.Equal) {
			t.Fatalf("%s: nothing is spoilt", name)
		}
		advance(t, exporterOf(m, l, "one"), 70_000)
		if !maps.EqualFunc(sound, m.rows, bytes.Equal) {
			t.Errorf("%s: not made again", name)
		}
	}
	other := &memLog{}
	other.addAs("other", 80_000)
	clear(m.rows)
	if _, err := exporterOf(m, other, "one").Advance(t.Context()); !errors.Is(err, ErrRollback) {
		t.Errorf("made again from another log: %v", err)
	}
}

// TestFollow: a Follower tells what is new, once, and refuses what does not continue
// what it has shown.
func TestFollow(t *testing.T) {
	m, l := newMemTable(), &memLog{}
	e := exporterOf(m, l, "one")
	f := NewFollower(m.tiles)
	move := func(want uint64) []tlog.Hash {
		t.Helper()
		first, hashes, err := f.Move(t.Context(), m.cp, m.tiles)
		if err != nil || first != want {
			t.Fatalf("from %d, want %d: %v", first, want, err)
		}
		return hashes
	}
	if got := move(0); got != nil || f.Latest().Note != nil {
		t.Error("something is shown of nothing")
	}
	advance(t, e, l.add(300))
	if got := move(0); len(got) != 0 {
		t.Errorf("%d hashes at the first move", len(got))
	}
	covered := make(chan Checkpoint, 1)
	go func() {
		cp, err := f.Cover(context.Background(), 1500)
		if err != nil {
			t.Error(err)
		}
		covered <- cp
	}()
	size := uint64(300)
	for _, n := range []int{1, 211, 1, 2000} {
		advance(t, e, l.add(n))
		got := move(size)
		if len(got) != n {
			t.Fatalf("%d hashes, want %d", len(got), n)
		}
		for i, h := range got {
			if h != tlog.RecordHash(l.leaves[size+uint64(i)]) {
				t.Fatalf("hash %d is another one", i)
			}
		}
		size += uint64(n)
		if got := move(size); len(got) != 0 {
			t.Error("told twice")
		}
	}
	if cp := <-covered; cp.Size != size {
		t.Errorf("covered by %d", cp.Size)
	}
	if _, err := f.Consistency(300, size); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func() *memTable{
		"smaller": func() *memTable {
			x := newMemTable()
			o := &memLog{}
			advance(t, exporterOf(x, o, "x"), o.add(400))
			return x
		},
		"another": func() *memTable {
			x := newMemTable()
			o := &memLog{}
			advance(t, exporterOf(x, o, "x"), o.addAs("other", 5000))
			return x
		},
		"none": newMemTable,
	} {
		g := NewFollower(m.tiles)
		if _, _, err := g.Move(t.Context(), m.cp, m.tiles); err != nil {
			t.Fatal(err)
		}
		x := spoil()
		if _, _, err := g.Move(t.Context(), x.cp, x.tiles); !errors.Is(err, ErrRollback) {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := g.Move(t.Context(), m.cp, m.tiles); !errors.Is(err, ErrRollback) {
			t.Errorf("%s, and then the old one: %v", name, err)
		}
		if _, err := g.Cover(t.Context(), 0); !errors.Is(err, ErrRollback) || g.Room() == nil {
			t.Errorf("%s: it goes on: %v", name, err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Cover(t.Context(), size); err == nil {
		t.Error("covered after the end")
	}
}
