package log_test

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/log"
)

// logged is a record in a log of five entries, at index 2.
type logged struct {
	log    *logtest.Log
	key    *ecdsa.PublicKey
	signed *log.Bundle // as submitted
	bundle *log.Bundle // complete
	data   []byte
}

func newLogged(t testing.TB) logged {
	t.Helper()
	l, signer := logtest.New(t, "https://sijil.example"), logtest.NewSigner(t)
	l.Append([]byte("first"))
	l.Append([]byte("second"))
	b := l.Genesis("river", map[string]string{"en": "River Declaration"}, signer)
	index := l.Publish(b, signer.Public())
	l.Append([]byte("fourth"))
	l.Append([]byte("fifth"))
	complete := l.Complete(b, signer.Public(), index, l.Size())
	data, err := complete.Marshal()
	check(t, err)
	return logged{l, signer.Public().ECDSA(), b, complete, data}
}

func (x logged) verify(data []byte) (*log.Logged, error) {
	b, err := log.ParseBundle(data)
	if err != nil {
		return nil, err
	}
	return b.Verify(x.key, x.log.Key.ID(), x.log.Policy)
}

func TestBundle(t *testing.T) {
	x := newLogged(t)
	got, err := x.verify(x.data)
	check(t, err)
	if got.Digest() != x.signed.Envelope.Digest() || got.Index() != 2 || got.Checkpoint().Size() != 5 ||
		!bytes.Equal(got.Payload(), x.signed.Envelope.Payload) || got.Entry().Digest != got.Digest() {
		t.Errorf("%s at %d in %d", got.Digest(), got.Index(), got.Checkpoint().Size())
	}
	// The record digest is the SHA-256 of the PAE, which has a form of its own.
	pae := "DSSEv1 28 application/vnd.in-toto+json "
	if p := string(x.signed.Envelope.PAE()); !strings.HasPrefix(p, pae) || !strings.HasSuffix(p, string(x.signed.Envelope.Payload)) {
		t.Errorf("PAE %.60q…", p)
	}
	// Unlogged, it is a bundle too, and proves nothing of a log.
	data, err := x.signed.Marshal()
	check(t, err)
	if b, err := log.ParseBundle(data); err != nil || b.Entry() != nil {
		t.Errorf("as submitted: %v", err)
	}
	if _, err := x.verify(data); err == nil || !strings.Contains(err.Error(), "holds no log entry") {
		t.Errorf("as submitted: %v", err)
	}
}

// TestEveryBitOfABundle: whatever single bit is turned over, the bundle is
// refused, or proves the same statement in the same place.
func TestEveryBitOfABundle(t *testing.T) {
	x := newLogged(t)
	want, err := x.verify(x.data)
	check(t, err)
	hint := []byte(x.bundle.VerificationMaterial.PublicKey.Hint)
	hintAt := bytes.Index(x.data, hint)
	stride, accepted := 1, 0
	if testing.Short() {
		stride = 7
	}
	for at := 0; at < len(x.data); at += stride {
		for bit := range 8 {
			changed := slices.Clone(x.data)
			changed[at] ^= 1 << bit
			got, err := x.verify(changed)
			if err != nil {
				continue
			}
			// Verify is given the key: that the hint names it, package chain checks.
			if at < hintAt || at >= hintAt+len(hint) {
				accepted++
			}
			if got.Digest() != want.Digest() || !bytes.Equal(got.Payload(), want.Payload()) || got.Index() != want.Index() ||
				got.Checkpoint().Root() != want.Checkpoint().Root() {
				t.Errorf("byte %d, bit %d: another statement was verified", at, bit)
			}
		}
	}
	// The spare bits of the checkpoint's signature: sumdb/note ignores them.
	if accepted > 3 {
		t.Errorf("%d changed bundles were accepted", accepted)
	}
	t.Logf("%d bytes, %d changes accepted with the same meaning", len(x.data), accepted)
}

