package statement_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// asideVectors are docs/testvectors/statement/endorsement.json: the exact bytes of every
// statement that belongs to no chain, and payloads that must be refused.
type asideVectors struct {
	Claims, Sightings map[string]string

	Refused []struct{ Name, Payload, Says string }
}

func readAsideVectors(t testing.TB) asideVectors {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "testvectors", "statement", "endorsement.json"))
	check(t, err)
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	var v asideVectors
	check(t, dec.Decode(&v))
	return v
}

func about() statement.About {
	return statement.About{
		Entry: commitment(9), Issued: "2031-06-07T08:09:10Z", Log: statement.LogName{KeyID: digest(7), Origin: "log.example"},
		Publication: digest(1), Version: statement.VersionName{Number: 1, Record: digest(2)},
	}
}

func claims() map[string]statement.Claim {
	return map[string]statement.Claim{
		"endorsement":                 &statement.Endorsement{About: about(), Text: statement.ReadText{Language: "ar", SHA256: digest(5)}},
		"withdrawal":                  &statement.Withdrawal{About: about()},
		"withdrawal, with its reason": &statement.Withdrawal{About: about(), Reason: "على طلب مجلسنا"},
		"denial":                      &statement.Denial{About: about()},
		"denial, with its reason":     &statement.Denial{About: about(), Reason: "Nobody asked us."},
	}
}

func sighted() statement.Sighted {
	a := about()
	return statement.Sighted{Domain: "wells.example", Entry: a.Entry, Issued: "2031-06-07T08:10:11Z", Log: a.Log, Publication: a.Publication}
}

func byFile() statement.Seen {
	certificate := digest(12)
	return statement.Seen{Means: "domain", Via: "file", Document: digest(11), Certificate: &certificate}
}

func byMail() statement.Seen {
	return statement.Seen{Means: "mail", Document: digest(11), Signer: "mail.wells.example", Selector: "s1", KeyRecord: "v=DKIM1; k=rsa; p=MIIB"}
}

func observed(claim string, seen statement.Seen) *statement.Observation {
	return &statement.Observation{Sighted: sighted(), Claim: claim, Seen: &seen, Version: about().Version}
}

func publicKey(t testing.TB) []byte {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(baseKey)
	check(t, err)
	return key
}

// asserted is an observation of a passkey's assertion over a claim.
func asserted(t testing.TB, c statement.Claim) *statement.Observation {
	t.Helper()
	payload, err := statement.EncodeClaim(c)
	check(t, err)
	o := &statement.Observation{Sighted: sighted(), Claim: c.Kind(), Version: c.Of().Version, Passkey: &statement.Passkey{
		AuthenticatorData: []byte("authenticator"), ClientDataJSON: []byte(`{"type":"webauthn.get"}`), Key: publicKey(t), Payload: payload, Signature: []byte("signature")}}
	o.Domain = ""
	if e, ok := c.(*statement.Endorsement); ok {
		o.Text = &e.Text
	}
	return o
}

func sightings(t testing.TB) map[string]statement.Sighting {
	dns := statement.Seen{Means: "domain", Via: "dns", Document: digest(11)}
	weak := byMail()
	weak.Weak = true
	read := observed("endorsement", byMail())
	read.Text = &statement.ReadText{Language: "en", SHA256: digest(3)}
	return map[string]statement.Sighting{
		"enrolment by a file":      &statement.Enrolment{Sighted: sighted(), Key: publicKey(t), Seen: byFile()},
		"enrolment by a mail":      &statement.Enrolment{Sighted: sighted(), Key: publicKey(t), Seen: byMail()},
		"endorsement by a file":    observed("endorsement", byFile()),
		"endorsement by the DNS":   observed("endorsement", dns),
		"endorsement by a mail":    read,
		"withdrawal by a mail":     observed("withdrawal", weak),
		"denial by the DNS":        observed("denial", dns),
		"absence":                  observed("absence", byFile()),
		"endorsement by a passkey": asserted(t, claims()["endorsement"]),
		"denial by a passkey":      asserted(t, claims()["denial, with its reason"]),
	}
}

