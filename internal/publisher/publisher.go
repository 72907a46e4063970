// Package publisher is what happens on the publisher's own machine: verify the
// chain as it stands, build the next statement, sign it, hand it over, and
// verify the answer. The private key never leaves it, and nothing is signed
// onto a head that was not verified first.
//
// A signed record is put into the Outbox before it is sent and taken out when
// its bundle was verified. If we die in between, the next run sends the
// identical record again, which the service answers with the first bundle.
package publisher

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/edition"
	"github.com/sijil/sijil/internal/evidence"
	"github.com/sijil/sijil/internal/remote"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/internal/text"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// ErrUnchanged: the new version says exactly what the latest one says. The
// caller tells the person that there is nothing to publish.
var ErrUnchanged = errors.New("texts, list, place and date are those of the latest version: there is nothing to publish")

// ErrReason: a later version still gives the first one's reason, which every reader
// would be told for ever. The caller asks the person for another.
var ErrReason = errors.New("the reason is still the first version's")

// ErrRetracted: the publication was withdrawn, and nothing can follow. The caller
// tells the person, who may open a new publication.
var ErrRetracted = errors.New("the publication is retracted: nothing can follow")

// AwaitingError: a version that this key proposed waits for signatures. The caller
// tells the person, who has it signed, or proposes another on purpose.
type AwaitingError struct{ Record log.Digest }

func (e *AwaitingError) Error() string {
	return fmt.Sprintf("the version that you proposed, record %s, waits for other signatures", e.Record)
}

// Server takes records. remote.Client is one.
type Server interface {
	Create(ctx context.Context, token string, bundle []byte) (*remote.Receipt, error)
	Submit(ctx context.Context, slug string, bundle []byte, texts map[string][]byte, d []signatory.Disclosure) (*remote.Receipt, error)
}

// Outbox keeps signed records until they are known to be in the log. Put and
// Drop are durable when they return.
type Outbox interface {
	// Get returns nil when there is nothing under the name.
	Get(name string) ([]byte, error)
	Put(name string, b []byte) error
	Drop(name string) error
}

// Input is the version to publish, as a draft gives it.
type Input struct {
	Slug        string
	Title       map[string]string // by language
	Texts       map[string][]byte // by language
	PlaceDate   map[string]string // by language; optional
	Date, Place string            // optional
	Reason      string
	Signatories []signatory.Signatory
	// HideOrder publishes the list in an order that says nothing, so that a name that is
	// withheld later is not known by its neighbours.
	HideOrder bool
	// Policy of a new publication. Optional; default: the signer's key alone.
	Policy *statement.Policy
}

// Publisher signs and submits.
type Publisher struct {
	Server Server
	Source evidence.Source
	Open   evidence.Options // Slug and Layout are set by Publish
	Signer *keys.Signer
	Outbox Outbox
	// SaveTrust writes the trust file that pins a publication just created.
	SaveTrust func(*keys.Trust) error
	Rand      io.Reader // Optional; default crypto/rand.
	Clock     func() time.Time
	// Anew proposes a version although one of this key's waits for signatures.
	Anew bool
}

// Result says what was published.
type Result struct {
	Publication *evidence.Publication // read back and verified

	Genesis log.Digest
	Version int // of the version that was published or retracted; 0: the publication
	Record  log.Digest
	Index   int64
	// Have of Want signatures: with fewer the record waits for the others, and
	// nothing has changed yet.
	Have, Want int
}

// Awaiting reports whether the record waits for other signatures.
func (r *Result) Awaiting() bool { return r.Have < r.Want }

// Publish publishes the next version, and the genesis record first where there
// is none: that needs a token.
func (p *Publisher) Publish(ctx context.Context, in Input, token string) (*Result, error) {
	if p.Rand == nil {
		p.Rand = rand.Reader
	}
	pub, err := p.openOrCreate(ctx, in, token)
	if err != nil {
		return nil, err
	}
	if err := p.mayPublish(pub); err != nil {
		return nil, err
	}
	sent, err := p.deliver(ctx, in.Slug, versionName)
	if err != nil {
		return nil, err
	}
	if sent != nil {
		if sent.Awaiting() {
			return sent, nil
		}
		pub = sent.Publication
	}
	if _, gone := pub.Retraction(0); gone {
		return nil, ErrRetracted
	}
	if err := p.noneWaits(ctx, pub, in.Slug); err != nil {
		return nil, err
	}
	s, disclosures, err := p.next(in, pub)
	if errors.Is(err, ErrUnchanged) && sent != nil {
		return sent, nil // this very version was sent before, and the answer lost
	}
	if err != nil {
		return nil, err
	}
	if err := p.sign(versionName, s, in.Texts, disclosures); err != nil {
		return nil, err
	}
	return p.deliver(ctx, in.Slug, versionName)
}

