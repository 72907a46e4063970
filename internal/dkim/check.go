package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"slices"
	"strings"

	msgauth "github.com/emersion/go-msgauth/dkim"
)

// key is a key record, read.
type key struct {
	record string
	rsa    *rsa.PublicKey    // or
	ed     ed25519.PublicKey // this
	weak   bool
	strict bool // t=s
}

// parseKey reads a key record (RFC 6376 section 3.6.1, RFC 8463 section 4).
func parseKey(record string) (*key, error) {
	malformed := refuse(RuleKey, "the key that its domain publishes for the signature cannot be read: whoever runs the domain's mail has to mend the record")
	t, ok := parseTags(record)
	if v, has := t["v"]; !ok || len(record) > maxRecord || has && v != "DKIM1" {
		return nil, malformed
	}
	if p, has := t["p"]; has && p == "" {
		return nil, refuse(RuleNoKey, "its domain has withdrawn the key of the signature: send a new mail")
	}
	if h, has := t["h"]; has && !slices.Contains(list(h), "sha256") {
		return nil, malformed
	}
	if s, has := t["s"]; has && !slices.Contains(list(s), "*") && !slices.Contains(list(s), "email") {
		return nil, refuse(RuleKey, "the key that its domain publishes for the signature is not for mail")
	}
	k := &key{record: record}
	flags := list(t["t"])
	if slices.Contains(flags, "y") {
		return nil, refuse(RuleTesting, "its domain says that it only tests DKIM (t=y): whoever runs the domain's mail has to take that out of the key record")
	}
	k.strict = slices.Contains(flags, "s")
	b, ok := parseBase64(t["p"])
	if !ok {
		return nil, malformed
	}
	switch t["k"] {
	case "ed25519":
		if len(b) != ed25519.PublicKeySize {
			return nil, malformed
		}
		k.ed = b
		return k, nil
	case "", "rsa":
	default:
		return nil, malformed
	}
	// RFC 6376 asks for SubjectPublicKeyInfo in one place and for RSAPublicKey in
	// another: erratum 3017 allows both.
	if pub, err := x509.ParsePKIXPublicKey(b); err == nil {
		k.rsa, _ = pub.(*rsa.PublicKey)
	} else {
		k.rsa, _ = x509.ParsePKCS1PublicKey(b)
	}
	switch {
	case k.rsa == nil || k.rsa.N.BitLen() > 8192:
		return nil, malformed
	case k.rsa.N.BitLen() < 1024:
		return nil, refuse(RuleShort, "the key of its domain is shorter than 1024 bits, which anybody can break: whoever runs the domain's mail has to make a new one")
	}
	k.weak = k.rsa.N.BitLen() < 2048
	return k, nil
}

// name is where the key record stands.
func (s *signature) name() string { return s.selector + "._domainkey." + s.domain }

// key gets the signature's key, and checks that it is one for it.
func (s *signature) key(find func(string) (string, error), from string) (*key, error) {
	record, err := find(s.name())
	if err != nil {
		return nil, err
	}
	k, err := parseKey(record)
	if err != nil {
		return nil, err
	}
	if (s.algorithm == "rsa") != (k.rsa != nil) {
		return nil, refuse(RuleKey, "the key that its domain publishes is of another kind than the signature")
	}
	if k.strict && (s.domain != from || s.identity != s.domain) {
		return nil, refuse(RuleStrict, "the key record allows only addresses at exactly its own domain (t=s), and this one is at another")
	}
	return k, nil
}