// TestGoldenAsides holds claims and sightings to their exact bytes.
func TestGoldenAsides(t *testing.T) {
	v := readAsideVectors(t)
	if len(v.Claims) != len(claims()) || len(v.Sightings) != len(sightings(t)) {
		t.Errorf("%d claims and %d sightings", len(v.Claims), len(v.Sightings))
	}
	for name, c := range claims() {
		b, err := statement.EncodeClaim(c)
		if err != nil || string(b) != v.Claims[name] {
			t.Errorf("%s: EncodeClaim = %s, %v\nwant %s", name, b, err, v.Claims[name])
			continue
		}
		parsed, err := statement.ParseClaim(b)
		check(t, err)
		if diff := cmp.Diff(c, parsed); diff != "" {
			t.Errorf("%s: parsed (-want +got):\n%s", name, diff)
		}
	}
	for name, s := range sightings(t) {
		b, err := statement.EncodeSighting(s)
		if err != nil || string(b) != v.Sightings[name] {
			t.Errorf("%s: EncodeSighting = %s, %v\nwant %s", name, b, err, v.Sightings[name])
			continue
		}
		parsed, err := statement.ParseSighting(b)
		check(t, err)
		if diff := cmp.Diff(s, parsed); diff != "" {
			t.Errorf("%s: parsed (-want +got):\n%s", name, diff)
		}
	}
}

func TestRefusedAsides(t *testing.T) {
	v := readAsideVectors(t)
	if len(v.Refused) < 60 {
		t.Fatalf("only %d refused payloads", len(v.Refused))
	}
	for _, r := range v.Refused {
		c, claimErr := statement.ParseClaim([]byte(r.Payload))
		s, sightingErr := statement.ParseSighting([]byte(r.Payload))
		if c != nil || s != nil || claimErr == nil || sightingErr == nil || !strings.Contains(claimErr.Error()+"\n"+sightingErr.Error(), r.Says) {
			t.Errorf("%s: %v, %v, want …%s…", r.Name, claimErr, sightingErr, r.Says)
		}
	}
}

// TestAsidesAreNoRecords: neither kind is read as the other, or as a record of a chain.
func TestAsidesAreNoRecords(t *testing.T) {
	v, chain := readAsideVectors(t), readVectors(t)
	for name, p := range v.Claims {
		if _, err := statement.Parse([]byte(p)); err == nil {
			t.Errorf("%s is read as a record of a chain", name)
		}
		if _, err := statement.ParseSighting([]byte(p)); err == nil {
			t.Errorf("%s is read as a sighting", name)
		}
	}
	for name, p := range v.Sightings {
		if _, err := statement.Parse([]byte(p)); err == nil {
			t.Errorf("%s is read as a record of a chain", name)
		}
		if _, err := statement.ParseClaim([]byte(p)); err == nil {
			t.Errorf("%s is read as a claim", name)
		}
	}
	for _, p := range []string{chain.Genesis, chain.Version, chain.Retraction, chain.Policy, chain.Redaction} {
		if _, err := statement.ParseClaim([]byte(p)); err == nil || !strings.Contains(err.Error(), "want an endorsement, a withdrawal or a denial") {
			t.Errorf("a record of a chain as a claim: %v", err)
		}
		if _, err := statement.ParseSighting([]byte(p)); err == nil || !strings.Contains(err.Error(), "want an enrolment or an observation") {
			t.Errorf("a record of a chain as a sighting: %v", err)
		}
	}
}

// TestClaimRules: what nobody can sign, by the sender's own words.
func TestClaimRules(t *testing.T) {
	for name, c := range map[string]struct {
		claim  string
		change func(*statement.About, *statement.ReadText, *string)
		says   string
	}{
		"no log":              {"endorsement", func(a *statement.About, _ *statement.ReadText, _ *string) { a.Log.Origin = "" }, "log: want origin and keyId"},
		"no publication":      {"denial", func(a *statement.About, _ *statement.ReadText, _ *string) { a.Publication = log.Digest{} }, "publication: want the genesis digest"},
		"version 0":           {"withdrawal", func(a *statement.About, _ *statement.ReadText, _ *string) { a.Version.Number = 0 }, "version: number 0"},
		"no record":           {"denial", func(a *statement.About, _ *statement.ReadText, _ *string) { a.Version.Record = log.Digest{} }, "version: record: want"},
		"the genesis for one": {"denial", func(a *statement.About, _ *statement.ReadText, _ *string) { a.Version.Record = a.Publication }, "version: record: want"},
		"not issued":          {"denial", func(a *statement.About, _ *statement.ReadText, _ *string) { a.Issued = "" }, "issued"},
		"a name":              {"denial", func(a *statement.About, _ *statement.ReadText, _ *string) { a.Entry = "Union of Well Keepers" }, "entry: want a commitment"},
		"spare bits":          {"denial", func(a *statement.About, _ *statement.ReadText, _ *string) { a.Entry = commitment(0)[:42] + "B" }, "entry: want a commitment"},
		"no language":         {"endorsement", func(_ *statement.About, r *statement.ReadText, _ *string) { r.Language = "" }, `text: language ""`},
		"no text":             {"endorsement", func(_ *statement.About, r *statement.ReadText, _ *string) { r.SHA256 = log.Digest{} }, "text: want the SHA-256"},
		"two lines":           {"withdrawal", func(_ *statement.About, _ *statement.ReadText, s *string) { *s = "a\nb" }, "reason: character U+000A"},
		"a turned line":       {"denial", func(_ *statement.About, _ *statement.ReadText, s *string) { *s = "a\u202eb" }, "reason: character U+202E"},
		"too long":            {"denial", func(_ *statement.About, _ *statement.ReadText, s *string) { *s = strings.Repeat("é", 2001) }, "reason: over 2000"},
	} {
		a, text, reason := about(), statement.ReadText{Language: "en", SHA256: digest(3)}, ""
		c.change(&a, &text, &reason)
		claim, err := statement.NewClaim(c.claim, a, text, reason)
		check(t, err)
		if b, err := statement.EncodeClaim(claim); b != nil || err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "urn:sijil:"+c.claim+":v1: ") {
			t.Errorf("%s: EncodeClaim = %s, %v, want …%s…", name, b, err, c.says)
		}
	}
	if c, err := statement.NewClaim("applause", about(), statement.ReadText{}, ""); c != nil || err == nil {
		t.Errorf("NewClaim = %v, %v", c, err)
	}
}

