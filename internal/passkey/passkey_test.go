package passkey_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/sijil/sijil/internal/passkey"
	"github.com/sijil/sijil/keys"
)

// statement is a digest to sign, and challenge one to register with.
var (
	statement = func() []byte { d := sha256.Sum256([]byte("a statement")); return d[:] }()
	challenge = []byte("sixteen bytes or more")
)

// A passkey is made, then signs; its stored parts verify again.
func TestCeremonies(t *testing.T) {
	a := newAuthenticator(t)
	a.flags |= eligible | backedUp
	c, err := passkey.Register(here, challenge, a.create(t, challenge))
	if err != nil {
		t.Fatal(err)
	}
	public, err := keys.ParsePublicKey(c.Key())
	if err != nil || !public.ECDSA().Equal(a.public()) || !bytes.Equal(c.ID(), a.id) || !c.BackupEligible() || !c.BackedUp() {
		t.Fatalf("%+v, %v", c, err)
	}
	response := a.get(t, "webauthn.get", statement)
	got, err := passkey.Verify(here, public.ECDSA(), statement, response)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := passkey.Again(here, public.ECDSA(), statement, got.AuthenticatorData(), got.ClientDataJSON(), got.Signature()); err != nil {
		t.Error(err)
	}
	libraryAgrees(t, a, response)
}

// libraryAgrees asks the library's own verification for a second opinion.
func libraryAgrees(t *testing.T, a *authenticator, response []byte) {
	t.Helper()
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Verify(b64(statement), here.ID, "", here.Origins, nil, nil, protocol.TopOriginExplicitVerificationMode, false, true, true, pack(t, a.cose), protocol.SignaturePolicy{}); err != nil {
		t.Errorf("the library refuses what we accept: %v", err)
	}
}

// What browsers and password managers say differently, and may.
func TestVariants(t *testing.T) {
	for name, change := range map[string]func(*authenticator){
		"another origin of the site": func(a *authenticator) {
			a.client = strings.Replace(a.client, "https://sijil.example", "https://www.sijil.example:8443", 1)
		},
		"another order":      func(a *authenticator) { a.client = `{"origin":"https://sijil.example","type":"%s","challenge":"%s"}` },
		"another member":     func(a *authenticator) { a.client = strings.Replace(a.client, `}`, `,"other":{"a":[1,null]}}`, 1) },
		"no counter":         func(a *authenticator) { a.counter = 0 },
		"a counter going on": func(a *authenticator) { a.counter = 1 << 31 },
		"an extension":       func(a *authenticator) { a.flags |= extended; a.after = []byte("\xa1\x63uvm\x81\x83\x02\x04\x02") },
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthenticator(t)
			change(a)
			if _, err := passkey.Verify(here, a.public(), statement, a.get(t, "webauthn.get", statement)); err != nil {
				t.Errorf("get: %v", err)
			}
			if _, err := passkey.Register(here, challenge, a.create(t, challenge)); err != nil {
				t.Errorf("create: %v", err)
			}
		})
	}
}

