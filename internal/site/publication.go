package site

import (
	"slices"

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

func (v *visit) home() (answer, error) {
	all := v.service.Publications()
	view := homePage{page: v.head(v.Say("nav_check")), Form: v.formAmong(all)}
	view.Feeds = v.feeds("")
	for i, p := range all {
		if i == maxChoices {
			view.More = v.Say("home_more", "count", len(all)-maxChoices)
			break
		}
		detail := v.Say("no_version")
		if n := len(p.Versions); n > 0 {
			last := p.Versions[n-1]
			detail = v.joined([]string{v.Say("count_versions", "count", n), v.counted(last.Signatories, last.Withheld)})
		}
		view.Publications = append(view.Publications, publicationLine{v.to(publicationPath(p.Slug)), v.titles(p.Title), detail, v.retractedTag(p)})
	}
	return answer{template: "home", view: view}, nil
}

// publicationPage shows a publication: its newest text and list, and its versions,
// the newest first.
type publicationPage struct {
	page
	Slug, Genesis, Log, HeadPath    string
	Titles                          []title
	Latest                          *versionFacts
	contentView                     // of the latest
	Cite                            citation
	Versions                        []versionLine
	HistoryPath, ChainPath          string
	EmbedPath, QRPath, EvidencePath string
	Retracted                       *retractionView // of the whole
	Proposals                       []string
	Announced                       *recordLine // a recovery that waits
	Form                            formView
}

type versionLine struct {
	versionFacts
	Path        string
	Languages   []string
	Signatories string
}

// versionFacts are what the pages say of a version.
type versionFacts struct {
	Number               int
	IsLatest             bool
	Reason, Date, Record string
	Issued               string
	Replaced, LatestPath string
	Slug                 string
	Index                int
	Awaiting             bool // the witness quorum has not seen it
	Retracted            *retractionView
}

func (v *visit) factsOf(p publish.Summary, n publish.VersionSummary) versionFacts {
	f := versionFacts{
		Number: n.Version, Reason: n.Reason, Date: v.placeDate(n), Record: n.Record.String(),
		Issued: n.Issued, Slug: p.Slug, Index: int(n.Index), Awaiting: !n.Public, Retracted: v.retractionOf(p.Slug, n.Retracted),
	}
	last := p.Versions[len(p.Versions)-1]
	if f.IsLatest = last.Version == n.Version; !f.IsLatest {
		id := "replaced_by"
		if last.Retracted != nil {
			id = "replaced_by_retracted"
		}
		f.Replaced, f.LatestPath = v.Say(id, "number", last.Version), v.to(versionPath(p.Slug, last.Version))
	}
	return f
}

func (v *visit) publication() (answer, error) {
	p, err := v.publicationOf()
	if err != nil {
		return answer{}, err
	}
	t := v.titles(p.Title)
	view := publicationPage{
		page: v.head(t[0].Text), Slug: p.Slug, Genesis: p.Genesis.String(), Log: p.Log.Origin,
		HeadPath: headPath(p.Slug), Titles: t, Form: v.formFor(p.Slug), HistoryPath: v.to(historyPath(p.Slug)), ChainPath: v.to(chainPath(p.Slug)),
		EmbedPath: v.to(embedPath(p.Slug)), Retracted: v.retractionOf(p.Slug, p.Retracted), Proposals: v.proposals(p),
	}
	if view.Announced, err = v.announced(p.Slug); err != nil {
		return answer{}, err
	}
	if v.pack != nil {
		view.EvidencePath = evidencePath(p.Slug)
	}
	if v.base != unknownBase {
		view.QRPath, view.OEmbed = qrPath(p.Slug), v.oEmbedOf(p.Slug)
	}
	view.Feeds = v.feeds(p.Slug)
	for _, n := range slices.Backward(p.Versions) {
		l := versionLine{versionFacts: v.factsOf(p, n), Path: v.to(versionPath(p.Slug, n.Version)), Signatories: v.counted(n.Signatories, n.Withheld)}
		for _, t := range n.Texts {
			l.Languages = append(l.Languages, v.languageName(t.Language))
		}
		view.Versions = append(view.Versions, l)
	}
	if n := len(p.Versions); n > 0 {
		last := p.Versions[n-1]
		view.Latest, view.Titles, view.Cite = &view.Versions[0].versionFacts, v.titles(last.Title), v.cite(p, last)
		if view.contentView, err = v.contentOf(p, last); err != nil {
			return answer{}, err
		}
	}
	return answer{template: "publication", view: view}, nil
}
