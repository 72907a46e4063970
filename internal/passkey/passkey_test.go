package passkey_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/sijil/sijil/internal/passkey"
	"github.com/sijil/sijil/internal/passkey/passkeytest"
	"github.com/sijil/sijil/keys"
)

// statement is a digest to sign, and challenge one to register with.
var (
	statement = func() []byte { d := sha256.Sum256([]byte("a statement")); return d[:] }()
	challenge = []byte("sixteen bytes or more")
)

var here = passkey.Site{ID: "sijil.example", Origins: []string{"https://sijil.example", "https://www.sijil.example:8443"}}

func newAuthenticator(t testing.TB) *passkeytest.Authenticator {
	t.Helper()
	return passkeytest.New(t, here.ID, here.Origins[0])
}

// A passkey is made, then signs; its stored parts verify again.
func TestCeremonies(t *testing.T) {
	a := newAuthenticator(t)
	a.Flags |= passkeytest.Eligible | passkeytest.BackedUp
	c, err := passkey.Register(here, challenge, a.Create(t, challenge))
	if err != nil {
		t.Fatal(err)
	}
	public, err := keys.ParsePublicKey(c.Key())
	if err != nil || !public.ECDSA().Equal(a.Public()) || !bytes.Equal(c.ID(), a.ID) || !c.BackupEligible() || !c.BackedUp() {
		t.Fatalf("%+v, %v", c, err)
	}
	response := a.Get(t, "webauthn.get", statement)
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
func libraryAgrees(t *testing.T, a *passkeytest.Authenticator, response []byte) {
	t.Helper()
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		t.Fatal(err)
	}
	if err := parsed.Verify(passkeytest.B64(statement), here.ID, "", here.Origins, nil, nil, protocol.TopOriginExplicitVerificationMode, false, true, true, passkeytest.Pack(t, a.COSE), protocol.SignaturePolicy{}); err != nil {
		t.Errorf("the library refuses what we accept: %v", err)
	}
}

// What browsers and password managers say differently, and may.
func TestVariants(t *testing.T) {
	for name, change := range map[string]func(*passkeytest.Authenticator){
		"another origin of the site": func(a *passkeytest.Authenticator) {
			a.Client = strings.Replace(a.Client, "https://sijil.example", "https://www.sijil.example:8443", 1)
		},
		"another order": func(a *passkeytest.Authenticator) {
			a.Client = `{"origin":"https://sijil.example","type":"%s","challenge":"%s"}`
		},
		"another member": func(a *passkeytest.Authenticator) {
			a.Client = strings.Replace(a.Client, `}`, `,"other":{"a":[1,null]}}`, 1)
		},
		"no counter":         func(a *passkeytest.Authenticator) { a.Counter = 0 },
		"a counter going on": func(a *passkeytest.Authenticator) { a.Counter = 1 << 31 },
		"an extension": func(a *passkeytest.Authenticator) {
			a.Flags |= passkeytest.Extended
			a.After = []byte("\xa1\x63uvm\x81\x83\x02\x04\x02")
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthenticator(t)
			change(a)
			if _, err := passkey.Verify(here, a.Public(), statement, a.Get(t, "webauthn.get", statement)); err != nil {
				t.Errorf("get: %v", err)
			}
			if _, err := passkey.Register(here, challenge, a.Create(t, challenge)); err != nil {
				t.Errorf("create: %v", err)
			}
		})
	}
}