// TestBundleLies: bundles that are well-formed and claim what is not so.
func TestBundleLies(t *testing.T) {
	x := newLogged(t)
	other := newLogged(t)
	entry := func(b *log.Bundle) *log.LogEntry { return b.Entry() }
	for name, c := range map[string]struct {
		change func(b *log.Bundle)
		says   string
	}{
		"another payload":     {func(b *log.Bundle) { b.Envelope.Payload = append(b.Envelope.Payload, ' ') }, "signature does not verify"},
		"another signature":   {func(b *log.Bundle) { b.Envelope.Signatures = other.signed.Envelope.Signatures }, "signature does not verify"},
		"another log's ID":    {func(b *log.Bundle) { id := other.log.Key.ID(); entry(b).LogID.KeyID = id[:] }, "entry is from another log"},
		"another body":        {func(b *log.Bundle) { entry(b).CanonicalizedBody = entry(other.bundle).CanonicalizedBody }, "entry body is not that of this statement"},
		"another index":       {func(b *log.Bundle) { entry(b).LogIndex, entry(b).InclusionProof.LogIndex = 3, 3 }, "does not lead from the entry"},
		"another size":        {func(b *log.Bundle) { entry(b).InclusionProof.TreeSize = 6 }, "different trees"},
		"another root":        {func(b *log.Bundle) { r := x.log.Root(4); entry(b).InclusionProof.RootHash = r[:] }, "different trees"},
		"another log's note":  {func(b *log.Bundle) { entry(b).InclusionProof.Checkpoint.Envelope = string(other.log.Checkpoint(5)) }, "not signed by a key in the policy"},
		"an older checkpoint": {func(b *log.Bundle) { entry(b).InclusionProof.Checkpoint.Envelope = string(x.log.Checkpoint(4)) }, "different trees"},
		"a tree without it":   {func(b *log.Bundle) { retree(b, x.log, 2) }, "not inside a tree"},
		"the tree of a fork":  {func(b *log.Bundle) { retree(b, forked(x.log), 5) }, "does not lead from the entry"},
		"a hash left out":     {func(b *log.Bundle) { p := &entry(b).InclusionProof; p.Hashes = p.Hashes[1:] }, "does not lead from the entry"},
		"a hash more":         {func(b *log.Bundle) { p := &entry(b).InclusionProof; p.Hashes = append(p.Hashes, p.Hashes[0]) }, "does not lead from the entry"},
		"hashes exchanged":    {func(b *log.Bundle) { slices.Reverse(entry(b).InclusionProof.Hashes) }, "does not lead from the entry"},
		"a hash changed":      {func(b *log.Bundle) { entry(b).InclusionProof.Hashes[0][0] ^= 1 }, "does not lead from the entry"},
	} {
		b, err := log.ParseBundle(x.data)
		check(t, err)
		c.change(b)
		if got, err := b.Verify(x.key, x.log.Key.ID(), x.log.Policy); err == nil || !strings.Contains(err.Error(), c.says) {
			// A claim that cannot be is refused earlier, by Marshal.
			if _, err2 := b.Marshal(); err2 == nil || !strings.Contains(err2.Error(), c.says) {
				t.Errorf("%s: Verify = %v, %v, want …%s…", name, got, err, c.says)
			}
		}
	}
	if _, err := x.bundle.Verify(other.key, x.log.Key.ID(), x.log.Policy); err == nil {
		t.Error("verified under another key")
	}
	if _, err := x.bundle.Verify(nil, x.log.Key.ID(), x.log.Policy); err == nil {
		t.Error("verified under no key")
	}
	if _, err := x.bundle.Verify(x.key, x.log.Key.ID(), nil); err == nil {
		t.Error("verified under no policy")
	}
	if _, err := x.bundle.Verify(x.key, x.log.Key.ID(), other.log.Policy); err == nil {
		t.Error("verified under another log's policy")
	}
}

// forked is a log with the same key and another entry at index 2.
func forked(l *logtest.Log) *logtest.Log {
	f := l.Fork(2)
	for f.Size() < l.Size() {
		f.Append([]byte("what somebody else was shown"))
	}
	return f
}

// retree makes the bundle claim that it stands in the tree of l at a size.
func retree(b *log.Bundle, l *logtest.Log, size int64) {
	p := &b.Entry().InclusionProof
	root := l.Root(size)
	p.TreeSize, p.RootHash, p.Checkpoint.Envelope = size, root[:], string(l.Checkpoint(size))
}

// TestMalleableSignature: of one ECDSA signature anybody can make a second one
// that is valid too. It is not what was logged.
func TestMalleableSignature(t *testing.T) {
	x := newLogged(t)
	b, err := log.ParseBundle(x.data)
	check(t, err)
	b.Envelope.Signatures[0].Sig = twin(t, b.Signature(), x.key)
	if _, err := b.VerifySignature(x.key); err != nil {
		t.Fatalf("the twin is no signature, so this test shows nothing: %v", err)
	}
	if _, err := b.Verify(x.key, x.log.Key.ID(), x.log.Policy); err == nil || !strings.Contains(err.Error(), "entry body is not that of this statement") {
		t.Errorf("Verify = %v", err)
	}
}

