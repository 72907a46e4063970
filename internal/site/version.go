package site

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/sijil/sijil/internal/message"
	"github.com/sijil/sijil/internal/publish"
)

// versionPage shows a version: its texts, its list, and where to get the files.
type versionPage struct {
	page
	versionFacts
	PublicationPath, Log string
	HistoryPath          string
	Before               *link // the comparison with the version before
	Titles               []title
	contentView
	Cite citation
	Form formView
}

// contentView is what a version says: its texts, its list, and where the files are.
type contentView struct {
	Contents                    []link
	Texts                       []textView
	Count                       string
	Names                       []nameView // in the order in which they are shown
	Signatories                 []signatoryView
	Counts                      []countView
	SomeWithheld                bool
	Roll                        *rollView // of endorsers who stand in no list
	SignatoriesPath, BundlePath string
}

// link leads somewhere within this service.
type link = message.Link

// textView is one language's text, taken apart for reading.
type textView struct {
	ID, Lang, Dir, Language, Path, File string
	Heading                             []run
	Blocks                              []block
	PlaceDate                           [][]run // lines, as the publisher wrote them
	PrintPath                           string
	Cut                                 string // says that the rest is in the file
}

// block is a paragraph, or the items of a list.
type block struct {
	Paragraph []run
	Tight     bool // no blank line before it
	Items     [][]run
}

// nameView is one entry of the list.
type nameView struct {
	Text     []run
	Withheld bool
}

// maxLine and maxName bound what is shown of a line, in characters.
const (
	maxLine = 20_000
	maxName = 600
)

func (v *visit) versionPage() (answer, error) {
	p, n, err := v.versionOf()
	if err != nil {
		return answer{}, err
	}
	number := n.Version
	t := v.titles(n.Title)
	view := versionPage{
		page: v.head(v.Say("title_version", "title", t[0].Text, "number", number)), versionFacts: v.factsOf(p, n), Titles: t,
		PublicationPath: v.to(publicationPath(p.Slug)), Log: p.Log.Origin, HistoryPath: v.to(historyPath(p.Slug)), Form: v.formFor(p.Slug),
	}
	view.Feeds = v.feeds(p.Slug)
	if number > 1 {
		view.Before = &link{Path: v.to(comparePath(p.Slug, number-1, number)), Text: v.Say("changed_since", "number", number-1)}
	}
	if view.contentView, err = v.contentOf(p, n); err != nil {
		return answer{}, err
	}
	view.Cite = v.cite(p, n)
	return answer{template: "version", view: view}, nil
}

// contentOf takes a version apart for reading: its texts, its list, its files.
func (v *visit) contentOf(p publish.Summary, n publish.VersionSummary) (contentView, error) {
	c := contentView{
		Count: v.counted(n.Signatories, n.Withheld) + ".", SomeWithheld: n.Withheld > 0,
		SignatoriesPath: signatoriesPath(p.Slug, n.Version), BundlePath: bundlePath(p.Slug, n.Sequence),
	}
	for _, x := range n.Texts {
		body, err := v.service.Text(p.Slug, n.Version, x.Language)
		if err != nil {
			return c, err
		}
		sc := v.newScreen()
		tv := v.readable(sc, string(body))
		for line := range strings.Lines(n.PlaceDate[x.Language]) {
			tv.PlaceDate = append(tv.PlaceDate, sc.published(strings.TrimSpace(line), maxName))
		}
		tv.ID, tv.Lang, tv.Dir, tv.Language = "text-"+x.Language, x.Language, direction(x.Language), v.languageName(x.Language)
		tv.Path, tv.File = textPath(p.Slug, n.Version, x.Language), x.File.Hex()
		if tv.PrintPath = v.to(printPath(p.Slug, n.Version, x.Language)); slices.Contains(message.Languages[:], x.Language) {
			tv.PrintPath = "/" + x.Language + printPath(p.Slug, n.Version, x.Language) // paper is in one language
		}
		c.Texts = append(c.Texts, tv)
	}
	slices.SortStableFunc(c.Texts, func(a, b textView) int { return cmp.Compare(v.rank(a.Lang), v.rank(b.Lang)) })
	for _, t := range c.Texts {
		c.Contents = append(c.Contents, link{Path: "#" + t.ID, Text: t.Language})
	}
	c.Contents = append(c.Contents, link{Path: "#signatories", Text: v.Say("signatories")})
	names, err := v.service.Names(p.Slug, n.Version)
	if err != nil {
		return c, err
	}
	if c.Roll, _, err = v.rollOf(p.Slug, n.Version); err != nil {
		return c, err
	}
	if c.Roll != nil {
		c.Contents = append(c.Contents, link{Path: "#endorsers", Text: v.Say("endorsers")})
	}
	sc := v.newScreen()
	sc.left = len(names) * maxName // bounded already: a list has at most 10,000 names
	list := make([]nameView, len(names))
	for i, name := range names {
		if list[i].Withheld = name.Withheld; !name.Withheld {
			list[i].Text = sc.published(name.Text, maxName)
		}
	}
	shown, err := v.service.Shown(p.Slug, n.Version)
	if err != nil {
		return c, err
	}
	for _, i := range shown {
		c.Names = append(c.Names, list[i])
	}
	c.Signatories, c.Counts, err = v.signatories(p.Slug, n.Version, list, shown)
	return c, err
}

// versionOf returns the version that the address names, and its publication.
func (v *visit) versionOf() (publish.Summary, publish.VersionSummary, error) {
	number, err := strconv.Atoi(v.variable("version"))
	if err != nil {
		return publish.Summary{}, publish.VersionSummary{}, publish.ErrUnknown
	}
	return v.find(v.variable("slug"), number)
}

// find returns a version and its publication.
func (v *visit) find(slug string, number int) (publish.Summary, publish.VersionSummary, error) {
	p, err := v.service.Publication(slug)
	if err != nil {
		return p, publish.VersionSummary{}, err
	}
	for _, n := range p.Versions {
		if n.Version == number {
			return p, n, nil
		}
	}
	return p, publish.VersionSummary{}, publish.ErrUnknown
}

// readable takes a published text apart: the first line is the title, a line that
// begins with a bullet is an item, every other one a paragraph.
func (v *visit) readable(sc *screen, body string) textView {
	var t textView
	blank := true
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if line == "" {
			blank = true
			continue
		}
		if sc.left <= 0 {
			t.Cut = v.Say("text_cut")
			break
		}
		item, bulleted := strings.CutPrefix(line, "• ")
		last := len(t.Blocks) - 1
		switch {
		case t.Heading == nil:
			t.Heading = sc.published(line, maxLine)
		case bulleted && last >= 0 && t.Blocks[last].Items != nil && !blank:
			t.Blocks[last].Items = append(t.Blocks[last].Items, sc.published(item, maxLine))
		case bulleted:
			t.Blocks = append(t.Blocks, block{Items: [][]run{sc.published(item, maxLine)}})
		default:
			t.Blocks = append(t.Blocks, block{Paragraph: sc.published(line, maxLine), Tight: !blank})
		}
		blank = false
	}
	return t
}