// shared are the attacks on both ceremonies: what an authenticator or browser says
// that breaks a rule, properly signed, and the rule that the error names.
var shared = map[string]struct {
	change func(*passkeytest.Authenticator)
	want   string
}{
	"another origin":      {func(a *passkeytest.Authenticator) { replace(a, "https://sijil.example", "https://evil.example") }, "origin:"},
	"a host under it":     {func(a *passkeytest.Authenticator) { replace(a, "https://sijil.example", "https://x.sijil.example") }, "origin:"},
	"another port":        {func(a *passkeytest.Authenticator) { replace(a, "https://sijil.example", "https://sijil.example:444") }, "origin:"},
	"the default port":    {func(a *passkeytest.Authenticator) { replace(a, "https://sijil.example", "https://sijil.example:443") }, "origin:"},
	"origin in capitals":  {func(a *passkeytest.Authenticator) { replace(a, "https://sijil.example", "https://SIJIL.example") }, "origin:"},
	"origin with a slash": {func(a *passkeytest.Authenticator) { replace(a, "https://sijil.example", "https://sijil.example/") }, "origin:"},
	"no TLS":              {func(a *passkeytest.Authenticator) { replace(a, "https://sijil", "http://sijil") }, "origin:"},
	"another RP":          {func(a *passkeytest.Authenticator) { a.RP = "evil.example" }, "RP ID:"},
	"nobody there":        {func(a *passkeytest.Authenticator) { a.Flags = passkeytest.Verified }, "user presence:"},
	"nobody verified":     {func(a *passkeytest.Authenticator) { a.Flags = passkeytest.Present }, "user verification:"},
	"impossible backup":   {func(a *passkeytest.Authenticator) { a.Flags |= passkeytest.BackedUp }, "backup flags:"},
	"cross origin":        {func(a *passkeytest.Authenticator) { replace(a, "false", "true") }, "crossOrigin:"},
	"top origin":          {func(a *passkeytest.Authenticator) { replace(a, "}", `,"topOrigin":"https://sijil.example"}`) }, "topOrigin"},
	"empty top origin":    {func(a *passkeytest.Authenticator) { replace(a, "}", `,"topOrigin":""}`) }, "topOrigin"},
	"no origin":           {func(a *passkeytest.Authenticator) { replace(a, `"origin"`, `"elsewhere"`) }, "no origin"},
	"type twice":          {func(a *passkeytest.Authenticator) { replace(a, "{", `{"type":"webauthn.other",`) }, "stands twice"},
	"crossOrigin twice":   {func(a *passkeytest.Authenticator) { replace(a, "{", `{"crossOrigin":true,`) }, "stands twice"},
	"capitals":            {func(a *passkeytest.Authenticator) { replace(a, "{", `{"CrossOrigin":false,`) }, "looks like another"},
	"a long s":            {func(a *passkeytest.Authenticator) { replace(a, "{", `{"croſſOrigin":false,`) }, "looks like another"},
	"null":                {func(a *passkeytest.Authenticator) { replace(a, "false", "null") }, "another type"},
	"a byte order mark":   {func(a *passkeytest.Authenticator) { a.Client = "\ufeff" + a.Client }, ""},
	"space before":        {func(a *passkeytest.Authenticator) { a.Client = " " + a.Client }, "not one JSON object"},
	"space after":         {func(a *passkeytest.Authenticator) { a.Client += "\n" }, "not one JSON object"},
	"two objects":         {func(a *passkeytest.Authenticator) { a.Client += "{}" }, ""},
	"not UTF-8":           {func(a *passkeytest.Authenticator) { replace(a, "{", "{\"a\":\"\xff\",") }, "UTF-8"},
	"data after":          {func(a *passkeytest.Authenticator) { a.After = []byte{0} }, "response:"},
	"extension, no flag":  {func(a *passkeytest.Authenticator) { a.After = []byte("\xa0") }, "response:"},
	"flag, no extension":  {func(a *passkeytest.Authenticator) { a.Flags |= passkeytest.Extended }, "response:"},
	"data after it":       {func(a *passkeytest.Authenticator) { a.Flags |= passkeytest.Extended; a.After = []byte("\xa0\x00") }, "response:"},
}

func replace(a *passkeytest.Authenticator, from, to string) {
	a.Client = strings.Replace(a.Client, from, to, 1)
}

