package match

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/extract/extracttest"
)

// builders make a file of each form that needs no other program, of lines that are
// paragraphs or, after "- ", items of a list.
var builders = map[string]func([]string) []byte{
	"html": extracttest.HTML, "docx": extracttest.DOCX, "odt": extracttest.ODT, "eml": extracttest.EML, "chat": extracttest.Chat,
}

// The copies of the corpus have the same verdict as files of every form: what is
// the same, what differs and how, and what the list is. Those that are wrapped are
// no paragraphs and stay text.
func TestCorpusInForms(t *testing.T) {
	indexes := corpusIndexes(t)
	files := 0
	for _, f := range readCorpus(t) {
		for _, r := range f.Recipes {
			if r.wraps() || strings.HasPrefix(r.Bases[0], "casablanca") && !hasCasablanca() {
				continue
			}
			for _, c := range r.copies(t) {
				if strings.ContainsFunc(c.in, noXML) {
					continue
				}
				x := indexes[""]
				if c.pub == "casablanca" {
					x = indexes[c.pub]
				}
				want := gist(x.Check([]byte(c.in), ""))
				for form, build := range builders {
					got, err := (&extract.Reader{}).Read(t.Context(), build(paragraphs(c.in)))
					if err != nil {
						if want != "unchecked" {
							t.Errorf("%s, %s, %s: %v", r.Name, c.how, form, err)
						}
						continue
					}
					files++
					if v := x.CheckCopy(got, ""); gist(v) != want {
						t.Errorf("%s, %s, %s:\n%s\nwant\n%s\n%s\n%q", r.Name, c.how, form, gist(v), want, v.Reason.Detail, got.Text)
					}
				}
			}
		}
	}
	if files < 4000 && !testing.Short() {
		t.Errorf("%d files only", files)
	}
}

// wraps reports whether the lines of a recipe's copies are no paragraphs.
func (r *recipe) wraps() bool {
	return len(r.Widths) > 0 || slices.ContainsFunc(r.Steps, func(s step) bool { return s.Do == "wrap" || s.Do == "hyphenate" })
}

// noXML reports whether no document can hold a character.
func noXML(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' }

// paragraphs are the lines of a copy; bullets are the form's own.
func paragraphs(s string) []string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' })
	for i, l := range lines {
		if item, ok := strings.CutPrefix(strings.TrimSpace(l), "•"); ok {
			lines[i] = "- " + strings.TrimSpace(item)
		}
	}
	return lines
}

// gist is what a verdict says, apart from places, warnings and tolerances.
func gist(v *Verdict) string {
	if v.Verdict == Identical { // the file's bytes are others
		v.Verdict = Authentic
	}
	if v.Verdict == Unchecked && v.Version == 0 {
		return v.Verdict
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %d %v %s", v.Verdict, v.Publication, v.Version, v.Languages, v.Signatories.Status)
	for _, c := range v.Changes {
		fmt.Fprintf(&b, "\n%s %s %q %q", c.Op, c.Class, c.Published, strings.TrimLeft(c.Copy, "• "))
	}
	for _, n := range v.Signatories.Changed {
		fmt.Fprintf(&b, "\nchanged %q %q", n.Published, n.Copy)
	}
	for _, n := range v.Signatories.Missing {
		fmt.Fprintf(&b, "\nmissing %q", n.Name)
	}
	for _, n := range v.Signatories.Added {
		fmt.Fprintf(&b, "\nadded %q", n.Name)
	}
	return b.String()
}

// A published text that looks like another form is itself.
func TestPublishedLooksLikeAForm(t *testing.T) {
	for _, published := range []string{
		"# A call\n\nRead **all** of [the letter](https://valley.example/letter) and answer it before the end of May.\n",
		"12/03/2031, 10:15 - Valley: open the gates of all seven dams at once\n12/03/2031, 10:16 - Valley: and test every public well\n",
		"<p>Open the gates of all seven dams at once and test every public well twice a year.</p>\n",
	} {
		x := newTestIndex(t, Publication{Slug: "form", Genesis: "sha256:" + strings.Repeat("f0", 32), Versions: []Version{{Number: 1, Texts: map[string][]byte{"en": []byte(published)}}}})
		for in, want := range map[string]string{published: Identical, strings.ReplaceAll(published, " ", "  "): Authentic} {
			c, err := (&extract.Reader{}).Read(t.Context(), []byte(in))
			if err != nil {
				t.Fatal(err)
			}
			if v := x.CheckCopy(c, ""); v.Verdict != want {
				t.Errorf("%s %q: %s, want %s", c.Form, in, v.Verdict, want)
			}
		}
	}
}
