package site

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/endorsement"
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
	Number    int
	Path      string
	Date      string
	Record    string
	Retracted *retractionView
	Issued    string
	Link      link // within a sentence
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
func (v *visit) chooseCompare() (answer, error) {
	q := v.r.URL.Query()
	a, errA := strconv.Atoi(q.Get("before"))
	b, errB := strconv.Atoi(q.Get("after"))
	slug := v.variable("slug")
	if _, err := v.service.Publication(slug); err != nil || errA != nil || errB != nil || a < 1 || b < 1 {
		return answer{}, publish.ErrUnknown
	}
	return v.elsewhere(comparePath(slug, a, b)), nil
}

func (v *visit) compare() (answer, error) {
	slug := v.variable("slug")
	var two [2]publish.VersionSummary
	var p publish.Summary
	for i, name := range []string{"a", "b"} {
		n, err := strconv.Atoi(v.variable(name))
		if err != nil {
			return answer{}, publish.ErrUnknown
		}
		if p, two[i], err = v.find(slug, n); err != nil {
			return answer{}, err
		}
	}
	a, b := two[0], two[1]
	c, err := v.service.Compare(slug, a.Version, b.Version)
	if err != nil {
		return answer{}, err
	}
	view := comparePage{page: v.head(v.Say("title_compare", "title", v.titles(p.Title)[0].Text, "a", a.Version, "b", b.Version)), Slug: slug,
		PublicationPath: v.to(publicationPath(slug)), HistoryPath: v.to(historyPath(slug)), Titles: v.titles(b.Title), Before: v.comparedOf(p, a), After: v.comparedOf(p, b),
		PlaceDate: c.PlaceDate, ListWords: upperFirst(v.listWords(c.List)), ListCount: v.Say("compare_count", "before", c.List.Before, "a", a.Version, "after", c.List.After, "b", b.Version)}
	if a.Version != b.Version {
		view.Opposite = v.to(comparePath(slug, b.Version, a.Version))
	}
	sc := v.newScreen()
	for _, t := range c.Texts {
		x := v.comparedTextOf(sc, t)
		view.Texts = append(view.Texts, x)
		view.Contents = append(view.Contents, link{Path: "#" + x.ID, Text: x.Language})
	}
	view.Contents = append(view.Contents, link{Path: "#signatories", Text: v.Say("signatories")})
	if view.Groups, err = v.listGroups(sc, slug, a.Version, b.Version, c.List); err != nil {
		return answer{}, err
	}
	view.Hidden = sc.legend()
	return answer{template: "compare", view: view}, nil
}

func (v *visit) comparedOf(p publish.Summary, n publish.VersionSummary) comparedVersion {
	path := v.to(versionPath(p.Slug, n.Version))
	return comparedVersion{Number: n.Version, Path: path, Date: v.dated(n.Date, n.Place), Record: n.Record.String(),
		Retracted: v.retractionOf(p.Slug, n.Retracted), Issued: n.Issued, Link: link{Path: path, Text: v.version(n.Version)}}
}

// comparedTextOf shows a text: the changes with a few words around them, then the
// whole.
func (v *visit) comparedTextOf(sc *screen, t match.TextComparison) comparedText {
	x := comparedText{ID: "text-" + t.Language, Lang: t.Language, Dir: direction(t.Language), Language: v.languageName(t.Language), Words: upperFirst(v.textWords(t)), Changed: t.Status == match.TextChanged}
	excerpts := match.Excerpts(t.Pieces, contextWords)
	for i, e := range excerpts {
		if i == maxDifferences || sc.left <= 0 {
			x.Cut = v.Say("compare_more", "count", len(excerpts)-i)
			return x
		}
		x.Excerpts = append(x.Excerpts, diffLines(sc, e))
	}
	if x.Changed {
		x.Lines = diffLines(sc, t.Pieces)
		if sc.left <= 0 {
			x.Cut = v.Say("text_cut")
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

func (v *visit) listGroups(sc *screen, slug string, a, b int, l match.ListComparison) ([]nameGroup, error) {
	before, err := v.knownIn(slug, a)
	if err != nil {
		return nil, err
	}
	after, err := v.knownIn(slug, b)
	if err != nil {
		return nil, err
	}
	name := func(n match.ListedName) []run {
		if n.Withheld {
			return []run{{Text: v.Say("name_withheld")}}
		}
		return sc.published(n.Name, maxName)
	}
	added := nameGroup{Heading: v.Say("added"), More: v.moreNames(len(l.Added))}
	for _, n := range l.Added[:min(len(l.Added), maxNames)] {
		added.Names = append(added.Names, namePair{Copy: name(n), Known: after(n.Position)})
	}
	removed := nameGroup{Heading: v.Say("removed"), More: v.moreNames(len(l.Removed))}
	for _, n := range l.Removed[:min(len(l.Removed), maxNames)] {
		removed.Names = append(removed.Names, namePair{Published: name(n), Known: before(n.Position)})
	}
	changed := nameGroup{Heading: v.Say("changed"), More: v.moreNames(len(l.Changed))}
	for _, n := range l.Changed[:min(len(l.Changed), maxNames)] {
		changed.Names = append(changed.Names, namePair{Published: sc.published(n.Before, maxName), Copy: sc.published(n.After, maxName), Known: after(n.Position)})
	}
	return slices.DeleteFunc([]nameGroup{added, removed, changed}, func(g nameGroup) bool { return len(g.Names) == 0 }), nil
}

// knownIn says how the entry at a place of a version's list is known; nil where its name
// is withheld.
func (v *visit) knownIn(slug string, version int) (func(place int) *knownView, error) {
	list, err := v.service.Standings(v.r.Context(), slug, version)
	if err != nil {
		return nil, err
	}
	return func(place int) *knownView {
		if place < 0 || place >= len(list) || list[place].Known == endorsement.Withheld {
			return nil
		}
		k := v.knownOf(list[place])
		return &k
	}, nil
}