func TestAttacks(t *testing.T) {
	for name, c := range shared {
		t.Run(name, func(t *testing.T) {
			a := newAuthenticator(t)
			c.change(a)
			_, err := passkey.Verify(here, a.Public(), statement, a.Get(t, "webauthn.get", statement))
			refused(t, "get", err, c.want)
			_, err = passkey.Register(here, challenge, a.Create(t, challenge))
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
	data, client, signature := a.Sign(t, "webauthn.get", statement)
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
		"another challenge":         {here, a.Public(), again, a.Get(t, "webauthn.get", statement), "challenge:"},
		"a registration":            {here, a.Public(), statement, a.Get(t, "webauthn.create", statement), "type:"},
		"a payment":                 {here, a.Public(), statement, a.Get(t, "payment.get", statement), "type:"},
		"another key":               {here, other.Public(), statement, a.Get(t, "webauthn.get", statement), "signature:"},
		"P-384":                     {here, &p384.PublicKey, statement, a.Get(t, "webauthn.get", statement), "key:"},
		"no key":                    {here, nil, statement, a.Get(t, "webauthn.get", statement), "key:"},
		"a short digest":            {here, a.Public(), statement[:31], a.Get(t, "webauthn.get", statement[:31]), "challenge:"},
		"no digest":                 {here, a.Public(), nil, a.Get(t, "webauthn.get", nil), "challenge:"},
		"no site":                   {passkey.Site{}, a.Public(), statement, a.Get(t, "webauthn.get", statement), "site:"},
		"a counter set back":        {here, a.Public(), statement, passkeytest.Assertion(t, a.ID, counted, client, signature), "signature:"},
		"data after the signature":  {here, a.Public(), statement, passkeytest.Assertion(t, a.ID, data, client, append(bytes.Clone(signature), 0)), "signature:"},
		"no signature":              {here, a.Public(), statement, passkeytest.Assertion(t, a.ID, data, client, nil), "signature:"},
		"data after the answer":     {here, a.Public(), statement, append(a.Get(t, "webauthn.get", statement), "{}"...), "response:"},
		"a credential inside":       {here, a.Public(), statement, passkeytest.Assertion(t, a.ID, held.Data(t, true), client, signature), "authenticator data:"},
		"short authenticator data":  {here, a.Public(), statement, passkeytest.Assertion(t, a.ID, data[:36], client, signature), "response:"},
		"an answer to registration": {here, a.Public(), statement, a.Create(t, statement), "response:"},
		"nothing":                   {here, a.Public(), statement, nil, "response:"},
		"too much":                  {here, a.Public(), statement, make([]byte, passkey.MaxResponse+1), "at most"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := passkey.Verify(c.site, c.key, c.digest, c.response)
			refused(t, "get", err, c.want)
			if got != nil {
				t.Error("an assertion beside an error")
			}
		})
	}
	_, err = passkey.Again(here, a.Public(), statement, data, make([]byte, passkey.MaxResponse), signature)
	refused(t, "stored", err, "at most")
}

func TestRegisterRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*passkeytest.Authenticator)
		want   string
	}{
		"RS256":                 {func(a *passkeytest.Authenticator) { a.COSE = rs256(t) }, "ES256"},
		"Ed25519":               {func(a *passkeytest.Authenticator) { a.COSE = map[int]any{1: 1, 3: -8, -1: 6, -2: make([]byte, 32)} }, "ES256"},
		"a point off the curve": {func(a *passkeytest.Authenticator) { a.COSE.(map[int]any)[-2] = bytes.Repeat([]byte{1}, 32) }, "key:"},
		"a short coordinate":    {func(a *passkeytest.Authenticator) { a.COSE.(map[int]any)[-2] = []byte{1} }, "key:"},
		"P-384 as ES256":        {func(a *passkeytest.Authenticator) { a.COSE.(map[int]any)[-1] = 2 }, "key:"},
		"not a key":             {func(a *passkeytest.Authenticator) { a.COSE = "key" }, "key:"},
		"no name":               {func(a *passkeytest.Authenticator) { a.ID = nil }, "response:"},
		"a long name":           {func(a *passkeytest.Authenticator) { a.ID = make([]byte, 1024) }, "response:"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthenticator(t)
			c.change(a)
			got, err := passkey.Register(here, challenge, a.Create(t, challenge))
			refused(t, "create", err, c.want)
			if got != nil {
				t.Error("a credential beside an error")
			}
		})
	}
	a := newAuthenticator(t)
	good := a.Create(t, challenge)
	_, err := passkey.Register(here, []byte("another challenge"), good)
	refused(t, "another challenge", err, "challenge:")
	_, err = passkey.Register(here, challenge[:15], a.Create(t, challenge[:15]))
	refused(t, "a short challenge", err, "challenge:")
	_, err = passkey.Register(here, challenge, bytes.ReplaceAll(good, []byte(passkeytest.B64(a.ID)), []byte(passkeytest.B64([]byte("other")))))
	refused(t, "another name", err, "credential ID:")
	_, err = passkey.Register(here, challenge, append(bytes.Clone(good), 'x'))
	refused(t, "data after the answer", err, "response:")
	_, err = passkey.Register(here, challenge, a.Get(t, "webauthn.get", challenge))
	refused(t, "an assertion", err, "response:")
	a.Format = "packed" // with an empty statement: nothing is verified of it
	if _, err := passkey.Register(here, challenge, a.Create(t, challenge)); err != nil {
		t.Errorf("attestation was looked at: %v", err)
	}
}

