package log

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"github.com/sijil/sijil/internal/jcs"
)

// MaxBundle bounds a bundle, in bytes: a record of 10,000 signatories with its
// proof is under 1 MiB.
const MaxBundle = 2 << 20

const (
	// BundleMediaType is that of a Sigstore bundle v0.3.
	BundleMediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"
	// PayloadType is the DSSE payload type of an in-toto statement.
	PayloadType = "application/vnd.in-toto+json"
)

// Bundle is a Sigstore bundle v0.3 in this project's profile: one DSSE envelope
// with one signature by a self-managed key and, once logged, one log entry with
// its inclusion proof. Nothing in it is verified; see Verify.
//
// Its bytes are the RFC 8785 encoding, and ParseBundle accepts no other, so a
// bundle in which any byte was changed is either refused or says another thing.
//
// The fields of these types stand in the order of RFC 8785.
type Bundle struct {
	Envelope             Envelope             `json:"dsseEnvelope"`
	MediaType            string               `json:"mediaType"`
	VerificationMaterial VerificationMaterial `json:"verificationMaterial"`
}

// VerificationMaterial names the key and holds the log entry. Before logging
// there is no entry.
type VerificationMaterial struct {
	PublicKey  KeyHint    `json:"publicKey"`
	LogEntries []LogEntry `json:"tlogEntries,omitempty"`
}

// KeyHint names the signer's key: base64 of the SHA-256 of its
// SubjectPublicKeyInfo.
type KeyHint struct {
	Hint string `json:"hint"`
}

// Envelope is a DSSE envelope.
type Envelope struct {
	Payload     []byte              `json:"payload"`
	PayloadType string              `json:"payloadType"`
	Signatures  []EnvelopeSignature `json:"signatures"`
}

// EnvelopeSignature is an ASN.1 DER ECDSA signature over the envelope's PAE.
type EnvelopeSignature struct {
	Sig []byte `json:"sig"`
}

// LogEntry is Sigstore's TransparencyLogEntry as this log fills it.
type LogEntry struct {
	CanonicalizedBody []byte      `json:"canonicalizedBody"`
	InclusionProof    Proof       `json:"inclusionProof"`
	KindVersion       KindVersion `json:"kindVersion"`
	LogID             LogID       `json:"logId"`
	LogIndex          int64       `json:"logIndex,string"`
}

// LogID holds the SHA-256 of origin "\n" 0x01 key.
type LogID struct {
	KeyID []byte `json:"keyId"`
}

// KindVersion names the entry type.
type KindVersion struct {
	Kind    string `json:"kind"`
	Version string `json:"version"`
}

// Proof is an RFC 6962 inclusion proof with the checkpoint it leads to.
type Proof struct {
	Checkpoint SignedCheckpoint `json:"checkpoint"`
	Hashes     [][]byte         `json:"hashes"`
	LogIndex   int64            `json:"logIndex,string"`
	RootHash   []byte           `json:"rootHash"`
	TreeSize   int64            `json:"treeSize,string"`
}

// SignedCheckpoint holds the signed note.
type SignedCheckpoint struct {
	Envelope string `json:"envelope"`
}

// NewEntryKind returns the kind and version of this log's entries.
func NewEntryKind() KindVersion { return KindVersion{Kind: entryKind, Version: entryVersion} }

// PAE is what a DSSE signature signs: its digest is the record digest.
func (e Envelope) PAE() []byte { return dsse.PAE(e.PayloadType, e.Payload) }

// Digest is the record digest: SHA-256 of the PAE.
func (e Envelope) Digest() Digest { return Sum(e.PAE()) }

// Marshal returns the bundle's bytes.
func (b *Bundle) Marshal() ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	return jcs.Marshal(b)
}

