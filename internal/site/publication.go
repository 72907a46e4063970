package site

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"github.com/sijil/sijil/internal/publish"
)

// homePage is the first page.
type homePage struct {
	page
	Form         formView
	Publications []publicationLine
	More         string
}

type publicationLine struct {
	Path      string
	Titles    []title
	Detail    string
	Retracted string // a tag's words
}

func (s *site) home(*http.Request) (answer, error) {
	all := s.service.Publications()
	v := homePage{page: s.head("Check a copy"), Form: formAmong(all)}
	for i, p := range all {
		if i == maxChoices {
			v.More = fmt.Sprintf("And %d more.", len(all)-maxChoices)
			break
		}
		detail := "no version yet"
		if n := len(p.Versions); n > 0 {
			last := p.Versions[n-1]
			detail = fmt.Sprintf("%s, %s", count(n, "version", "versions"), signatoryCount(last.Signatories, last.Withheld))
		}
		v.Publications = append(v.Publications, publicationLine{publicationPath(p.Slug), titles(p.Title), detail, retractedTag(p)})
	}
	return answer{template: "home", view: v}, nil
}

// publicationPage shows a publication and its versions, the newest first.
type publicationPage struct {
	page
	Slug, Genesis, Log, HeadPath string
	Titles                       []title
	Versions                     []versionLine
	HistoryPath                  string
	Retracted                    *retractionView // of the whole
	Form                         formView
}

type versionLine struct {
	versionFacts
	Path        string
	Languages   []string
	Signatories string
}

// versionFacts are what the pages say of a version.
type versionFacts struct {
	Number                     int
	Latest                     bool
	Reason, Date, Record       string
	Issued, IssuedText         string
	Replaced, LatestPath, Slug string
	Index                      int64
	Awaiting                   bool // the witness quorum has not seen it
	Retracted                  *retractionView
}

func factsOf(p publish.Summary, v publish.VersionSummary) versionFacts {
	f := versionFacts{
		Number: v.Version, Reason: v.Reason, Date: dated(v.Date, v.Place), Record: v.Record.String(),
		Issued: v.Issued, IssuedText: instant(v.Issued), Slug: p.Slug, Index: v.Index, Awaiting: !v.Public, Retracted: retractionOf(p.Slug, v.Retracted),
	}
	last := p.Versions[len(p.Versions)-1]
	if f.Latest = last.Version == v.Version; !f.Latest {
		f.Replaced = fmt.Sprintf("This version was replaced. The latest is version %d.", last.Version)
		if last.Retracted != nil {
			f.Replaced = fmt.Sprintf("This version was replaced. The latest is version %d, which was retracted.", last.Version)
		}
		f.LatestPath = versionPath(p.Slug, last.Version)
	}
	return f
}

func (s *site) publication(r *http.Request) (answer, error) {
	p, err := s.service.Publication(mux.Vars(r)["slug"])
	if err != nil {
		return answer{}, err
	}
	t := titles(p.Title)
	v := publicationPage{
		page: s.head(t[0].Text), Slug: p.Slug, Genesis: p.Genesis.String(), Log: p.Log.Origin,
		HeadPath: headPath(p.Slug), Titles: t, Form: formFor(p.Slug),
		HistoryPath: historyPath(p.Slug), Retracted: retractionOf(p.Slug, p.Retracted),
	}
	for _, n := range slices.Backward(p.Versions) {
		l := versionLine{versionFacts: factsOf(p, n), Path: versionPath(p.Slug, n.Version), Signatories: signatoryCount(n.Signatories, n.Withheld)}
		for _, t := range n.Texts {
			l.Languages = append(l.Languages, languageName(t.Language))
		}
		v.Versions = append(v.Versions, l)
	}
	return answer{template: "publication", view: v}, nil
}
