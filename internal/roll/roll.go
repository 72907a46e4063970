// Package roll holds the endorsers of a publication who stand in no signatory list: the
// people of a petition, as many as there are. The publisher hands them in in batches, each
// a record of its own (statement.Batch) whose document names every row by salted digests
// alone; names and signatures lie beside it and can be withheld later.
//
// A row of a document is a line, ended by LF:
//
//	COMMITMENT            listed: the publisher's word alone
//	COMMITMENT EVIDENCE   with an endorsement that the endorser signed
//
// COMMITMENT is that of the disclosure (package signatory), EVIDENCE the base64url SHA-256
// of the claim in RFC 8785 form. What is served of a row is a line of JSON:
//
//	{"disclosure":"WyJ…"}
//	{"claim":{"issued":"…","key":"MFkw…","language":"en","signature":"MEUC…"},"disclosure":"WyJ…"}
//	{"withheld":"COMMITMENT EVIDENCE"}
//
// The package is pure. docs/formats/roll.md is normative.
package roll

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/sijil/sijil/internal/chain"
	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Row is what is handed in and served of an endorser. Nothing in it is verified; see Open.
type Row struct {
	Claim      *Claim               `json:"claim,omitempty"`
	Disclosure signatory.Disclosure `json:"disclosure,omitempty"`
	// Withheld is the row's line of the document, where nothing else is served of it.
	Withheld string `json:"withheld,omitempty"`
}

// Claim is an endorsement that the endorser signed, without what its place says anyway.
type Claim struct {
	Issued    string `json:"issued"`
	Key       []byte `json:"key"` // DER SubjectPublicKeyInfo
	Language  string `json:"language"`
	Signature []byte `json:"signature"` // ASN.1 DER ECDSA, over the statement's PAE
}

// Place is what all rows of a batch endorse.
type Place struct {
	Log         statement.LogName
	Publication log.Digest
	Version     statement.VersionName
	Texts       map[string]log.Digest // of the published files, by language
}

// PlaceOf is the place of a version; an error says that the chain has no such version.
func PlaceOf(c *chain.Chain, v statement.VersionName) (Place, error) {
	s := c.Statement(v.Number)
	if s == nil || c.VersionRecord(v.Number) != v.Record {
		return Place{}, fmt.Errorf("there is no version %d with the record %s", v.Number, v.Record)
	}
	p := Place{Log: c.Log(), Publication: c.Genesis(), Version: v, Texts: map[string]log.Digest{}}
	for _, t := range s.Texts() {
		p.Texts[t.Language] = t.File
	}
	return p, nil
}

// Endorser is a row that was verified. Only Open makes one.
type Endorser struct {
	Row
	Signatory  signatory.Signatory
	Commitment log.Digest
	Evidence   log.Digest // zero without a claim
	Key        log.Digest // fingerprint of the claim's key; zero without one
}

// Line is the row's line of the batch's document, without its end.
func (e *Endorser) Line() string { return Line(e.Commitment, e.Evidence) }

// Line is the line of a row of which only the digests are known; evidence is zero for a
// row without a claim.
func Line(commitment, evidence log.Digest) string {
	if evidence.IsZero() {
		return Commitment(commitment)
	}
	return Commitment(commitment) + " " + Commitment(evidence)
}

// Commitment is a digest as documents and lists spell it.
func Commitment(d log.Digest) string { return base64.RawURLEncoding.EncodeToString(d[:]) }

// ParseLine reads a line of a document; evidence is zero for a row without a claim.
func ParseLine(line string) (commitment, evidence log.Digest, err error) {
	first, second, signed := strings.Cut(line, " ")
	if commitment, err = ParseCommitment(first); err != nil || !signed {
		return commitment, log.Digest{}, err
	}
	evidence, err = ParseCommitment(second)
	return commitment, evidence, err
}

// ParseCommitment reads a digest in its one spelling.
func ParseCommitment(s string) (log.Digest, error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw) != len(log.Digest{}) || base64.RawURLEncoding.EncodeToString(raw) != s {
		return log.Digest{}, errors.New("want a commitment: a SHA-256 digest in base64url")
	}
	return log.Digest(raw), nil
}

// ErrWithheld: of a withheld row there is nothing to verify.
var ErrWithheld = errors.New("the row is withheld")

