package store

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/postgrestest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log"
)

type server string

func (u server) make(t *testing.T) error { return CreatePostgres(t.Context(), string(u)) }

func (u server) open(t *testing.T) *Store {
	t.Helper()
	s, err := OpenPostgres(t.Context(), string(u))
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (u server) create(t *testing.T) *Store { must(t, u.make(t)); return u.open(t) }

func TestPostgres(t *testing.T) {
	s := postgrestest.Start(t)
	for name, f := range conformance {
		t.Run(name, func(t *testing.T) { f(t, server(s.Database())) })
	}
	for name, f := range map[string]func(*testing.T, *postgrestest.Server, server){"Follow": testFollow, "Restart": testRestart, "Locks": testLocks, "Refuses": testPostgresRefuses, "Export": testExport} {
		t.Run(name, func(t *testing.T) { f(t, s, server(s.Database())) })
	}
}

// testFollow: a process sees each write of another once, as of one moment.
func testFollow(t *testing.T, _ *postgrestest.Server, at server) {
	a := at.create(t)
	b := at.open(t)
	start, err := b.Change(t.Context())
	must(t, err)
	g := publication(t, a, "river")
	must(t, a.ReserveAside(t.Context(), aside(g.Genesis, "one", "e1")))
	must(t, a.MarkSeen(t.Context(), g.Genesis, "e1", now))
	must(t, a.MarkDoorKey(t.Context(), key))
	must(t, a.SwapCheckpoint(t.Context(), publish.Checkpoint{}, publish.Checkpoint{Size: 1, Root: [32]byte{1}, Note: []byte("a")}))
	var first State
	must(t, b.Follow(t.Context(), start, func(s State) error {
		first = s
		// What is written now is of the next look.
		return a.SettleAside(t.Context(), log.Sum([]byte("one")), log.Sum([]byte("spki")), 2)
	}))
	c := first.Changes
	if len(c.Publications) != 1 || len(c.Publications[0]) != 1 || c.Publications[0][0].Revision != 2 || c.Publications[0][0].Slug != "river" ||
		len(c.Asides) != 1 || c.Asides[0].Index != -1 || len(c.Seen) != 1 || len(c.DoorKeys) != 1 || first.Latest.Size != 1 || first.Public.Note != nil {
		t.Errorf("%+v", first)
	}
	var second State
	must(t, b.Follow(t.Context(), first.Change, func(s State) error { second = s; return nil }))
	if len(second.Changes.Publications) != 0 || len(second.Changes.Asides) != 1 || second.Changes.Asides[0].Index != 2 {
		t.Errorf("%+v", second)
	}
	must(t, b.Follow(t.Context(), second.Change, func(s State) error {
		if s.Change != second.Change || len(s.Changes.Asides) != 0 {
			t.Errorf("nothing happened: %+v", s)
		}
		return nil
	}))
	// Batches, and counts, of a roll.
	p := &people{t: t, s: a, genesis: g.Genesis, revision: 2}
	spki := []byte("a person's key")
	must(t, a.ReserveBatch(t.Context(), p.adding(signing(t, 1, "Omar", "well.example", spki))))
	var third State
	must(t, b.Follow(t.Context(), second.Change, func(s State) error { third = s; return nil }))
	if list := third.Changes.Batches; len(list) != 1 || list[0].Index != -1 || list[0].Genesis != g.Genesis {
		t.Errorf("%+v", third)
	}
	must(t, a.SettleBatch(t.Context(), g.Genesis, 1, 7))
	must(t, b.Follow(t.Context(), third.Change, func(s State) error { third = s; return nil }))
	if c := third.Changes; len(c.Batches) != 1 || c.Batches[0].Index != 7 || len(c.Rolls) != 1 || c.Rolls[0] != g.Genesis || len(c.Publications) != 0 {
		t.Errorf("%+v", third)
	}
	must(t, a.Confirm(t.Context(), g.Genesis, log.Sum(spki), "well.example", func(int64) bool { return true }))
	must(t, b.Follow(t.Context(), third.Change, func(s State) error { second = s; return nil }))
	if c := second.Changes; len(c.Batches) != 0 || len(c.Rolls) != 1 || second.Change <= third.Change {
		t.Errorf("%+v", second)
	}
	if err := b.Follow(t.Context(), second.Change+1, func(State) error { return nil }); err == nil || !strings.Contains(err.Error(), "restored") {
		t.Errorf("a database that went back: %v", err)
	}

	// Whoever listens is woken, first at the start.
	ctx, cancel := context.WithCancel(t.Context())
	changed, queued, ended := make(chan bool, 100), make(chan bool, 100), make(chan error, 1)
	go func() { ended <- Listen(ctx, string(at), func() { changed <- true }, func() { queued <- true }) }()
	<-changed
	must(t, a.ReplaceSetting(t.Context(), "x", "y"))
	<-changed
	must(t, a.Queued(t.Context()))
	<-queued
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the end: %v", err)
	}
}

