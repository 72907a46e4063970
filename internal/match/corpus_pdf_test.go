package match

import (
	"context"
	"flag"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/sijil/sijil/internal/browsertest"
	"github.com/sijil/sijil/internal/extract/extracttest"
	"github.com/sijil/sijil/internal/pdf"
)

var everyPDF = flag.Int("every-pdf", 9, "TestCorpusInPDF prints one of so many copies")

var onlyPDF = flag.String("only-pdf", "", "the one recipe that TestCorpusInPDF prints")

// TestCorpusInPDF prints copies of the corpus from real Chromium, reads them as PDF
// files, and wants the verdict of the text. `make roundtrip` prints all.
func TestCorpusInPDF(t *testing.T) {
	engine, err := pdf.New(t.Context(), pdf.Options{CacheDir: t.TempDir(), Time: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	ctx := browsertest.Open(t)
	browsertest.Run(t, ctx, chromedp.Navigate("about:blank"))
	indexes := corpusIndexes(t)
	n, printed := 0, 0
	corpus := readCorpus(t)
	for _, name := range slices.Sorted(maps.Keys(corpus)) { // in one order: the same copies each time
		for _, r := range corpus[name].Recipes {
			if r.wraps() || strings.HasPrefix(r.Bases[0], "casablanca") && !hasCasablanca() {
				continue
			}
			for _, c := range r.copies(t) {
				if *onlyPDF != "" && r.Name != *onlyPDF {
					continue
				}
				if n++; n%*everyPDF != 0 || strings.ContainsFunc(c.in, unprinted) {
					continue
				}
				printed++
				x := indexes[""]
				if c.pub == "casablanca" {
					x = indexes[c.pub]
				}
				want := gist(x.Check([]byte(c.in), ""))
				got, err := engine.Read(t.Context(), printPDF(t, ctx, directed.Replace(string(extracttest.HTML(paragraphs(c.in))))))
				if err != nil {
					if want != Unchecked {
						t.Errorf("%s, %s: %v", r.Name, c.how, err)
					}
					continue
				}
				v := x.CheckCopy(got, "")
				if onPaper(gist(v)) == onPaper(want) || v.Verdict == Unchecked && v.Reason.Code == ReasonHidden {
					continue
				}
				// However it was printed, an altered copy never passes.
				if !notOnPaper.MatchString(r.Name+", "+c.how) || v.Verdict == Authentic {
					t.Errorf("%s, %s:\n%s\nwant\n%s\n%q", r.Name, c.how, gist(v), want, got.Text)
				}
			}
		}
	}
	t.Logf("%d PDF files", printed)
}

// onPaper leaves out what a printed line cannot tell: whether words that fill one stand in
// a paragraph, where they are wording, or alone, where they are an addition.
func onPaper(gist string) string {
	return strings.ReplaceAll(gist, "\ninsert "+ClassAddition+" ", "\ninsert "+ClassWording+" ")
}

// notOnPaper are recipes that print as something else, or are read as something else:
// blanks and line ends of a kind that a page shows otherwise or not at all, signs that a
// browser does not take for what they are in a chat, and mixed directions within one
// line. Some of these copies are called altered, and were not.
var notOnPaper = regexp.MustCompile(`^(spaces|line ends|numbered list: Arabic|languages|list on one line|styled|quoted)|spaces|quoted|Arabic digits|full-width|, line 1, ar|cut off by dots|left out with dots|a word of the third|stars of Arabic|in Arabic, ar|Arabic-Indic|vowel signs`)

// directed lets each paragraph have the direction of its first letter, as a page in
// Arabic does.
var directed = strings.NewReplacer("<p>", `<p dir="auto">`, "<li>", `<li dir="auto">`, "<h1>", `<h1 dir="auto">`)

// unprinted reports whether paper cannot hold a character, or fonts seldom do: what is
// printed is another text then.
func unprinted(r rune) bool {
	return noXML(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Variation_Selector, r) || r == 0x034f || r == 0x2800 || r == 0x3164 || r == 0x115f || r == 0x1160 || r == 0xffa0 || r == '\ufe58' || r == '\ufe63'
}

func printPDF(t *testing.T, ctx context.Context, source string) []byte {
	t.Helper()
	var b []byte
	browsertest.Run(t, ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		tree, err := cdppage.GetFrameTree().Do(ctx)
		if err != nil {
			return err
		}
		if err := cdppage.SetDocumentContent(tree.Frame.ID, source).Do(ctx); err != nil {
			return err
		}
		b, _, err = cdppage.PrintToPDF().Do(ctx)
		return err
	}))
	return b
}
