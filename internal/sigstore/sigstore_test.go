package sigstore_test

import (
	"testing"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/sigstore"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// TestStockVerifierAgrees: both verifiers accept the profile's bundle, at every
// index of a small tree, and both refuse another artifact, key and log.
func TestStockVerifierAgrees(t *testing.T) {
	l := logtest.New(t, "https://log.example/")
	signer := logtest.NewSigner(t)
	payload, err := statement.Encode(&statement.Publication{
		Log: statement.NameOf(l.Key), Slug: "river", Title: map[string]string{"en": "River"},
		Policy: statement.NewPolicy(1, signer.Public()),
	})
	if err != nil {
		t.Fatal(err)
	}
	bundle := logtest.Sign(t, signer, payload)
	l.Append([]byte("an entry before"))
	index := l.Publish(bundle, signer.Public())
	l.Append([]byte("an entry after"))
	artifact := subjectOf(t, payload)
	root, err := l.Trust().TrustedRootJSON()
	if err != nil {
		t.Fatal(err)
	}
	v, err := sigstore.New(root)
	if err != nil {
		t.Fatal(err)
	}
	for size := index + 1; size <= l.Size(); size++ {
		data, err := l.Complete(bundle, signer.Public(), index, size).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Verify(data, signer.Public().ECDSA(), artifact); err != nil {
			t.Errorf("size %d: %v", size, err)
		}
		b, err := log.ParseBundle(data)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Verify(signer.Public().ECDSA(), l.Key.ID(), l.Policy); err != nil {
			t.Errorf("size %d: own verifier: %v", size, err)
		}
		if err := v.Verify(data, signer.Public().ECDSA(), log.Sum([]byte("other"))); err == nil {
			t.Error("accepted another artifact")
		}
		if err := v.Verify(data, logtest.NewSigner(t).Public().ECDSA(), artifact); err == nil {
			t.Error("accepted another key")
		}
	}
	otherRoot, err := logtest.New(t, "https://log.example/").Trust().TrustedRootJSON()
	if err != nil {
		t.Fatal(err)
	}
	other, err := sigstore.New(otherRoot)
	if err != nil {
		t.Fatal(err)
	}
	data, err := l.Complete(bundle, signer.Public(), index, l.Size()).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Verify(data, signer.Public().ECDSA(), artifact); err == nil {
		t.Error("accepted another log's entry")
	}
}

func subjectOf(t *testing.T, payload []byte) log.Digest {
	t.Helper()
	s, err := statement.Parse(payload)
	if err != nil {
		t.Fatal(err)
	}
	return statement.Artifact(s)
}
