package publish_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// petition is the river with a roll.
type petition struct {
	*river
	number   int64
	previous log.Digest
}

// signedBatch is a batch as it is handed in.
type signedBatch struct {
	bundle, body []byte
	digest       log.Digest
}

func newPetition(t *testing.T) *petition {
	x := newRiver(t)
	return &petition{river: x, previous: x.a.digest}
}

// adding signs the next batch, of n people; signer signs for them, at a domain.
func (p *petition) adding(n int, domain string, signer *keys.Signer) signedBatch {
	p.t.Helper()
	var body bytes.Buffer
	d := roll.NewDocument()
	for i := range n {
		salt, err := signatory.NewSalt(rand.Reader)
		must(p.t, err)
		row := roll.Row{}
		row.Disclosure, err = signatory.Disclose(signatory.Signatory{Name: fmt.Sprintf("Person %d of %d", i, p.number), Kind: signatory.Person, Domain: domain}, salt)
		must(p.t, err)
		line := row.Disclosure.Digest()
		if signer != nil {
			e := p.endorsement(0, func(e *statement.Endorsement) { e.Entry = line })
			payload, err := statement.EncodeClaim(e)
			must(p.t, err)
			row.Claim = &roll.Claim{Issued: e.Issued, Key: signer.Public().SPKI(), Language: e.Text.Language, Signature: logtest.Sign(p.t, signer, payload).Signature()}
			opened, err := row.Open(p.place())
			must(p.t, err)
			line = opened.Line()
		}
		d.Add(line)
		b, err := row.Marshal()
		must(p.t, err)
		body.Write(b)
	}
	return p.sign(&statement.Batch{Change: statement.BatchAdd, Version: &statement.VersionName{Number: 1, Record: p.record}}, d, body.Bytes())
}

func (p *petition) place() roll.Place {
	return roll.Place{Log: statement.NameOf(p.ledger.log.Key), Publication: p.a.digest, Version: statement.VersionName{Number: 1, Record: p.record}, Texts: map[string]log.Digest{p.text.Language: p.text.File}}
}

func (p *petition) sign(s *statement.Batch, d *roll.Document, body []byte) signedBatch {
	p.t.Helper()
	s.Count, s.Rows, s.Issued, s.Log, s.Number, s.Previous, s.Publication = d.Count(), d.Digest(), "2026-01-02T03:04:05Z", statement.NameOf(p.ledger.log.Key), p.number+1, p.previous, p.a.digest
	payload, err := statement.EncodeBatch(s)
	must(p.t, err)
	b := logtest.Sign(p.t, p.a.signer, payload)
	data, err := b.Marshal()
	must(p.t, err)
	return signedBatch{data, body, b.Envelope.Digest()}
}

func (p *petition) send(f *front, b signedBatch) (*publish.Receipt, error) {
	return f.AddBatch(context.Background(), "river", b.bundle, p.a.signer.Public().SPKI(), b.body)
}

func (p *petition) taken(b signedBatch) { p.number, p.previous = p.number+1, b.digest }

