// Package dkim tells whether a mail was sent by the domain that its From field names, by
// the mail's DKIM signature (RFC 6376, 8301, 8463). It is what "we endorse version N",
// said by mail, rests on; so it is stricter than a receiver of mail is.
//
// What a mail has to keep to, in the order in which it is checked:
//
//  1. At most 1 MiB, header at most 64 KiB, every line ended by CRLF; no bare CR or LF, no
//     NUL; header fields well-formed.
//  2. Exactly one each of From, Subject, Date, To, Content-Type and MIME-Version.
//  3. From is one address, at a domain under a public suffix, and not of a provider where
//     anybody gets one (ErrFreeMail).
//  4. Date is within 7 days of now. Subject can be read.
//  5. The text is text/plain, or the first part of a multipart/alternative, mixed, related
//     or signed, at most 5 deep, and no other plain text is shown beside it. Its first line
//     that is not empty is what counts; what is quoted below is not looked at.
//  6. One of the first 8 signatures keeps to all of this, and the others do not matter:
//     rsa-sha256 or ed25519-sha256; no l=; d= and From share a registrable domain (RFC 7489
//     3.1.1, relaxed, by the public suffix list); h= names all six fields; not expired, not
//     from the future by over 5 minutes; the key record is one TXT record, not revoked, not
//     t=y, with t=s d= is the From domain itself; RSA keys of 1024 to 8192 bits; the
//     signature is over this header and this body.
//
// Step 6's last point is computed twice: by go-msgauth, and here; both must say yes. Ours
// exists because go-msgauth judges x= by the machine's clock, so it cannot check a mail
// again a year later, and mails of Google expire after a week. Tests hold the two against
// each other.
//
// What it does not say: that a person of standing wrote the mail (whoever can send through
// the domain's servers can), nor that the domain still is the organisation's.
package dkim

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/sijil/sijil/log"
)

// What is looked at, in bytes and numbers.
const (
	MaxSize       = 1 << 20 // of a mail
	maxHeader     = 64 << 10
	maxSignatures = 8
	maxRecord     = 4 << 10
	maxLine       = 1000 // of Subject and of the line, decoded
	maxDepth      = 5    // of parts in parts
	maxParts      = 100
)

const (
	maxAge     = 7 * 24 * time.Hour // between Date and now
	maxAhead   = 5 * time.Minute    // t= after now
	dnsTimeout = 10 * time.Second   // for all key records together
)

// Resolver looks up TXT records; *net.Resolver is one. The name ends with a dot, so that no
// search list is tried. A name without such records is a *net.DNSError with IsNotFound; every other error is taken for temporary.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// Message is a mail that was verified. Only Verify and Again make one that is not empty.
type Message struct {
	domain, from, signing, selector, record, subject, line string

	weak   bool
	date   time.Time
	digest log.Digest
}

// Domain is the registrable domain of the From address: lower-case, ASCII (IDNA), as in
// "example.co.uk".
func (m *Message) Domain() string { return m.domain }

// FromDomain is the whole domain of the From address: lower-case, ASCII (IDNA).
func (m *Message) FromDomain() string { return m.from }

// SigningDomain is d= of the signature, lower-case. Its registrable domain is Domain.
func (m *Message) SigningDomain() string { return m.signing }

// Selector is s= of the signature.
func (m *Message) Selector() string { return m.selector }

// KeyRecord is the text of the DNS record at Selector._domainkey.SigningDomain, exactly
// as it was seen. Again needs it.
func (m *Message) KeyRecord() string { return m.record }

// Weak: the key is RSA of less than 2048 bits (RFC 8301 section 3.2).
func (m *Message) Weak() bool { return m.weak }

// Subject is the decoded Subject, trimmed.
func (m *Message) Subject() string { return m.subject }

// Line is the first line of the plain text that is not empty, decoded and trimmed. Mail
// programs break lines at 70 to 80 letters: what it is compared with has to be shorter.
func (m *Message) Line() string { return m.line }

// Date is the Date field, in UTC.
func (m *Message) Date() time.Time { return m.date }

