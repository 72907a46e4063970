package store

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/log"
)

// conformance is what both databases have to pass, each test in a database of its own.
var conformance = map[string]func(*testing.T, place){
	"RoundTrip": testRoundTrip, "ReserveIsAllOrNothing": testReserveIsAllOrNothing, "ReserveRefuses": testReserveRefuses,
	"SharedTransactions": testSharedTransactions, "CheckpointSwap": testCheckpointSwap, "TwoProcesses": testTwoProcesses,
	"Tokens": testTokens, "OneTokenManyUsers": testOneTokenManyUsers, "Orphans": testOrphans, "Settings": testSettings,
	"CheckpointRivals": testCheckpointRivals, "Revisions": testRevisions, "Rivals": testRivals, "Asides": testAsides, "Withhold": testWithhold,
	"Door": testDoor, "MailCodes": testMailCodes, "Policy": testPolicy, "Release": testRelease, "Create": testCreate,
	"Roll": testRoll, "RollWords": testRollWords, "RollRivals": testRollRivals, "RollRefuses": testRollRefuses,
}

// place is where a test's database is.
type place interface {
	make(t *testing.T) error
	open(t *testing.T) *Store
	create(t *testing.T) *Store
}

type folder string

func (f folder) make(*testing.T) error      { return Create(string(f)) }
func (f folder) open(t *testing.T) *Store   { return open(t, string(f)) }
func (f folder) create(t *testing.T) *Store { must(t, f.make(t)); return f.open(t) }

func TestSQLite(t *testing.T) {
	for name, f := range conformance {
		t.Run(name, func(t *testing.T) { f(t, folder(t.TempDir())) })
	}
}

func testCreate(t *testing.T, at place) {
	at.create(t)
	if err := at.make(t); !errors.Is(err, ErrExists) {
		t.Errorf("made again: %v", err)
	}
}

// publication makes one, settled, and returns its genesis; its revision is 2.
func publication(t *testing.T, s *Store, slug string) publish.Reservation {
	t.Helper()
	withToken(t, s, slug)
	g := genesis(slug)
	must(t, s.Reserve(t.Context(), g))
	must(t, s.Settle(t.Context(), publish.Settlement{Record: g.Record, Genesis: g.Genesis, Key: key, Index: 0, Bundle: []byte("complete"), Head: []byte("head")}))
	return g
}

// testRevisions: whoever writes to a chain from an older state of it is told so, and
// changes nothing; settling again says so.
func testRevisions(t *testing.T, at place) {
	s := at.create(t)
	g := publication(t, s, "river")
	next := func(name string, revision int64) publish.Reservation {
		return publish.Reservation{Record: log.Sum([]byte(name)), Genesis: g.Genesis, Sequence: 1, Slug: "river", Key: key, Bundle: []byte("{}"), Revision: revision}
	}
	for _, revision := range []int64{0, 1, 3} {
		if err := s.Reserve(t.Context(), next("early", revision)); !errors.Is(err, publish.ErrStale) {
			t.Errorf("revision %d: %v", revision, err)
		}
	}
	must(t, s.Reserve(t.Context(), next("first", 2)))
	if err := s.Reserve(t.Context(), next("second", 2)); !errors.Is(err, publish.ErrStale) {
		t.Errorf("the old revision again: %v", err)
	}
	settled := publish.Settlement{Record: log.Sum([]byte("first")), Genesis: g.Genesis, Key: key, Index: 5, Bundle: []byte("x")}
	must(t, s.Settle(t.Context(), settled))
	if err := s.Settle(t.Context(), settled); !errors.Is(err, publish.ErrSettled) {
		t.Errorf("settled again: %v", err)
	}
	settled.Index = 6
	if err := s.Settle(t.Context(), settled); err == nil || errors.Is(err, publish.ErrSettled) {
		t.Errorf("settled at another index: %v", err)
	}
	var got []publish.Stored
	must(t, s.Records(t.Context(), func(r publish.Stored) error { got = append(got, r); return nil }))
	if len(got) != 2 || got[0].Revision != 4 || got[1].Revision != 4 || string(got[1].Head) != "head" {
		t.Errorf("%+v", got)
	}
}