// deliver sends what stands in the outbox under name, if anything, reads the
// publication back, and takes the record out once it was found there, verified.
// That the service accepted it is not enough. Nil without an error: there was
// nothing.
func (p *Publisher) deliver(ctx context.Context, slug, name string) (*Result, error) {
	record, receipt, err := p.resend(ctx, slug, name)
	if err != nil || record.IsZero() {
		return nil, err
	}
	pub, err := evidence.Open(ctx, p.Source, p.Open)
	if err != nil {
		return nil, fmt.Errorf("the record was accepted, but reading it back failed: %w", err)
	}
	out := &Result{Publication: pub, Genesis: pub.Genesis(), Record: record}
	if out.Want = pub.Chain().Threshold(); out.Want > 1 && !inChain(pub, record) {
		// The proof of the signature is all there is to read back.
		if out.Index, err = p.Logged(receipt.Bundle, record); err != nil {
			return nil, fmt.Errorf("the service accepted the signature, and its answer does not verify: %w", err)
		}
		out.Have = min(receipt.Have, out.Want-1)
		return out, p.Outbox.Drop(name)
	}
	for _, r := range pub.Records() {
		if r.Digest() != record {
			continue
		}
		out.Index, out.Have = r.Index, len(r.Signatures())
		out.Want = out.Have
		switch s := r.Statement.(type) {
		case *statement.Version:
			out.Version = s.Version
		case *statement.Retraction:
			if s.Version != nil {
				out.Version = s.Version.Number
			}
		}
		return out, p.Outbox.Drop(name)
	}
	return nil, fmt.Errorf("the service accepted the record %s and does not show it; it stays in the outbox", record)
}

func inChain(pub *evidence.Publication, record log.Digest) bool {
	for _, r := range pub.Records() {
		if r.Digest() == record {
			return true
		}
	}
	return false
}

// Logged verifies that a bundle is our signature over the record, in the log, and
// returns its index.
func (p *Publisher) Logged(bundle []byte, record log.Digest) (int64, error) {
	b, err := log.ParseBundle(bundle)
	if err != nil {
		return 0, err
	}
	policy := p.Open.Trust.Policy()
	l, err := b.Verify(p.Signer.Public().ECDSA(), policy.Log().ID(), policy.LogOnly())
	if err != nil {
		return 0, err
	}
	if l.Digest() != record {
		return 0, errors.New("it is over another record")
	}
	return l.Index(), nil
}

// Shown reports whether readers are shown the record: whether the witness quorum
// has cosigned a tree that holds it. Nil: not yet.
func (p *Publisher) Shown(ctx context.Context, record log.Digest) (*evidence.Publication, error) {
	o := p.Open
	o.Layout.Latest = false
	pub, err := evidence.Open(ctx, p.Source, o)
	var damaged *evidence.DamagedError
	if errors.As(err, &damaged) {
		return nil, nil // a new publication, of which readers see nothing yet
	}
	if err != nil {
		return nil, err
	}
	for _, r := range pub.Records() {
		if r.Digest() == record {
			return pub, nil
		}
	}
	return nil, nil
}

// mayPublish spares the person a refusal: is the key one of those in force?
func (p *Publisher) mayPublish(pub *evidence.Publication) error {
	for _, k := range pub.Chain().Keys() {
		if k.Digest() == p.Signer.Public().Digest() {
			return nil
		}
	}
	return fmt.Errorf("the key %s is not one of the publication's: %w", p.Signer.Public().Digest(), chain.ErrUnauthorised)
}

// next builds the statement that follows pub's head.
func (p *Publisher) next(in Input, pub *evidence.Publication) (*statement.Version, []signatory.Disclosure, error) {
	records := pub.Records()
	head := records[len(records)-1]
	v := &statement.Version{
		Canonical: text.Edition, Date: in.Date, Place: in.Place, PlaceDate: in.PlaceDate, Reason: in.Reason, Title: in.Title,
		Issued: p.Clock().UTC().Truncate(time.Second).Format(time.RFC3339),
		Log:    statement.NameOf(p.Open.Trust.Policy().Log()), Publication: pub.Genesis(), Previous: head.Digest(),
		Sequence: head.Statement.Header().Sequence + 1, Version: 1,
	}
	var before []signatory.Disclosure
	latest, ok := pub.Latest()
	if ok {
		v.Version = latest.Edition.Statement().Version + 1
		before = latest.Edition.List().Disclosures()
	}
	var texts []statement.Text
	for lang, file := range in.Texts {
		t, err := edition.Digests(lang, file)
		if err != nil {
			return nil, nil, err
		}
		texts = append(texts, t)
	}
	v.SetTexts(texts)
	disclosures, err := signatory.Reuse(before, in.Signatories, p.Rand)
	if err != nil {
		return nil, nil, err
	}
	if in.HideOrder {
		signatory.HideOrder(disclosures)
	}
	commitments, err := signatory.Commit(disclosures)
	if err != nil {
		return nil, nil, err
	}
	v.Signatories.Commitments = commitments
	if ok && same(latest.Edition.Statement(), v) {
		// Only a retracted version may be said again: its publisher wants it back.
		if _, gone := pub.Retraction(v.Version - 1); !gone {
			return nil, nil, ErrUnchanged
		}
	}
	if first, later := pub.Version(1); later && first.Edition.Statement().Reason == v.Reason {
		if _, gone := pub.Retraction(1); !gone {
			return nil, nil, ErrReason
		}
	}
	return v, disclosures, nil
}

// same reports whether two versions say the same, whatever their place, time
// and reason.
func same(a, b *statement.Version) bool {
	x, y := *a, *b
	x.Issued, x.Previous, x.Sequence, x.Version, x.Reason = y.Issued, y.Previous, y.Sequence, y.Version, y.Reason
	p, err := statement.Encode(&x)
	if err != nil {
		return false
	}
	q, err := statement.Encode(&y)
	return err == nil && string(p) == string(q)
}
