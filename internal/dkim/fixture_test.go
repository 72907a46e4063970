package dkim

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"
)

// now is the machine's, since go-msgauth asks it too.
var now = time.Now().Truncate(time.Second)

// zone answers TXT questions.
type zone map[string][]string

func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	if z["error"] != nil {
		return nil, errors.New(z["error"][0])
	}
	list, ok := z[strings.TrimSuffix(name, ".")]
	if !ok || !strings.HasSuffix(name, ".") {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return list, nil
}

var keys = sync.OnceValue(func() map[string]crypto.Signer {
	out := map[string]crypto.Signer{}
	for name, bits := range map[string]int{"rsa": 2048, "weak": 1024} {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		out[name] = k
	}
	// The same in every process, so that fuzzing's workers verify what its seeds hold.
	seed := sha256.Sum256([]byte("sijil/internal/dkim test"))
	out["ed"] = ed25519.NewKeyFromSeed(seed[:])
	return out
})

// record is the key record of one of keys.
func record(name string) string {
	switch pub := keys()[name].Public().(type) {
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(pub)
	default:
		b, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			panic(err)
		}
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(b)
	}
}

// dns holds every key under every domain of the tests.
func dns() zone {
	z := zone{}
	for _, d := range []string{"example.org", "mail.example.org", "evil-example.org", "example.co.uk", "other.co.uk", "co.uk", "xn--mnchen-3ya.example", "gmail.com"} {
		for name := range keys() {
			z[name+"._domainkey."+d] = []string{record(name)}
		}
	}
	return z
}

// written is a mail, its lines ended by LF, to be changed by tests.
type written struct {
	fields []string
	body   string
}

func plain() *written {
	return &written{fields: []string{
		"From: Amal <amal@example.org>", "To: sijil@sijil.example", "Subject: endorse casablanca 3",
		"Date: " + now.Format(time.RFC1123Z), "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Message-ID: <1@example.org>",
	}, body: "\nWe endorse version 3 of casablanca.  \n\nOn Monday somebody wrote:\n> We endorse nothing.\n"}
}

// with replaces the field of the same name, or adds one.
func (w *written) with(f string) *written {
	name, _, _ := strings.Cut(f, ":")
	if i := slices.IndexFunc(w.fields, func(g string) bool { return strings.HasPrefix(g, name+":") }); i >= 0 {
		w.fields[i] = f
	} else {
		w.fields = append(w.fields, f)
	}
	return w
}

func (w *written) without(name string) *written {
	w.fields = slices.DeleteFunc(w.fields, func(g string) bool { return strings.HasPrefix(g, name+":") })
	return w
}

func (w *written) text(body string) *written { w.body = body; return w }

func (w *written) bytes() []byte {
	return []byte(strings.ReplaceAll(strings.Join(w.fields, "\n")+"\n\n"+w.body, "\n", "\r\n"))
}

var signedNames = []string{"From", "Subject", "Date", "To", "Content-Type", "MIME-Version", "Message-ID", "Content-Transfer-Encoding"}

// signed is a mail signed by go-msgauth, with one of keys as its selector.
func signed(tb testing.TB, mail []byte, key string, change ...func(*msgauth.SignOptions)) []byte {
	tb.Helper()
	o := &msgauth.SignOptions{Domain: "example.org", Selector: key, Signer: keys()[key], HeaderCanonicalization: "relaxed", BodyCanonicalization: "relaxed", HeaderKeys: signedNames}
	for _, f := range change {
		f(o)
	}
	var out bytes.Buffer
	if err := msgauth.Sign(&out, bytes.NewReader(mail), o); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// forged is a mail signed by hand, with tags that replace or, if empty, remove the usual.
func forged(tb testing.TB, mail []byte, key string, change map[string]string) []byte {
	tb.Helper()
	t := map[string]string{"v": "1", "a": "rsa-sha256", "c": "relaxed/relaxed", "d": "example.org", "s": key, "h": strings.Join(signedNames, ":")}
	m, err := parse(mail)
	if err != nil { // a mail that is refused anyway
		m = &letter{}
		_, m.body, _ = bytes.Cut(mail, []byte("\r\n\r\n"))
		for f := range strings.SplitSeq(string(bytes.SplitN(mail, []byte("\r\n\r\n"), 2)[0]), "\r\n") {
			name, _, _ := strings.Cut(f, ":")
			m.fields = append(m.fields, field{strings.ToLower(name), f + "\r\n"})
		}
	}
	body := m.body
	for k, v := range change {
		t[k] = v
	}
	if t["l"] != "" {
		n := 0
		if _, err := fmt.Sscan(t["l"], &n); err != nil {
			tb.Fatal(err)
		}
		body = body[:n]
	}
	bh := sha256.Sum256(canonicalBody(body, t["c"] == "simple/simple"))
	if change["bh"] == "" {
		t["bh"] = base64.StdEncoding.EncodeToString(bh[:])
	}
	raw := "DKIM-Signature: "
	for _, k := range slices.Sorted(func(yield func(string) bool) {
		for k := range t {
			if !yield(k) {
				return
			}
		}
	}) {
		if t[k] != "" {
			raw += k + "=" + t[k] + "; "
		}
	}
	raw += "b="
	m.fields = append([]field{{"dkim-signature", raw + "\r\n"}}, m.fields...)
	s := &signature{names: []string{}, headerSimple: t["c"] == "simple/simple"}
	for _, n := range list(t["h"]) {
		s.names = append(s.names, strings.ToLower(n))
	}
	hash := s.headerHash(m)
	opts := crypto.SignerOpts(crypto.SHA256)
	if key == "ed" {
		opts = crypto.Hash(0)
	}
	b, err := keys()[key].Sign(rand.Reader, hash, opts)
	if err != nil {
		tb.Fatal(err)
	}
	return append([]byte(raw+base64.StdEncoding.EncodeToString(b)+"\r\n"), mail...)
}