// testRivals: of two processes that write to one chain at the same time, one does,
// again and again.
func testRivals(t *testing.T, at place) {
	a := at.create(t)
	b := at.open(t)
	g := publication(t, a, "river")
	for n := int64(1); n <= 20; n++ {
		errs := make(chan error, 2)
		for _, s := range []*Store{a, b} {
			go func() {
				record := log.Sum([]byte{byte(n), byte(len(errs))})
				if s == b {
					record = log.Sum([]byte{byte(n), 'b'})
				}
				errs <- s.Reserve(context.Background(), publish.Reservation{Record: record, Genesis: g.Genesis, Sequence: n, Slug: "river", Key: key, Takes: true, Bundle: []byte("{}"), Revision: n + 1})
			}()
		}
		first, second := <-errs, <-errs
		if (first == nil) == (second == nil) || !errors.Is(errors.Join(first, second), publish.ErrStale) {
			t.Fatalf("record %d: %v, %v", n, first, second)
		}
	}
}

func aside(g log.Digest, name, entry string) publish.Aside {
	return publish.Aside{Record: log.Sum([]byte(name)), SPKI: []byte("spki"), Genesis: g, Entry: entry, Bundle: []byte(name), Index: -1}
}

func testAsides(t *testing.T, at place) {
	s := at.create(t)
	g := publication(t, s, "river").Genesis
	invited := log.Sum([]byte("invitation"))
	one, two := aside(g, "one", "e1"), aside(g, "two", "e2")
	one.Invitation, two.Revision = &invited, 2
	must(t, s.ReserveAside(t.Context(), one))
	must(t, s.ReserveAside(t.Context(), two))
	again, late := aside(g, "three", "e1"), aside(g, "four", "e1")
	again.Invitation, late.Revision = &invited, 1
	for _, c := range []struct {
		a    publish.Aside
		want error
	}{{one, publish.ErrTaken}, {again, publish.ErrInvitationUsed}, {late, publish.ErrStale}} {
		if err := s.ReserveAside(t.Context(), c.a); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.a.Bundle, err, c.want)
		}
	}
	for range 2 { // again is no error
		must(t, s.SettleAside(t.Context(), two.Record, log.Sum(two.SPKI), 9))
	}
	if err := s.SettleAside(t.Context(), two.Record, log.Sum(two.SPKI), 8); err == nil {
		t.Error("settled at another index")
	}
	if used, err := s.InvitationUsed(t.Context(), invited); err != nil || !used {
		t.Errorf("invitation: %v, %v", used, err)
	}
	must(t, s.MarkSeen(t.Context(), g, "e1", now))
	must(t, s.MarkSeen(t.Context(), g, "e1", now.Add(time.Hour)))
	must(t, s.Close())
	s = at.open(t)
	var got []publish.Aside
	must(t, s.Asides(t.Context(), publish.AsideSelection{}, func(a publish.Aside) error { got = append(got, a); return nil }))
	one.Invitation, two.Revision, two.Index = nil, 0, 9
	if diff := cmp.Diff([]publish.Aside{one, two}, got); diff != "" {
		t.Error(diff)
	}
	var places []int64
	for _, genesis := range []log.Digest{g, log.Sum([]byte("another"))} {
		must(t, s.AsidePlaces(t.Context(), genesis, func(index int64) { places = append(places, index) }))
	}
	if diff := cmp.Diff([]int64{9}, places); diff != "" {
		t.Error(diff)
	}
	for genesis, want := range map[log.Digest]int64{g: 9, log.Sum([]byte("another")): -1} {
		last, err := s.LastAside(t.Context(), genesis)
		must(t, err)
		if last != want {
			t.Errorf("the newest stands at %d, want %d", last, want)
		}
	}
	for _, span := range [][3]int64{{0, 9, 0}, {0, 10, 1}, {9, 10, 1}, {10, 11, 0}} {
		found := int64(0)
		must(t, s.Asides(t.Context(), publish.AsideSelection{Genesis: g, From: span[0], To: span[1]}, func(publish.Aside) error { found++; return nil }))
		if found != span[2] {
			t.Errorf("%d records from %d to %d", found, span[0], span[1])
		}
	}
	n := 0
	must(t, s.Seen(t.Context(), func(genesis log.Digest, entry string, at time.Time) {
		if n++; genesis != g || entry != "e1" || !at.Equal(now.Add(time.Hour)) {
			t.Errorf("seen %s %s %v", genesis, entry, at)
		}
	}))
	reserved := 0
	must(t, s.Reserved(t.Context(), func(record, _ log.Digest) {
		if reserved++; record != one.Record {
			t.Errorf("%s is reserved", record)
		}
	}))
	if n != 1 || reserved != 1 {
		t.Errorf("%d seen, %d reserved", n, reserved)
	}
}