// Digest is the SHA-256 of the mail's bytes.
func (m *Message) Digest() log.Digest { return m.digest }

// ErrFreeMail: the mail is from a provider where anybody gets an address, so its signature
// says nothing of an organisation. The caller offers another proof. The list is in
// domain.go, and is never complete.
var ErrFreeMail = errors.New("the address is of a mail provider that anybody can have: write from an address of the organisation's own domain")

// Refused: the mail breaks a rule, and will break it the next time too. Neither its text
// nor its Rule holds anything of the mail.
type Refused struct {
	Rule Rule
	Why  string // for the person who sent the mail
}

func (e *Refused) Error() string { return "the mail is refused: " + e.Why }

// Unavailable: a key record could not be looked up just now. The caller tries the same
// mail again later.
type Unavailable struct{ Err error }

func (e *Unavailable) Error() string {
	return "the mail cannot be checked at the moment: the DNS did not answer for its key: try again later"
}

// Unwrap is the resolver's error; it may hold the name that was looked up.
func (e *Unavailable) Unwrap() error { return e.Err }

// Rule names what a mail breaks.
type Rule string

// The rules, in the order of the package comment.
const (
	RuleSize      Rule = "size"
	RuleLines     Rule = "line-ends"
	RuleHeader    Rule = "header"
	RuleMissing   Rule = "missing-field"
	RuleRepeated  Rule = "repeated-field"
	RuleFrom      Rule = "from"
	RuleDate      Rule = "date"
	RuleSubject   Rule = "subject"
	RulePlain     Rule = "plain-text"
	RuleParts     Rule = "parts"
	RuleEncoding  Rule = "encoding"
	RuleSignature Rule = "signature"
	RuleAlgorithm Rule = "algorithm"
	RuleLength    Rule = "length-tag"
	RuleAlignment Rule = "alignment"
	RuleUnsigned  Rule = "unsigned-field"
	RuleExpired   Rule = "expired"
	RuleFuture    Rule = "future"
	RuleNoKey     Rule = "no-key"
	RuleKey       Rule = "key-record"
	RuleTesting   Rule = "key-testing"
	RuleStrict    Rule = "key-strict"
	RuleShort     Rule = "key-short"
	RuleAltered   Rule = "altered"
)

func refuse(r Rule, why string) error { return &Refused{Rule: r, Why: why} }

// Rules relax what is asked of h=. The zero value is the package comment's.
//
// They exist because of what large providers leave out of their signatures
// (docs/decisions/0014-mail.md): Microsoft 365 the To field, Google the Content-Type,
// OpenDKIM as it comes Content-Type and MIME-Version.
type Rules struct {
	// UnsignedTo accepts a signature that does not cover To: the same mail can then be
	// shown as sent to somebody else.
	UnsignedTo bool
	// UnsignedMIME accepts a signature that does not cover Content-Type, where the signed
	// body itself leaves one way to read it: parts whose boundary is the body's first
	// line, or text in UTF-8 that does not begin with "--". Nor need it cover
	// MIME-Version, by which nothing is read.
	UnsignedMIME bool
}

// Verify verifies a mail, under the strictest rules. See Rules.Verify.
func Verify(ctx context.Context, raw []byte, r Resolver, now time.Time) (*Message, error) {
	return Rules{}.Verify(ctx, raw, r, now)
}

// Again verifies a mail that is kept, under the strictest rules. See Rules.Again.
func Again(raw []byte, keyRecord string, at time.Time) (*Message, error) {
	return Rules{}.Again(raw, keyRecord, at)
}

// Verify verifies a mail as it came, byte for byte, and looks up its key. The error is
// ErrFreeMail, a *Refused, or an *Unavailable, which ctx's end is too. now is the current time: go-msgauth
// asks the machine's clock whether the signature has expired.
func (o Rules) Verify(ctx context.Context, raw []byte, r Resolver, now time.Time) (*Message, error) {
	ctx, cancel := context.WithTimeout(ctx, dnsTimeout)
	defer cancel()
	seen := map[string]answer{}
	return o.verify(raw, now, func(name string) (string, error) {
		a, ok := seen[name]
		if !ok {
			a.record, a.err = lookUp(ctx, r, name)
			seen[name] = a
		}
		return a.record, a.err
	}, secondOpinion)
}

