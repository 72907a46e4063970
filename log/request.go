package log

import (
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/jcs"
)

// MaxRequest bounds an entry request, in bytes: an entry of one P-256 signature
// has under 1 KB.
const MaxRequest = 16 << 10

// A request to the Rekor v2 write API, CreateEntryRequest in protojson.
type wireRequest struct {
	HashedRekord *wireHashedRekord `json:"hashedRekordRequestV002"`
	DSSE         json.RawMessage   `json:"dsseRequestV002"`
}

type wireHashedRekord struct {
	Digest    []byte               `json:"digest"`
	Signature wireRequestSignature `json:"signature"`
}

type wireRequestSignature struct {
	Content  []byte `json:"content"`
	Verifier struct {
		KeyDetails  string          `json:"keyDetails"`
		PublicKey   wireKey         `json:"publicKey"`
		Certificate json.RawMessage `json:"x509Certificate"`
	} `json:"verifier"`
}

// ParseEntryRequest reads a request of the Rekor v2 write API and returns the
// entry it asks for, whose form is checked and whose signature is not. For
// example
//
//	{"hashedRekordRequestV002":{"digest":"<32 bytes>","signature":{"content":"<DER>",
//	 "verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"<SPKI>"}}}}}
func ParseEntryRequest(b []byte) (Entry, error) {
	if len(b) > MaxRequest {
		return Entry{}, fmt.Errorf("entry request: over %d bytes", MaxRequest)
	}
	var w wireRequest
	if err := jcs.Decode(b, &w); err != nil {
		return Entry{}, fmt.Errorf("entry request: %w", err)
	}
	switch {
	case w.DSSE != nil:
		return Entry{}, errors.New("entry request: dsseRequestV002 is no longer of Rekor v2: send hashedRekordRequestV002 with the digest of the DSSE PAE")
	case w.HashedRekord == nil:
		return Entry{}, errors.New("entry request: want hashedRekordRequestV002")
	}
	r := w.HashedRekord
	v := r.Signature.Verifier
	switch {
	case len(v.Certificate) > 0 && string(v.Certificate) != "null":
		return Entry{}, errors.New("entry request: a certificate; this log takes public keys only")
	case v.KeyDetails != keyDetails:
		return Entry{}, fmt.Errorf("entry request: keyDetails %q; this log takes %s only", clip(v.KeyDetails), keyDetails)
	case len(r.Digest) != len(Digest{}):
		return Entry{}, fmt.Errorf("entry request: a digest of %d bytes, want SHA-256", len(r.Digest))
	case len(r.Signature.Content) > maxSignature:
		return Entry{}, fmt.Errorf("entry request: a signature of %d bytes; ECDSA P-256 has at most %d", len(r.Signature.Content), maxSignature)
	}
	e := Entry{Digest: Digest(r.Digest), Signature: r.Signature.Content, Key: v.PublicKey.RawBytes}
	if _, err := ParseKey(e.Key); err != nil {
		return Entry{}, fmt.Errorf("entry request: %w", err)
	}
	if e.Digest.IsZero() || len(e.Signature) == 0 {
		return Entry{}, errors.New("entry request: no digest or no signature")
	}
	return e, nil
}

// maxSignature is the longest ASN.1 DER signature of ECDSA P-256, in bytes.
const maxSignature = 72

// NewLogEntry returns Sigstore's TransparencyLogEntry of an entry: what the
// Rekor v2 write API answers, and what stands in a bundle. root, size and note
// are the checkpoint's; nothing is verified here.
func NewLogEntry(entry []byte, logKeyID Digest, index int64, proof tlog.RecordProof, size int64, root tlog.Hash, note []byte) LogEntry {
	hashes := make([][]byte, len(proof))
	for i := range proof {
		hashes[i] = proof[i][:]
	}
	return LogEntry{
		LogIndex: index, LogID: LogID{KeyID: logKeyID[:]}, KindVersion: NewEntryKind(), CanonicalizedBody: entry,
		InclusionProof: Proof{LogIndex: index, RootHash: root[:], TreeSize: size, Hashes: hashes, Checkpoint: SignedCheckpoint{Envelope: string(note)}},
	}
}
