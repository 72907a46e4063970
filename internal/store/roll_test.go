package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// people are the endorsers of a publication, in a store that may be one of several.
type people struct {
	t        *testing.T
	s        *Store
	genesis  log.Digest
	revision int64
	number   int64 // of the newest batch
}

func newPeople(t *testing.T, s *Store) *people {
	return &people{t: t, s: s, genesis: publication(t, s, "river").Genesis, revision: 2}
}

// named is a row with a name.
func named(t *testing.T, n int, name, country string) publish.NewEndorser {
	t.Helper()
	who := signatory.Signatory{Name: name, Kind: signatory.Person, Country: country}
	d, err := signatory.Disclose(who, [signatory.SaltSize]byte{byte(n), byte(n >> 8)})
	must(t, err)
	e := &roll.Endorser{Row: roll.Row{Disclosure: d}, Signatory: who}
	e.Commitment, err = roll.ParseCommitment(d.Digest())
	must(t, err)
	return publish.NewEndorser{Endorser: e, Known: endorsement.Listed}
}

// signing is a row with a signature under a key, of somebody at a domain.
func signing(t *testing.T, n int, name, domain string, key []byte) publish.NewEndorser {
	e := named(t, n, name, "EG")
	e.Signatory.Domain = domain
	e.Claim = &roll.Claim{Issued: "2026-01-02T03:04:05Z", Key: key, Language: "en", Signature: []byte{1}}
	e.Evidence, e.Key, e.Known = log.Sum([]byte(name)), log.Sum(key), roll.Unconfirmed
	return e
}

func (p *people) batch() publish.NewBatch {
	n := p.number + 1
	return publish.NewBatch{Genesis: p.genesis, Revision: p.revision, Record: log.Sum([]byte{byte(n)}), Number: n, SPKI: []byte("spki"), Bundle: fmt.Appendf(nil, "bundle %d", n)}
}

func (p *people) adding(rows ...publish.NewEndorser) publish.NewBatch {
	b := p.batch()
	b.Change, b.Version, b.Added = statement.BatchAdd, 1, rows
	return b
}

func (p *people) ending(change string, rows ...publish.NewEndorser) publish.NewBatch {
	b := p.batch()
	b.Change = change
	for _, e := range rows {
		b.Entries = append(b.Entries, e.Commitment)
	}
	return b
}

// take reserves a batch, and settles it at index 10 times its number.
func (p *people) take(b publish.NewBatch) {
	p.t.Helper()
	must(p.t, p.s.ReserveBatch(p.t.Context(), b))
	must(p.t, p.s.SettleBatch(p.t.Context(), p.genesis, b.Number, 10*b.Number))
	p.number = b.Number
}

// counts are those of version 1, by "country known".
func (p *people) counts() map[string]int64 {
	p.t.Helper()
	sum, err := p.s.RollCounts(p.t.Context(), p.genesis)
	must(p.t, err)
	if sum.Batches != p.number || p.number > 0 && sum.Newest != log.Sum([]byte{byte(p.number)}) {
		p.t.Errorf("%d batches up to %s are counted, want %d", sum.Batches, sum.Newest, p.number)
	}
	out := map[string]int64{}
	for c, n := range sum.Tally {
		if c.Version != 1 {
			p.t.Errorf("version %d is counted", c.Version)
		}
		out[c.Country+" "+string(c.Known)] = n
	}
	return out
}

// places are those that a query gives.
func (p *people) places(q publish.RollQuery) []int64 {
	p.t.Helper()
	q.Version = 1
	if q.Limit == 0 {
		q.Limit = 100
	}
	list, err := p.s.Endorsers(p.t.Context(), p.genesis, q)
	must(p.t, err)
	out := []int64{}
	for _, e := range list {
		out = append(out, e.Place)
	}
	return out
}

func (p *people) want(what string, counts map[string]int64) {
	p.t.Helper()
	if diff := cmp.Diff(counts, p.counts()); diff != "" {
		p.t.Errorf("%s: %s", what, diff)
	}
}