// testWithhold: a redaction takes its place only while what it names is what is here;
// then all of that goes.
func testWithhold(t *testing.T, at place) {
	s := at.create(t)
	g := publication(t, s, "river").Genesis
	v := publish.Reservation{Record: log.Sum([]byte("v1")), Genesis: g, Sequence: 1, Slug: "river", Key: key, Takes: true, Bundle: []byte("{}"), Revision: 2,
		Content: publish.Content{Texts: map[string][]byte{"en": []byte("text")}, Disclosures: []signatory.Disclosure{"a", "b"}}}
	must(t, s.Reserve(t.Context(), v))
	for _, name := range []string{"one", "two"} {
		must(t, s.ReserveAside(t.Context(), aside(g, name, "e1")))
	}
	r := publish.Reservation{Record: log.Sum([]byte("redaction")), Genesis: g, Sequence: 2, Slug: "river", Key: key, Takes: true, Bundle: []byte("{}"), Revision: 3, Withholds: "e1", Payloads: 2}
	must(t, s.SettleAside(t.Context(), log.Sum([]byte("one")), log.Sum([]byte("spki")), 3))
	if err := s.Reserve(t.Context(), r); !errors.Is(err, publish.ErrStale) {
		t.Errorf("while a record is on its way: %v", err)
	}
	must(t, s.SettleAside(t.Context(), log.Sum([]byte("two")), log.Sum([]byte("spki")), 4))
	r.Payloads = 1
	if err := s.Reserve(t.Context(), r); !errors.Is(err, publish.ErrStale) {
		t.Errorf("one record is not named: %v", err)
	}
	r.Payloads = 2
	must(t, s.Reserve(t.Context(), r))
	must(t, s.Withhold(t.Context(), g, "e1", "a", nil))
	must(t, s.Asides(t.Context(), publish.AsideSelection{}, func(a publish.Aside) error { return errors.New("a record is left") }))
	must(t, s.Records(t.Context(), func(r publish.Stored) error {
		if r.Record == v.Record && !slices.Equal(r.Content.Disclosures, []signatory.Disclosure{"", "b"}) {
			t.Errorf("%q", r.Content.Disclosures)
		}
		return nil
	}))
}