// Again verifies, without a network, a mail that Verify accepted at a time and that was
// kept, with the key record that was recorded then. What it says rests on that record: who
// can write it can make any mail pass. The error is ErrFreeMail or a *Refused.
func (o Rules) Again(raw []byte, keyRecord string, at time.Time) (*Message, error) {
	return o.verify(raw, at, func(string) (string, error) { return keyRecord, nil }, nil)
}

// opinion is somebody else's answer to whether a signature holds.
type opinion func(raw []byte, s *signature, record string) error

// verify goes through the rules; find returns the key record at a name.
func (o Rules) verify(raw []byte, now time.Time, find func(string) (string, error), other opinion) (*Message, error) {
	// 1, 2: the bytes and the fields.
	m, err := parse(raw)
	if err != nil {
		return nil, err
	}
	out := &Message{digest: log.Sum(raw)}
	// 3: who.
	if out.from, out.domain, err = m.sender(); err != nil {
		return nil, err
	}
	// 4: when, and the subject.
	if out.date, err = m.date(now); err != nil {
		return nil, err
	}
	if out.subject, err = m.subject(); err != nil {
		return nil, err
	}
	// 5: the text.
	if out.line, err = m.line(); err != nil {
		return nil, err
	}
	// 6: a signature that covers all of it.
	s, k, err := o.signed(m, raw, out, now, find, other)
	if err != nil {
		return nil, err
	}
	out.signing, out.selector, out.record, out.weak = s.domain, s.selector, k.record, k.weak
	return out, nil
}

// signed returns the first signature that keeps to every rule, with its key. Otherwise
// the error is of the signature that came furthest; a key that could not be looked up
// comes before all, since the mail may pass the next time.
func (o Rules) signed(m *letter, raw []byte, out *Message, now time.Time, find func(string) (string, error), other opinion) (*signature, *key, error) {
	worst := refuse(RuleSignature, "it has no DKIM signature: ask whoever runs the domain's mail to switch it on")
	furthest := -1
	var unavailable error
	for n, i := range m.signatures() {
		if n == maxSignatures {
			break
		}
		s, err := parseSignature(m, i, n)
		stage := 0
		var k *key
		for _, step := range []func() error{
			func() error { return s.aligned(out.domain) },
			func() error { return s.covers(m, o) },
			func() error { return s.current(now) },
			func() (err error) { k, err = s.key(find, out.from); return err },
			func() error { return s.check(m, k) },
			func() error {
				if other == nil {
					return nil
				}
				return other(raw, s, k.record)
			},
		} {
			if err != nil {
				break
			}
			stage++
			err = step()
		}
		if err == nil {
			return s, k, nil
		}
		var u *Unavailable
		if errors.As(err, &u) {
			unavailable = err
		} else if stage > furthest {
			worst, furthest = err, stage
		}
	}
	if unavailable != nil {
		return nil, nil, unavailable
	}
	return nil, nil, worst
}

type answer struct {
	record string
	err    error
}

// lookUp gets the one TXT record at a name.
func lookUp(ctx context.Context, r Resolver, name string) (string, error) {
	list, err := r.LookupTXT(ctx, name+".")
	var dns *net.DNSError
	switch {
	case err != nil && errors.As(err, &dns) && dns.IsNotFound:
		return "", refuse(RuleNoKey, "the domain publishes no key for the signature: whoever runs the domain's mail has to publish it, or switch to the present one")
	case err != nil:
		return "", &Unavailable{Err: err}
	case len(list) == 0:
		return "", refuse(RuleNoKey, "the domain publishes no key for the signature: whoever runs the domain's mail has to publish it, or switch to the present one")
	case len(list) > 1:
		return "", refuse(RuleKey, "the domain publishes more than one key record under one name: whoever runs the domain's mail has to leave one")
	}
	return list[0], nil
}