// testRoll: rows count, and are found, from their settlement on; they are withdrawn and
// withheld, and become signed; all of it is there after a restart.
func testRoll(t *testing.T, at place) {
	p := newPeople(t, at.create(t))
	ctx := t.Context()
	spki := []byte("a person's key")
	rows := []publish.NewEndorser{named(t, 1, "Amina Saleh", "EG"), named(t, 2, "Jean-Élie N'Diaye", "FR"), named(t, 3, "Zoe", ""),
		signing(t, 4, "Omar", "well.example", spki), signing(t, 5, "Lina", "other.example", spki), signing(t, 6, "Sami", "well.example", []byte("another"))}
	p.want("an empty roll", map[string]int64{})
	first := p.adding(rows...)
	must(t, p.s.ReserveBatch(ctx, first))
	p.want("a reserved batch", map[string]int64{})
	if got := p.places(publish.RollQuery{}); len(got) > 0 {
		t.Errorf("reserved rows are served: %v", got)
	}
	must(t, p.s.SettleBatch(ctx, p.genesis, 1, 10))
	p.number = 1
	for index, want := range map[int64]bool{10: true, 11: false} {
		if err := p.s.SettleBatch(ctx, p.genesis, 1, index); errors.Is(err, publish.ErrSettled) != want || err == nil {
			t.Errorf("settled again at %d: %v", index, err)
		}
	}
	counts := map[string]int64{"EG listed": 1, "FR listed": 1, " listed": 1, "EG unconfirmed": 3}
	p.want("added", counts)

	signed := func(index int64) bool { return index < 11 }
	for range 2 {
		must(t, p.s.Confirm(ctx, p.genesis, log.Sum(spki), "well.example", signed))
		p.want("confirmed", map[string]int64{"EG listed": 1, "FR listed": 1, " listed": 1, "EG unconfirmed": 2, "EG signed": 1})
	}
	must(t, p.s.Confirm(ctx, p.genesis, log.Sum(spki), "well.example", func(int64) bool { return false }))
	p.want("no longer", counts)
	must(t, p.s.Confirm(ctx, p.genesis, log.Sum(spki), "well.example", signed))

	p.take(p.ending(statement.BatchWithdraw, rows[0], rows[3]))
	p.want("withdrawn", map[string]int64{"EG withdrawn": 2, "FR listed": 1, " listed": 1, "EG unconfirmed": 2})
	must(t, p.s.Confirm(ctx, p.genesis, log.Sum(spki), "well.example", signed))
	p.take(p.ending(statement.BatchWithhold, rows[0], rows[1]))
	counts = map[string]int64{" withheld": 2, "EG withdrawn": 1, " listed": 1, "EG unconfirmed": 2}
	p.want("withheld", counts)
	p.take(p.ending(statement.BatchWithhold, rows[0]))
	p.take(p.ending(statement.BatchWithdraw, rows[1], rows[2]))
	counts[" withdrawn"], counts[" listed"] = 1, 0
	delete(counts, " listed")
	p.want("what is withheld stays so", counts)
	p.take(p.adding(named(t, 7, "Nadia", "EG"), named(t, 8, "Amina", "EG")))
	counts["EG listed"] = 2

	must(t, p.s.Close())
	p.s = at.open(t)
	p.want("after a restart", counts)
	for _, c := range []struct {
		q    publish.RollQuery
		want []int64
	}{
		{publish.RollQuery{}, []int64{1, 2, 3, 4, 5, 6, 7, 8}},
		{publish.RollQuery{After: 2, Limit: 3}, []int64{3, 4, 5}},
		{publish.RollQuery{Country: "EG"}, []int64{4, 5, 6, 7, 8}},
		{publish.RollQuery{Country: "EG", Known: endorsement.Listed}, []int64{7, 8}},
		{publish.RollQuery{Known: endorsement.Withheld}, []int64{1, 2}},
		{publish.RollQuery{Known: roll.Unconfirmed, After: 5}, []int64{6}},
		{publish.RollQuery{Words: "amina"}, []int64{8}},
		{publish.RollQuery{Words: "diaye"}, []int64{}},
		{publish.RollQuery{Words: "na*", Country: "EG", Known: endorsement.Listed, After: 6}, []int64{7}},
	} {
		if diff := cmp.Diff(c.want, p.places(c.q)); diff != "" {
			t.Errorf("%+v: %s", c.q, diff)
		}
	}
	var served []roll.Row
	must(t, p.s.Rows(ctx, p.genesis, 1, func(r roll.Row) error { served = append(served, r); return nil }))
	for i := range rows {
		if i < 2 {
			rows[i].Row = roll.Row{Withheld: rows[i].Line()}
		}
		if diff := cmp.Diff(rows[i].Row, served[i]); diff != "" {
			t.Errorf("row %d: %s", i+1, diff)
		}
	}
	if doc, err := p.s.Entries(ctx, p.genesis, 2); err != nil || string(doc) != roll.Commitment(rows[0].Commitment)+"\n"+roll.Commitment(rows[3].Commitment)+"\n" {
		t.Errorf("%q, %v", doc, err)
	}
	if _, err := p.s.Entries(ctx, p.genesis, 1); !errors.Is(err, publish.ErrUnknown) {
		t.Errorf("entries of an addition: %v", err)
	}
	n := int64(0)
	must(t, p.s.Batches(ctx, func(b publish.StoredBatch) error {
		n++
		want := publish.StoredBatch{Genesis: p.genesis, Record: log.Sum([]byte{byte(n)}), Number: n, SPKI: []byte("spki"), Bundle: fmt.Appendf(nil, "bundle %d", n), Index: 10 * n}
		if diff := cmp.Diff(want, b); diff != "" {
			t.Error(diff)
		}
		return nil
	}))
	if n != p.number {
		t.Errorf("%d batches", n)
	}
	must(t, p.s.Scrub(ctx))
}

