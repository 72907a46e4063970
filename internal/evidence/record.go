package evidence

import (
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

func (r *reader) openRecords(genesis log.Digest) error {
	w := newWorkers()
	logged, err := r.walkRecords(genesis, w)
	// What an earlier record fails at is told before what a later one does.
	if failed := w.wait(); failed != nil {
		return failed
	}
	if err != nil {
		return err
	}
	return r.checkIndices(logged)
}

// walkRecords reads the chain from genesis to head, and has w verify each signature's
// place in the log: where the results point is filled once w is done.
func (r *reader) walkRecords(genesis log.Digest, w *workers) ([][]**log.Logged, error) {
	var c *chain.Chain
	var places [][]**log.Logged
	for sequence := int64(0); sequence < maxRecords; sequence++ {
		bundles, parsed, err := r.fetchBundles(c, sequence)
		if err != nil {
			return nil, err
		}
		record, err := r.nextRecord(&c, sequence, parsed)
		if err != nil {
			return nil, err
		}
		if sequence == 0 && record.Digest() != genesis {
			return nil, &DamagedError{Path: r.o.Layout.Bundle(r.o.Slug, sequence), Err: fmt.Errorf("the genesis record is %s, the trust file pins %s", record.Digest(), genesis)}
		}
		places = append(places, r.verifySignatures(w, record, sequence, parsed, bundles))
		r.p.records = append(r.p.records, Record{Record: record, Bundles: bundles})
		r.noteRetraction(r.p.records[sequence])
		if record.Digest() == r.p.head.Head().Record {
			r.p.chain = c
			return places, nil
		}
	}
	return nil, &DamagedError{Path: r.o.Layout.Head(r.o.Slug), Err: fmt.Errorf("names a record that is not among the first %d", maxRecords)}
}

// fetchBundles reads as many bundles of a record as the policy in force asks for.
func (r *reader) fetchBundles(c *chain.Chain, sequence int64) (raw [][]byte, parsed []*log.Bundle, err error) {
	for n, want := 1, 1; n <= want; n++ {
		path := r.o.Layout.Cosigned(r.o.Slug, sequence, n)
		data, err := r.fetch(path)
		if err != nil {
			return nil, nil, err
		}
		b, err := log.ParseBundle(data)
		if err != nil {
			return nil, nil, &DamagedError{Path: path, Err: err}
		}
		if n == 1 && c != nil {
			want = c.Wants(b)
		}
		raw, parsed = append(raw, data), append(parsed, b)
	}
	return raw, parsed, nil
}

func (r *reader) verifySignatures(w *workers, record *chain.Record, sequence int64, parsed []*log.Bundle, raw [][]byte) []**log.Logged {
	places := make([]**log.Logged, len(parsed))
	for i, signed := range record.Signatures() {
		place := new(*log.Logged)
		places[i] = place
		w.start(func() (err error) {
			if *place, err = r.verifySignature(parsed[i], signed, record, raw[i]); err != nil {
				return &DamagedError{Path: r.o.Layout.Cosigned(r.o.Slug, sequence, i+1), Err: err}
			}
			return nil
		})
	}
	return places
}

// checkIndices: log indices rise along the chain, from signature to signature, and the
// last is the head's.
func (r *reader) checkIndices(logged [][]**log.Logged) error {
	before := int64(-1)
	for i, signatures := range logged {
		follows := "record it follows"
		for n, l := range signatures {
			at := (*l).Index()
			if at <= before {
				return &DamagedError{Path: r.o.Layout.Cosigned(r.o.Slug, int64(i), n+1), Err: errors.New("stands in the log before the " + follows)}
			}
			before, follows = at, "signature that it follows"
			r.trees = append(r.trees, (*l).Checkpoint())
		}
		r.p.records[i].Index = before
	}
	if head := r.p.head.Head().Index; before != head {
		return &DamagedError{Path: r.o.Layout.Head(r.o.Slug), Err: fmt.Errorf("says log index %d, the record is at %d", head, before)}
	}
	return nil
}

// nextRecord verifies a record's signatures and its place in the chain, which it
// moves on. Errors name the bundle.
func (r *reader) nextRecord(c **chain.Chain, sequence int64, bundles []*log.Bundle) (*chain.Record, error) {
	damaged := func(n int, err error) error {
		return &DamagedError{Path: r.o.Layout.Cosigned(r.o.Slug, sequence, n), Err: err}
	}
	if *c == nil {
		started, record, err := chain.Start(bundles[0])
		if err != nil {
			return nil, damaged(1, err)
		}
		if started.Slug() != r.o.Slug || started.Log() != statement.NameOf(r.o.Trust.Policy().Log()) {
			return nil, damaged(1, errors.New("the genesis record is for another slug or log"))
		}
		*c = started
		// What is judged by is the witness policy, whatever view this is.
		policy := r.o.Trust.Policy()
		started.SetJudge(chain.JudgeBy(policy, policy.Quorum(), r.claimedIndex))
		return record, nil
	}
	p, err := (*c).Propose(bundles[0])
	if err != nil {
		return nil, damaged(1, err)
	}
	for i, b := range bundles[1:] {
		if err := p.Cosign(b); err != nil {
			return nil, damaged(i+2, err)
		}
	}
	record, err := p.Record()
	if err != nil {
		return nil, damaged(1, err)
	}
	(*c).Advance(record)
	return record, nil
}

// claimedIndex is where the newest record's bundle says it stands in the log: that is
// verified with the bundle, before anything is returned.
func (r *reader) claimedIndex(record log.Digest) (int64, bool) {
	if len(r.p.records) == 0 {
		return 0, false
	}
	last := r.p.records[len(r.p.records)-1]
	b, err := log.ParseBundle(last.Bundles[len(last.Bundles)-1])
	if err != nil || b.Entry() == nil || last.Digest() != record {
		return 0, false
	}
	return b.Entry().LogIndex, true
}

// verifySignature verifies a signature's place in the log, and asks the stock
// verifier if there is one.
func (r *reader) verifySignature(b *log.Bundle, signed chain.Signature, record *chain.Record, data []byte) (*log.Logged, error) {
	logged, err := b.Verify(signed.Key.ECDSA(), r.policy.Log().ID(), r.policy)
	if err != nil {
		return nil, err
	}
	if r.o.Stock == nil {
		return logged, nil
	}
	return logged, r.o.Stock.Verify(data, signed.Key.ECDSA(), statement.Artifact(record.Statement))
}