// ParseBundle reads a bundle; it accepts exactly what Marshal writes.
func ParseBundle(data []byte) (*Bundle, error) {
	if len(data) > MaxBundle {
		return nil, fmt.Errorf("bundle: over %d bytes", MaxBundle)
	}
	b := new(Bundle)
	if err := jcs.Unmarshal(data, b); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	return b, nil
}

// ErrBareSignature: a bundle holds a signature over a file, and no statement.
var ErrBareSignature = errors.New("bundle: holds a bare signature over a file, which says nothing of a version or a list entry: sign the statement instead (cosign attest-blob --statement)")

// ImportBundle reads a bundle that another Sigstore client wrote, whose white space
// and member order are its own, and returns what was signed, without a log entry:
// proofs are made anew here.
func ImportBundle(data []byte) (*Bundle, error) {
	if len(data) > MaxBundle {
		return nil, fmt.Errorf("bundle: over %d bytes", MaxBundle)
	}
	b := new(Bundle)
	if err := jcs.Decode(data, b); err != nil {
		var bare struct {
			Message json.RawMessage `json:"messageSignature"`
		}
		if json.Unmarshal(data, &bare) == nil && bare.Message != nil {
			return nil, ErrBareSignature
		}
		return nil, fmt.Errorf("bundle: %w", err)
	}
	b.VerificationMaterial.LogEntries = nil
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	return b, nil
}

// Entry returns the one log entry, or nil for a bundle that is not logged.
func (b *Bundle) Entry() *LogEntry {
	if len(b.VerificationMaterial.LogEntries) == 0 {
		return nil
	}
	return &b.VerificationMaterial.LogEntries[0]
}

// Signature returns the one signature.
func (b *Bundle) Signature() []byte { return b.Envelope.Signatures[0].Sig }

func (b *Bundle) check() error {
	switch {
	case b.MediaType != BundleMediaType:
		return fmt.Errorf("media type %q, want %s", clip(b.MediaType), BundleMediaType)
	case b.Envelope.PayloadType != PayloadType:
		return fmt.Errorf("payload type %q, want %s", clip(b.Envelope.PayloadType), PayloadType)
	case len(b.Envelope.Payload) == 0:
		return errors.New("empty payload")
	case len(b.Envelope.Signatures) != 1 || len(b.Envelope.Signatures[0].Sig) == 0:
		return errors.New("want exactly one signature")
	case b.VerificationMaterial.PublicKey.Hint == "":
		return errors.New("no key hint")
	case len(b.VerificationMaterial.LogEntries) > 1:
		return errors.New("more than one log entry")
	}
	if e := b.Entry(); e != nil {
		return e.check()
	}
	return nil
}

func (e *LogEntry) check() error {
	p := e.InclusionProof
	switch {
	case e.KindVersion != NewEntryKind():
		return fmt.Errorf("entry kind %s %s, want %s %s", clip(e.KindVersion.Kind), clip(e.KindVersion.Version), entryKind, entryVersion)
	case len(e.LogID.KeyID) != len(Digest{}):
		return errors.New("log ID is not 32 bytes")
	case len(e.CanonicalizedBody) == 0 || len(e.CanonicalizedBody) > MaxEntry:
		return errors.New("no entry body, or one that is too large")
	case e.LogIndex < 0 || e.LogIndex != p.LogIndex:
		return errors.New("log index is negative, or differs from the proof's")
	case p.TreeSize <= p.LogIndex:
		return fmt.Errorf("log index %d is not inside a tree of %d", p.LogIndex, p.TreeSize)
	case len(p.RootHash) != len(Digest{}):
		return errors.New("root hash is not 32 bytes")
	case len(p.Hashes) > 63 || p.Hashes == nil:
		return errors.New("proof hashes missing, or more than 63")
	case p.Checkpoint.Envelope == "":
		return errors.New("no checkpoint")
	}
	for _, h := range p.Hashes {
		if len(h) != len(Digest{}) {
			return errors.New("a proof hash is not 32 bytes")
		}
	}
	return nil
}
