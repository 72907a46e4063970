package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/invitation"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// ErrInvitation: a claim under a key that nobody has confirmed needs an invitation.
// The caller answers 403.
var ErrInvitation = errors.New("the key is not enrolled for this list entry, so an invitation is needed: ask the publisher for one")

// Claim takes a signatory's statement through the log. data is a bundle of ours, or
// one that another Sigstore client wrote; spki is the signer's key. A key that is not
// enrolled for the entry needs an invitation to it.
func (s *Service) Claim(ctx context.Context, slug string, data, spki []byte, invited string) (*Receipt, error) {
	b, err := log.ImportBundle(data)
	if err != nil {
		return nil, &InvalidError{err}
	}
	key, err := keys.ParsePublicKey(spki)
	if err != nil {
		return nil, &InvalidError{err}
	}
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	p.mu.RLock()
	c := p.chain.Clone()
	p.mu.RUnlock()
	r, err := endorsement.VerifyClaim(b, key, c)
	if err != nil {
		return nil, classifyClaim(err)
	}
	if _, gone := c.Withheld(r.Entry()); gone {
		return nil, endorsement.ErrNoEntry
	}
	if err := s.notOurs(key, r, c); err != nil {
		return nil, err
	}
	used, err := s.entitled(ctx, p, c, key, r, invited)
	if err != nil {
		return nil, err
	}
	return s.addAside(ctx, p, b, r, used)
}

// classifyClaim keeps the errors that have an answer of their own and calls the rest
// invalid.
func classifyClaim(err error) error {
	var foreign *chain.ForeignError
	if errors.As(err, &foreign) || errors.Is(err, endorsement.ErrSigner) || errors.Is(err, endorsement.ErrNoEntry) {
		return err
	}
	return &InvalidError{err}
}

// notOurs refuses claims under keys that have another office: a publisher's may sign
// a withdrawal, on the signatory's documented request, and that is all.
func (s *Service) notOurs(key *keys.PublicKey, r *endorsement.Record, c *chain.Chain) error {
	if s.isObserver(key) {
		return fmt.Errorf("%w: it is the service's own", endorsement.ErrSigner)
	}
	s.ring.mu.Lock()
	publisher := s.ring.publishers[key.Digest()]
	s.ring.mu.Unlock()
	if !publisher {
		return nil
	}
	w, ok := r.Claim.(*statement.Withdrawal)
	switch {
	case !ok:
		return fmt.Errorf("%w: a publisher cannot speak for a signatory", endorsement.ErrSigner)
	case w.Reason == "":
		return &InvalidError{errors.New("a withdrawal by the publisher says on whose request, in its reason")}
	case !inPolicy(c, key):
		return fmt.Errorf("%w: it is a publisher key, and not of this publication today", endorsement.ErrSigner)
	}
	return nil
}

// hasOffice reports whether a key is a publisher's, or the service's own.
func (s *Service) hasOffice(key log.Digest) bool {
	s.ring.mu.Lock()
	defer s.ring.mu.Unlock()
	return s.ring.publishers[key] || slices.ContainsFunc(s.observers, func(k *keys.PublicKey) bool { return k.Digest() == key })
}

func inPolicy(c *chain.Chain, key *keys.PublicKey) bool {
	for _, k := range c.Keys() {
		if k.Digest() == key.Digest() {
			return true
		}
	}
	return false
}

// entitled finds what lets a claim in: an enrolment, a publisher key, or an
// invitation, whose digest it returns.
func (s *Service) entitled(ctx context.Context, p *publication, c *chain.Chain, key *keys.PublicKey, r *endorsement.Record, invited string) (*log.Digest, error) {
	enrolled := false
	err := s.withBook(ctx, p, func(b *endorsement.Book) {
		k, _, ok := b.Key(r.Entry())
		enrolled = ok && k == key.Digest()
	})
	if err != nil {
		return nil, err
	}
	if enrolled || inPolicy(c, key) {
		return nil, nil
	}
	if _, known, err := s.storedAside(ctx, p, nameOf(r)); err != nil || known {
		return nil, err // whatever let it in has been used
	}
	if invited == "" {
		return nil, ErrInvitation
	}
	i, err := invitation.Open(invited, c.Keys(), s.Clock())
	if err != nil {
		return nil, err
	}
	if i.Publication != c.Genesis() || i.Entry != r.Entry() {
		return nil, fmt.Errorf("%w: it is for another list entry", invitation.ErrInvalid)
	}
	d, err := invitation.Digest(invited)
	if err != nil {
		return nil, err
	}
	return &d, nil
}

// ClaimStatement returns the exact bytes that a signatory signs: a claim of a kind
// about a version and a list entry, by its commitment. The door knows them for an hour.
func (s *Service) ClaimStatement(slug string, version int, kind, entry, language, reason string) ([]byte, error) {
	b, err := s.claimStatement(slug, version, kind, entry, language, reason)
	if err == nil && s.Door != DoorOff {
		s.given.keep(slug, b, s.Clock())
	}
	return b, err
}

func (s *Service) claimStatement(slug string, version int, kind, entry, language, reason string) ([]byte, error) {
	e, err := s.version(slug, version)
	if err != nil {
		return nil, err
	}
	v := e.edition.Statement()
	about := statement.About{Entry: entry, Issued: s.now(), Log: s.name, Publication: v.Publication, Version: statement.VersionName{Number: version, Record: e.record.Digest()}}
	var read statement.ReadText
	if kind == statement.ClaimEndorsement {
		for _, t := range v.Texts() {
			if t.Language == language {
				read = statement.ReadText{Language: language, SHA256: t.File}
			}
		}
		if read.Language == "" {
			return nil, fmt.Errorf("text in that language %w", ErrUnknown)
		}
	}
	if !e.lists(entry) {
		return nil, endorsement.ErrNoEntry
	}
	claim, err := statement.NewClaim(kind, about, read, reason)
	if err != nil {
		return nil, &InvalidError{err}
	}
	b, err := statement.EncodeClaim(claim)
	if err != nil {
		return nil, &InvalidError{err}
	}
	return b, nil
}

// lists reports whether the version lists an entry whose name is not withheld.
func (e *entry) lists(commitment string) bool {
	for _, x := range e.edition.List().Entries() {
		if x.Commitment == commitment {
			return !x.Withheld
		}
	}
	return false
}

func (s *Service) now() string { return s.Clock().UTC().Truncate(time.Second).Format(time.RFC3339) }

// Standings says how each entry of a version's list is known, in list order.
func (s *Service) Standings(ctx context.Context, slug string, version int) ([]EntryStanding, error) {
	e, err := s.version(slug, version)
	if err != nil {
		return nil, err
	}
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	var list []endorsement.Standing
	if err := s.withBook(ctx, p, func(b *endorsement.Book) { list = b.Version(version) }); err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make([]EntryStanding, len(list))
	for i, x := range e.edition.List().Entries() {
		out[i] = EntryStanding{Standing: list[i], Name: x.Signatory.Name}
		if at, ok := p.asides.seen[x.Commitment]; ok {
			out[i].LastSeen = at.Format(time.RFC3339)
		}
	}
	return out, nil
}

// EntryStanding is how a list entry is known, with its name, which is empty where it
// is withheld.
type EntryStanding struct {
	endorsement.Standing
	Name string `json:"name,omitempty"`
	// LastSeen is when its domain was last seen to say what it said. Optional.
	LastSeen string `json:"last_seen,omitempty"`
}
