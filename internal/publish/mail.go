package publish

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/invitation"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

const (
	mailCodeLife = 7 * 24 * time.Hour
	// mailCodeSize is the length of a code in characters: 80 bits.
	mailCodeSize = 16
	// mailDigest is how much of the record digest a mail repeats, in hex digits.
	mailDigest = 16
)

// MailSeen is a mail of which form and DKIM signature were verified.
type MailSeen struct {
	From      string // the domain of the From address
	Signer    string // d=
	Selector  string
	KeyRecord string // as the DNS gave it
	Weak      bool   // RSA under 2,048 bits
	Subject   string
	Line      string     // the first line of the plain text
	Digest    log.Digest // of the raw mail
}

// MailVerifier verifies a mail. A *MailError is for good; other errors are temporary.
type MailVerifier func(ctx context.Context, raw []byte) (*MailSeen, error)

// Vault keeps raw mails encrypted to others. Put is durable when it returns.
type Vault interface {
	Put(ctx context.Context, digest log.Digest, raw []byte, at time.Time) error
	Delete(digest log.Digest) error
}

// MailError: the mail is refused, for a reason that its sender can act on. It repeats
// nothing of the mail.
type MailError struct{ Why string }

func (e *MailError) Error() string { return e.Why }

// ErrNoMail: this service takes no mail. The caller answers 409.
var ErrNoMail = errors.New("this service takes no mail")

// MailCode is a code that a mail has to repeat, once: what it will say.
type MailCode struct {
	Digest   log.Digest // of the code; the code itself is nowhere
	Genesis  log.Digest
	Entry    string
	Version  int
	Kind     string // of claim
	Language string // of the text that was read; of an endorsement
	Expires  time.Time
	Invited  bool // whoever asked held an invitation, or is the service
	Used     bool
}

// MailStore keeps codes. Both writes are durable when they return.
type MailStore interface {
	// PutMailCode keeps a code, and forgets those that have expired. ErrTooMany:
	// the entry has as many as it may; codes of the invited are counted apart, so
	// that no stranger keeps them out.
	PutMailCode(ctx context.Context, c MailCode, now time.Time) error
	// MailCode returns a code by its digest; ErrUnknown.
	MailCode(ctx context.Context, digest log.Digest) (MailCode, error)
	UseMailCode(ctx context.Context, digest log.Digest) error
}

// MailInstruction is what a signatory has to do to speak by mail.
type MailInstruction struct {
	To      string    `json:"to"`
	Subject string    `json:"subject"`
	Line    string    `json:"line"` // the first line of the mail; the subject repeats it
	Expires time.Time `json:"expires"`
}

// NewMailCode makes a code for one claim about one entry. Anybody may ask for one: what
// counts is from which domain the mail comes. An invitation to the entry only keeps
// strangers from using up the codes that there are. Optional.
func (s *Service) NewMailCode(ctx context.Context, slug string, version int, entry, kind, language, invited string) (*MailInstruction, error) {
	return s.newMailCode(ctx, slug, version, entry, kind, language, s.isInvited(slug, entry, invited))
}

// isInvited reports whether an invitation is one to the entry, used or not.
func (s *Service) isInvited(slug, entry, invited string) bool {
	p, err := s.find(slug)
	if err != nil || invited == "" {
		return false
	}
	p.mu.RLock()
	publishers, genesis := p.chain.Keys(), p.genesis
	p.mu.RUnlock()
	i, err := invitation.Open(invited, publishers, s.Clock())
	return err == nil && i.Publication == genesis && i.Entry == entry
}

func (s *Service) newMailCode(ctx context.Context, slug string, version int, entry, kind, language string, invited bool) (*MailInstruction, error) {
	p, err := s.find(slug)
	if err != nil {
		return nil, err
	}
	if s.Mails == nil || s.MailTo == "" {
		return nil, ErrNoMail
	}
	domain, err := p.domainOf(entry)
	if err != nil {
		return nil, err
	}
	if domain == "" {
		return nil, ErrNoDomain
	}
	// Everything that the mail will say is checked now.
	if _, err := s.claimStatement(slug, version, kind, entry, language, ""); err != nil {
		return nil, err
	}
	var secret [mailCodeSize * 5 / 8]byte
	if _, err := io.ReadFull(s.Rand, secret[:]); err != nil {
		return nil, err
	}
	code := base32.StdEncoding.EncodeToString(secret[:])
	now := s.Clock().UTC()
	c := MailCode{Digest: log.Sum([]byte(code)), Genesis: p.genesis, Entry: entry, Version: version, Kind: kind, Language: language, Invited: invited, Expires: now.Add(mailCodeLife).Truncate(time.Second)}
	if err := s.Store.PutMailCode(ctx, c, now); err != nil {
		return nil, err
	}
	p.mu.RLock()
	record := p.chain.VersionRecord(version)
	p.mu.RUnlock()
	line := mailLine{code: code, slug: slug, version: version, digest: record.Hex()[:mailDigest]}.String()
	return &MailInstruction{To: s.MailTo, Subject: line, Line: line, Expires: c.Expires}, nil
}

// mailLine is what subject and first line of a mail say: short enough that no mail
// program wraps it.
type mailLine struct {
	code, slug string
	version    int
	digest     string // the first 16 hex digits of the version's record digest
}

func (l mailLine) String() string {
	return fmt.Sprintf("sijil %s %s %d %s", l.code, l.slug, l.version, l.digest)
}

var mailLineForm = regexp.MustCompile(`sijil ([A-Z2-7]{16}) ([a-z0-9-]{3,63}) ([0-9]{1,9}) ([0-9a-f]{16})$`)