// TestSightingRules: what the observer cannot say.
func TestSightingRules(t *testing.T) {
	for name, c := range map[string]struct {
		of     string
		change func(e *statement.Enrolment, o *statement.Observation)
		says   string
	}{
		"no log":               {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Log.KeyID = log.Digest{} }, "log: want"},
		"no publication":       {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Publication = log.Digest{} }, "publication: want"},
		"no entry":             {"enrolment by a file", func(e *statement.Enrolment, _ *statement.Observation) { e.Entry = "" }, "entry: want"},
		"issued":               {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Issued = "2031-06-07" }, "issued"},
		"one label":            {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Domain = "wells" }, `domain "wells"`},
		"capitals":             {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Domain = "Wells.example" }, "domain"},
		"a final dot":          {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Domain = "wells.example." }, "domain"},
		"no domain":            {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Domain = "" }, "domain: missing"},
		"enrolled by nobody":   {"enrolment by a file", func(e *statement.Enrolment, _ *statement.Observation) { e.Domain = "" }, "domain: an enrolment is by a domain"},
		"no key":               {"enrolment by a file", func(e *statement.Enrolment, _ *statement.Observation) { e.Key = []byte("key") }, "public key"},
		"version 0":            {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Version.Number = 0 }, "version: want"},
		"no record":            {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Version.Record = log.Digest{} }, "version: want"},
		"applause":             {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Claim = "applause" }, `claim "applause"`},
		"seen nowhere":         {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Seen = nil }, "want what was seen, or"},
		"a silent mail":        {"endorsement by a mail", func(_ *statement.Enrolment, o *statement.Observation) { o.Claim = "absence" }, "only a domain can fall silent"},
		"no document":          {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Seen.Document = log.Digest{} }, "seen: document"},
		"by hearsay":           {"endorsement by a file", func(_ *statement.Enrolment, o *statement.Observation) { o.Seen.Means = "hearsay" }, `seen: means "hearsay"`},
		"no certificate":       {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Seen.Certificate = nil }, "seen: a domain is seen by"},
		"a certificate of DNS": {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Seen.Via = "dns" }, "seen: a domain is seen by"},
		"a domain's selector":  {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Seen.Selector = "s1" }, "seen: a domain is seen by"},
		"a weak domain":        {"absence", func(_ *statement.Enrolment, o *statement.Observation) { o.Seen.Weak = true }, "seen: a domain is seen by"},
		"a mail by file":       {"endorsement by a mail", func(_ *statement.Enrolment, o *statement.Observation) { o.Seen.Via = "file" }, "seen: a mail has"},
		"no signer":            {"endorsement by a mail", func(_ *statement.Enrolment, o *statement.Observation) { o.Seen.Signer = "" }, "seen: a mail has"},
		"no key record":        {"endorsement by a mail", func(_ *statement.Enrolment, o *statement.Observation) { o.Seen.KeyRecord = "" }, "seen: a mail has"},
		"a long key record":    {"endorsement by a mail", func(_ *statement.Enrolment, o *statement.Observation) { o.Seen.KeyRecord = strings.Repeat("x", 4097) }, "too long"},
		"a key record's lines": {"endorsement by a mail", func(_ *statement.Enrolment, o *statement.Observation) { o.Seen.KeyRecord = "a\nb" }, "keyRecord: character"},
		"a text's language":    {"endorsement by a mail", func(_ *statement.Enrolment, o *statement.Observation) { o.Text.Language = "EN" }, `text: language "EN"`},
		"seen and asserted":    {"denial by a passkey", func(_ *statement.Enrolment, o *statement.Observation) { s := byFile(); o.Seen = &s }, "and not both"},
		"no assertion":         {"denial by a passkey", func(_ *statement.Enrolment, o *statement.Observation) { o.Passkey.Signature = nil }, "passkey: each part"},
		"an empty assertion":   {"denial by a passkey", func(_ *statement.Enrolment, o *statement.Observation) { o.Passkey.AuthenticatorData = []byte{} }, "passkey: each part"},
		"a long assertion": {"denial by a passkey", func(_ *statement.Enrolment, o *statement.Observation) {
			o.Passkey.ClientDataJSON = make([]byte, 16<<10+1)
		}, "passkey: each part"},
		"a passkey of no kind": {"denial by a passkey", func(_ *statement.Enrolment, o *statement.Observation) { o.Passkey.Key = nil }, "passkey: public key"},
		"over another claim":   {"denial by a passkey", func(_ *statement.Enrolment, o *statement.Observation) { o.Claim = "withdrawal" }, "passkey: the assertion is over another claim"},
		"of another entry":     {"denial by a passkey", func(_ *statement.Enrolment, o *statement.Observation) { o.Entry = commitment(8) }, "passkey: the assertion is over another claim"},
		"of another version":   {"denial by a passkey", func(_ *statement.Enrolment, o *statement.Observation) { o.Version.Number = 2 }, "passkey: the assertion is over another claim"},
		"of no text":           {"endorsement by a passkey", func(_ *statement.Enrolment, o *statement.Observation) { o.Text = nil }, "passkey: the assertion is over another text"},
		"of another text":      {"endorsement by a passkey", func(_ *statement.Enrolment, o *statement.Observation) { o.Text.Language = "en" }, "passkey: the assertion is over another text"},
		"a denial with a text": {"denial by a passkey", func(_ *statement.Enrolment, o *statement.Observation) {
			o.Text = &statement.ReadText{Language: "en", SHA256: digest(3)}
		}, "passkey: the assertion is over another text"},
		"an asserted absence": {"denial by a passkey", func(_ *statement.Enrolment, o *statement.Observation) { o.Claim = "absence" }, "passkey: the assertion is over another claim"},
	} {
		s := sightings(t)[c.of]
		e, _ := s.(*statement.Enrolment)
		o, _ := s.(*statement.Observation)
		if o != nil && o.Text != nil {
			read := *o.Text
			o.Text = &read
		}
		c.change(e, o)
		if b, err := statement.EncodeSighting(s); b != nil || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: EncodeSighting = %s, %v, want …%s…", name, b, err, c.says)
		}
	}
}