// testRollWords: both databases find the same names by the same words.
func testRollWords(t *testing.T, at place) {
	p := newPeople(t, at.create(t))
	long := strings.Repeat("㌖", signatory.MaxName) // folded, a word of 9,000 bytes
	names := []string{"Amina Saleh", "Aminata Saleh-Diallo", "ليلى الحداد", "لَيْلَى الحـــداد", "Jean-Élie N'Diaye", "JEAN 1e5 2.5", "Ωmega Straße", "Amina Amina", "محمد ابن محمد",
		"𞤀𞤣𞤤𞤢𞤥", "李 小龍", "O’Brien & Sons :* !", "İstanbul Işık", long, "ǅungla ﬁre", "and or not near"}
	rows := make([]publish.NewEndorser, len(names))
	for i, name := range names {
		rows[i] = named(t, i+1, name, "EG")
	}
	p.take(p.adding(rows...))
	for words, want := range map[string][]int64{
		"amina": {1, 8}, "AMINA": {1, 8}, "amin": {}, "amin*": {1, 2, 8}, "saleh": {1, 2}, "saleh amina": {1}, "saleh amina*": {1, 2}, "diallo saleh": {2}, "amina amina": {1, 8},
		"ليلي": {}, "ليلى": {3, 4}, "الحداد ليلى": {3, 4}, "الحدا*": {3, 4}, "محمد": {9}, "jean": {5, 6}, "jean elie": {5}, "élie": {5}, "ndiaye": {}, "n'diaye": {5}, "diay*": {5}, "1e5": {6}, "2 5": {6}, "1e*": {6},
		"ωμega": {}, "ωmega": {7}, "straße": {7}, "strasse": {}, "𞤀𞤣𞤤𞤢𞤥": {10}, "𞤀𞤣*": {10}, "李": {11}, "小龍": {11}, "小": {}, "brien sons": {12}, "&": all(len(names)), "": all(len(names)), "*": all(len(names)),
		"istanbul": {13}, "isik": {}, "ışık": {}, "Işık": {13}, long: {14}, long + "*": {14}, "キロ*": {14}, "fire": {15}, "džungla": {15}, "or": {16}, "and near": {16}, "not*": {16}, `"amina"`: {1, 8}, "amina'": {1, 8}, `amina\`: {1, 8},
		"amina OR jean": {}, "a b c d e f g h amina": {}, strings.Repeat("x", 5000): {}, strings.Repeat("x", 5000) + "*": {},
	} {
		if got := p.places(publish.RollQuery{Words: words}); !slices.Equal(got, want) {
			t.Errorf("%.40q: %v, want %v", words, got, want)
		}
	}
	p.take(p.ending(statement.BatchWithhold, rows[0], rows[13]))
	for words, want := range map[string][]int64{"amina": {8}, "saleh*": {2}, "キロ*": {}, "": all(len(names))} {
		if got := p.places(publish.RollQuery{Words: words}); !slices.Equal(got, want) {
			t.Errorf("withheld: %.40q: %v, want %v", words, got, want)
		}
	}
}

func all(n int) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = int64(i + 1)
	}
	return out
}

// testRollRivals: of two processes that add the same batch at the same time, one does, and
// each row is there once.
func testRollRivals(t *testing.T, at place) {
	p := newPeople(t, at.create(t))
	other := at.open(t)
	for n := range 10 {
		b := p.adding(named(t, 2*n, "Amina", "EG"), named(t, 2*n+1, "Omar", ""))
		errs := make(chan error, 2)
		for _, s := range []*Store{p.s, other} {
			go func() { errs <- s.ReserveBatch(context.Background(), b) }()
		}
		first, second := <-errs, <-errs
		if (first == nil) == (second == nil) || !errors.Is(errors.Join(first, second), publish.ErrStale) {
			t.Fatalf("batch %d: %v, %v", b.Number, first, second)
		}
		for _, s := range []*Store{p.s, other} {
			go func() { errs <- s.SettleBatch(context.Background(), p.genesis, b.Number, 10*b.Number) }()
		}
		first, second = <-errs, <-errs
		if (first == nil) == (second == nil) || !errors.Is(errors.Join(first, second), publish.ErrSettled) {
			t.Fatalf("batch %d settled: %v, %v", b.Number, first, second)
		}
		p.number = b.Number
	}
	p.want("both", map[string]int64{"EG listed": 10, " listed": 10})
}

// testRollRefuses: a batch that is not the next, that was made of an older state, or that
// has a bad row leaves nothing behind.
func testRollRefuses(t *testing.T, at place) {
	p := newPeople(t, at.create(t))
	a, b, c := named(t, 1, "Amina", "EG"), named(t, 2, "Omar", "EG"), named(t, 3, "Zoe", "FR")
	p.take(p.adding(a, b))
	early, late, old, moved := p.adding(c), p.adding(c), p.adding(c), p.adding(c)
	early.Number, late.Number, old.Revision, moved.Revision = 1, 3, 1, 3
	for name, x := range map[string]publish.NewBatch{"a number that is there": early, "a number too far": late, "an older chain": old, "a chain that moved": moved} {
		if err := p.s.ReserveBatch(t.Context(), x); !errors.Is(err, publish.ErrStale) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, x := range map[string]publish.NewBatch{"rows that are there": p.adding(c, a, b), "entries that are not": p.ending(statement.BatchWithdraw, a, c, named(t, 4, "x", ""))} {
		var rows *publish.RowsError
		if err := p.s.ReserveBatch(t.Context(), x); !errors.As(err, &rows) || len(rows.Rows) != 2 || rows.Rows[0].Row != 2 || rows.Rows[1].Row != 3 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.s.SettleBatch(t.Context(), p.genesis, 2, 20); err == nil {
		t.Error("a batch that nobody reserved was settled")
	}
	p.want("refused", map[string]int64{"EG listed": 2})

	// A policy is not set while a batch is on its way, nor a batch added then.
	must(t, p.s.ReserveBatch(t.Context(), p.adding(c)))
	policy := publish.Reservation{Record: log.Sum([]byte("policy")), Genesis: p.genesis, Sequence: 1, Slug: "river", Key: key, Takes: true, Bundle: []byte("{}"), Revision: p.revision, Names: []log.Digest{key}}
	if err := p.s.Reserve(t.Context(), policy); !errors.Is(err, publish.ErrStale) {
		t.Errorf("a policy beside a batch: %v", err)
	}
	must(t, p.s.SettleBatch(t.Context(), p.genesis, 2, 20))
	p.number = 2
	must(t, p.s.Reserve(t.Context(), policy))
	if err := p.s.ReserveBatch(t.Context(), p.adding(named(t, 5, "y", ""))); !errors.Is(err, publish.ErrStale) {
		t.Errorf("a batch beside a policy: %v", err)
	}
	p.want("after all", map[string]int64{"EG listed": 2, "FR listed": 1})
}
