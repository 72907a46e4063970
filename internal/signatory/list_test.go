package signatory

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	exampleDocument = `["Km4TS1-jyo9ASqrNGsaP8tWN7u30i0K0p1H_i3XMsYY","zax7XfhWStg7FMyfmRRBudHWk66Wa7Zj8Y8c1TFqkA0"]`
	exampleSubject  = "646cd0dfccd9d930d56aeb2375a2ede3bcc2a64590cbe1504785f99758ca7d42"
	exampleFile     = `{"commitments":["` + exampleDigest1 + `","` + exampleDigest2 + `"],"disclosures":["` + exampleDisclosed1 + `",null]}`
)

func exampleOpened(t testing.TB) *List {
	t.Helper()
	d := exampleDisclosures(t)
	c, err := Commit(d)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(c, d)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestDocumentOfTheExample(t *testing.T) {
	doc := exampleOpened(t).Commitments().Document()
	if string(doc) != exampleDocument {
		t.Errorf("document = %s", doc)
	}
	if sum := sha256.Sum256(doc); hex.EncodeToString(sum[:]) != exampleSubject {
		t.Errorf("subject digest = %x", sum)
	}
	c, err := ParseCommitments(doc)
	if err != nil || !slices.Equal(c, exampleOpened(t).Commitments()) {
		t.Errorf("ParseCommitments = %v, %v", c, err)
	}
}

// The normative page shows the same bytes as this test.
func TestPageShowsTheExample(t *testing.T) {
	page, err := os.ReadFile("../../docs/formats/signatories.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{exampleArray1, exampleDisclosed1, exampleDocument, exampleSubject, exampleFile} {
		if !bytes.Contains(page, []byte("\n"+want+"\n")) {
			t.Errorf("docs/formats/signatories.md has no line %s", want)
		}
	}
}

func TestWithholdKeepsEveryCommitment(t *testing.T) {
	l := exampleOpened(t)
	w, err := l.Withhold(exampleDigest2)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(w.Commitments(), l.Commitments()) {
		t.Error("the commitments changed")
	}
	want := []Entry{{Signatory: exampleList()[0], Commitment: exampleDigest1}, {Commitment: exampleDigest2, Withheld: true}}
	if diff := cmp.Diff(want, w.Entries()); diff != "" {
		t.Error(diff)
	}
	if l.Entries()[1].Withheld {
		t.Error("the original list changed")
	}
	b, err := w.Encode()
	if err != nil || string(b) != exampleFile {
		t.Errorf("file = %s, %v", b, err)
	}
	if _, err := l.Withhold("nobody"); err == nil {
		t.Error("withheld an entry that is not there")
	}
}

func TestEmptyListIsValid(t *testing.T) {
	l, err := Open(Commitments{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if doc := l.Commitments().Document(); string(doc) != "[]" {
		t.Errorf("document = %s", doc)
	}
	b, err := l.Encode()
	if err != nil || string(b) != `{"commitments":[],"disclosures":[]}` {
		t.Fatalf("file = %s, %v", b, err)
	}
	if again, err := Parse(b); err != nil || again.Len() != 0 {
		t.Errorf("Parse = %v, %v", again, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	d := exampleDisclosures(t)
	a, b := d[0].Digest(), d[1].Digest()
	altered, err := Disclose(org("Delta Botch"), [16]byte{})
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		c    Commitments
		d    []Disclosure
		want string
	}{
		"swapped":         {Commitments{b, a}, d, "entry 1: the disclosure does not hash"},
		"altered":         {Commitments{a, b}, []Disclosure{d[0], altered}, "entry 2: the disclosure does not hash"},
		"missing":         {Commitments{a, b}, d[:1], "1 disclosures for 2"},
		"extra":           {Commitments{a}, d, "2 disclosures for 1"},
		"duplicate":       {Commitments{a, a}, []Disclosure{d[0], d[0]}, "entry 2: the same commitment as entry 1"},
		"malformed":       {Commitments{a[:42]}, d[:1], "not a SHA-256 digest"},
		"digest bits":     {Commitments{a[:42] + "Z"}, d[:1], "not a SHA-256 digest"},
		"bad disclosure":  {Commitments{Disclosure("AA").Digest()}, []Disclosure{"AA"}, "disclosure"},
		"too many":        {make(Commitments, MaxSignatories+1), make([]Disclosure, MaxSignatories+1), "at most 10000"},
		"withheld, twice": {Commitments{b, b}, []Disclosure{"", ""}, "same commitment"},
	}
	for name, tc := range tests {
		l, err := Open(tc.c, tc.d)
		if l != nil || err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, tc.want)
		}
	}
	if _, err := Commit([]Disclosure{d[0], ""}); err == nil {
		t.Error("committed to nothing")
	}
}

func TestParseRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"newline":         exampleFile + "\n",
		"null lists":      `{"commitments":null,"disclosures":null}`,
		"missing member":  `{"commitments":[]}`,
		"unknown member":  strings.Replace(exampleFile, `,"disc`, `,"d":1,"disc`, 1),
		"white space":     strings.Replace(exampleFile, ",", ", ", 1),
		"empty string":    strings.Replace(exampleFile, "null", `""`, 1),
		"number":          strings.Replace(exampleFile, "null", `0`, 1),
		"other digest":    strings.Replace(exampleFile, exampleDigest1, strings.Replace(exampleDigest1, "K", "L", 1), 1),
		"withheld twice":  strings.Replace(exampleFile, exampleDigest1, exampleDigest2, 1),
		"not JSON":        "x",
		"oversized bytes": strings.Repeat(" ", MaxFile+1),
	} {
		if l, err := Parse([]byte(in)); err == nil || l != nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, in := range map[string]string{
		"null": "null", "newline": "[]\n", "object": "{}", "number": "[1]", "not a digest": `["AA"]`,
		"duplicate": `["` + exampleDigest1 + `","` + exampleDigest1 + `"]`, "oversized": strings.Repeat(" ", 1<<20),
	} {
		if c, err := ParseCommitments([]byte(in)); err == nil || c != nil {
			t.Errorf("commitments, %s: accepted", name)
		}
	}
}

func TestLargestList(t *testing.T) {
	list := make([]Signatory, MaxSignatories)
	for i := range list {
		list[i] = org(fmt.Sprintf("Organisation %d", i))
	}
	d, err := Reuse(nil, list, new(wide))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Commit(d)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(c, d)
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Parse(b); err != nil || again.Len() != MaxSignatories {
		t.Errorf("Parse: %v", err)
	}
	if _, err := Reuse(nil, append(list, org("one more")), new(wide)); err == nil {
		t.Error("one entry too many accepted")
	}
}

// wide is a predictable source whose 16-byte reads all differ.
type wide uint64

func (w *wide) Read(b []byte) (int, error) {
	*w++
	for i := range b {
		b[i] = byte(*w >> (8 * (i % 8)))
	}
	return len(b), nil
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(exampleFile))
	f.Add([]byte(`{"commitments":[],"disclosures":[]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		l, err := Parse(in)
		if err != nil {
			return
		}
		again, err := l.Encode()
		if err != nil || !bytes.Equal(again, in) {
			t.Fatalf("parsed %q, encodes as %q (%v)", in, again, err)
		}
	})
}

func FuzzParseCommitments(f *testing.F) {
	f.Add([]byte(exampleDocument))
	f.Add([]byte("[]"))
	f.Fuzz(func(t *testing.T, in []byte) {
		c, err := ParseCommitments(in)
		if err == nil && !bytes.Equal(c.Document(), in) {
			t.Fatalf("parsed %q, encodes as %q", in, c.Document())
		}
	})
}
