package edition_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/edition"
	"github.com/sijil/sijil/internal/logtest"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/internal/text"
	"github.com/sijil/sijil/log"
)

func parts(t *testing.T, e logtest.Edition) (*statement.Version, map[string][]byte, *signatory.List) {
	t.Helper()
	v, d := e.Version(t, statement.LogName{KeyID: log.Sum(nil), Origin: "sijil.example"}, log.Sum(nil), log.Sum(nil), 1, nil)
	return v, e.Files(), list(t, d)
}

func list(t *testing.T, d []signatory.Disclosure) *signatory.List {
	t.Helper()
	c, err := signatory.Commit(d)
	check(t, err)
	l, err := signatory.Open(c, d)
	check(t, err)
	return l
}

func TestOpen(t *testing.T) {
	e := logtest.River()[0]
	v, texts, names := parts(t, e)
	got, err := edition.Open(v, texts, names)
	check(t, err)
	if got.Statement() != v || got.List() != names {
		t.Error("another statement, or list")
	}
	for lang, want := range e.Texts {
		if b, ok := got.Text(lang); !ok || string(b) != want {
			t.Errorf("text %s: %q", lang, b)
		}
	}
	if _, ok := got.Text("fr"); ok {
		t.Error("there is a French text")
	}
	v.PlaceDate = map[string]string{"en": "Oued Zarg, May 4, 2031", "ar": "وادي زرق، 4 مايو 2031"}
	withheld, err := names.Withhold(names.Commitments()[0])
	check(t, err)
	got, err = edition.Open(v, texts, withheld)
	check(t, err)
	salted := names.Commitments()
	want := match.Version{Number: 1, Texts: texts, Names: []match.Name{{Withheld: true, Commitment: salted[0]}, {Text: e.Names[1], Commitment: salted[1]}, {Text: e.Names[2], Commitment: salted[2]}}, PlaceDate: got.ForMatch().PlaceDate}
	if diff := cmp.Diff(want, got.ForMatch()); diff != "" {
		t.Errorf("for the matcher (-want +got):\n%s", diff)
	}
}

// TestDetail: what the list says beside a name goes to the matcher too.
func TestDetail(t *testing.T) {
	v, texts, _ := parts(t, logtest.River()[0])
	d, err := signatory.Reuse(nil, []signatory.Signatory{
		{Name: "Selma Ourdani", Kind: signatory.Person, Role: "hydrologist", Country: "MA"},
		{Name: "Valley Radio", Kind: signatory.Organisation, Domain: "radio.example"},
	}, rand.Reader)
	check(t, err)
	c, err := signatory.Commit(d)
	check(t, err)
	v.Signatories.Commitments = c
	list, err := signatory.Open(c, d)
	check(t, err)
	got, err := edition.Open(v, texts, list)
	check(t, err)
	if n := got.ForMatch().Names; n[0].Detail != "hydrologist, MA" || n[1].Detail != "radio.example" {
		t.Errorf("%+v", n)
	}
}

// Records of the first edition open under it for ever; an edition that is not the
// one whose digests were signed is refused.
func TestOpenEdition(t *testing.T) {
	for canonical, other := range map[string]string{text.Edition: text.Edition0, text.Edition0: text.Edition} {
		v, texts, names := parts(t, logtest.River()[0])
		v.Canonical = canonical
		signed := v.Texts()
		for i := range signed {
			d, err := edition.DigestsIn(canonical, signed[i].Language, texts[signed[i].Language])
			check(t, err)
			signed[i] = d
		}
		v.SetTexts(signed)
		got, err := edition.Open(v, texts, names)
		check(t, err)
		for _, s := range v.Texts() {
			if b, ok := got.Canonical(s.Language); !ok || log.Sum(b) != s.Canonical {
				t.Errorf("%s: canonical form of text %s: %q", canonical, s.Language, b)
			}
		}
		if _, ok := got.Canonical("fr"); ok {
			t.Error("there is a French text")
		}
		v.Canonical = other
		if _, err := edition.Open(v, texts, names); err == nil || !strings.Contains(err.Error(), "canonical form of text ar is sha256:") {
			t.Errorf("%s as %s: %v", canonical, other, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	rivers := logtest.River()
	other, otherTexts, otherNames := parts(t, rivers[1])
	for name, c := range map[string]struct {
		change func(v *statement.Version, texts map[string][]byte)
		names  *signatory.List
		says   string
	}{
		"a text left out":  {func(_ *statement.Version, x map[string][]byte) { delete(x, "ar") }, nil, "1 texts given, the record names 2"},
		"a text more":      {func(_ *statement.Version, x map[string][]byte) { x["fr"] = x["en"] }, nil, "3 texts given, the record names 2"},
		"another language": {func(_ *statement.Version, x map[string][]byte) { delete(x, "ar"); x["fr"] = x["en"] }, nil, "text ar is missing"},
		"another text":     {func(_ *statement.Version, x map[string][]byte) { x["en"] = otherTexts["en"] }, nil, "text en is sha256:"},
		"the same text, wrapped": {func(_ *statement.Version, x map[string][]byte) {
			x["en"] = []byte(strings.ReplaceAll(string(x["en"]), "drink from", "drink\nfrom"))
		}, nil, "text en is sha256:"},
		"a text that is none":      {func(_ *statement.Version, x map[string][]byte) { x["en"] = []byte("\xff") }, nil, "text en: "},
		"another canonical digest": {func(v *statement.Version, _ map[string][]byte) { swap(v, other) }, nil, "canonical form of text ar is sha256:"},
		"another canonical form":   {func(v *statement.Version, _ map[string][]byte) { v.Canonical = "sijil-text/9" }, nil, `canonical form "sijil-text/9" is not known`},
		"another list":             {func(*statement.Version, map[string][]byte) {}, otherNames, "the signatory list is sha256:"},
	} {
		v, texts, names := parts(t, rivers[0])
		c.change(v, texts)
		if c.names != nil {
			names = c.names
		}
		if got, err := edition.Open(v, texts, names); got != nil || err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "version 1: ") {
			t.Errorf("%s: %v, want …%s…", name, err, c.says)
		}
	}
	v, texts, _ := parts(t, rivers[0])
	if _, err := edition.Open(v, texts, nil); err == nil || !strings.Contains(err.Error(), "no signatory list") {
		t.Errorf("no list: %v", err)
	}
}

// swap gives v the canonical digests of another version.
func swap(v, other *statement.Version) {
	texts := v.Texts()
	for i := range texts {
		texts[i].Canonical = other.Texts()[i].Canonical
	}
	v.SetTexts(texts)
}

func TestDigests(t *testing.T) {
	body := logtest.River()[0].Texts["en"]
	d, err := edition.Digests("en", []byte(body))
	check(t, err)
	form, err := text.Parse([]byte(body))
	check(t, err)
	if want := (statement.Text{Language: "en", File: log.Sum([]byte(body)), Canonical: log.Sum(form.Canonical())}); d != want {
		t.Errorf("%+v, want %+v", d, want)
	}
	wrapped, err := edition.Digests("en", []byte(strings.ReplaceAll(body, " ", "\n")))
	check(t, err)
	if wrapped.File == d.File {
		t.Error("two files have one digest")
	}
	for name, b := range map[string][]byte{"empty": nil, "not UTF-8": []byte("a\xff")} {
		if _, err := edition.Digests("en", b); err == nil || !strings.HasPrefix(err.Error(), "text en: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
