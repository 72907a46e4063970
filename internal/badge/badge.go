// Package badge writes badge documents: everything that proves one publication, in one
// answer, for scripts that verify it in a visitor's browser. docs/formats/badge.md is the
// description. A document asserts nothing of its own: it holds what the checkpoint, the
// head, the bundles, the texts and the lists of the evidence say, once each.
package badge

import (
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/signatory"
)

// Most that a document holds; who proves more, does it document by document.
const (
	MaxRecords = 256
	MaxBytes   = 1 << 20
)

// The publication has no badge document. Readers take its evidence.
var (
	ErrTooLarge = errors.New("too large for a badge document")
	// ErrNotPlain: its chain holds more than a document has words for: several signatures,
	// recovery keys, a change of policy, a redaction, a withheld name.
	ErrNotPlain = errors.New("not plain enough for a badge document")
)

// Document is a badge document.
type Document struct {
	Checkpoint string    `json:"checkpoint"`
	Frozen     string    `json:"frozen,omitempty"` // of a log that has ended
	Head       string    `json:"head"`
	Policy     string    `json:"policy"`
	Records    []Record  `json:"records"`
	Versions   []Version `json:"versions"`
}

// Record is a record with its place under the checkpoint.
type Record struct {
	Index     int64    `json:"index"`
	Key       []byte   `json:"key"`       // SPKI of the signer's
	Payload   string   `json:"payload"`   // the statement
	Proof     [][]byte `json:"proof"`     // hashes of the inclusion proof
	Signature []byte   `json:"signature"` // r and s, 32 bytes each
}

// Version is what a version's statement has the digests of.
type Version struct {
	Disclosures []string          `json:"disclosures"` // as JSON
	Texts       map[string]string `json:"texts"`       // by language
}

// NewRecord turns a record's DER signature into the one that browsers verify.
func NewRecord(index int64, key, payload, der []byte, proof [][]byte) (Record, error) {
	var sig struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &sig); err != nil || len(rest) > 0 || sig.R.Sign() <= 0 || sig.S.Sign() <= 0 || sig.R.BitLen() > 256 || sig.S.BitLen() > 256 {
		return Record{}, errors.New("not an ECDSA signature of P-256")
	}
	raw := make([]byte, 64)
	sig.R.FillBytes(raw[:32])
	sig.S.FillBytes(raw[32:])
	if proof == nil {
		proof = [][]byte{} // of a tree of one entry
	}
	return Record{Index: index, Key: key, Payload: string(payload), Proof: proof, Signature: raw}, nil
}

// NewVersion takes texts by language, and disclosures in list order; an empty one, of a
// withheld name, is ErrNotPlain.
func NewVersion(disclosures []signatory.Disclosure, texts map[string][]byte) (Version, error) {
	v := Version{Disclosures: make([]string, len(disclosures)), Texts: map[string]string{}}
	for i, d := range disclosures {
		if d == "" {
			return Version{}, ErrNotPlain
		}
		b, err := base64.RawURLEncoding.DecodeString(string(d))
		if err != nil {
			return Version{}, fmt.Errorf("disclosure %d: %w", i, err)
		}
		v.Disclosures[i] = string(b)
	}
	for lang, text := range texts {
		v.Texts[lang] = string(text)
	}
	return v, nil
}

// Marshal returns the document's bytes.
func (d *Document) Marshal() ([]byte, error) {
	if len(d.Records) > MaxRecords {
		return nil, ErrTooLarge
	}
	b, err := jcs.Marshal(d)
	if err == nil && len(b) > MaxBytes {
		return nil, ErrTooLarge
	}
	return b, err
}