// check computes whether the signature is over this header and body (RFC 6376 sections
// 3.7 and 6.1.3).
func (s *signature) check(m *letter, k *key) error {
	altered := refuse(RuleAltered, "it was altered after it was signed, as mailing lists, footers and forwarding do: send it from the domain's own mail straight to this address")
	// 1: the hash of the body.
	body := sha256.Sum256(canonicalBody(m.body, s.bodySimple))
	if !bytes.Equal(body[:], s.bodyHash) {
		return altered
	}
	// 2: the hash of the header.
	hashed := s.headerHash(m)
	// 3: the signature over that hash. RFC 8463 signs the hash too.
	if k.ed != nil {
		if !ed25519.Verify(k.ed, hashed, s.value) {
			return altered
		}
		return nil
	}
	if rsa.VerifyPKCS1v15(k.rsa, crypto.SHA256, hashed, s.value) != nil {
		return altered
	}
	return nil
}

// headerHash is over the fields that h= names, each name taking the lowest field that was
// not taken yet, and over the signature's own field without the value of b=.
func (s *signature) headerHash(m *letter) []byte {
	h := sha256.New()
	taken := map[string]int{}
	for _, name := range s.names {
		if f, ok := m.fromBelow(name, taken[name]); ok {
			taken[name]++
			h.Write([]byte(canonicalField(f.raw, s.headerSimple)))
		}
	}
	own := canonicalField(withoutValue(m.fields[s.index].raw), s.headerSimple)
	h.Write([]byte(strings.TrimSuffix(own, "\r\n")))
	return h.Sum(nil)
}

// fromBelow is the field of a name that n others of it stand below.
func (m *letter) fromBelow(name string, n int) (field, bool) {
	for _, f := range slices.Backward(m.fields) {
		if f.name != name {
			continue
		}
		if n == 0 {
			return f, true
		}
		n--
	}
	return field{}, false
}

// withoutValue takes the value of b= out of a signature's field.
func withoutValue(raw string) string {
	at := strings.IndexByte(raw, ':') + 1
	for spec := range strings.SplitSeq(raw[at:], ";") {
		name, value, ok := strings.Cut(spec, "=")
		if ok && strings.Trim(name, " \t\r\n") == "b" {
			from := at + len(spec) - len(value)
			return raw[:from] + raw[from+len(value):]
		}
		at += len(spec) + 1
	}
	return raw
}

// canonicalField is a field in canonical form (RFC 6376 sections 3.4.1, 3.4.2).
func canonicalField(raw string, simple bool) string {
	if simple {
		return raw
	}
	name, value, _ := strings.Cut(raw, ":")
	words := strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' })
	return strings.ToLower(name) + ":" + strings.Join(words, " ") + "\r\n"
}

// canonicalBody is a body in canonical form (RFC 6376 sections 3.4.3, 3.4.4).
func canonicalBody(body []byte, simple bool) []byte {
	var out []byte
	if simple {
		out = body
	} else {
		for line := range bytes.SplitSeq(body, []byte("\r\n")) {
			space := false
			for _, c := range line {
				if c == ' ' || c == '\t' {
					space = true
					continue
				}
				if space {
					out = append(out, ' ')
					space = false
				}
				out = append(out, c)
			}
			out = append(out, '\r', '\n')
		}
	}
	for bytes.HasSuffix(out, []byte("\r\n")) {
		out = out[:len(out)-2]
	}
	if len(out) == 0 && !simple {
		return nil
	}
	return append(slices.Clip(out), '\r', '\n')
}

// secondOpinion asks go-msgauth whether a signature holds under a key record.
func secondOpinion(raw []byte, s *signature, record string) error {
	list, err := msgauth.VerifyWithOptions(bytes.NewReader(raw), &msgauth.VerifyOptions{
		MaxVerifications: maxSignatures,
		LookupTXT: func(name string) ([]string, error) {
			if !strings.EqualFold(name, s.name()) {
				return nil, errors.New("not asked")
			}
			return []string{record}, nil
		},
	})
	if err != nil && !errors.Is(err, msgauth.ErrTooManySignatures) || s.nth >= len(list) {
		return refuse(RuleAltered, "a second reading of its DKIM signature failed")
	}
	if list[s.nth].Err != nil {
		return refuse(RuleAltered, "a second reading of its DKIM signature does not agree with the first")
	}
	return nil
}
