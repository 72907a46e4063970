package statement_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/log"
)

// vectors are docs/testvectors/statement/statement.json: the exact bytes of a
// genesis, a version, two retractions, a policy change and a redaction, and payloads
// that must be refused.
type vectors struct {
	Genesis, Version, Retraction, RetractionOfPublication, Policy, Redaction string

	Refused []struct{ Name, Payload, Says string }
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "testvectors", "statement", "statement.json"))
	check(t, err)
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	var v vectors
	check(t, dec.Decode(&v))
	return v
}

// The public key whose private key is the number 1: the base point of P-256.
const baseKey = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q=="

func digest(b byte) log.Digest { return log.Digest(bytes.Repeat([]byte{b}, 32)) }

func commitment(b byte) string {
	d := digest(b)
	return base64.RawURLEncoding.EncodeToString(d[:])
}

func genesis(t testing.TB) *statement.Publication {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(baseKey)
	check(t, err)
	return &statement.Publication{
		Log: statement.LogName{KeyID: digest(7), Origin: "log.example"}, Slug: "river", Title: map[string]string{"en": "River Declaration", "ar": "إعلان النهر"},
		Policy: statement.Policy{Keys: [][]byte{key}, RecoveryKeys: [][]byte{}, Threshold: 1},
	}
}

func version() *statement.Version {
	v := &statement.Version{
		Canonical: "sijil-text/0", Date: "2031-05-04", Issued: "2031-05-05T06:07:08Z", Log: statement.LogName{KeyID: digest(7), Origin: "log.example"},
		Place: "Oued Zarg", PlaceDate: map[string]string{"en": "Oued Zarg, May 4, 2031"}, Previous: digest(1), Publication: digest(1),
		Reason: "First version.", Sequence: 1, Title: map[string]string{"en": "River Declaration", "ar": "إعلان النهر"}, Version: 1,
	}
	v.Signatories.Commitments = []string{commitment(9), commitment(8)}
	v.SetTexts([]statement.Text{{Language: "en", File: digest(3), Canonical: digest(4)}, {Language: "ar", File: digest(5), Canonical: digest(6)}})
	return v
}

// retraction withdraws that version.
func retraction() *statement.Retraction {
	return &statement.Retraction{
		Issued: "2031-06-07T08:09:10Z", Log: statement.LogName{KeyID: digest(7), Origin: "log.example"}, Previous: digest(2), Publication: digest(1),
		Reason: "A demand was missing.", Sequence: 2, Version: &statement.VersionName{Number: 1, Record: digest(2)},
	}
}

func retractionOfAll() *statement.Retraction {
	r := retraction()
	r.Version = nil
	return r
}

// TestGolden holds the statements to their exact bytes.
func TestGolden(t *testing.T) {
	v := readVectors(t)
	for name, c := range map[string]struct {
		s    statement.Statement
		want string
	}{"genesis": {genesis(t), v.Genesis}, "version": {version(), v.Version}, "retraction": {retraction(), v.Retraction}, "retraction of the publication": {retractionOfAll(), v.RetractionOfPublication},
		"policy": {policyChange(t), v.Policy}, "redaction": {redaction(), v.Redaction}} {
		got, err := statement.Encode(c.s)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: Encode = %s, %v\nwant %s", name, got, err, c.want)
			continue
		}
		parsed, err := statement.Parse(got)
		check(t, err)
		if diff := cmp.Diff(c.s, parsed, cmpopts.IgnoreUnexported(statement.Version{})); diff != "" {
			t.Errorf("%s: parsed (-want +got):\n%s", name, diff)
		}
		if again, err := statement.Encode(parsed); err != nil || string(again) != c.want {
			t.Errorf("%s: parsed and encoded it is %s, %v", name, again, err)
		}
	}
}