func TestSiteRefuses(t *testing.T) {
	a := newAuthenticator(t)
	response := a.Get(t, "webauthn.get", statement)
	for _, s := range []passkey.Site{
		{ID: "sijil.example"}, {ID: "", Origins: here.Origins}, {ID: "Sijil.example", Origins: here.Origins}, {ID: "sijil.example:443", Origins: here.Origins},
		{ID: here.ID, Origins: []string{"https://sijil.example/"}}, {ID: here.ID, Origins: []string{"http://sijil.example"}}, {ID: here.ID, Origins: []string{"https://evil.example"}},
		{ID: here.ID, Origins: []string{"https://evilsijil.example"}}, {ID: here.ID, Origins: []string{"https://sijil.example:443"}}, {ID: here.ID, Origins: []string{"https://sijil.example:"}},
		{ID: here.ID, Origins: []string{"https://me@sijil.example"}}, {ID: here.ID, Origins: []string{""}}, {ID: here.ID, Origins: []string{"https://sijil.example", "null"}},
	} {
		_, err := passkey.Verify(s, a.Public(), statement, response)
		refused(t, strings.Join(s.Origins, " "), err, "site:")
	}
}

// Every byte of the three parts counts.
func TestEveryFlip(t *testing.T) {
	a := newAuthenticator(t)
	data, client, signature := a.Sign(t, "webauthn.get", statement)
	for part, b := range [][]byte{data, client, signature} {
		for i := range b {
			for bit := range 8 {
				b[i] ^= 1 << bit
				if _, err := passkey.Again(here, a.Public(), statement, data, client, signature); err == nil {
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
	a := passkeytest.Fixed(f, here.ID, here.Origins[0])
	seed := a.Get(f, "webauthn.get", statement)
	if _, err := passkey.Verify(here, a.Public(), statement, seed); err != nil {
		f.Fatalf("the seed does not verify: %v", err)
	}
	f.Add(seed, uint(0), byte(1))
	f.Add(a.Create(f, statement), uint(40), byte(0x80))
	a.Flags |= passkeytest.Extended
	a.After = []byte("\xa1\x63uvm\x81\x83\x02\x04\x02")
	f.Add(a.Get(f, "webauthn.get", statement), uint(99), byte(4))
	f.Fuzz(func(t *testing.T, response []byte, at uint, change byte) {
		_, _ = passkey.Register(here, statement, response)
		got, err := passkey.Verify(here, a.Public(), statement, response)
		if err != nil {
			return
		}
		parts := [][]byte{got.AuthenticatorData(), got.ClientDataJSON(), got.Signature()}
		if _, err := passkey.Again(here, a.Public(), statement, parts[0], parts[1], parts[2]); err != nil {
			t.Fatalf("it does not verify again: %v", err)
		}
		if change == 0 {
			return
		}
		for _, p := range parts {
			p[at%uint(len(p))] ^= change
			if _, err := passkey.Again(here, a.Public(), statement, parts[0], parts[1], parts[2]); err == nil {
				t.Fatal("a changed byte is accepted")
			}
			p[at%uint(len(p))] ^= change
		}
	})
}

// Of the parts of an assertion nothing panics, and nothing verifies but what the
// passkey signed.
func FuzzAgain(f *testing.F) {
	a := passkeytest.Fixed(f, here.ID, here.Origins[0])
	data, client, signature := a.Sign(f, "webauthn.get", statement)
	f.Add(data, client, signature)
	f.Add(a.Data(f, true), a.ClientData("webauthn.create", statement), signature)
	a.Flags |= passkeytest.Extended
	a.After = []byte("\xa1\x63uvm\x81\x83\x02\x04\x02")
	f.Add(a.Data(f, true), client, signature)
	f.Fuzz(func(t *testing.T, d, c, s []byte) {
		_, err := passkey.Again(here, a.Public(), statement, d, c, s)
		if err == nil && (!bytes.Equal(d, data) || !bytes.Equal(c, client)) {
			t.Fatal("something else verifies")
		}
		if err != nil && (!strings.HasPrefix(err.Error(), "passkey: ") || len(err.Error()) > 400) {
			t.Fatal(err)
		}
	})
}

// rs256 is a COSE key of RSA.
func rs256(t testing.TB) any {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return map[int]any{1: 3, 3: -257, -1: key.N.Bytes(), -2: []byte{1, 0, 1}}
}