func TestParseBundleStrict(t *testing.T) {
	x := newLogged(t)
	good := string(x.data)
	hint := x.bundle.VerificationMaterial.PublicKey.Hint
	root := base64.StdEncoding.EncodeToString(x.bundle.Entry().InclusionProof.RootHash)
	for name, c := range map[string]struct{ old, new, says string }{
		"another media type":      {"bundle.v0.3+json", "bundle.v0.2+json", "media type"},
		"another payload type":    {"vnd.in-toto+json", "vnd.in-toto+jso", "payload type"},
		"no hint":                 {hint, "", "no key hint"},
		"a certificate":           {`"publicKey":{`, `"certificate":{},"publicKey":{`, "unknown field"},
		"a timestamp":             {`"tlogEntries":`, `"timestampVerificationData":{},"tlogEntries":`, "unknown field"},
		"an integrated time":      {`"logIndex":"2","rootHash"`, `"integratedTime":"1","logIndex":"2","rootHash"`, "unknown field"},
		"a key ID beside sig":     {`{"sig":`, `{"keyid":"","sig":`, "unknown field"},
		"two signatures":          {`"signatures":[`, `"signatures":[{"sig":"AAAA"},`, "exactly one signature"},
		"another kind":            {`"kind":"hashedrekord"`, `"kind":"dsse"`, "entry kind"},
		"index as a number":       {`"logIndex":"2"`, `"logIndex":2`, "parse JSON"},
		"index with a zero":       {`"logIndex":"2"`, `"logIndex":"02"`, ""},
		"indices that differ":     {`"logIndex":"2"`, `"logIndex":"1"`, "differs from the proof's"},
		"negative size":           {`"treeSize":"5"`, `"treeSize":"-5"`, "not inside a tree"},
		"index outside the tree":  {`"treeSize":"5"`, `"treeSize":"2"`, "not inside a tree"},
		"a short root":            {`"rootHash":"` + root, `"rootHash":"AAAA`, "root hash is not 32 bytes"},
		"a short hash":            {`"hashes":["`, `"hashes":["AAAA","`, "a proof hash is not 32 bytes"},
		"null for hashes":         {`"hashes":[`, `"hashes":null,"x":[`, "unknown field"},
		"space":                   {`{"dsse`, `{ "dsse`, "not in RFC 8785 form"},
		"payload in another case": {`"payload":`, `"Payload":`, "not in RFC 8785 form"},
	} {
		if !strings.Contains(good, c.old) {
			t.Fatalf("%s: the bundle does not hold %s", name, c.old)
		}
		if b, err := log.ParseBundle([]byte(strings.Replace(good, c.old, c.new, 1))); b != nil || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: ParseBundle = %v, %v, want …%s…", name, b, err, c.says)
		}
	}
	for _, s := range []string{"", "null", "{}", "[]", good + "\n", good + good, strings.Repeat("[", 10000)} {
		if b, err := log.ParseBundle([]byte(s)); b != nil || err == nil || !strings.HasPrefix(err.Error(), "bundle: ") {
			t.Errorf("ParseBundle(%.20q…) = %v, %v", s, b, err)
		}
	}
}

// TestCheckInclusion compares with the proofs of every index in every small tree.
func TestCheckInclusion(t *testing.T) {
	l := logtest.New(t, "https://sijil.example")
	for i := range 9 {
		l.Append([]byte{byte(i)})
	}
	for size := int64(1); size <= l.Size(); size++ {
		c, err := log.OpenCheckpoint(l.Checkpoint(size), l.Policy)
		check(t, err)
		for index := range size {
			proof, err := tlog.ProveRecord(size, index, l)
			check(t, err)
			hashes := make([][]byte, len(proof))
			for i := range proof {
				hashes[i] = proof[i][:]
			}
			for claimed := int64(-1); claimed <= size; claimed++ {
				if err := log.CheckInclusion(hashes, c, claimed, l.Entries()[index]); (err == nil) != (claimed == index) {
					t.Errorf("entry %d at %d in a tree of %d: %v", index, claimed, size, err)
				}
			}
			if log.CheckInclusion(append(hashes, []byte("short")), c, index, l.Entries()[index]) == nil {
				t.Errorf("entry %d in a tree of %d: accepted a short hash", index, size)
			}
		}
	}
}
