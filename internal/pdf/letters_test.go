package pdf

import (
	"fmt"
	"strings"
	"testing"
)

// A letter that stands twice in one drawn shape is two letters; the same shape drawn
// twice is one, which is how some producers make bold.
func TestLigatures(t *testing.T) {
	const names = "1 beginbfchar\n<23> <006600660069>\nendbfchar" // # is drawn for ffi
	cmap := "/CIDInit/ProcSet findresource begin 12 dict begin begincmap /CMapName/L def /CMapType 2 def\n" +
		"1 begincodespacerange\n<00> <FF>\nendcodespacerange\n" + names + "\nendcmap end end"
	font := "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding/ToUnicode 11 0 R>>"
	for _, c := range []struct{ name, content, want string }{
		{"one shape", show(600, "The o#ce is a#rming it."), "The office is affirming it."},
		{"drawn twice", show(600, "The o#ce is open.") + show(600, "The o#ce is open."), "The office is open."},
		{"no ligature, drawn twice", show(600, "The offer is open.") + show(600, "The offer is open."), "The offer is open."},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readFile(t, write([]string{c.content}, "/Resources<</Font<</F 10 0 R>>>>", font, fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(cmap), cmap)))
			if err != nil {
				t.Fatal(err)
			}
			if text := strings.TrimSpace(string(got.Text)); text != c.want {
				t.Errorf("read %q, want %q", text, c.want)
			}
		})
	}
}

// A line may end within a word whose apostrophe is an acute accent; with a space, or in
// the next paragraph, it does not.
func TestElided(t *testing.T) {
	const acute = `\264`
	for _, c := range []struct{ name, content, want string }{
		{"within a word", show(600, "Le conseil n") + show(586, acute+"a rien dit.") + show(572, "Rien."), "Le conseil n´a rien dit.\nRien."},
		{"after a sign", show(600, "Il dit :") + show(586, acute+"oui"+acute+" encore.") + show(572, "Rien."), "Il dit :\n´oui´ encore.\nRien."},
		{"the next paragraph", show(600, "Le conseil") + show(586, "se tait") + show(540, acute+"oui"+acute+" dit-il."), "Le conseil\nse tait\n\n´oui´ dit-il."},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readFile(t, write([]string{c.content}, "", picture))
			if err != nil {
				t.Fatal(err)
			}
			if text := strings.TrimSpace(string(got.Text)); text != c.want {
				t.Errorf("read %q, want %q", text, c.want)
			}
		})
	}
}
