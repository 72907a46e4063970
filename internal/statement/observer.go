package statement

import (
	"errors"
	"fmt"
	"regexp"
	"sync"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Sighting is a statement of the service's observer key: an *Enrolment or an
// *Observation. It says what the service saw, and proves no more than that.
type Sighting interface {
	// At returns what every sighting says.
	At() Sighted
	document
}

// Sighted says where, when and about whom something was seen.
type Sighted struct {
	Domain      string     `json:"domain,omitempty"` // of the signatory; none with a key that nobody has confirmed
	Entry       string     `json:"entry"`            // commitment of the list entry
	Issued      string     `json:"issued"`           // when the service saw it, RFC 3339 UTC
	Log         LogName    `json:"log"`
	Publication log.Digest `json:"publication"`
}

// At implements Sighting.
func (s Sighted) At() Sighted { return s }

func (s Sighted) check() error {
	if err := s.Log.check(); err != nil {
		return err
	}
	if s.Publication.IsZero() {
		return errors.New("publication: want the genesis digest")
	}
	if s.Domain != "" && !domainName().MatchString(s.Domain) {
		return fmt.Errorf("domain %q: want a host name in lower case", clip(s.Domain))
	}
	if err := checkIssued(s.Issued); err != nil {
		return err
	}
	_, err := commitmentDigest(s.Entry)
	return err
}

func (s Sighted) entrySubject() subject {
	d, err := commitmentDigest(s.Entry)
	if err != nil {
		return subject{}
	}
	return newSubject(subjectEntry, d)
}

var domainName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
})

// Means by which a signatory can be seen to speak.
const (
	MeansDomain  = "domain"  // a file, or a DNS record, of its domain
	MeansMail    = "mail"    // a mail that its domain signed (DKIM)
	MeansPasskey = "passkey" // a WebAuthn assertion by an enrolled key
)

// Seen is the evidence of a domain or a mail, as far as it is public: the rest of
// a mail is the operator's, encrypted to others.
type Seen struct {
	Certificate *log.Digest `json:"certificate,omitempty"` // SHA-256 of the TLS certificate over which a file came
	Document    log.Digest  `json:"document"`              // SHA-256 of the file, the DNS records or the raw mail
	KeyRecord   string      `json:"keyRecord,omitempty"`   // the DKIM key record as the DNS gave it
	Means       string      `json:"means"`
	Selector    string      `json:"selector,omitempty"` // of the DKIM key
	Signer      string      `json:"signer,omitempty"`   // the domain that signed the mail (d=)
	Via         string      `json:"via,omitempty"`      // of a domain: "file" or "dns"
	Weak        bool        `json:"weak,omitempty"`     // the DKIM key is RSA under 2,048 bits
}

func (s Seen) check() error {
	if s.Document.IsZero() {
		return errors.New("seen: document: want a SHA-256")
	}
	mail := s.KeyRecord != "" || s.Selector != "" || s.Signer != "" || s.Weak
	switch s.Means {
	case MeansDomain:
		if mail || s.Via != "file" && s.Via != "dns" || (s.Certificate != nil) != (s.Via == "file") {
			return errors.New("seen: a domain is seen by a file, with its certificate, or by dns")
		}
	case MeansMail:
		if s.Via != "" || s.Certificate != nil || s.KeyRecord == "" || s.Selector == "" || !domainName().MatchString(s.Signer) {
			return errors.New("seen: a mail has signer, selector and key record")
		}
		if len(s.KeyRecord) > 4096 || len(s.Selector) > 253 {
			return errors.New("seen: key record or selector too long")
		}
		if err := checkLine("selector", s.Selector, 253); err != nil {
			return err
		}
		return checkLine("keyRecord", s.KeyRecord, 4096)
	default:
		return fmt.Errorf("seen: means %q: want %s or %s", clip(s.Means), MeansDomain, MeansMail)
	}
	return nil
}

// Enrolment says that a key is a signatory's: its domain, or a mail of its domain,
// named the key.
type Enrolment struct {
	Sighted
	Key  []byte `json:"key"` // DER SubjectPublicKeyInfo, ECDSA P-256
	Seen Seen   `json:"seen"`
}

func (e *Enrolment) predicateType() string { return TypeEnrolment }

// subjects: the key, so that whoever holds it can look for its enrolment.
func (e *Enrolment) subjects() []subject {
	return []subject{e.entrySubject(), newSubject("key", log.Sum(e.Key))}
}

// PublicKey returns the key, parsed.
func (e *Enrolment) PublicKey() (*keys.PublicKey, error) { return keys.ParsePublicKey(e.Key) }

