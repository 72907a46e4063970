package extract

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sijil/sijil/internal/extract/extracttest"
	"github.com/sijil/sijil/internal/text"
)

// A real declaration has the same canonical form in every form.
func TestDeclaration(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "declaration", "casablanca.txt"))
	if os.IsNotExist(err) {
		t.Skip("the declaration is not beside the repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	var paragraphs []string
	for line := range strings.SplitSeq(string(raw), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			paragraphs = append(paragraphs, line)
		}
	}
	want := canonical(t, []byte(strings.Join(paragraphs, "\n")))
	for form, build := range map[Form]func([]string) []byte{HTML: extracttest.HTML, DOCX: extracttest.DOCX, ODT: extracttest.ODT, EML: extracttest.EML, Chat: extracttest.Chat} {
		c := read(t, build(paragraphs))
		if c.Form != form || len(c.Doubts) > 0 {
			t.Errorf("%s read as %s, doubts %v", form, c.Form, c.Doubts)
		}
		if diff := cmp.Diff(want, canonical(t, c.Text)); diff != "" {
			t.Errorf("%s: %s", form, diff)
		}
	}
}

func canonical(t *testing.T, b []byte) string {
	t.Helper()
	f, err := text.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, tok := range f.Tokens {
		words = append(words, tok.Text)
	}
	return strings.Join(words, " ")
}