// shared are the attacks on both ceremonies: what an authenticator or browser says
// that breaks a rule, properly signed, and the rule that the error names.
var shared = map[string]struct {
	change func(*authenticator)
	want   string
}{
	"another origin":      {func(a *authenticator) { replace(a, "https://sijil.example", "https://evil.example") }, "origin:"},
	"a host under it":     {func(a *authenticator) { replace(a, "https://sijil.example", "https://x.sijil.example") }, "origin:"},
	"another port":        {func(a *authenticator) { replace(a, "https://sijil.example", "https://sijil.example:444") }, "origin:"},
	"the default port":    {func(a *authenticator) { replace(a, "https://sijil.example", "https://sijil.example:443") }, "origin:"},
	"origin in capitals":  {func(a *authenticator) { replace(a, "https://sijil.example", "https://SIJIL.example") }, "origin:"},
	"origin with a slash": {func(a *authenticator) { replace(a, "https://sijil.example", "https://sijil.example/") }, "origin:"},
	"no TLS":              {func(a *authenticator) { replace(a, "https://sijil", "http://sijil") }, "origin:"},
	"another RP":          {func(a *authenticator) { a.rp = "evil.example" }, "RP ID:"},
	"nobody there":        {func(a *authenticator) { a.flags = verified }, "user presence:"},
	"nobody verified":     {func(a *authenticator) { a.flags = present }, "user verification:"},
	"impossible backup":   {func(a *authenticator) { a.flags |= backedUp }, "backup flags:"},
	"cross origin":        {func(a *authenticator) { replace(a, "false", "true") }, "crossOrigin:"},
	"top origin":          {func(a *authenticator) { replace(a, "}", `,"topOrigin":"https://sijil.example"}`) }, "topOrigin"},
	"empty top origin":    {func(a *authenticator) { replace(a, "}", `,"topOrigin":""}`) }, "topOrigin"},
	"no origin":           {func(a *authenticator) { replace(a, `"origin"`, `"elsewhere"`) }, "no origin"},
	"type twice":          {func(a *authenticator) { replace(a, "{", `{"type":"webauthn.other",`) }, "stands twice"},
	"crossOrigin twice":   {func(a *authenticator) { replace(a, "{", `{"crossOrigin":true,`) }, "stands twice"},
	"capitals":            {func(a *authenticator) { replace(a, "{", `{"CrossOrigin":false,`) }, "looks like another"},
	"a long s":            {func(a *authenticator) { replace(a, "{", `{"croſſOrigin":false,`) }, "looks like another"},
	"null":                {func(a *authenticator) { replace(a, "false", "null") }, "another type"},
	"a byte order mark":   {func(a *authenticator) { a.client = "\ufeff" + a.client }, ""},
	"space before":        {func(a *authenticator) { a.client = " " + a.client }, "not one JSON object"},
	"space after":         {func(a *authenticator) { a.client += "\n" }, "not one JSON object"},
	"two objects":         {func(a *authenticator) { a.client += "{}" }, ""},
	"not UTF-8":           {func(a *authenticator) { replace(a, "{", "{\"a\":\"\xff\",") }, "UTF-8"},
	"data after":          {func(a *authenticator) { a.after = []byte{0} }, "response:"},
	"extension, no flag":  {func(a *authenticator) { a.after = []byte("\xa0") }, "response:"},
	"flag, no extension":  {func(a *authenticator) { a.flags |= extended }, "response:"},
	"data after it":       {func(a *authenticator) { a.flags |= extended; a.after = []byte("\xa0\x00") }, "response:"},
}

func replace(a *authenticator, from, to string) { a.client = strings.Replace(a.client, from, to, 1) }

func TestAttacks(t *testing.T) {
	for name, c := range shared {
		t.Run(name, func(t *testing.T) {
			a := newAuthenticator(t)
			c.change(a)
			_, err := passkey.Verify(here, a.public(), statement, a.get(t, "webauthn.get", statement))
			refused(t, "get", err, c.want)
			_, err = passkey.Register(here, challenge, a.create(t, challenge))
			refused(t, "create", err, c.want)
		})
	}
}

func refused(t *testing.T, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), "passkey: ") || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: error %v, want one that names %q", what, err, want)
	}
	if err != nil && len(err.Error()) > 400 {
		t.Errorf("%s: an error of %d bytes", what, len(err.Error()))
	}
}

