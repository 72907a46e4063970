package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/log"
)

var now = time.Unix(1_800_000_000, 0)

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func create(t *testing.T) (*Store, string) {
	t.Helper()
	dir := t.TempDir()
	must(t, Create(dir))
	return open(t, dir), dir
}

// key and cosigner are the fingerprints of two publishers' keys.
var key, cosigner = log.Sum([]byte("key")), log.Sum([]byte("another key"))

func genesis(slug string) publish.Reservation {
	d := log.Sum([]byte(slug))
	token := log.Sum([]byte("token " + slug))
	return publish.Reservation{Record: d, Genesis: d, Slug: slug, Key: key, Takes: true, Bundle: []byte("{}"), Token: &token, Now: now}
}

func withToken(t *testing.T, s *Store, slug string) {
	t.Helper()
	must(t, s.AddToken(t.Context(), log.Sum([]byte("token "+slug)), publish.Token{Slug: slug, Expires: now.Add(time.Hour)}))
}

// testRoundTrip: what was reserved and settled is found again after reopening.
func testRoundTrip(t *testing.T, at place) {
	s := at.create(t)
	withToken(t, s, "river")
	g := genesis("river")
	must(t, s.Reserve(t.Context(), g))
	must(t, s.Settle(t.Context(), publish.Settlement{Record: g.Record, Genesis: g.Genesis, Key: key, Index: 7, Bundle: []byte("complete"), Head: []byte("head")}))
	v := publish.Reservation{Record: log.Sum([]byte("v1")), Genesis: g.Genesis, Sequence: 1, Slug: "river", Key: key, Bundle: []byte("{1}"), Now: now, Revision: 2,
		Content: publish.Content{Texts: map[string][]byte{"en": []byte("text"), "ar": []byte("نص")}, Disclosures: []signatory.Disclosure{"a", "", "c"}}}
	must(t, s.Reserve(t.Context(), v))
	must(t, s.Settle(t.Context(), publish.Settlement{Record: v.Record, Genesis: g.Genesis, Key: key, Index: 8, Bundle: []byte("proposed")}))
	second := publish.Reservation{Record: v.Record, Genesis: g.Genesis, Sequence: 1, Slug: "river", Key: cosigner, Takes: true, Bundle: []byte("{2}"), Now: now, Revision: 4}
	must(t, s.Reserve(t.Context(), second))
	must(t, s.Close())
	s = at.open(t)
	var got []publish.Stored
	must(t, s.Records(t.Context(), func(r publish.Stored) error { got = append(got, r); return nil }))
	want := []publish.Stored{
		{Record: g.Record, Genesis: g.Genesis, Slug: "river", State: publish.Settled, Head: []byte("head"), Revision: 5, Content: publish.Content{Texts: map[string][]byte{}},
			Signatures: []publish.StoredSignature{{Key: key, Bundle: []byte("{}"), Index: 7}}},
		{Record: v.Record, Genesis: g.Genesis, Sequence: 1, Slug: "river", State: publish.Taken, Head: []byte("head"), Revision: 5, Content: v.Content,
			Signatures: []publish.StoredSignature{{Key: key, Bundle: []byte("{1}"), Index: 8}, {Key: cosigner, Bundle: []byte("{2}"), Index: -1}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	b, err := s.FirstBundle(t.Context(), g.Record, key)
	if err != nil || string(b) != "complete" {
		t.Errorf("FirstBundle: %q, %v", b, err)
	}
	if _, err := s.FirstBundle(t.Context(), v.Record, cosigner); !errors.Is(err, publish.ErrUnknown) {
		t.Errorf("FirstBundle of a reserved record: %v", err)
	}
}

// TestCloseFolds: after a write and a read, closing leaves one file, which holds all.
func TestCloseFolds(t *testing.T) {
	s, dir := create(t)
	must(t, s.ReplaceSetting(t.Context(), "name", "value"))
	if _, err := s.Setting(t.Context(), "name"); err != nil {
		t.Fatal(err)
	}
	must(t, s.Close())
	list, err := os.ReadDir(dir)
	must(t, err)
	if len(list) != 1 || list[0].Name() != file {
		t.Errorf("left: %v", list)
	}
}

// TestRecordWithoutPublication: a row that is lost is no publication less, but damage.
func TestRecordWithoutPublication(t *testing.T) {
	s, _ := create(t)
	withToken(t, s, "river")
	must(t, s.Reserve(t.Context(), genesis("river")))
	_, err := s.conn.ExecContext(t.Context(), `PRAGMA foreign_keys(0); DELETE FROM publication`)
	must(t, err)
	err = s.Records(t.Context(), func(publish.Stored) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("got %v", err)
	}
}

// TestFull: what a full disk refuses is told from other faults.
func TestFull(t *testing.T) {
	s, _ := create(t)
	_, err := s.conn.ExecContext(t.Context(), `PRAGMA max_page_count = 1`)
	must(t, err)
	for i := range 100 {
		if err = s.ReplaceSetting(t.Context(), fmt.Sprint(i), strings.Repeat("x", 10_000)); err != nil {
			break
		}
	}
	if !errors.Is(err, publish.ErrFull) {
		t.Errorf("got %v", err)
	}
}

// testReserveIsAllOrNothing: a reservation that fails leaves no row, and does
// not use the token.
func testReserveIsAllOrNothing(t *testing.T, at place) {
	s := at.create(t)
	withToken(t, s, "river")
	bad := genesis("river")
	bad.Content.Texts = map[string][]byte{"en": nil} // NOT NULL fails after the record's row is in
	if err := s.Reserve(t.Context(), bad); err == nil {
		t.Fatal("a text without a body was stored")
	}
	n := 0
	must(t, s.Records(t.Context(), func(publish.Stored) error { n++; return nil }))
	tok, err := s.Token(t.Context(), *bad.Token)
	must(t, err)
	if n != 0 || tok.Used {
		t.Errorf("%d records are left, token used: %v", n, tok.Used)
	}
	must(t, s.Reserve(t.Context(), genesis("river")))
}

func testReserveRefuses(t *testing.T, at place) {
	s := at.create(t)
	withToken(t, s, "river")
	must(t, s.Reserve(t.Context(), genesis("river")))
	used := genesis("river")
	used.Record = log.Sum([]byte("x"))
	used.Genesis = used.Record
	otherSlug := genesis("harbour")
	otherSlug.Token = used.Token
	withToken(t, s, "late")
	late := genesis("late")
	late.Now = now.Add(time.Hour)
	place := publish.Reservation{Record: log.Sum([]byte("a")), Genesis: genesis("river").Genesis, Sequence: 1, Slug: "river", Key: key, Takes: true, Bundle: []byte("{}"), Revision: 2}
	proposed := place
	proposed.Record, proposed.Takes, proposed.Revision = log.Sum([]byte("c")), false, 1
	must(t, s.Reserve(t.Context(), proposed)) // several can be proposed
	must(t, s.Reserve(t.Context(), place))
	place.Revision, proposed.Revision = 3, 3
	rival := place
	rival.Record = log.Sum([]byte("b"))
	overtaken := proposed
	overtaken.Key, overtaken.Takes = cosigner, true
	for name, x := range map[string]struct {
		r    publish.Reservation
		want error
	}{
		"a used token":            {used, publish.ErrToken},
		"a token for another":     {otherSlug, publish.ErrToken},
		"an expired token":        {late, publish.ErrToken},
		"a token nobody made":     {genesis("nobody"), publish.ErrToken},
		"a place that is taken":   {rival, publish.ErrTaken},
		"a record that is stored": {place, publish.ErrTaken},
		"a key that has signed":   {proposed, publish.ErrTaken},
		"a proposal too late":     {overtaken, publish.ErrTaken},
	} {
		if err := s.Reserve(t.Context(), x.r); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	settled := publish.Settlement{Record: place.Record, Genesis: place.Genesis, Key: key, Index: 1, Bundle: []byte("x"), Head: []byte("h")}
	must(t, s.Settle(t.Context(), settled))
	if err := s.Settle(t.Context(), settled); err == nil {
		t.Error("settled twice")
	}
	if err := s.Settle(t.Context(), publish.Settlement{Record: proposed.Record, Genesis: place.Genesis, Key: key, Index: 2, Bundle: []byte("x"), Head: []byte("h")}); err == nil {
		t.Error("a proposal became the head")
	}
}

// testSharedTransactions: writers that share a transaction each get their own
// answer; those that fail do not disturb the others.
func testSharedTransactions(t *testing.T, at place) {
	s := at.create(t)
	const n = 200
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		if i%2 == 0 {
			withToken(t, s, fmt.Sprint("slug-", i))
		}
	}
	for i := range n {
		wg.Go(func() { errs[i] = s.Reserve(context.Background(), genesis(fmt.Sprint("slug-", i))) })
	}
	wg.Wait()
	for i, err := range errs {
		if even := i%2 == 0; even && err != nil || !even && !errors.Is(err, publish.ErrToken) {
			t.Errorf("writer %d: %v", i, err)
		}
	}
	slugs, err := s.Slugs(t.Context())
	must(t, err)
	if len(slugs) != n/2 {
		t.Errorf("%d publications, want %d", len(slugs), n/2)
	}
}

func testCheckpointSwap(t *testing.T, at place) {
	s := at.create(t)
	none, err := s.LastCheckpoint(t.Context())
	if err != nil || none.Note != nil || none.Size != 0 {
		t.Fatalf("the first: %+v, %v", none, err)
	}
	a := publish.Checkpoint{Size: 1, Root: [32]byte{1}, Note: []byte("a")}
	b := publish.Checkpoint{Size: 2, Root: [32]byte{2}, Note: []byte("b")}
	must(t, s.SwapCheckpoint(t.Context(), publish.Checkpoint{}, a))
	if err := s.SwapCheckpoint(t.Context(), publish.Checkpoint{}, b); !errors.Is(err, ErrConflict) {
		t.Errorf("a second first: %v", err)
	}
	must(t, s.SwapCheckpoint(t.Context(), a, b))
	if err := s.SwapCheckpoint(t.Context(), a, b); !errors.Is(err, ErrConflict) {
		t.Errorf("an old one: %v", err)
	}
	must(t, s.Close())
	got, err := at.open(t).LastCheckpoint(t.Context())
	must(t, err)
	if diff := cmp.Diff(b, got); diff != "" {
		t.Error(diff)
	}
}

// TestPragmas: they hold on every connection, the pooled readers included.
func TestPragmas(t *testing.T) {
	s, _ := create(t)
	var mode string
	var sync int
	must(t, s.conn.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode))
	must(t, s.conn.QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&sync))
	if mode != "wal" || sync != 2 {
		t.Errorf("journal_mode %s, synchronous %d", mode, sync)
	}
	for range 8 {
		c, err := s.read.Conn(t.Context())
		must(t, err)
		defer c.Close()
		if _, err := c.ExecContext(t.Context(), "DELETE FROM token"); err == nil {
			t.Error("a reader can write")
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	if _, err := Open(t.Context(), t.TempDir()); !errors.Is(err, ErrNotFound) {
		t.Errorf("an empty folder: %v", err)
	}
	s, dir := create(t)
	if err := Create(dir); !errors.Is(err, ErrExists) {
		t.Errorf("Create over a database: %v", err)
	}
	must(t, s.queue.do(t.Context(), func(tx *tx) error { return nil }))
	_, err := s.conn.ExecContext(t.Context(), "PRAGMA user_version = 99")
	must(t, err)
	must(t, s.Close())
	if _, err := Open(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "edition 99") {
		t.Errorf("another edition: %v", err)
	}
	if err := s.AddToken(t.Context(), log.Digest{}, publish.Token{}); !errors.Is(err, errClosed) {
		t.Errorf("a write after Close: %v", err)
	}
	garbage := t.TempDir()
	must(t, os.WriteFile(filepath.Join(garbage, file), []byte(strings.Repeat("not a database ", 100)), 0o600))
	if _, err := Open(t.Context(), garbage); err == nil {
		t.Error("garbage was opened")
	}
}

// TestCreateAfterCrash: what an interrupted Create left is replaced.
func TestCreateAfterCrash(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, file+".new"), []byte("half"), 0o600))
	must(t, Create(dir))
	open(t, dir)
	info, err := os.Stat(filepath.Join(dir, file))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