func TestHeaders(t *testing.T) {
	g, v := genesis(t), version()
	if diff := cmp.Diff(statement.Header{Log: g.Log}, g.Header()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(statement.Header{Log: v.Log, Publication: digest(1), Sequence: 1, Previous: digest(1)}, v.Header()); diff != "" {
		t.Error(diff)
	}
	texts := v.Texts()
	if len(texts) != 2 || texts[0].Language != "ar" || texts[1] != (statement.Text{Language: "en", File: digest(3), Canonical: digest(4)}) {
		t.Errorf("texts %+v", texts)
	}
	texts[0].Language = "fr"
	if v.Texts()[0].Language != "ar" {
		t.Error("a caller can change the texts")
	}
	if statement.Artifact(v) != digest(3) {
		t.Errorf("the version's artifact is %s, want text/en", statement.Artifact(v))
	}
	policy, err := jcs.Marshal(g.Policy)
	check(t, err)
	if statement.Artifact(g) != log.Sum(policy) {
		t.Error("the genesis record's artifact is not the policy")
	}
	doc, err := v.CommitmentsDocument()
	if err != nil || string(doc) != `["`+commitment(9)+`","`+commitment(8)+`"]` {
		t.Errorf("commitments %s, %v", doc, err)
	}
}

func TestRefusedVectors(t *testing.T) {
	v := readVectors(t)
	if len(v.Refused) < 40 {
		t.Fatalf("only %d refused payloads", len(v.Refused))
	}
	for _, r := range v.Refused {
		if s, err := statement.Parse([]byte(r.Payload)); s != nil || err == nil || !strings.Contains(err.Error(), r.Says) {
			t.Errorf("%s: Parse = %v, %v, want …%s…", r.Name, s, err, r.Says)
		}
	}
}

// TestGenesisRules: what a genesis may not say, by the sender's own words.
func TestGenesisRules(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *statement.Publication)
		says   string
	}{
		"no origin":     {func(p *statement.Publication) { p.Log.Origin = "" }, "log: want origin and keyId"},
		"no key ID":     {func(p *statement.Publication) { p.Log.KeyID = log.Digest{} }, "log: want origin and keyId"},
		"bad slug":      {func(p *statement.Publication) { p.Slug = "River" }, `slug "River"`},
		"reserved slug": {func(p *statement.Publication) { p.Slug = "verify" }, "reserved"},
		"no title":      {func(p *statement.Publication) { p.Title = nil }, "title: want 1 to 40 languages"},
		"empty title":   {func(p *statement.Publication) { p.Title["en"] = "" }, "title: empty"},
		"no language":   {func(p *statement.Publication) { p.Title[""] = "x" }, `language ""`},
		"und":           {func(p *statement.Publication) { p.Title["und"] = "x" }, `language "und"`},
		"EN":            {func(p *statement.Publication) { p.Title["EN"] = "x" }, `language "EN"`},
		"en-us":         {func(p *statement.Publication) { p.Title["en-us"] = "x" }, `language "en-us"`},
		"long tag": {func(p *statement.Publication) {
			p.Title["en-x-"+strings.Repeat("a", 8)+strings.Repeat("-aaaaaaaa", 4)] = "x"
		}, "language"},
		"long title":       {func(p *statement.Publication) { p.Title["en"] = strings.Repeat("é", 501) }, "title: over 500 characters"},
		"title not in NFC": {func(p *statement.Publication) { p.Title["en"] = "re\u0301sistance" }, "title: want UTF-8 text in NFC"},
		"title not UTF-8":  {func(p *statement.Publication) { p.Title["en"] = "a\xff" }, "title: want UTF-8 text in NFC"},
		"no keys":          {func(p *statement.Publication) { p.Policy.Keys = [][]byte{} }, "policy: want 1 to 32 keys"},
		"key twice":        {func(p *statement.Publication) { p.Policy.Keys = append(p.Policy.Keys, p.Policy.Keys[0]) }, "policy: key 2 is listed twice"},
		"no key":           {func(p *statement.Publication) { p.Policy.Keys[0] = []byte("key") }, "policy: key 1: public key is not a DER"},
		"too many keys":    {func(p *statement.Publication) { p.Policy.Keys = make([][]byte, 33) }, "policy: want 1 to 32 keys"},
		"threshold 0":      {func(p *statement.Publication) { p.Policy.Threshold = 0 }, "policy: threshold 0"},
		"threshold 2":      {func(p *statement.Publication) { p.Policy.Threshold = 2 }, "policy: threshold 2"},
		"recovery key":     {func(p *statement.Publication) { p.Policy.RecoveryKeys = p.Policy.Keys }, "policy: recoveryDays"},
		"no recovery list": {func(p *statement.Publication) { p.Policy.RecoveryKeys = nil }, "policy: recoveryKeys"},
	} {
		p := genesis(t)
		c.change(p)
		if b, err := statement.Encode(p); b != nil || err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), statement.TypePublication+": ") {
			t.Errorf("%s: Encode = %s, %v, want …%s…", name, b, err, c.says)
		}
	}
}