func TestVerifyRefuses(t *testing.T) {
	a, other := newAuthenticator(t), newAuthenticator(t)
	data, client, signature := a.sign(t, "webauthn.get", statement)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	again := slices.Clone(statement)
	again[0] ^= 1
	counted := bytes.Clone(data)
	counted[36]++
	held := newAuthenticator(t)
	for name, c := range map[string]struct {
		site     passkey.Site
		key      *ecdsa.PublicKey
		digest   []byte
		response []byte
		want     string
	}{
		"another challenge":         {here, a.public(), again, a.get(t, "webauthn.get", statement), "challenge:"},
		"a registration":            {here, a.public(), statement, a.get(t, "webauthn.create", statement), "type:"},
		"a payment":                 {here, a.public(), statement, a.get(t, "payment.get", statement), "type:"},
		"another key":               {here, other.public(), statement, a.get(t, "webauthn.get", statement), "signature:"},
		"P-384":                     {here, &p384.PublicKey, statement, a.get(t, "webauthn.get", statement), "key:"},
		"no key":                    {here, nil, statement, a.get(t, "webauthn.get", statement), "key:"},
		"a short digest":            {here, a.public(), statement[:31], a.get(t, "webauthn.get", statement[:31]), "challenge:"},
		"no digest":                 {here, a.public(), nil, a.get(t, "webauthn.get", nil), "challenge:"},
		"no site":                   {passkey.Site{}, a.public(), statement, a.get(t, "webauthn.get", statement), "site:"},
		"a counter set back":        {here, a.public(), statement, assertion(t, a.id, counted, client, signature), "signature:"},
		"data after the signature":  {here, a.public(), statement, assertion(t, a.id, data, client, append(bytes.Clone(signature), 0)), "signature:"},
		"no signature":              {here, a.public(), statement, assertion(t, a.id, data, client, nil), "signature:"},
		"data after the answer":     {here, a.public(), statement, append(a.get(t, "webauthn.get", statement), "{}"...), "response:"},
		"a credential inside":       {here, a.public(), statement, assertion(t, a.id, held.data(t, true), client, signature), "authenticator data:"},
		"short authenticator data":  {here, a.public(), statement, assertion(t, a.id, data[:36], client, signature), "response:"},
		"an answer to registration": {here, a.public(), statement, a.create(t, statement), "response:"},
		"nothing":                   {here, a.public(), statement, nil, "response:"},
		"too much":                  {here, a.public(), statement, make([]byte, passkey.MaxResponse+1), "at most"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := passkey.Verify(c.site, c.key, c.digest, c.response)
			refused(t, "get", err, c.want)
			if got != nil {
				t.Error("an assertion beside an error")
			}
		})
	}
	_, err = passkey.Again(here, a.public(), statement, data, make([]byte, passkey.MaxResponse), signature)
	refused(t, "stored", err, "at most")
}

func TestRegisterRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*authenticator)
		want   string
	}{
		"RS256":                 {func(a *authenticator) { a.cose = rs256(t) }, "ES256"},
		"Ed25519":               {func(a *authenticator) { a.cose = map[int]any{1: 1, 3: -8, -1: 6, -2: make([]byte, 32)} }, "ES256"},
		"a point off the curve": {func(a *authenticator) { a.cose.(map[int]any)[-2] = bytes.Repeat([]byte{1}, 32) }, "key:"},
		"a short coordinate":    {func(a *authenticator) { a.cose.(map[int]any)[-2] = []byte{1} }, "key:"},
		"P-384 as ES256":        {func(a *authenticator) { a.cose.(map[int]any)[-1] = 2 }, "key:"},
		"not a key":             {func(a *authenticator) { a.cose = "key" }, "key:"},
		"no name":               {func(a *authenticator) { a.id = nil }, "response:"},
		"a long name":           {func(a *authenticator) { a.id = make([]byte, 1024) }, "response:"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthenticator(t)
			c.change(a)
			got, err := passkey.Register(here, challenge, a.create(t, challenge))
			refused(t, "create", err, c.want)
			if got != nil {
				t.Error("a credential beside an error")
			}
		})
	}
	a := newAuthenticator(t)
	good := a.create(t, challenge)
	_, err := passkey.Register(here, []byte("another challenge"), good)
	refused(t, "another challenge", err, "challenge:")
	_, err = passkey.Register(here, challenge[:15], a.create(t, challenge[:15]))
	refused(t, "a short challenge", err, "challenge:")
	_, err = passkey.Register(here, challenge, bytes.ReplaceAll(good, []byte(b64(a.id)), []byte(b64([]byte("other")))))
	refused(t, "another name", err, "credential ID:")
	_, err = passkey.Register(here, challenge, append(bytes.Clone(good), 'x'))
	refused(t, "data after the answer", err, "response:")
	_, err = passkey.Register(here, challenge, a.get(t, "webauthn.get", challenge))
	refused(t, "an assertion", err, "response:")
	a.format = "packed" // with an empty statement: nothing is verified of it
	if _, err := passkey.Register(here, challenge, a.create(t, challenge)); err != nil {
		t.Errorf("attestation was looked at: %v", err)
	}
}