func testDoor(t *testing.T, at place) {
	s := at.create(t)
	a, b := log.Sum([]byte("a")), log.Sum([]byte("b"))
	must(t, s.ListDoorKey(t.Context(), a, "north", true))
	must(t, s.MarkDoorKey(t.Context(), b))
	must(t, s.MarkDoorKey(t.Context(), b))
	must(t, s.ListDoorKey(t.Context(), a, "", false))
	got, err := s.AllDoorKeys(t.Context())
	must(t, err)
	want := []DoorKey{{a, "north", false, false}, {b, "", false, true}}
	slices.SortFunc(want, func(x, y DoorKey) int { return slices.Compare(x.Key[:], y.Key[:]) })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	must(t, s.ListDoorKey(t.Context(), b, "south", true))
	if listed, err := s.Listed(t.Context(), b); err != nil || !listed {
		t.Errorf("%v, %v", listed, err)
	}
	// A key is for publications or for the door, whoever asks first.
	for _, x := range []struct {
		slug string
		key  log.Digest
		want error
	}{{"listed", b, publish.ErrPublisherKey}, {"river", log.Sum([]byte("c")), nil}} {
		withToken(t, s, x.slug)
		g := genesis(x.slug)
		g.Names = []log.Digest{log.Sum([]byte("d")), x.key}
		if err := s.Reserve(t.Context(), g); !errors.Is(err, x.want) {
			t.Errorf("a policy that names %s's key: %v", x.slug, err)
		}
	}
	for _, named := range []string{"c", "d"} {
		if err := s.MarkDoorKey(t.Context(), log.Sum([]byte(named))); !errors.Is(err, publish.ErrPublisherKey) {
			t.Errorf("a publisher's key at the door: %v", err)
		}
	}
	if listed, err := s.Listed(t.Context(), log.Digest{}); err != nil || listed {
		t.Errorf("a key that nobody named: %v, %v", listed, err)
	}
}

func testMailCodes(t *testing.T, at place) {
	s := at.create(t)
	g := publication(t, s, "river").Genesis
	code := func(n byte, invited bool) publish.MailCode {
		return publish.MailCode{Digest: log.Sum([]byte{n}), Genesis: g, Entry: "e1", Version: 1, Kind: "endorsement", Language: "en", Expires: now.Add(time.Hour).UTC(), Invited: invited}
	}
	for n := range byte(maxMailCodes) {
		must(t, s.PutMailCode(t.Context(), code(n, false), now))
	}
	if err := s.PutMailCode(t.Context(), code(100, false), now); !errors.Is(err, publish.ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
	must(t, s.PutMailCode(t.Context(), code(101, true), now))
	must(t, s.UseMailCode(t.Context(), log.Sum([]byte{0})))
	got, err := s.MailCode(t.Context(), log.Sum([]byte{0}))
	must(t, err)
	want := code(0, false)
	want.Used = true
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	must(t, s.PutMailCode(t.Context(), code(102, false), now.Add(2*time.Hour)))
	if _, err := s.MailCode(t.Context(), log.Sum([]byte{1})); !errors.Is(err, publish.ErrUnknown) {
		t.Errorf("an expired one: %v", err)
	}
}

func testPolicy(t *testing.T, at place) {
	s := at.create(t)
	must(t, s.PutSettings(t.Context(), map[string]string{"policy": "old"}))
	c := publish.Checkpoint{Size: 1, Root: [32]byte{1}, Note: []byte("a")}
	must(t, s.SwapCheckpoint(t.Context(), publish.Checkpoint{}, c))
	must(t, s.SetPolicy(t.Context(), "policy", "new", true))
	got, err := s.Public(t.Context())
	must(t, err)
	if diff := cmp.Diff(c, got); diff != "" {
		t.Error(diff)
	}
	if err := s.SetPolicy(t.Context(), "other", "new", true); !errors.Is(err, ErrNotFound) {
		t.Errorf("a setting that is not there: %v", err)
	}
	must(t, s.ReplaceSetting(t.Context(), "more", "x"))
	must(t, s.DropSettings(t.Context(), "more", "none"))
	if _, err := s.Setting(t.Context(), "more"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a dropped setting: %v", err)
	}
}

func testRelease(t *testing.T, at place) {
	s := at.create(t)
	if _, _, err := s.Release(t.Context()); !errors.Is(err, publish.ErrUnknown) {
		t.Errorf("before the first: %v", err)
	}
	must(t, s.PutRelease(t.Context(), []byte("bundle"), 7))
	if b, i, err := s.Release(t.Context()); err != nil || string(b) != "bundle" || i != 7 {
		t.Errorf("%q, %d, %v", b, i, err)
	}
}