// Open verifies a row: its disclosure, and the signature over the endorsement of this
// place under the claim's own key. Whose the key is, it does not say.
func (r Row) Open(p Place) (*Endorser, error) {
	if r.Withheld != "" {
		return nil, ErrWithheld
	}
	d, s, _, err := signatory.ParseDisclosure(string(r.Disclosure))
	if err != nil {
		return nil, err
	}
	e := &Endorser{Row: r, Signatory: s}
	if e.Commitment, err = ParseCommitment(d.Digest()); err != nil || r.Claim == nil {
		return e, err
	}
	key, err := keys.ParsePublicKey(r.Claim.Key)
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	b, err := r.Claim.bundle(p, Commitment(e.Commitment), key)
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	if err := e.verify(b, key); err != nil {
		return nil, err
	}
	return e, nil
}

// verify verifies the signature over the claim's bundle.
func (e *Endorser) verify(b *log.Bundle, key *keys.PublicKey) error {
	digest := b.Envelope.Digest()
	if !ecdsa.VerifyASN1(key.ECDSA(), digest[:], b.Signature()) {
		return errors.New("claim: the signature does not verify under the key")
	}
	doc, err := jcs.Marshal(e.Claim)
	e.Evidence, e.Key = log.Sum(doc), key.Digest()
	return err
}

// bundle is the bundle that the endorser signed.
func (c *Claim) bundle(p Place, entry string, key *keys.PublicKey) (*log.Bundle, error) {
	file, ok := p.Texts[c.Language]
	if !ok {
		return nil, fmt.Errorf("version %d has no text %q", p.Version.Number, c.Language)
	}
	payload, err := statement.EncodeClaim(&statement.Endorsement{
		About: statement.About{Entry: entry, Issued: c.Issued, Log: p.Log, Publication: p.Publication, Version: p.Version},
		Text:  statement.ReadText{Language: c.Language, SHA256: file},
	})
	if err != nil {
		return nil, err
	}
	return &log.Bundle{
		MediaType:            log.BundleMediaType,
		Envelope:             log.Envelope{Payload: payload, PayloadType: log.PayloadType, Signatures: []log.EnvelopeSignature{{Sig: c.Signature}}},
		VerificationMaterial: log.VerificationMaterial{PublicKey: log.KeyHint{Hint: key.Hint()}},
	}, nil
}

// Bundle is the Sigstore bundle that the endorser signed, for stock clients.
func (e *Endorser) Bundle(p Place) (*log.Bundle, error) {
	if e.Claim == nil {
		return nil, errors.New("the row has no claim")
	}
	key, err := keys.ParsePublicKey(e.Claim.Key)
	if err != nil {
		return nil, err
	}
	return e.Claim.bundle(p, Commitment(e.Commitment), key)
}

// OpenBundle makes the row of a disclosure and of a bundle, by whatever Sigstore client, with
// the endorsement that its signatory signed, and verifies it. The bundle's statement has to be
// the endorsement of this place by this entry, in the one encoding.
func OpenBundle(d signatory.Disclosure, data, spki []byte, p Place) (*Endorser, error) {
	e, err := Row{Disclosure: d}.Open(p)
	if err != nil {
		return nil, err
	}
	b, err := log.ImportBundle(data)
	if err != nil {
		return nil, err
	}
	key, err := keys.ParsePublicKey(spki)
	if err != nil {
		return nil, err
	}
	// What the place does not say is taken out by its looks: the bundle that follows has to
	// hold the same bytes.
	e.Claim = &Claim{Issued: after(b.Envelope.Payload, `"issued":"`), Key: spki, Language: after(b.Envelope.Payload, `"language":"`), Signature: b.Signature()}
	entry := Commitment(e.Commitment)
	own, err := e.Claim.bundle(p, entry, key)
	if err != nil || !bytes.Equal(own.Envelope.Payload, b.Envelope.Payload) {
		return nil, notHere(b.Envelope.Payload, entry, p)
	}
	if b.VerificationMaterial.PublicKey.Hint != key.Hint() {
		return nil, errors.New("bundle: is signed by another key than the row's")
	}
	if err := e.verify(b, key); err != nil {
		return nil, err
	}
	return e, nil
}

// after is what stands between the first mark and the next quotation mark.
func after(payload []byte, mark string) string {
	_, rest, _ := bytes.Cut(payload, []byte(mark))
	text, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(text)
}

// notHere says why a payload is not the endorsement of this place by this entry.
func notHere(payload []byte, entry string, p Place) error {
	s, err := statement.ParseClaim(payload)
	if err != nil {
		return err
	}
	e, ok := s.(*statement.Endorsement)
	switch {
	case !ok:
		return fmt.Errorf("bundle: holds a %s, and no endorsement", s.Kind())
	case e.Entry != entry:
		return errors.New("bundle: endorses in the name of another entry than the row's disclosure")
	}
	return fmt.Errorf("bundle: endorses another publication, version or text than version %d of this one", p.Version.Number)
}