func TestSiteRefuses(t *testing.T) {
	a := newAuthenticator(t)
	response := a.get(t, "webauthn.get", statement)
	for _, s := range []passkey.Site{
		{ID: "sijil.example"}, {ID: "", Origins: here.Origins}, {ID: "Sijil.example", Origins: here.Origins}, {ID: "sijil.example:443", Origins: here.Origins},
		{ID: here.ID, Origins: []string{"https://sijil.example/"}}, {ID: here.ID, Origins: []string{"http://sijil.example"}}, {ID: here.ID, Origins: []string{"https://evil.example"}},
		{ID: here.ID, Origins: []string{"https://evilsijil.example"}}, {ID: here.ID, Origins: []string{"https://sijil.example:443"}}, {ID: here.ID, Origins: []string{"https://sijil.example:"}},
		{ID: here.ID, Origins: []string{"https://me@sijil.example"}}, {ID: here.ID, Origins: []string{""}}, {ID: here.ID, Origins: []string{"https://sijil.example", "null"}},
	} {
		_, err := passkey.Verify(s, a.public(), statement, response)
		refused(t, strings.Join(s.Origins, " "), err, "site:")
	}
}

// Every byte of the three parts counts.
func TestEveryFlip(t *testing.T) {
	a := newAuthenticator(t)
	data, client, signature := a.sign(t, "webauthn.get", statement)
	for part, b := range [][]byte{data, client, signature} {
		for i := range b {
			for bit := range 8 {
				b[i] ^= 1 << bit
				if _, err := passkey.Again(here, a.public(), statement, data, client, signature); err == nil {
					t.Errorf("part %d, byte %d, bit %d: accepted", part, i, bit)
				}
				b[i] ^= 1 << bit
			}
		}
	}
}

// Nothing panics; what verifies, verifies again from its parts, and with one byte
// changed does not.
func FuzzVerify(f *testing.F) {
	a := fixedAuthenticator(f)
	seed := a.get(f, "webauthn.get", statement)
	if _, err := passkey.Verify(here, a.public(), statement, seed); err != nil {
		f.Fatalf("the seed does not verify: %v", err)
	}
	f.Add(seed, uint(0), byte(1))
	f.Add(a.create(f, statement), uint(40), byte(0x80))
	a.flags |= extended
	a.after = []byte("\xa1\x63uvm\x81\x83\x02\x04\x02")
	f.Add(a.get(f, "webauthn.get", statement), uint(99), byte(4))
	f.Fuzz(func(t *testing.T, response []byte, at uint, change byte) {
		_, _ = passkey.Register(here, statement, response)
		got, err := passkey.Verify(here, a.public(), statement, response)
		if err != nil {
			return
		}
		parts := [][]byte{got.AuthenticatorData(), got.ClientDataJSON(), got.Signature()}
		if _, err := passkey.Again(here, a.public(), statement, parts[0], parts[1], parts[2]); err != nil {
			t.Fatalf("it does not verify again: %v", err)
		}
		if change == 0 {
			return
		}
		for _, p := range parts {
			p[at%uint(len(p))] ^= change
			if _, err := passkey.Again(here, a.public(), statement, parts[0], parts[1], parts[2]); err == nil {
				t.Fatal("a changed byte is accepted")
			}
			p[at%uint(len(p))] ^= change
		}
	})
}

// Of the parts of an assertion nothing panics, and nothing verifies but what the
// passkey signed.
func FuzzAgain(f *testing.F) {
	a := fixedAuthenticator(f)
	data, client, signature := a.sign(f, "webauthn.get", statement)
	f.Add(data, client, signature)
	f.Add(a.data(f, true), a.clientData("webauthn.create", statement), signature)
	a.flags |= extended
	a.after = []byte("\xa1\x63uvm\x81\x83\x02\x04\x02")
	f.Add(a.data(f, true), client, signature)
	f.Fuzz(func(t *testing.T, d, c, s []byte) {
		_, err := passkey.Again(here, a.public(), statement, d, c, s)
		if err == nil && (!bytes.Equal(d, data) || !bytes.Equal(c, client)) {
			t.Fatal("something else verifies")
		}
		if err != nil && (!strings.HasPrefix(err.Error(), "passkey: ") || len(err.Error()) > 400) {
			t.Fatal(err)
		}
	})
}
