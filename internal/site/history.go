package site

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/publish"
)

// historyPage shows every record of a publication after its genesis, the newest
// first, and what each version changed.
type historyPage struct {
	page
	Slug, PublicationPath, Genesis string
	Titles                         []title
	Retracted                      *retractionView
	Records                        []recordLine
	Versions                       []int // to choose two from, in order
	First, Last                    int
	ComparePath                    string
}

// recordLine is a version, or a retraction.
type recordLine struct {
	Sequence           int64
	Heading            string
	Path               string // of the version
	Retraction, Latest bool
	Withdrawn          *retractionView // of the version
	Reason             string
	Issued, IssuedText string
	Date               string
	Key, Record        string
	Index              int64
	Bundle             string
	Changes            []string // a line each
	ComparePath        string
	Against            int
}

// retractionView says that something was withdrawn, when and why.
type retractionView struct {
	Whole              bool // the publication, with all its versions
	Reason             string
	Issued, IssuedText string
	Path               string // of the history
}

func retractionOf(slug string, r *publish.RetractionSummary) *retractionView {
	if r == nil {
		return nil
	}
	return &retractionView{Whole: r.Version == 0, Reason: r.Reason, Issued: r.Issued, IssuedText: instant(r.Issued), Path: historyPath(slug) + "#record-" + strconv.FormatInt(r.Sequence, 10)}
}

// retractedTag says in a list what was withdrawn.
func retractedTag(p publish.Summary) string {
	switch n := len(p.Versions); {
	case p.Retracted != nil:
		return "retracted"
	case n > 0 && p.Versions[n-1].Retracted != nil:
		return "latest version retracted"
	}
	return ""
}

// maxCompared is how many versions are compared for one page.
const maxCompared = 40

func (s *site) history(r *http.Request) (answer, error) {
	p, err := s.service.Publication(mux.Vars(r)["slug"])
	if err != nil {
		return answer{}, err
	}
	t := titles(p.Title)
	v := historyPage{page: s.head("History of " + t[0].Text), Slug: p.Slug, PublicationPath: publicationPath(p.Slug), Genesis: p.Genesis.String(),
		Titles: t, Retracted: retractionOf(p.Slug, p.Retracted), ComparePath: publicationPath(p.Slug) + "/compare"}
	seen := map[int64]bool{}
	retraction := func(x *publish.RetractionSummary) {
		if x != nil && !seen[x.Sequence] {
			seen[x.Sequence] = true
			v.Records = append(v.Records, retractionLine(p, x))
		}
	}
	for i, n := range p.Versions {
		line := versionRecord(p, n)
		if i > 0 {
			line.ComparePath, line.Against = comparePath(p.Slug, n.Version-1, n.Version), n.Version-1
		}
		if i > 0 && i >= len(p.Versions)-maxCompared {
			c, err := s.service.Compare(p.Slug, n.Version-1, n.Version)
			if err != nil {
				return answer{}, err
			}
			line.Changes = changeLines(c)
		}
		v.Records = append(v.Records, line)
		v.Versions = append(v.Versions, n.Version)
		retraction(n.Retracted)
	}
	retraction(p.Retracted)
	slices.SortFunc(v.Records, func(a, b recordLine) int { return cmp.Compare(b.Sequence, a.Sequence) })
	if n := len(v.Versions); n > 1 {
		v.First, v.Last = v.Versions[n-2], v.Versions[n-1]
	}
	return answer{template: "history", view: v}, nil
}

func versionRecord(p publish.Summary, n publish.VersionSummary) recordLine {
	l := recordLine{
		Sequence: n.Sequence, Heading: fmt.Sprintf("Version %d", n.Version), Path: versionPath(p.Slug, n.Version),
		Latest: n.Version == len(p.Versions), Reason: n.Reason, Issued: n.Issued, IssuedText: instant(n.Issued),
		Date: dated(n.Date, n.Place), Key: n.Key.String(), Record: n.Record.String(), Index: n.Index, Bundle: bundlePath(p.Slug, n.Sequence),
	}
	l.Withdrawn = retractionOf(p.Slug, n.Retracted)
	return l
}

func retractionLine(p publish.Summary, x *publish.RetractionSummary) recordLine {
	l := recordLine{
		Sequence: x.Sequence, Heading: "The publication was retracted", Retraction: true, Reason: x.Reason, Issued: x.Issued, IssuedText: instant(x.Issued),
		Key: x.Key.String(), Record: x.Record.String(), Index: x.Index, Bundle: bundlePath(p.Slug, x.Sequence),
	}
	if x.Version > 0 {
		l.Heading, l.Path = fmt.Sprintf("Version %d was retracted", x.Version), versionPath(p.Slug, x.Version)
	}
	return l
}

// changeLines says what changed, a line for each text and one for the list.
func changeLines(c *match.Comparison) []string {
	var out []string
	for _, t := range c.Texts {
		out = append(out, languageName(t.Language)+": "+textWords(t))
	}
	if c.PlaceDate != nil {
		out = append(out, "Place and date: changed")
	}
	return append(out, "Signatories: "+listWords(c.List))
}

// textWords says how a text differs, in one line.
func textWords(t match.TextComparison) string {
	switch t.Status {
	case match.TextIdentical:
		return "identical"
	case match.TextSame:
		return "the same text; only its presentation differs"
	case match.TextAdded:
		return "new, " + count(t.Added, "word", "words")
	case match.TextRemoved:
		return "no longer there"
	}
	return count(t.Added, "word added", "words added") + ", " + count(t.Removed, "word removed", "words removed")
}

// listWords says how the list differs, in one line.
func listWords(l match.ListComparison) string {
	var parts []string
	for _, x := range []struct {
		n    int
		what string
	}{{len(l.Added), "added"}, {len(l.Removed), "removed"}, {len(l.Changed), "changed"}} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	if len(parts) == 0 {
		parts = []string{"the same names"}
	}
	if l.Reordered {
		parts = append(parts, "in another order")
	}
	return strings.Join(parts, ", ")
}