// testRestart: a store survives its server; whatever was acknowledged is there.
func testRestart(t *testing.T, pg *postgrestest.Server, at server) {
	s := at.create(t)
	publication(t, s, "river")
	pg.Kill()
	if err := s.ReplaceSetting(t.Context(), "x", "y"); !errors.Is(err, publish.ErrAway) {
		t.Errorf("a write without a server: %v", err)
	}
	pg.Start()
	must(t, s.ReplaceSetting(t.Context(), "x", "z"))
	n := 0
	must(t, s.Records(t.Context(), func(publish.Stored) error { n++; return nil }))
	if v, err := s.Setting(t.Context(), "x"); err != nil || v != "z" || n != 1 {
		t.Errorf("%q, %v, %d records", v, err, n)
	}
}

// testLocks: one leads at a time, and another when that one's server session ends.
func testLocks(t *testing.T, pg *postgrestest.Server, at server) {
	at.create(t)
	ctx, url := t.Context(), string(at)
	one, err := Lead(ctx, url)
	must(t, err)
	must(t, one.Held(ctx))
	if _, err := Lead(ctx, url); !errors.Is(err, ErrInUse) {
		t.Errorf("a second leader: %v", err)
	}
	must(t, one.Close())
	two, err := Lead(ctx, url)
	must(t, err)
	a, err := Serve(ctx, url)
	must(t, err)
	b, err := Serve(ctx, url)
	must(t, err)
	if _, err := Alone(ctx, url); !errors.Is(err, ErrInUse) {
		t.Errorf("alone beside two: %v", err)
	}
	must(t, errors.Join(a.Close(), b.Close()))
	c, err := Alone(ctx, url)
	must(t, err)
	must(t, c.Close())
	pg.Kill()
	if err := two.Held(ctx); err == nil {
		t.Error("the lock is held without a server")
	}
	pg.Start()
	three, err := Lead(ctx, url)
	must(t, err)
	must(t, three.Close())
}

func testPostgresRefuses(t *testing.T, pg *postgrestest.Server, at server) {
	if _, err := OpenPostgres(t.Context(), string(at)); !errors.Is(err, ErrNotFound) {
		t.Errorf("an empty database: %v", err)
	}
	s := at.create(t)
	if _, err := OpenPostgres(t.Context(), string(at)+"&synchronous_commit=off"); err == nil || !strings.Contains(err.Error(), "synchronous_commit=off") {
		t.Errorf("a server that acknowledges too early: %v", err)
	}
	_, err := s.write.ExecContext(t.Context(), "UPDATE edition SET version = 99")
	must(t, err)
	if _, err := OpenPostgres(t.Context(), string(at)); err == nil || !strings.Contains(err.Error(), "edition 99") {
		t.Errorf("another edition: %v", err)
	}
	if _, err := OpenPostgres(t.Context(), "postgres:///x?host="+filepath.Join(t.TempDir(), "nowhere")); err == nil {
		t.Error("opened without a server")
	}
}

// testExport: a round that fails leaves neither tiles nor checkpoint; of two that begin
// from one checkpoint, one ends with the next.
func testExport(t *testing.T, _ *postgrestest.Server, at server) {
	s := at.create(t)
	ctx := t.Context()
	c := func(n int64) publish.Checkpoint {
		return publish.Checkpoint{Size: n, Root: [32]byte{byte(n)}, Note: []byte{byte(n)}}
	}
	round := func(old, new publish.Checkpoint, fail error) error {
		return s.Export(ctx, func(e *Export) error {
			if err := e.Put(ctx, "edge/1", new.Note); err != nil {
				return err
			}
			if err := e.Put(ctx, "tile/1", new.Note); err != nil {
				return err
			}
			if got, err := e.Tiles(ctx, []string{"tile/2", "edge/1"}); err != nil || got[0] != nil || string(got[1]) != string(new.Note) {
				t.Errorf("read back: %q, %v", got, err)
			}
			if fail != nil {
				return fail
			}
			return e.Swap(ctx, old, new)
		})
	}
	lost := errors.New("lost")
	if err := round(publish.Checkpoint{}, c(1), lost); !errors.Is(err, lost) {
		t.Fatal(err)
	}
	if n, err := s.CountTiles(ctx, ""); err != nil || n != 0 {
		t.Errorf("%d tiles are left, %v", n, err)
	}
	must(t, round(publish.Checkpoint{}, c(1), nil))
	if err := round(publish.Checkpoint{}, c(2), nil); !errors.Is(err, ErrConflict) {
		t.Errorf("a second first: %v", err)
	}
	must(t, round(c(1), c(2), nil))
	if err := round(c(1), c(3), nil); !errors.Is(err, ErrConflict) {
		t.Errorf("an old one: %v", err)
	}
	got, err := s.LastCheckpoint(ctx)
	must(t, err)
	tiles, err := s.Tiles(ctx, []string{"tile/1"})
	must(t, err)
	if got.Size != 2 || string(tiles[0]) != "\x02" {
		t.Errorf("%+v, %q", got, tiles)
	}
	must(t, s.Export(ctx, func(e *Export) error {
		if last, err := e.Last(ctx); err != nil || last.Size != 2 {
			t.Errorf("%+v, %v", last, err)
		}
		return e.Keep(ctx, "edge/", []string{"edge/2"})
	}))
	if n, err := s.CountTiles(ctx, "edge/"); err != nil || n != 0 {
		t.Errorf("%d edges, %v", n, err)
	}
}