func parseMailLine(s string) (mailLine, bool) {
	m := mailLineForm.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return mailLine{}, false
	}
	n, err := strconv.Atoi(m[3])
	return mailLine{code: m[1], slug: m[2], version: n, digest: m[4]}, err == nil
}

// Mail takes a mail in which a signatory speaks. What is refused is a *MailError; any
// other error is temporary, and nothing was recorded.
func (s *Service) Mail(ctx context.Context, raw []byte) (*Receipt, error) {
	if s.Mails == nil {
		return nil, ErrNoMail
	}
	m, err := s.Mails(ctx, raw)
	if err != nil {
		return nil, err
	}
	line, ok := parseMailLine(m.Line)
	if !ok || line.String() != strings.TrimSpace(m.Line) {
		return nil, &MailError{"the first line is not the one that the page showed: it has to stand alone"}
	}
	if subject, ok := parseMailLine(m.Subject); !ok || subject != line {
		return nil, &MailError{"the subject does not repeat the first line"}
	}
	c, err := s.Store.MailCode(ctx, log.Sum([]byte(line.code)))
	if errors.Is(err, ErrUnknown) {
		return nil, &MailError{"the code is not known: ask for a new one"}
	}
	if err != nil {
		return nil, err
	}
	p, err := s.find(line.slug)
	if err != nil {
		return nil, &MailError{"there is no such publication"}
	}
	switch now := s.Clock(); {
	case c.Used:
		return nil, &MailError{"the code was used before"}
	case !now.Before(c.Expires):
		return nil, &MailError{"the code has expired: ask for a new one"}
	case c.Genesis != p.genesis || c.Version != line.version:
		return nil, &MailError{"the code is for another publication or version"}
	}
	return s.speakByMail(ctx, p, c, m, line, raw)
}

func (s *Service) speakByMail(ctx context.Context, p *publication, c MailCode, m *MailSeen, line mailLine, raw []byte) (*Receipt, error) {
	v, ok := p.version(c.Version)
	if !ok || v.record.Digest().Hex()[:mailDigest] != line.digest {
		return nil, &MailError{"the digest is not that of the version"}
	}
	domain, err := p.domainOf(c.Entry)
	if errors.Is(err, endorsement.ErrNoEntry) {
		return nil, &MailError{"the list has no such entry any more"}
	}
	if err != nil {
		return nil, err
	}
	if !speaksFor(m.From, domain) {
		return nil, &MailError{"the mail does not come from the domain that the list gives of the entry"}
	}
	if c.Kind == statement.ClaimEndorsement {
		err := s.ownDomain(ctx, p, c.Entry, domain)
		if errors.Is(err, ErrOtherEntry) {
			err = &MailError{err.Error()}
		}
		if err != nil {
			return nil, err
		}
	}
	// The raw mail is kept first, encrypted to others: an observation whose evidence
	// is nowhere would prove less than it says. If we die after it, nothing refers to
	// it and it goes with its retention.
	at := s.Clock().UTC()
	if s.Vault != nil {
		if err := s.Vault.Put(ctx, m.Digest, raw, at); err != nil {
			return nil, err
		}
	}
	seen := statement.Seen{Means: statement.MeansMail, Document: m.Digest, Signer: m.Signer, Selector: m.Selector, KeyRecord: m.KeyRecord, Weak: m.Weak}
	o := &statement.Observation{
		Sighted: statement.Sighted{Domain: domain, Entry: c.Entry, Issued: s.now(), Log: s.name, Publication: c.Genesis},
		Claim:   c.Kind, Seen: &seen, Version: statement.VersionName{Number: c.Version, Record: v.record.Digest()},
	}
	for _, t := range v.edition.Statement().Texts() {
		if c.Kind == statement.ClaimEndorsement && t.Language == c.Language {
			o.Text = &statement.ReadText{Language: t.Language, SHA256: t.File}
		}
	}
	r, err := s.see(ctx, p, o, nil)
	if err != nil {
		return nil, err
	}
	if c.Kind != statement.ClaimDenial {
		s.notice(ctx, p, Notice{Domain: domain, Slug: p.slug, Version: c.Version, Said: c.Kind}, c.Entry)
	}
	// If we die before this, the same mail again makes a second observation, which
	// says what the first one says.
	return r, s.Store.UseMailCode(ctx, c.Digest)
}

// Notice tells an organisation, at a second address of its domain, what was said in its
// name, and how to object.
type Notice struct {
	Domain    string
	Slug      string
	Version   int
	Said      string           // a kind of claim, or "key": its domain names a second key
	Objection *MailInstruction // by which it denies; nil for a key
}

// notice tells the organisation. That it cannot be told changes nothing: what it said
// stands in public.
func (s *Service) notice(ctx context.Context, p *publication, n Notice, entry string) {
	if s.Notify == nil {
		return
	}
	if n.Said != "key" {
		objection, err := s.newMailCode(ctx, p.slug, n.Version, entry, statement.ClaimDenial, "", true)
		if err != nil {
			s.Logger.WarnContext(ctx, "an organisation cannot be told how to object", "publication", p.slug, "error", err)
			return
		}
		n.Objection = objection
	}
	s.Notify(ctx, n)
}

// speaksFor reports whether a mail of a domain speaks for the domain of a list entry:
// it is the same, one below it, or the one of which the entry gives the www.
func speaksFor(from, entry string) bool {
	return from == entry || strings.HasSuffix(from, "."+entry) || entry == "www."+from
}