// TestLinesPeopleRead: titles, reason and place hold no character that hides or
// reorders what is read.
func TestLinesPeopleRead(t *testing.T) {
	for _, r := range []rune{0, '\t', '\n', '\r', 0x1b, 0x7f, 0x85, 0x9f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069, 0xe0001, 0xe007f} {
		line := "River " + string(r) + "Declaration"
		want := fmt.Sprintf("character U+%04X at byte 6 is not allowed", r)
		for name, change := range map[string]func(*statement.Version){
			"title": func(v *statement.Version) { v.Title["en"] = line }, "reason": func(v *statement.Version) { v.Reason = line },
			"place": func(v *statement.Version) { v.Place = line }, "placeDate": func(v *statement.Version) { v.PlaceDate["en"] = line },
		} {
			v := version()
			change(v)
			if _, err := statement.Encode(v); err == nil || !strings.Contains(err.Error(), name+": "+want) {
				t.Errorf("%s with U+%04X: %v", name, r, err)
			}
		}
	}
	v := version()
	v.Title["ar"], v.Reason = "إعلان\u200c النهر\u200f", "Le mot « rivière » — ’ — et 日本語"
	if _, err := statement.Encode(v); err != nil {
		t.Errorf("what languages need: %v", err)
	}
}

func TestVersionRules(t *testing.T) {
	many := make([]string, statement.MaxSignatories+1)
	for name, c := range map[string]struct {
		change func(v *statement.Version)
		says   string
	}{
		"no log":                {func(v *statement.Version) { v.Log = statement.LogName{} }, "log: want"},
		"no publication":        {func(v *statement.Version) { v.Publication = log.Digest{} }, "publication and previous"},
		"no previous":           {func(v *statement.Version) { v.Previous = log.Digest{} }, "publication and previous"},
		"sequence 0":            {func(v *statement.Version) { v.Sequence = 0 }, "sequence 0"},
		"sequence negative":     {func(v *statement.Version) { v.Sequence = -1 }, "sequence -1"},
		"sequence over 2^53":    {func(v *statement.Version) { v.Sequence = 1 << 53 }, "sequence 9007199254740992"},
		"version 0":             {func(v *statement.Version) { v.Version = 0 }, "version 0"},
		"version over sequence": {func(v *statement.Version) { v.Version = 2 }, "version 2: want 1 to the sequence number"},
		"no canonical":          {func(v *statement.Version) { v.Canonical = "text" }, `canonical "text"`},
		"issued, offset":        {func(v *statement.Version) { v.Issued = "2031-05-05T06:07:08+00:00" }, "issued"},
		"issued, fraction":      {func(v *statement.Version) { v.Issued = "2031-05-05T06:07:08.5Z" }, "issued"},
		"not issued":            {func(v *statement.Version) { v.Issued = "" }, "issued"},
		"date, no such day":     {func(v *statement.Version) { v.Date = "2031-02-29" }, "date"},
		"date, short":           {func(v *statement.Version) { v.Date = "2031-5-4" }, "date"},
		"no reason":             {func(v *statement.Version) { v.Reason = "" }, "reason: empty"},
		"long reason":           {func(v *statement.Version) { v.Reason = strings.Repeat("x", 2001) }, "reason: over 2000"},
		"long place":            {func(v *statement.Version) { v.Place = strings.Repeat("x", 201) }, "place: over 200"},
		"place-date's language": {func(v *statement.Version) { v.PlaceDate["EN"] = "x" }, `placeDate: language "EN"`},
		"no texts":              {func(v *statement.Version) { v.SetTexts(nil) }, "texts: want 1 to 40"},
		"text twice":            {func(v *statement.Version) { v.SetTexts(append(v.Texts(), v.Texts()[0])) }, "texts: ar: given twice"},
		"text without title":    {func(v *statement.Version) { delete(v.Title, "ar") }, "texts: ar: no title"},
		"text without digest":   {func(v *statement.Version) { v.SetTexts([]statement.Text{{Language: "en", File: digest(1)}}) }, "texts: en: want the digests text/en and canonical/en"},
		"text's language": {func(v *statement.Version) {
			v.SetTexts([]statement.Text{{Language: "x y", File: digest(1), Canonical: digest(1)}})
		}, `texts: language "x y"`},
		"no list":                {func(v *statement.Version) { v.Signatories.Commitments = nil }, "signatories: want a list"},
		"too long a list":        {func(v *statement.Version) { v.Signatories.Commitments = many }, "at most 10000"},
		"commitment, short":      {func(v *statement.Version) { v.Signatories.Commitments[1] = commitment(1)[:42] }, "commitment 2 is not a SHA-256 digest"},
		"commitment, padded":     {func(v *statement.Version) { v.Signatories.Commitments[0] = commitment(1) + "=" }, "commitment 1 is not a SHA-256 digest"},
		"commitment, base64":     {func(v *statement.Version) { v.Signatories.Commitments[0] = strings.Repeat("/", 43) }, "commitment 1 is not a SHA-256 digest"},
		"commitment, spare bits": {func(v *statement.Version) { v.Signatories.Commitments[0] = commitment(0)[:42] + "B" }, "commitment 1 is not a SHA-256 digest"},
		"commitment, a name":     {func(v *statement.Version) { v.Signatories.Commitments[0] = "Union of Well Keepers" }, "commitment 1 is not a SHA-256 digest"},
		"commitment twice":       {func(v *statement.Version) { v.Signatories.Commitments[1] = v.Signatories.Commitments[0] }, "commitment 2 is given twice"},
	} {
		v := version()
		c.change(v)
		if b, err := statement.Encode(v); b != nil || err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), statement.TypeVersion+": ") {
			t.Errorf("%s: Encode = %.200s, %v, want …%s…", name, b, err, c.says)
		}
	}
	v := version()
	v.Signatories.Commitments, v.Date, v.Place, v.PlaceDate = []string{}, "", "", nil
	b, err := statement.Encode(v)
	check(t, err)
	if _, err := statement.Parse(b); err != nil {
		t.Errorf("without list, place and date: %v", err)
	}
}

