package statement

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/log"
)

// Claim is a signatory's own statement about one version and one list entry: an
// *Endorsement, a *Withdrawal or a *Denial. It belongs to no chain, and names the
// entry by its commitment alone, so that a name can be withheld later.
type Claim interface {
	// Of returns what every claim says.
	Of() About
	// Kind is ClaimEndorsement, ClaimWithdrawal or ClaimDenial.
	Kind() string
	document
}

// Kinds of claims.
const (
	ClaimEndorsement = "endorsement" // we endorse this version
	ClaimWithdrawal  = "withdrawal"  // we no longer stand by it
	ClaimDenial      = "denial"      // we never agreed to be listed
)

// About says which version and which list entry a claim is about.
type About struct {
	Entry       string      `json:"entry"`  // commitment of the list entry
	Issued      string      `json:"issued"` // the signer's claim of when it was signed, RFC 3339 UTC
	Log         LogName     `json:"log"`
	Publication log.Digest  `json:"publication"`
	Version     VersionName `json:"version"`
}

// Of implements Claim.
func (a About) Of() About { return a }

func (a About) check() error {
	if err := a.Log.check(); err != nil {
		return err
	}
	switch {
	case a.Publication.IsZero():
		return errors.New("publication: want the genesis digest")
	case a.Version.Number < 1:
		return fmt.Errorf("version: number %d: want 1 or more", a.Version.Number)
	case a.Version.Record.IsZero() || a.Version.Record == a.Publication:
		return errors.New("version: record: want the record digest of the version")
	}
	if err := checkIssued(a.Issued); err != nil {
		return err
	}
	_, err := commitmentDigest(a.Entry)
	return err
}

// versionSubject is the record digest of the version that is spoken of.
func (a About) versionSubject() subject { return newSubject("version", a.Version.Record) }

// ReadText is the text that a signatory read.
type ReadText struct {
	Language string     `json:"language"`
	SHA256   log.Digest `json:"sha256"` // of the published file
}

func (t ReadText) check() error {
	if err := CheckLanguage(t.Language); err != nil {
		return fmt.Errorf("text: %w", err)
	}
	if t.SHA256.IsZero() {
		return errors.New("text: want the SHA-256 of the published file")
	}
	return nil
}

// Endorsement says that a signatory endorses a version, having read one of its
// texts.
type Endorsement struct {
	About
	Text ReadText `json:"text"`
}

// Kind implements Claim.
func (e *Endorsement) Kind() string { return ClaimEndorsement }

// inOrder implements ordered: there are many endorsements.
func (e *Endorsement) inOrder() any {
	return struct {
		Entry       string      `json:"entry"`
		Issued      string      `json:"issued"`
		Log         LogName     `json:"log"`
		Publication log.Digest  `json:"publication"`
		Text        ReadText    `json:"text"`
		Version     VersionName `json:"version"`
	}{e.Entry, e.Issued, e.Log, e.Publication, e.Text, e.Version}
}

func (e *Endorsement) predicateType() string { return TypeEndorsement }

// subjects: the text file that was read, so that a stock client verifies the
// endorsement of a file it holds.
func (e *Endorsement) subjects() []subject {
	return []subject{newSubject(subjectText+e.Text.Language, e.Text.SHA256)}
}

func (e *Endorsement) check() error {
	if err := e.About.check(); err != nil {
		return err
	}
	return e.Text.check()
}

// Withdrawal says that a signatory no longer stands by a version.
type Withdrawal struct {
	About
	Reason string `json:"reason,omitempty"` // in the signer's words. Optional
}

// Kind implements Claim.
func (w *Withdrawal) Kind() string { return ClaimWithdrawal }

func (w *Withdrawal) predicateType() string { return TypeWithdrawal }

func (w *Withdrawal) subjects() []subject { return []subject{w.versionSubject()} }

func (w *Withdrawal) check() error {
	if err := w.About.check(); err != nil {
		return err
	}
	return checkLine("reason", w.Reason, maxReason)
}

// Denial says that a listed signatory never agreed to be listed.
type Denial struct {
	About
	Reason string `json:"reason,omitempty"` // in the signer's words. Optional
}

// Kind implements Claim.
func (d *Denial) Kind() string { return ClaimDenial }

func (d *Denial) predicateType() string { return TypeDenial }

func (d *Denial) subjects() []subject { return []subject{d.versionSubject()} }

func (d *Denial) check() error {
	if err := d.About.check(); err != nil {
		return err
	}
	return checkLine("reason", d.Reason, maxReason)
}

// NewClaim returns a claim of a kind. text is for endorsements, reason for the
// others.
func NewClaim(kind string, about About, text ReadText, reason string) (Claim, error) {
	switch kind {
	case ClaimEndorsement:
		return &Endorsement{About: about, Text: text}, nil
	case ClaimWithdrawal:
		return &Withdrawal{About: about, Reason: reason}, nil
	case ClaimDenial:
		return &Denial{About: about, Reason: reason}, nil
	}
	return nil, fmt.Errorf("claim %q: want %s, %s or %s", clip(kind), ClaimEndorsement, ClaimWithdrawal, ClaimDenial)
}

// EncodeClaim returns a claim's payload bytes, after checking every rule.
func EncodeClaim(c Claim) ([]byte, error) { return encode(c) }

// ParseClaim reads a payload; it accepts exactly what EncodeClaim writes.
func ParseClaim(payload []byte) (Claim, error) {
	w, err := parseWire(payload)
	if err != nil {
		return nil, err
	}
	var c Claim
	switch w.PredicateType {
	case TypeEndorsement:
		c = new(Endorsement)
	case TypeWithdrawal:
		c = new(Withdrawal)
	case TypeDenial:
		c = new(Denial)
	default:
		return nil, fmt.Errorf("statement: predicate type %q: want an endorsement, a withdrawal or a denial", clip(w.PredicateType))
	}
	if err := jcs.Decode(w.Predicate, c); err != nil {
		return nil, fmt.Errorf("%s: %w", w.PredicateType, err)
	}
	if err := roundTrip(c, payload); err != nil {
		return nil, err
	}
	return c, nil
}

const subjectEntry = "entry"

// commitmentDigest reads a commitment as the digest that it is.
func commitmentDigest(s string) (log.Digest, error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) != len(log.Digest{}) || base64.RawURLEncoding.EncodeToString(raw) != s {
		return log.Digest{}, errors.New("entry: want a commitment: a SHA-256 digest in base64url")
	}
	return log.Digest(raw), nil
}
