package site

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gorilla/mux"

	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/publish"
)

// comparePage shows what differs between two versions.
type comparePage struct {
	page
	Slug, PublicationPath, HistoryPath string
	Titles                             []title
	Before, After                      comparedVersion
	Opposite                           string // the same, the other way round
	Contents                           []link
	Texts                              []comparedText
	PlaceDate                          *match.LineChange
	ListWords                          string
	ListCount                          string
	Groups                             []nameGroup
	Hidden                             []hiddenView
}

type comparedVersion struct {
	Number        int
	Path          string
	Date          string
	Record        string
	Retracted     *retractionView
	Issued, Words string
}

// comparedText is one language: the later text, cut into lines, with what was
// removed in its place.
type comparedText struct {
	ID, Lang, Dir, Language, Words string
	Changed                        bool
	Excerpts                       [][]diffLine
	Lines                          []diffLine
	Cut                            string
}

// diffLine is a line of a text: a paragraph, or an item.
type diffLine struct {
	Marks []mark
	Blank bool // a blank line stands before it
}

// chooseCompare sends the form on to the permanent address of what it chose.
func (s *site) chooseCompare(r *http.Request) (answer, error) {
	q := r.URL.Query()
	a, errA := strconv.Atoi(q.Get("before"))
	b, errB := strconv.Atoi(q.Get("after"))
	slug := mux.Vars(r)["slug"]
	if _, err := s.service.Publication(slug); err != nil || errA != nil || errB != nil || a < 1 || b < 1 {
		return answer{}, publish.ErrUnknown
	}
	return answer{elsewhere: comparePath(slug, a, b)}, nil
}

func (s *site) compare(r *http.Request) (answer, error) {
	vars := mux.Vars(r)
	slug := vars["slug"]
	var two [2]publish.VersionSummary
	var p publish.Summary
	for i, name := range []string{"a", "b"} {
		n, err := strconv.Atoi(vars[name])
		if err != nil {
			return answer{}, publish.ErrUnknown
		}
		if p, two[i], err = s.find(slug, n); err != nil {
			return answer{}, err
		}
	}
	a, b := two[0], two[1]
	c, err := s.service.Compare(slug, a.Version, b.Version)
	if err != nil {
		return answer{}, err
	}
	v := comparePage{page: s.head(fmt.Sprintf("%s, versions %d and %d", titles(p.Title)[0].Text, a.Version, b.Version)), Slug: slug,
		PublicationPath: publicationPath(slug), HistoryPath: historyPath(slug), Titles: titles(b.Title), Before: comparedOf(p, a), After: comparedOf(p, b),
		PlaceDate: c.PlaceDate, ListWords: upperFirst(listWords(c.List)), ListCount: fmt.Sprintf("%d in version %d, %d in version %d", c.List.Before, a.Version, c.List.After, b.Version)}
	if a.Version != b.Version {
		v.Opposite = comparePath(slug, b.Version, a.Version)
	}
	sc := newScreen()
	for _, t := range c.Texts {
		x := comparedTextOf(sc, t)
		v.Texts = append(v.Texts, x)
		v.Contents = append(v.Contents, link{"#" + x.ID, x.Language})
	}
	v.Contents = append(v.Contents, link{"#signatories", "Signatories"})
	v.Groups = listGroups(sc, c.List)
	v.Hidden = sc.legend()
	return answer{template: "compare", view: v}, nil
}

func comparedOf(p publish.Summary, v publish.VersionSummary) comparedVersion {
	return comparedVersion{Number: v.Version, Path: versionPath(p.Slug, v.Version), Date: dated(v.Date, v.Place), Record: v.Record.String(),
		Retracted: retractionOf(p.Slug, v.Retracted), Issued: v.Issued, Words: instant(v.Issued)}
}

// comparedTextOf shows a text: the changes with a few words around them, then the
// whole.
func comparedTextOf(sc *screen, t match.TextComparison) comparedText {
	x := comparedText{ID: "text-" + t.Language, Lang: t.Language, Dir: direction(t.Language), Language: languageName(t.Language), Words: upperFirst(textWords(t)), Changed: t.Status == match.TextChanged}
	excerpts := match.Excerpts(t.Pieces, contextWords)
	for i, e := range excerpts {
		if i == maxDifferences || sc.left <= 0 {
			x.Cut = fmt.Sprintf("%d more changes are not shown here: sijil diff shows all of them.", len(excerpts)-i)
			return x
		}
		x.Excerpts = append(x.Excerpts, diffLines(sc, e))
	}
	if x.Changed {
		x.Lines = diffLines(sc, t.Pieces)
		if sc.left <= 0 {
			x.Cut = "The text goes on: the whole of it is in the text files."
		}
	}
	return x
}

// diffLines cuts pieces into lines, so that each is a paragraph of the page.
func diffLines(sc *screen, all []match.Piece) []diffLine {
	var out []diffLine
	var now diffLine
	blank, breaks := false, 0 // line ends since the last words
	flush := func() {
		if len(now.Marks) > 0 {
			now.Blank = blank
			out = append(out, now)
		}
		now, blank = diffLine{}, breaks > 1
	}
	for _, p := range all {
		for i, part := range strings.Split(p.Text, "\n") {
			if i > 0 {
				breaks++
				flush()
			}
			if part == "" || sc.left <= 0 {
				continue
			}
			breaks = 0
			now.Marks = append(now.Marks, marksOf(sc, p.Kind, part)...)
		}
	}
	flush()
	return out
}

// marksOf marks a piece of one line; the space around it is left outside.
func marksOf(sc *screen, kind match.PieceKind, s string) []mark {
	if kind == match.Common {
		return []mark{{Runs: sc.published(s, maxLine)}}
	}
	body := strings.TrimSpace(s)
	before, after, _ := strings.Cut(s, body)
	var out []mark
	for _, x := range []struct {
		s    string
		kind match.PieceKind
	}{{before, match.Common}, {body, kind}, {after, match.Common}} {
		if x.s != "" {
			out = append(out, mark{Deleted: x.kind == match.Removed, Inserted: x.kind == match.Inserted, Runs: sc.published(x.s, maxLine)})
		}
	}
	return out
}

// upperFirst begins a sentence.
func upperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

func listGroups(sc *screen, l match.ListComparison) []nameGroup {
	name := func(n match.ListedName) []run {
		if n.Withheld {
			return []run{{Text: "one name withheld"}}
		}
		return sc.published(n.Name, maxName)
	}
	added := nameGroup{Heading: "Added", More: moreNames(len(l.Added))}
	for _, n := range l.Added[:min(len(l.Added), maxNames)] {
		added.Names = append(added.Names, namePair{Copy: name(n)})
	}
	removed := nameGroup{Heading: "Removed", More: moreNames(len(l.Removed))}
	for _, n := range l.Removed[:min(len(l.Removed), maxNames)] {
		removed.Names = append(removed.Names, namePair{Published: name(n)})
	}
	changed := nameGroup{Heading: "Changed", More: moreNames(len(l.Changed))}
	for _, n := range l.Changed[:min(len(l.Changed), maxNames)] {
		changed.Names = append(changed.Names, namePair{Published: sc.published(n.Before, maxName), Copy: sc.published(n.After, maxName)})
	}
	return slices.DeleteFunc([]nameGroup{added, removed, changed}, func(g nameGroup) bool { return len(g.Names) == 0 })
}
