package publish

import (
	"context"
	"fmt"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/invitation"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/log"
)

// Invited is what an invitation lets its holder speak of.
type Invited struct {
	Slug        string
	Publication log.Digest
	Version     int
	Record      log.Digest // of the version
	Entry       string     // commitment
	// Keys signed something about the entry, and nobody has confirmed them.
	Keys []log.Digest
	// Which ways this service offers to whom the list gives a domain; a passkey needs none.
	ByDomain, ByMail, ByPasskey bool

	// What follows is empty where the invitation was used, and Number is then 0.

	Number    int // the entry's place in the version's list, from 1
	Of        int // how many entries the list has
	Signatory signatory.Signatory
	Standing  EntryStanding
	invitation.Invitation
}

// Line is what the entry's domain would say: of the version, for a claim kind.
func (i *Invited) Line(kind string) string {
	return DomainLine{Kind: kind, Publication: i.Publication, Version: i.Version, Record: i.Record, Entry: i.Entry}.String()
}

// KeyLine is how the entry's domain would name a key.
func (i *Invited) KeyLine(key log.Digest) string {
	return DomainLine{Kind: "key", Publication: i.Publication, Entry: i.Entry, Key: key}.String()
}

// String is the line as a domain's file or TXT record has it (package domain).
func (l DomainLine) String() string {
	if l.Kind == "key" {
		return fmt.Sprintf("sijil-key/v1 publication=%s entry=%s key=%s", l.Publication, l.Entry, l.Key)
	}
	return fmt.Sprintf("sijil-%s/v1 publication=%s version=%d record=%s entry=%s", l.Kind, l.Publication, l.Version, l.Record, l.Entry)
}

// Invited opens an invitation. The errors are invitation.ErrInvalid and, with a value
// that names the publication and no person, invitation.ErrExpired, ErrInvitationUsed
// and endorsement.ErrNoEntry, which says that the name has been withheld.
func (s *Service) Invited(ctx context.Context, text string) (*Invited, error) {
	peeked, err := invitation.Peek(text)
	if err != nil {
		return nil, err
	}
	p := s.findGenesis(peeked.Publication)
	if p == nil {
		return nil, invitation.ErrInvalid
	}
	p.mu.RLock()
	c := p.chain.Clone()
	p.mu.RUnlock()
	opened, err := invitation.Open(text, c.Keys(), s.Clock())
	out := &Invited{Slug: p.slug, Publication: c.Genesis(), ByDomain: s.Domains != nil && s.Observer != nil, ByMail: s.Mails != nil && s.MailTo != "", ByPasskey: s.Passkeys != nil}
	switch err {
	case nil:
	case invitation.ErrExpired:
		return out, err
	default:
		return nil, err
	}
	e, ok := p.version(opened.Version)
	if !ok || e.edition == nil {
		return nil, invitation.ErrInvalid
	}
	if _, gone := c.Withheld(opened.Entry); gone {
		return out, endorsement.ErrNoEntry
	}
	out.Version, out.Record, out.Entry = opened.Version, e.record.Digest(), opened.Entry
	if out.Keys, err = s.unconfirmed(ctx, p, opened.Entry); err != nil {
		return nil, err
	}
	digest, err := invitation.Digest(text)
	if err != nil {
		return nil, err
	}
	used, err := s.Store.InvitationUsed(ctx, digest)
	if err != nil {
		return nil, err
	}
	if used {
		return out, ErrInvitationUsed
	}
	standings, err := s.Standings(ctx, p.slug, opened.Version)
	if err != nil {
		return nil, err
	}
	list := e.edition.List().Entries()
	for i, x := range list {
		if x.Commitment == opened.Entry && !x.Withheld {
			out.Number, out.Of, out.Signatory, out.Standing, out.Invitation = i+1, len(list), x.Signatory, standings[i], opened
			return out, nil
		}
	}
	return nil, invitation.ErrInvalid
}

// findGenesis finds a publication by its true name; nil where there is none.
func (s *Service) findGenesis(genesis log.Digest) *publication {
	for _, p := range s.all() {
		if p.genesis == genesis {
			return p
		}
	}
	return nil
}

// unconfirmed are the keys that spoke for an entry and are not its own.
func (s *Service) unconfirmed(ctx context.Context, p *publication, entry string) ([]log.Digest, error) {
	var own log.Digest
	if err := s.withBook(ctx, p, func(b *endorsement.Book) { own, _, _ = b.Key(entry) }); err != nil {
		return nil, err
	}
	list, err := s.about(ctx, p, entry)
	if err != nil {
		return nil, err
	}
	var out []log.Digest
	seen := map[log.Digest]bool{own: true}
	for _, a := range list {
		if key, ok := speaker(a.record); ok && a.index >= 0 && !seen[key] {
			seen[key] = true
			out = append(out, key)
		}
	}
	return out, nil
}
