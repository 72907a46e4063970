package publish_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// batch is an addition of one endorser to version 1, as it is handed in.
func (w *world) batch(a *author, version log.Digest, number int64, previous log.Digest, signer *keys.Signer) (bundle, body []byte, record log.Digest) {
	w.t.Helper()
	d, err := signatory.Disclose(signatory.Signatory{Name: "Amina", Kind: signatory.Person}, [signatory.SaltSize]byte{byte(number)})
	must(w.t, err)
	body, err = roll.Row{Disclosure: d}.Marshal()
	must(w.t, err)
	doc := roll.NewDocument()
	doc.Add(d.Digest())
	payload, err := statement.EncodeBatch(&statement.Batch{Change: statement.BatchAdd, Count: 1, Issued: "2031-05-06T07:08:09Z", Log: statement.NameOf(w.ledger.log.Key), Number: number,
		Previous: previous, Publication: a.digest, Rows: doc.Digest(), Version: &statement.VersionName{Number: 1, Record: version}})
	must(w.t, err)
	b := logtest.Sign(w.t, signer, payload)
	bundle, err = b.Marshal()
	must(w.t, err)
	return bundle, body, b.Envelope.Digest()
}

// TestBatchAndPolicy: a batch stands in the log under the policy that it was judged by. One
// that was interrupted is finished before a record that changes the policy; under a policy
// of two signatures there is none, and after it there is again.
func TestBatchAndPolicy(t *testing.T) {
	for name, fail := range map[string]func(*ledger){
		"before the entry is in": func(l *ledger) { l.refuse = true },
		"the answer is lost":     func(l *ledger) { l.lose = true },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.create("river")
			version := w.submit(a, "First.").Record
			bundle, body, first := w.batch(a, version, 1, a.digest, a.signer)
			fail(w.ledger)
			if _, err := w.service.AddBatch(t.Context(), "river", bundle, a.signer.Public().SPKI(), body); !errors.Is(err, errDown) {
				t.Fatalf("AddBatch: %v", err)
			}
			w.ledger.refuse, w.ledger.lose = false, false
			second := logtest.NewSigner(t)
			policy := func(threshold int, signers ...*keys.Signer) (r *publish.Receipt) {
				t.Helper()
				a.n++
				s := &statement.PolicyChange{Issued: "2031-05-06T07:08:09Z", Log: statement.NameOf(w.ledger.log.Key), Previous: a.previous, Publication: a.digest, Sequence: int64(a.n), Reason: "Others sign.",
					Policy: statement.NewPolicy(threshold, a.signer.Public(), second.Public())}
				for _, signer := range signers {
					b := logtest.SignStatement(t, signer, s)
					data, err := b.Marshal()
					must(t, err)
					r, err = w.service.Submit(t.Context(), "river", data, publish.Content{})
					must(t, err)
					a.previous = b.Envelope.Digest()
				}
				return r
			}
			changed := policy(2, a.signer)
			r, err := w.service.AddBatch(t.Context(), "river", bundle, a.signer.Public().SPKI(), body)
			must(t, err)
			if r.Created || r.Record != first || r.Index != changed.Index-1 {
				t.Errorf("the batch stands at %d, the policy at %d; created anew: %v", r.Index, changed.Index, r.Created)
			}
			bundle, body, _ = w.batch(a, version, 2, first, a.signer)
			var invalid *publish.InvalidError
			if _, err := w.service.AddBatch(t.Context(), "river", bundle, a.signer.Public().SPKI(), body); !errors.As(err, &invalid) {
				t.Errorf("under a policy of two signatures: %v", err)
			}
			policy(1, a.signer, second)
			if r, err = w.service.AddBatch(t.Context(), "river", bundle, a.signer.Public().SPKI(), body); err != nil || !r.Created {
				t.Errorf("under a policy of one: %v", err)
			}
			stranger := logtest.NewSigner(t)
			bundle, body, _ = w.batch(a, version, 3, r.Record, stranger)
			if _, err := w.service.AddBatch(t.Context(), "river", bundle, stranger.Public().SPKI(), body); !errors.Is(err, chain.ErrUnauthorised) {
				t.Errorf("a stranger: %v", err)
			}
			if list, err := w.service.RollBatches("river"); err != nil || len(list) != 2 || list[0].Record != first || list[1].Number != 2 {
				t.Errorf("%+v %v", list, err)
			}
			must(t, w.open())
			if b, ok := w.service.BatchAt(r.Index); !ok || b.Record != r.Record || b.Slug != "river" || b.Count != 1 || b.Version != 1 {
				t.Errorf("%+v", b)
			}
			if b, ok := w.service.BatchAt(changed.Index); ok {
				t.Errorf("no batch stands there: %+v", b)
			}
		})
	}
}

