// Package logtest is a virtual log for tests: keys made at run time, a Merkle
// tree in memory, and the documents that a real service would serve. It holds no
// rule of its own: entries, checkpoints, heads and bundles are made by package
// log, proofs by golang.org/x/mod/sumdb/tlog.
package logtest

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Start is the time from which every virtual log's key is valid.
var Start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Log is a virtual log.
type Log struct {
	t      testing.TB
	Base   string
	Key    *keys.LogKey
	Signer note.Signer
	Policy *keys.Policy
	// Cosigners add their lines to every checkpoint; see Witness.
	Cosigners []note.Signer

	entries [][]byte
	hashes  []tlog.Hash
}

// New makes an empty log at a base address.
func New(t testing.TB, base string) *Log {
	t.Helper()
	origin, err := keys.OriginOf(base)
	check(t, err)
	skey, key, err := keys.GenerateLogKey(rand.Reader, origin)
	check(t, err)
	signer, _, err := keys.LoadLogSigner(skey)
	check(t, err)
	return &Log{t: t, Base: base, Key: key, Signer: signer, Policy: keys.NewPolicy(key)}
}

// Trust returns a trust file for the log that pins nothing yet.
func (l *Log) Trust() *keys.Trust {
	l.t.Helper()
	trust, err := keys.NewTrust(l.Base, Start, l.Policy)
	check(l.t, err)
	return trust
}

// ReadHashes makes Log a tlog.HashReader.
func (l *Log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = l.hashes[x]
	}
	return out, nil
}

// Append adds an entry and returns its index.
func (l *Log) Append(entry []byte) int64 {
	l.t.Helper()
	index := int64(len(l.entries))
	stored, err := tlog.StoredHashes(index, entry, l)
	check(l.t, err)
	l.hashes = append(l.hashes, stored...)
	l.entries = append(l.entries, entry)
	return index
}

// Size is the number of entries.
func (l *Log) Size() int64 { return int64(len(l.entries)) }

// Entries returns the entries.
func (l *Log) Entries() [][]byte { return l.entries }

// Root is the tree hash at a size.
func (l *Log) Root(size int64) tlog.Hash {
	l.t.Helper()
	root, err := tlog.TreeHash(size, l)
	check(l.t, err)
	return root
}

// Checkpoint returns the signed checkpoint at a size.
func (l *Log) Checkpoint(size int64) []byte {
	l.t.Helper()
	b, err := log.SignCheckpoint(l.Signer, size, l.Root(size))
	check(l.t, err)
	if len(l.Cosigners) == 0 {
		return b
	}
	n, err := note.Open(b, l.Policy)
	check(l.t, err)
	b, err = note.Sign(n, l.Cosigners...)
	check(l.t, err)
	return b
}

// Witness gives the log a policy with so many witnesses, of which all are
// needed, and their cosignatures on every checkpoint from here on.
func (l *Log) Witness(n int) {
	l.t.Helper()
	text, members := "log "+l.Key.String()+"\n", ""
	for i := range n {
		name := fmt.Sprintf("w%d", i)
		skey, plain, err := note.GenerateKey(rand.Reader, name+".example")
		check(l.t, err)
		signer, err := cosignature.NewSignerForCosignatureV1(skey)
		check(l.t, err)
		vkey, err := cosignature.VKeyToCosignatureV1(plain)
		check(l.t, err)
		l.Cosigners = append(l.Cosigners, signer)
		text += "witness " + name + " " + vkey + "\n"
		members += " " + name
	}
	var err error
	l.Policy, err = keys.ParsePolicy(text + "group all-of-them all" + members + "\nquorum all-of-them\n")
	check(l.t, err)
}

// Publish logs a signed bundle and returns the index.
func (l *Log) Publish(b *log.Bundle, key *keys.PublicKey) int64 {
	l.t.Helper()
	s, err := b.VerifySignature(key.ECDSA())
	check(l.t, err)
	entry, err := s.Entry().Marshal()
	check(l.t, err)
	return l.Append(entry)
}

// Complete returns the bundle with its proof at a size.
func (l *Log) Complete(b *log.Bundle, key *keys.PublicKey, index, size int64) *log.Bundle {
	l.t.Helper()
	s, err := b.VerifySignature(key.ECDSA())
	check(l.t, err)
	proof, err := tlog.ProveRecord(size, index, l)
	check(l.t, err)
	out, err := b.Complete(s, l.Key.ID(), index, proof, size, l.Root(size), l.Checkpoint(size))
	check(l.t, err)
	return out
}

// NewSigner makes a publisher key.
func NewSigner(t testing.TB) *keys.Signer {
	t.Helper()
	s, err := keys.GenerateSigner(rand.Reader)
	check(t, err)
	return s
}

// Sign signs a payload.
func Sign(t testing.TB, s *keys.Signer, payload []byte) *log.Bundle {
	t.Helper()
	b, err := s.Sign(rand.Reader, payload)
	check(t, err)
	return b
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