// TestLargest: a list of the largest size fits.
func TestLargest(t *testing.T) {
	v := version()
	v.Signatories.Commitments = make([]string, statement.MaxSignatories)
	for i := range v.Signatories.Commitments {
		d := log.Sum([]byte{byte(i), byte(i >> 8)})
		v.Signatories.Commitments[i] = base64.RawURLEncoding.EncodeToString(d[:])
	}
	b, err := statement.Encode(v)
	check(t, err)
	if s, err := statement.Parse(b); err != nil || len(s.(*statement.Version).Signatories.Commitments) != statement.MaxSignatories {
		t.Errorf("%d bytes: %v", len(b), err)
	}
	if _, err := statement.Parse(append(b, make([]byte, statement.MaxPayload)...)); err == nil || !strings.Contains(err.Error(), "over 1048576 bytes") {
		t.Errorf("oversize: %v", err)
	}
}

// TestNotCanonical: a caller can tell another encoding from damage.
func TestNotCanonical(t *testing.T) {
	good := readVectors(t).Version
	if _, err := statement.Parse([]byte(strings.Replace(good, ":", ": ", 1))); !errors.Is(err, jcs.ErrNotCanonical) {
		t.Errorf("space: %v", err)
	}
}

// TestEveryBit: no changed payload is read as the same statement.
func TestEveryBit(t *testing.T) {
	v := readVectors(t)
	for _, good := range []string{v.Genesis, v.Version, v.Retraction, v.RetractionOfPublication, v.Policy, v.Redaction} {
		for at := range good {
			for bit := range 8 {
				changed := []byte(good)
				changed[at] ^= 1 << bit
				s, err := statement.Parse(changed)
				if err != nil {
					continue
				}
				if again, err := statement.Encode(s); err != nil || !bytes.Equal(again, changed) {
					t.Errorf("byte %d, bit %d: %s is read as %s (%v)", at, bit, changed, again, err)
				}
			}
		}
	}
}

// FuzzParse: what parses encodes to the same bytes.
func FuzzParse(f *testing.F) {
	v := readVectors(f)
	for _, seed := range []string{v.Genesis, v.Version, v.Retraction, v.RetractionOfPublication, v.Policy, v.Redaction} {
		if _, err := statement.Parse([]byte(seed)); err != nil {
			f.Fatalf("the seed does not parse: %v", err)
		}
		f.Add([]byte(seed))
	}
	for _, r := range v.Refused {
		f.Add([]byte(r.Payload))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := statement.Parse(b)
		if err != nil {
			return
		}
		if again, err := statement.Encode(s); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("parsed %q, encodes as %q (%v)", b, again, err)
		}
	})
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