// TestAsideBits: no changed payload is read as the same statement.
func TestAsideBits(t *testing.T) {
	v := readAsideVectors(t)
	for _, list := range []map[string]string{v.Claims, v.Sightings} {
		for name, good := range list {
			for at := range good {
				changed := []byte(good)
				changed[at] ^= 1 << (at % 8)
				if again := reread(changed); again != nil && !bytes.Equal(again, changed) {
					t.Errorf("%s, byte %d: %s is read as %s", name, at, changed, again)
				}
			}
		}
	}
}

// reread encodes what a payload is read as; nil if it is refused.
func reread(b []byte) []byte {
	var again []byte
	if c, err := statement.ParseClaim(b); err == nil {
		again, _ = statement.EncodeClaim(c)
	}
	if s, err := statement.ParseSighting(b); err == nil {
		again, _ = statement.EncodeSighting(s)
	}
	return again
}

// FuzzParseClaim: what parses encodes to the same bytes.
func FuzzParseClaim(f *testing.F) {
	v := readAsideVectors(f)
	for _, seed := range v.Claims {
		if _, err := statement.ParseClaim([]byte(seed)); err != nil {
			f.Fatalf("the seed does not parse: %v", err)
		}
		f.Add([]byte(seed))
	}
	for _, r := range v.Refused {
		f.Add([]byte(r.Payload))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := statement.ParseClaim(b)
		if err != nil {
			return
		}
		if again, err := statement.EncodeClaim(c); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("parsed %q, encodes as %q (%v)", b, again, err)
		}
	})
}

// FuzzParseSighting: the same of what the observer signs.
func FuzzParseSighting(f *testing.F) {
	v := readAsideVectors(f)
	for _, seed := range v.Sightings {
		if _, err := statement.ParseSighting([]byte(seed)); err != nil {
			f.Fatalf("the seed does not parse: %v", err)
		}
		f.Add([]byte(seed))
	}
	for _, r := range v.Refused {
		f.Add([]byte(r.Payload))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := statement.ParseSighting(b)
		if err != nil {
			return
		}
		if again, err := statement.EncodeSighting(s); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("parsed %q, encodes as %q (%v)", b, again, err)
		}
	})
}