func (e *Enrolment) check() error {
	if err := e.Sighted.check(); err != nil {
		return err
	}
	if e.Domain == "" {
		return errors.New("domain: an enrolment is by a domain")
	}
	if _, err := e.PublicKey(); err != nil {
		return err
	}
	return e.Seen.check()
}

// Observation says that the service saw a signatory speak: which claim, about which
// version, and how.
type Observation struct {
	Sighted
	Claim   string      `json:"claim"`             // its kind, or "absence": what was seen before is there no more
	Passkey *Passkey    `json:"passkey,omitempty"` // the assertion itself: it can be verified again
	Seen    *Seen       `json:"seen,omitempty"`
	Text    *ReadText   `json:"text,omitempty"` // that was read; absent where that is not known
	Version VersionName `json:"version"`
}

// ClaimAbsence is an observation's claim where a domain says no more what it said.
const ClaimAbsence = "absence"

// Passkey is a WebAuthn assertion over a claim.
type Passkey struct {
	AuthenticatorData []byte `json:"authenticatorData"`
	ClientDataJSON    []byte `json:"clientDataJSON"`
	Key               []byte `json:"key"`       // DER SubjectPublicKeyInfo, ECDSA P-256
	Payload           []byte `json:"payload"`   // the claim; the challenge is its SHA-256
	Signature         []byte `json:"signature"` // ASN.1 DER
}

func (o *Observation) predicateType() string { return TypeObservation }

func (o *Observation) subjects() []subject {
	return []subject{o.entrySubject(), newSubject("version", o.Version.Record)}
}

func (o *Observation) check() error {
	if err := o.Sighted.check(); err != nil {
		return err
	}
	if o.Version.Number < 1 || o.Version.Record.IsZero() {
		return errors.New("version: want number and record digest")
	}
	switch o.Claim {
	case ClaimEndorsement, ClaimWithdrawal, ClaimDenial, ClaimAbsence:
	default:
		return fmt.Errorf("claim %q is not known", clip(o.Claim))
	}
	if o.Text != nil {
		if err := o.Text.check(); err != nil {
			return err
		}
	}
	switch {
	case (o.Seen == nil) == (o.Passkey == nil):
		return errors.New("want what was seen, or a passkey's assertion, and not both")
	case o.Passkey != nil:
		return o.checkPasskey()
	case o.Domain == "":
		return errors.New("domain: missing")
	case o.Claim == ClaimAbsence && o.Seen.Means != MeansDomain:
		return errors.New("only a domain can fall silent")
	}
	return o.Seen.check()
}

// checkPasskey holds the claim that the assertion is over against what the
// observation says.
func (o *Observation) checkPasskey() error {
	p := o.Passkey
	const most = 16 << 10
	for _, part := range [][]byte{p.AuthenticatorData, p.ClientDataJSON, p.Signature} {
		if len(part) == 0 || len(part) > most {
			return fmt.Errorf("passkey: each part of the assertion has 1 to %d bytes", most)
		}
	}
	if _, err := keys.ParsePublicKey(p.Key); err != nil {
		return fmt.Errorf("passkey: %w", err)
	}
	c, err := ParseClaim(p.Payload)
	if err != nil {
		return fmt.Errorf("passkey: %w", err)
	}
	a := c.Of()
	if c.Kind() != o.Claim || a.Entry != o.Entry || a.Log != o.Log || a.Publication != o.Publication || a.Version != o.Version {
		return errors.New("passkey: the assertion is over another claim")
	}
	e, ok := c.(*Endorsement)
	if ok != (o.Text != nil) || ok && *o.Text != e.Text {
		return errors.New("passkey: the assertion is over another text")
	}
	return nil
}

// EncodeSighting returns a sighting's payload bytes, after checking every rule.
func EncodeSighting(s Sighting) ([]byte, error) { return encode(s) }

// ParseSighting reads a payload; it accepts exactly what EncodeSighting writes.
func ParseSighting(payload []byte) (Sighting, error) {
	w, err := parseWire(payload)
	if err != nil {
		return nil, err
	}
	var s Sighting
	switch w.PredicateType {
	case TypeEnrolment:
		s = new(Enrolment)
	case TypeObservation:
		s = new(Observation)
	default:
		return nil, fmt.Errorf("statement: predicate type %q: want an enrolment or an observation", clip(w.PredicateType))
	}
	if err := jcs.Decode(w.Predicate, s); err != nil {
		return nil, fmt.Errorf("%s: %w", w.PredicateType, err)
	}
	if err := roundTrip(s, payload); err != nil {
		return nil, err
	}
	return s, nil
}
