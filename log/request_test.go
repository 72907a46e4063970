package log_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/log"
)

// entryRequest is a good request to the Rekor v2 write API.
func entryRequest(t testing.TB) []byte {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("message"))
	sig, err := ecdsa.SignASN1(rand.Reader, k, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	b := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `{"hashedRekordRequestV002":{"digest":%q,"signature":{"content":%q,"verifier":{"publicKey":{"rawBytes":%q},"keyDetails":"PKIX_ECDSA_P256_SHA_256"}}}}`,
		b(digest[:]), b(sig), b(spki))
}

func TestParseEntryRequest(t *testing.T) {
	good := entryRequest(t)
	e, err := log.ParseEntryRequest(good)
	if err != nil || e.Verify() != nil || e.Digest != log.Sum([]byte("message")) {
		t.Fatalf("%+v, %v", e, err)
	}
	// The largest entry that a request can lead to is far below what an entry
	// bundle takes.
	b, err := e.Marshal()
	if err != nil || len(b) > log.MaxRequest || log.MaxRequest > log.MaxEntry {
		t.Errorf("an entry of %d bytes, %v", len(b), err)
	}
	// White space and the order of members are the client's own.
	var v any
	if err := json.Unmarshal(good, &v); err != nil {
		t.Fatal(err)
	}
	pretty, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := log.ParseEntryRequest(pretty); err != nil || again.Digest != e.Digest {
		t.Errorf("with other white space: %v", err)
	}
	if _, err := log.ParseEntryRequest(append(good, bytes.Repeat([]byte(" "), log.MaxRequest)...)); err == nil {
		t.Error("a request that is too large")
	}
}

// What parses is an entry that the log takes, and reads back as the same.
func FuzzParseEntryRequest(f *testing.F) {
	f.Add(entryRequest(f))
	f.Add([]byte(`{"dsseRequestV002":{}}`))
	f.Add([]byte(`{"hashedRekordRequestV002":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := log.ParseEntryRequest(b)
		if err != nil {
			return
		}
		leaf, err := e.Marshal()
		if err != nil {
			t.Fatalf("%q parses, and is no entry: %v", b, err)
		}
		again, err := log.ParseEntry(leaf)
		if err != nil || again.Digest != e.Digest || !bytes.Equal(again.Signature, e.Signature) || !bytes.Equal(again.Key, e.Key) {
			t.Fatalf("%q: %+v, %v", b, again, err)
		}
	})
}

// Whatever lines a witness answers, what comes out is the checkpoint with lines
// that verify, and none twice.
func FuzzCosign(f *testing.F) {
	l := logtest.New(f, "https://sijil.example")
	l.Append([]byte("entry"))
	plain := l.Checkpoint(1)
	l.Witness(2)
	full := l.Checkpoint(1)
	lines := string(full[strings.Index(string(full), "\n\n")+2:])
	f.Add(lines)
	f.Add(lines + lines)
	f.Add("— w0.example AAAA\n\n— nobody.example rubbish")
	f.Fuzz(func(t *testing.T, lines string) {
		out, _, err := log.Cosign(plain, []byte(lines), l.Policy)
		if err != nil {
			t.Fatal(err)
		}
		n, err := note.Open(out, l.Policy)
		if err != nil || len(n.UnverifiedSigs) > 0 || n.Sigs[0].Name != "sijil.example" || len(n.Sigs) > 3 {
			t.Fatalf("%q gives %q, %v", lines, out, err)
		}
		again, _, err := log.Cosign(out, []byte(lines), l.Policy)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("%q again gives %q after %q, %v", lines, again, out, err)
		}
	})
}
