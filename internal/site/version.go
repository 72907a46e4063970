package site

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"github.com/sijil/sijil/internal/publish"
)

// versionPage shows a version: its texts, its list, and where to get the files.
type versionPage struct {
	page
	versionFacts
	PublicationPath, Log        string
	HistoryPath                 string
	Before                      *link // the comparison with the version before
	Titles                      []title
	Contents                    []link
	Texts                       []textView
	Count                       string
	Names                       []nameView
	SomeWithheld                bool
	SignatoriesPath, BundlePath string
	Form                        formView
}

type link struct{ Path, Text string }

// textView is one language's text, taken apart for reading.
type textView struct {
	ID, Lang, Dir, Language, Path, File string
	Heading                             []run
	Blocks                              []block
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

func (s *site) version(r *http.Request) (answer, error) {
	slug := mux.Vars(r)["slug"]
	number, err := strconv.Atoi(mux.Vars(r)["version"])
	if err != nil {
		return answer{}, publish.ErrUnknown
	}
	p, v, err := s.find(slug, number)
	if err != nil {
		return answer{}, err
	}
	t := titles(v.Title)
	view := versionPage{
		page: s.head(t[0].Text + ", version " + strconv.Itoa(number)), versionFacts: factsOf(p, v), Titles: t,
		PublicationPath: publicationPath(slug), Log: p.Log.Origin, Count: signatoryCount(v.Signatories, v.Withheld) + ".", SomeWithheld: v.Withheld > 0,
		SignatoriesPath: signatoriesPath(slug, number), BundlePath: bundlePath(slug, v.Sequence), Form: formFor(slug),
	}
	view.HistoryPath = historyPath(slug)
	if number > 1 {
		view.Before = &link{comparePath(slug, number-1, number), fmt.Sprintf("What changed since version %d, word by word", number-1)}
	}
	for _, x := range v.Texts {
		body, err := s.service.Text(slug, number, x.Language)
		if err != nil {
			return answer{}, err
		}
		tv := readable(newScreen(), string(body))
		tv.ID, tv.Lang, tv.Dir, tv.Language = "text-"+x.Language, x.Language, direction(x.Language), languageName(x.Language)
		tv.Path, tv.File = textPath(slug, number, x.Language), x.File.Hex()
		view.Texts = append(view.Texts, tv)
		view.Contents = append(view.Contents, link{"#" + tv.ID, tv.Language})
	}
	view.Contents = append(view.Contents, link{"#signatories", "Signatories"})
	names, err := s.service.Names(slug, number)
	if err != nil {
		return answer{}, err
	}
	sc := newScreen()
	sc.left = len(names) * maxName // bounded already: a list has at most 10,000 names
	for _, n := range names {
		nv := nameView{Withheld: n.Withheld}
		if !n.Withheld {
			nv.Text = sc.published(n.Text, maxName)
		}
		view.Names = append(view.Names, nv)
	}
	return answer{template: "version", view: view}, nil
}

// find returns a version and its publication.
func (s *site) find(slug string, number int) (publish.Summary, publish.VersionSummary, error) {
	p, err := s.service.Publication(slug)
	if err != nil {
		return p, publish.VersionSummary{}, err
	}
	for _, v := range p.Versions {
		if v.Version == number {
			return p, v, nil
		}
	}
	return p, publish.VersionSummary{}, publish.ErrUnknown
}

// readable takes a published text apart: the first line is the title, a line that
// begins with a bullet is an item, every other one a paragraph.
func readable(sc *screen, body string) textView {
	var v textView
	blank := true
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if line == "" {
			blank = true
			continue
		}
		if sc.left <= 0 {
			v.Cut = "The text goes on: the whole of it is in the text file."
			break
		}
		item, bulleted := strings.CutPrefix(line, "• ")
		last := len(v.Blocks) - 1
		switch {
		case v.Heading == nil:
			v.Heading = sc.published(line, maxLine)
		case bulleted && last >= 0 && v.Blocks[last].Items != nil && !blank:
			v.Blocks[last].Items = append(v.Blocks[last].Items, sc.published(item, maxLine))
		case bulleted:
			v.Blocks = append(v.Blocks, block{Items: [][]run{sc.published(item, maxLine)}})
		default:
			v.Blocks = append(v.Blocks, block{Paragraph: sc.published(line, maxLine), Tight: !blank})
		}
		blank = false
	}
	return v
}