// TestRowsMeanwhile: while a batch is taken in, the rows of those after it are verified, and
// refused at once where they are bad. Who follows waits, and is taken in after it.
func TestRowsMeanwhile(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	version := w.submit(a, "First.").Record
	add := func(bundle, body []byte) (*publish.Receipt, error) {
		return w.service.AddBatch(t.Context(), "river", bundle, a.signer.Public().SPKI(), body)
	}
	one, oneBody, first := w.batch(a, version, 1, a.digest, a.signer)
	two, twoBody, _ := w.batch(a, version, 2, first, a.signer)
	w.ledger.arrived, w.ledger.release = make(chan struct{}), make(chan struct{})
	type answer struct {
		*publish.Receipt
		error
	}
	answers := make(chan answer, 2)
	hand := func(bundle, body []byte) {
		r, err := add(bundle, body)
		answers <- answer{r, err}
	}
	go hand(one, oneBody)
	<-w.ledger.arrived
	if _, err := add(two, oneBody); err == nil {
		t.Error("rows of another batch are taken")
	}
	var bad *publish.RowsError
	if _, err := add(two, []byte("{}\n")); !errors.As(err, &bad) || bad.Rows[0].Row != 1 {
		t.Errorf("a bad row: %v", err)
	}
	go hand(two, twoBody)
	for number := int64(1); number <= 2; number++ {
		w.ledger.release <- struct{}{}
		if got := <-answers; got.error != nil || got.Sequence != number {
			t.Fatalf("batch %d: %+v", number, got)
		}
		if number == 1 {
			<-w.ledger.arrived
		}
	}
	// What was verified before is judged again in its turn.
	w.ledger.arrived, w.ledger.release = nil, nil
	var conflict *chain.ConflictError
	three, threeBody, _ := w.batch(a, version, 3, first, a.signer)
	if _, err := add(three, threeBody); !errors.As(err, &conflict) || conflict.Sequence != 2 {
		t.Errorf("it follows the first: %v", err)
	}
}

// TestSameBatchAtOnce: a batch that several requests hand in at the same time is taken once,
// and each of them is told its place.
func TestSameBatchAtOnce(t *testing.T) {
	w := newWorld(t)
	a := w.create("river")
	version, previous := w.submit(a, "First.").Record, a.digest
	for number := range int64(20) {
		bundle, body, record := w.batch(a, version, number+1, previous, a.signer)
		answers := make(chan *publish.Receipt, 8)
		var all sync.WaitGroup
		for range cap(answers) {
			all.Go(func() {
				r, err := w.service.AddBatch(t.Context(), "river", bundle, a.signer.Public().SPKI(), body)
				for errors.Is(err, publish.ErrQueue) {
					r, err = w.service.AddBatch(t.Context(), "river", bundle, a.signer.Public().SPKI(), body)
				}
				if err != nil {
					t.Errorf("batch %d: %v", number+1, err)
				}
				answers <- r
			})
		}
		all.Wait()
		created, index := 0, int64(-1)
		for range cap(answers) {
			r := <-answers
			if r == nil {
				t.FailNow()
			}
			if r.Created {
				created++
			}
			if index >= 0 && r.Index != index {
				t.Errorf("batch %d stands at %d and at %d", number+1, index, r.Index)
			}
			index = r.Index
		}
		if created != 1 {
			t.Errorf("batch %d is created %d times", number+1, created)
		}
		previous = record
	}
}
