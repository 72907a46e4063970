package log

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Signed is a statement whose signature by a given key was verified. Only
// Bundle.VerifySignature makes one, and Bundle.Reopen, of what was verified before.
type Signed struct {
	payload []byte
	digest  Digest
	entry   Entry
	leaf    []byte // entry.Marshal
}

// Payload is the signed statement.
func (s *Signed) Payload() []byte { return s.payload }

// Digest is the record digest.
func (s *Signed) Digest() Digest { return s.digest }

// Entry is the log entry that follows from payload, signature and key.
func (s *Signed) Entry() Entry { return s.entry }

// Leaf is the entry's bytes: what the log hashes into its tree.
func (s *Signed) Leaf() []byte { return bytes.Clone(s.leaf) }

// Logged is a signed statement whose inclusion in the log was verified under a
// policy. Only Bundle.Verify makes one.
type Logged struct {
	Signed
	index      int64
	checkpoint *Checkpoint
}

// Index is the entry's place in the log.
func (l *Logged) Index() int64 { return l.index }

// Checkpoint is the verified checkpoint the proof leads to.
func (l *Logged) Checkpoint() *Checkpoint { return l.checkpoint }

// VerifySignature checks the envelope's signature under key.
func (b *Bundle) VerifySignature(key *ecdsa.PublicKey) (*Signed, error) {
	if key == nil {
		return nil, errors.New("bundle: no key given")
	}
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("bundle: public key: %w", err)
	}
	e := Entry{Digest: b.Envelope.Digest(), Signature: b.Signature(), Key: spki}
	if err := e.Verify(); err != nil {
		return nil, errors.New("bundle: signature does not verify under the key")
	}
	return b.signed(e)
}

// Reopen returns what VerifySignature returned when the bundle was taken into a log whose
// writer verifies every entry's signature: leaf is the hash of the entry there, which the
// caller has authenticated. It covers payload, signature and key (DER
// SubjectPublicKeyInfo), so that nothing else has the same.
func (b *Bundle) Reopen(spki []byte, leaf tlog.Hash) (*Signed, error) {
	s, err := b.signed(Entry{Digest: b.Envelope.Digest(), Signature: b.Signature(), Key: spki})
	if err != nil {
		return nil, err
	}
	if LeafHash(s.leaf) != leaf {
		return nil, errors.New("bundle: it is not what stands in the log")
	}
	return s, nil
}

func (b *Bundle) signed(e Entry) (*Signed, error) {
	leaf, err := e.Marshal()
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	return &Signed{payload: bytes.Clone(b.Envelope.Payload), digest: e.Digest, entry: e, leaf: leaf}, nil
}

// Verify checks everything a bundle claims, in this order:
//
//  1. the envelope's signature under key;
//  2. the log ID is that of the policy's log (logKeyID);
//  3. the entry body is the one that follows from digest, signature and key
//     (it is rebuilt, never displayed);
//  4. the checkpoint's signatures under the policy;
//  5. tree size and root hash of the proof are the checkpoint's;
//  6. the inclusion proof (RFC 9162, 2.1.3.2).
//
// It says nothing about the publication's chain, its keys' windows, or whether
// this is the newest record: see package evidence.
func (b *Bundle) Verify(key *ecdsa.PublicKey, logKeyID Digest, p Policy) (*Logged, error) {
	s, err := b.VerifySignature(key)
	if err != nil {
		return nil, err
	}
	e := b.Entry()
	if e == nil {
		return nil, errors.New("bundle: holds no log entry")
	}
	if !bytes.Equal(e.LogID.KeyID, logKeyID[:]) {
		return nil, errors.New("bundle: entry is from another log")
	}
	if !bytes.Equal(s.leaf, e.CanonicalizedBody) {
		return nil, errors.New("bundle: entry body is not that of this statement")
	}
	c, err := OpenCheckpoint([]byte(e.InclusionProof.Checkpoint.Envelope), p)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	root := c.Root()
	if e.InclusionProof.TreeSize != c.Size() || !bytes.Equal(e.InclusionProof.RootHash, root[:]) {
		return nil, errors.New("bundle: proof and checkpoint are of different trees")
	}
	if err := CheckInclusion(e.InclusionProof.Hashes, c, e.LogIndex, s.leaf); err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	return &Logged{Signed: *s, index: e.LogIndex, checkpoint: c}, nil
}

// CheckInclusion verifies that entry stands at index in the checkpoint's tree.
func CheckInclusion(hashes [][]byte, c *Checkpoint, index int64, entry []byte) error {
	if index < 0 || index >= c.Size() {
		return fmt.Errorf("inclusion proof: index %d is not in a tree of %d", index, c.Size())
	}
	p := make(tlog.RecordProof, len(hashes))
	for i, h := range hashes {
		if len(h) != tlog.HashSize {
			return errors.New("inclusion proof: a hash is not 32 bytes")
		}
		p[i] = tlog.Hash(h)
	}
	if err := tlog.CheckRecord(p, c.Size(), c.Root(), index, LeafHash(entry)); err != nil {
		return errors.New("inclusion proof: does not lead from the entry to the checkpoint's root")
	}
	return nil
}

// Complete returns the bundle with its log entry: what a publish answers.
// root, size and note are the checkpoint's; nothing is verified here.
func (b *Bundle) Complete(s *Signed, logKeyID Digest, index int64, proof tlog.RecordProof, size int64, root tlog.Hash, note []byte) (*Bundle, error) {
	out := *b
	out.VerificationMaterial.LogEntries = []LogEntry{NewLogEntry(s.Leaf(), logKeyID, index, proof, size, root, note)}
	return &out, nil
}