// counted requires that every front end counts as many of each kind, in as many batches.
func (p *petition) counted(fs []*front, want map[endorsement.Known]int64) {
	p.t.Helper()
	for i, f := range fs {
		must(p.t, f.catchUp(p.t.Context()))
		sum, err := f.RollCounts(p.t.Context(), "river")
		must(p.t, err)
		got := map[endorsement.Known]int64{}
		for c, n := range sum.Tally {
			got[c.Known] += n
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || sum.Batches != p.number || sum.Newest != p.previous {
			p.t.Errorf("front end %d counts %v in %d batches up to %s, want %v in %d up to %s", i, got, sum.Batches, sum.Newest, want, p.number, p.previous)
		}
		doc, err := f.Roll(publish.Latest, "river")
		must(p.t, err)
		if n := bytes.Count(doc, []byte("\n")); n != int(p.number) {
			p.t.Errorf("front end %d serves %d batches", i, n)
		}
	}
}

// TestFrontsRoll: batches come to one front end after the other; each has its place once,
// and every front end serves and counts all of them.
func TestFrontsRoll(t *testing.T) {
	p := newPetition(t)
	fs := p.fronts(3, p.observer)
	for i := range 6 {
		b := p.adding(5, "", nil)
		for _, f := range []*front{fs[i%3], fs[(i+1)%3], fs[i%3]} {
			r, err := p.send(f, b)
			must(t, err)
			if r.Record != b.digest || r.Sequence != p.number+1 || r.Index != int64(i+2) {
				t.Errorf("batch %d: %+v", i+1, r)
			}
		}
		p.taken(b)
	}
	p.counted(fs, map[endorsement.Known]int64{endorsement.Listed: 30})
	for i, f := range fs {
		list, err := f.RollEntries(t.Context(), "river", publish.RollQuery{Version: 1, Words: "person 3", After: 12, Limit: 2})
		must(t, err)
		if len(list) != 2 || list[0].Place != 14 || list[1].Place != 16 || list[1].Index != 5 {
			t.Errorf("front end %d: %+v", i, list)
		}
		var rows bytes.Buffer
		must(t, f.RollRows(t.Context(), publish.Latest, "river", 6, &rows))
		if n := bytes.Count(rows.Bytes(), []byte("\n")); n != 5 {
			t.Errorf("front end %d: %d rows", i, n)
		}
	}
	must(t, p.open()) // and the store is sound
}

// TestFrontsRollRace: of two batches for one place that come to two front ends at the same
// time, one is next, and the other is told which.
func TestFrontsRollRace(t *testing.T) {
	p := newPetition(t)
	fs := p.fronts(2, p.observer)
	for i := range 10 {
		both := []signedBatch{p.adding(3, "", nil), p.adding(4, "", nil)}
		errs := make([]error, 2)
		var wg sync.WaitGroup
		for j, b := range both {
			wg.Go(func() { _, errs[j] = p.send(fs[j], b) })
		}
		wg.Wait()
		won := 0
		if errs[0] != nil {
			won = 1
		}
		var conflict *chain.ConflictError
		if errs[won] != nil || !errors.As(errs[1-won], &conflict) || conflict.Head != both[won].digest {
			t.Fatalf("round %d: %v", i, errs)
		}
		p.taken(both[won])
	}
	must(t, p.open())
}

func (dead) SettleBatch(context.Context, log.Digest, int64, int64) error { return errLost }

// TestFrontsRollDies: a batch that a front end left between log and settlement is finished
// by another one; until then no policy is set.
func TestFrontsRollDies(t *testing.T) {
	p := newPetition(t)
	fs := p.fronts(2, p.observer)
	alive := fs[0].Store
	fs[0].Store = dead{alive}
	b := p.adding(5, "", nil)
	if _, err := p.send(fs[0], b); !errors.Is(err, errLost) {
		t.Fatal(err)
	}
	must(t, fs[1].catchUp(t.Context()))
	sum, err := fs[1].RollCounts(t.Context(), "river")
	must(t, err)
	if sum.Batches != 0 || len(sum.Tally) != 0 {
		t.Errorf("a batch that is not settled counts: %+v", sum)
	}
	for range 2 {
		must(t, fs[1].Resume(t.Context()))
	}
	p.taken(b)
	fs[0].Store = alive // it was not dead, only slow
	p.counted(fs, map[endorsement.Known]int64{endorsement.Listed: 5})
	if r, err := p.send(fs[0], b); err != nil || r.Created || r.Index != 2 || p.ledger.log.Size() != 3 {
		t.Errorf("%+v, %v, %d entries", r, err, p.ledger.log.Size())
	}
}

// TestFrontsRollNamed: a key that a domain names at one front end makes rows signed that
// came to another one, whichever was first, also where the process that was to judge the
// rows has died.
func TestFrontsRollNamed(t *testing.T) {
	p := newPetition(t)
	fs := p.fronts(2, p.observer)
	early, late := logtest.NewSigner(t), logtest.NewSigner(t)
	name := func(f *front, entry int, s *keys.Signer) error {
		p.said.put(p.list[entry].Domain, p.keyLine(entry, s))
		_, err := f.CheckDomain(t.Context(), "river", p.entries[entry], s.Public().SPKI())
		return err
	}
	must(t, name(fs[0], 0, early))
	for i, signer := range []*keys.Signer{early, late} {
		b := p.adding(3, p.list[i].Domain, signer)
		_, err := p.send(fs[1], b)
		must(t, err)
		p.taken(b)
	}
	p.counted(fs, map[endorsement.Known]int64{endorsement.Signed: 3, roll.Unconfirmed: 3})
	alive := fs[0].Store
	fs[0].Store = unjudging{alive}
	if err := name(fs[0], 1, late); !errors.Is(err, errLost) {
		t.Fatal(err)
	}
	fs[0].Store = alive
	p.counted(fs, map[endorsement.Known]int64{endorsement.Signed: 3, roll.Unconfirmed: 3})
	must(t, fs[1].Resume(t.Context()))
	p.counted(fs, map[endorsement.Known]int64{endorsement.Signed: 6})
}

// unjudging is a store whose process dies before it has judged the rows of a roll.
type unjudging struct{ publish.Store }

func (unjudging) Confirm(context.Context, log.Digest, log.Digest, string, func(int64) bool) error {
	return errLost
}
