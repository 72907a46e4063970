package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Aside is a verified record that belongs to no chain, at its place in the log.
type Aside struct {
	endorsement.Logged
	Bundle []byte // as it was served
}

// Asides are what signatories said and what the service saw of them, in the order of
// the log.
func (p *Publication) Asides() []Aside { return append([]Aside(nil), p.asides...) }

// Observer is the log's word for the keys that sign what the service saw; nil where
// the source gives none.
func (p *Publication) Observer() *log.VerifiedObserver { return p.observer }

// Book says how the signatories of each version are known.
func (p *Publication) Book() *endorsement.Book { return p.book }

// asideLine is one line of the document: RFC 8785, no other member.
type asideLine struct {
	Bundle json.RawMessage `json:"bundle"`
	Key    []byte          `json:"key"` // DER SubjectPublicKeyInfo of the signer
}

// openEndorsements reads and verifies what signatories said. Each record's place in
// the log is proved; that none is left out is not: an audit shows it.
func (r *reader) openEndorsements() error {
	var records []endorsement.Logged
	defer func() {
		r.p.book = endorsement.Read(r.p.chain.Clone(), r.p.policies(), records)
	}()
	if r.said == nil {
		return nil
	}
	observers, err := r.openObserver()
	if err != nil {
		return err
	}
	last := int64(-1)
	for i, part := range r.said {
		for n, doc := 1, part.doc; len(doc) > 0; n++ {
			line, rest, ok := bytes.Cut(doc, []byte("\n"))
			if !ok {
				return &DamagedError{Path: part.path, Err: fmt.Errorf("line %d has no end", n)}
			}
			doc = rest
			a, err := r.openAside(line, observers)
			if err == nil && a.Index <= last {
				err = endorsement.ErrOrder
			}
			if err != nil {
				return &DamagedError{Path: part.path, Err: fmt.Errorf("line %d: %w", n, err)}
			}
			last = a.Index
			r.p.asides = append(r.p.asides, *a)
			records = append(records, a.Logged)
		}
		r.said[i].doc = nil
	}
	return nil
}

// openObserver verifies the log's word for the observer keys, by their digests.
func (r *reader) openObserver() (map[log.Digest]bool, error) {
	path := r.o.Layout.Observer()
	b, err := r.src.Fetch(r.ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // what it signed will then not verify
	}
	if err != nil {
		return nil, err
	}
	if r.p.observer, err = log.OpenObserver(b, r.policy); err != nil {
		return nil, &DamagedError{Path: path, Err: err}
	}
	out := map[log.Digest]bool{}
	for _, spki := range r.p.observer.Keys() {
		out[log.Sum(spki)] = true
	}
	return out, nil
}

func (r *reader) openAside(line []byte, observers map[log.Digest]bool) (*Aside, error) {
	a, tree, err := OpenAside(line, r.p.chain, observers, r.policy, r.o.passkeys())
	if err == nil {
		r.trees = append(r.trees, tree)
	}
	return a, err
}

// parseAside reads a line about a record that belongs to no chain: its bundle, and the key
// that has to have signed it. Nothing is verified.
func parseAside(line []byte) (l asideLine, b *log.Bundle, key *keys.PublicKey, err error) {
	if err = jcs.Unmarshal(line, &l); err != nil {
		return l, nil, nil, err
	}
	if b, err = log.ParseBundle(l.Bundle); err != nil {
		return l, nil, nil, err
	}
	key, err = keys.ParsePublicKey(l.Key)
	return l, b, key, err
}

// OpenAside reads and verifies one line of the document, and returns the record with
// the checkpoint that its proof leads to. observers are the digests of the observer
// keys.
func OpenAside(line []byte, c *chain.Chain, observers map[log.Digest]bool, policy *keys.Policy, passkeys endorsement.PasskeyVerifier) (*Aside, *log.Checkpoint, error) {
	l, b, key, err := parseAside(line)
	if err != nil {
		return nil, nil, err
	}
	var record *endorsement.Record
	if observers[key.Digest()] {
		record, err = endorsement.VerifySighting(b, key, c, passkeys)
	} else {
		record, err = endorsement.VerifyClaim(b, key, c)
	}
	if err != nil {
		return nil, nil, err
	}
	logged, err := b.Verify(key.ECDSA(), policy.Log().ID(), policy)
	if err != nil {
		return nil, nil, err
	}
	return &Aside{Logged: endorsement.Logged{Record: record, Index: logged.Index()}, Bundle: l.Bundle}, logged.Checkpoint(), nil
}

// passkeys verifies assertions, or takes the observer's word for them where this
// program knows no WebAuthn: the observation says so much, and no more.
func (o Options) passkeys() endorsement.PasskeyVerifier {
	if o.Passkeys != nil {
		return o.Passkeys
	}
	return func(*statement.Passkey) error { return nil }
}

// policies are those of the chain over time.
func (p *Publication) policies() []endorsement.Policy {
	var out []endorsement.Policy
	for _, record := range p.records {
		if policy, ok := endorsement.PolicyFrom(record.Statement, record.Index); ok {
			out = append(out, policy)
		}
	}
	return out
}
