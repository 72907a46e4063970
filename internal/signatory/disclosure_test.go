package signatory

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// counter is a source of predictable salts: 00 01 02 …
type counter byte

func (c *counter) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(*c)
		*c++
	}
	return len(b), nil
}

// The values of the worked example were computed apart from this code, with
// another language's JSON, base64 and SHA-256.
const (
	exampleArray1     = `["AAECAwQFBgcICQoLDA0ODw",{"kind":"organisation","language":"en","name":"Delta Watch"}]`
	exampleDisclosed1 = "WyJBQUVDQXdRRkJnY0lDUW9MREEwT0R3Iix7ImtpbmQiOiJvcmdhbmlzYXRpb24iLCJsYW5ndWFnZSI6ImVuIiwibmFtZSI6IkRlbHRhIFdhdGNoIn1d"
	exampleDigest1    = "Km4TS1-jyo9ASqrNGsaP8tWN7u30i0K0p1H_i3XMsYY"
	exampleDigest2    = "zax7XfhWStg7FMyfmRRBudHWk66Wa7Zj8Y8c1TFqkA0"
)

func exampleList() []Signatory {
	return []Signatory{
		{Name: "Delta Watch", Language: "en", Kind: Organisation},
		{Name: "ليلى الحداد", Language: "ar", Kind: Person, Role: "باحثة في شؤون المياه", Country: "EG"},
	}
}

func exampleDisclosures(t testing.TB) []Disclosure {
	t.Helper()
	d, err := Reuse(nil, exampleList(), new(counter))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWorkedExample(t *testing.T) {
	d := exampleDisclosures(t)
	if raw, _ := base64.RawURLEncoding.DecodeString(string(d[0])); string(raw) != exampleArray1 {
		t.Errorf("array = %s", raw)
	}
	if d[0] != exampleDisclosed1 {
		t.Errorf("disclosure = %s", d[0])
	}
	if diff := cmp.Diff([]string{exampleDigest1, exampleDigest2}, []string{d[0].Digest(), d[1].Digest()}); diff != "" {
		t.Error(diff)
	}
	got, s, salt, err := ParseDisclosure(exampleDisclosed1)
	if err != nil || got != d[0] || s != exampleList()[0] || salt != [16]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} {
		t.Errorf("ParseDisclosure = %q %+v %x %v", got, s, salt, err)
	}
}

func TestParseDisclosureRefuses(t *testing.T) {
	tests := map[string]string{
		"empty":           "",
		"padding":         exampleDisclosed1 + "=",
		"trailing bits":   exampleDisclosed1[:len(exampleDisclosed1)-1] + "e",
		"line end inside": exampleDisclosed1[:8] + "\n" + exampleDisclosed1[8:],
		"not JSON":        b64("hello"),
		"white space":     b64(strings.Replace(exampleArray1, ",", ", ", 1)),
		"member order":    b64(`["AAECAwQFBgcICQoLDA0ODw",{"name":"Delta Watch","kind":"organisation","language":"en"}]`),
		"escape":          b64(strings.Replace(exampleArray1, "Delta", `\u0044elta`, 1)),
		"unknown member":  b64(strings.Replace(exampleArray1, `{"kind"`, `{"email":"x","kind"`, 1)),
		"repeated member": b64(strings.Replace(exampleArray1, `{"kind"`, `{"kind":"person","kind"`, 1)),
		"empty member":    b64(strings.Replace(exampleArray1, `{"kind"`, `{"country":"","kind"`, 1)),
		"object property": b64(`["AAECAwQFBgcICQoLDA0ODw","name",{"kind":"organisation","name":"Delta Watch"}]`),
		"salt alone":      b64(`["AAECAwQFBgcICQoLDA0ODw"]`),
		"short salt":      b64(strings.Replace(exampleArray1, "AAECAwQFBgcICQoLDA0ODw", "AAECAwQFBgcICQoLDA0O", 1)),
		"salt bits":       b64(strings.Replace(exampleArray1, "DA0ODw", "DA0ODx", 1)),
		"invalid entry":   b64(strings.Replace(exampleArray1, "Delta Watch", " Delta Watch", 1)),
		"not UTF-8":       b64(strings.Replace(exampleArray1, "Delta", "Delt\xff", 1)),
		"null":            b64("null"),
		"second value":    b64(exampleArray1 + exampleArray1),
		"too long":        strings.Repeat("A", MaxDisclosure+1),
	}
	for name, in := range tests {
		if d, s, _, err := ParseDisclosure(in); err == nil || d != "" || s != (Signatory{}) {
			t.Errorf("%s: %q %+v %v, want an error and zero values", name, d, s, err)
		}
	}
}

func TestLongestEntryFits(t *testing.T) {
	s := Signatory{Name: strings.Repeat("𐤀", MaxName), Role: strings.Repeat("𐤁", MaxRole), Kind: Organisation,
		Language: "en", Country: "EG", Domain: strings.Repeat(strings.Repeat("a", 62)+".", 3) + strings.Repeat("b", 62)}
	d, err := Disclose(s, [16]byte{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := ParseDisclosure(string(d)); err != nil {
		t.Errorf("%d bytes: %v", len(d), err)
	}
}

func TestReuseKeepsUnchangedEntries(t *testing.T) {
	prev := exampleDisclosures(t)
	list := exampleList()
	changed := list[1]
	changed.Role = "باحثة"
	next := []Signatory{org("New"), list[1], changed, list[0], list[0]}
	got, err := Reuse(append(prev, ""), next, bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	if got[1] != prev[1] || got[3] != prev[0] {
		t.Error("an unchanged entry got another disclosure")
	}
	if got[4] == prev[0] {
		t.Error("a repeated entry shares the disclosure of the first")
	}
	if got[2] == prev[1] {
		t.Error("a changed entry kept its disclosure")
	}
	if _, err := Reuse(prev, next, bytes.NewReader(nil)); err == nil {
		t.Error("no randomness left, and no error")
	}
	if _, err := Reuse([]Disclosure{"AA"}, next, new(counter)); err == nil {
		t.Error("damaged earlier disclosure accepted")
	}
}

func FuzzParseDisclosure(f *testing.F) {
	f.Add(exampleDisclosed1)
	for _, d := range exampleDisclosures(f) {
		f.Add(string(d))
	}
	f.Add(b64(`["AAECAwQFBgcICQoLDA0ODw",{"kind":"person","name":"\"\\/"}]`))
	f.Fuzz(func(t *testing.T, in string) {
		d, s, salt, err := ParseDisclosure(in)
		if err != nil {
			return
		}
		again, err := Disclose(s, salt)
		if err != nil || string(again) != in || d != again {
			t.Fatalf("parsed %q, encodes as %q (%v)", in, again, err)
		}
	})
}
