package site

import (
	"fmt"

	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/publish"
)

// verdictPage is the answer to a copy.
type verdictPage struct {
	page
	Tone, Icon, Word, Sentence, Meaning string
	Fetched                             *fetchedView // the page that was fetched
	Retracted                           *retractionView
	Why                                 []string
	About                               *aboutView
	Quotation                           []mark // an excerpt in its context
	QuotationLang, QuotationDir         string
	DifferencesHeading                  string
	Differences                         []differenceView
	MoreDifferences                     string
	List                                *listView
	Hidden                              []hiddenView
	Full                                []mark
	Surroundings                        [][]run
	Warnings                            [][]run
	Tolerances                          []string
	Evidence                            evidenceView
	Form                                formView
}

// aboutView says which version a verdict is about.
type aboutView struct {
	PublicationPath             string
	Titles                      []title
	Version                     link
	Dated, InLanguages, Current string
	Latest                      *link // of a version that was replaced only
	LatestRetracted             bool
	LatestDated, LatestReason   string
	Also                        []link
	publication                 publish.Summary
	version                     publish.VersionSummary
}

func (v *visit) verify() (answer, error) {
	form, err := readForm(v.r)
	if err != nil {
		return answer{}, err
	}
	copied, address, ok := form.copied()
	switch {
	case !ok:
		return v.show(match.NewUnchecked(reasonTwoCopies, "", ""), nil, form.slug)
	case address != "":
		return v.checkAddress(address, form.slug)
	}
	return v.check(form.slug, copied)
}

// check compares a file with a publication, and shows the verdict.
func (v *visit) check(slug string, file []byte) (answer, error) {
	verdict, c := v.service.VerifyFile(v.r.Context(), slug, file)
	if c == nil {
		return v.show(verdict, nil, slug)
	}
	return v.show(verdict, c.Text, slug)
}

// show makes the page of a verdict.
func (v *visit) show(verdict *match.Verdict, copied []byte, asked string) (answer, error) {
	view, err := v.verdictPage(verdict, copied, asked)
	return answer{template: "verdict", view: view, private: true}, err
}

func (v *visit) verdictPage(verdict *match.Verdict, copied []byte, asked string) (*verdictPage, error) {
	l, ok := looks[verdict.Verdict]
	if !ok {
		return nil, fmt.Errorf("verdict %q has no words", verdict.Verdict)
	}
	about, err := v.about(verdict)
	if err != nil {
		return nil, err
	}
	word := v.Say("verdict_" + verdict.Verdict)
	view := &verdictPage{
		page: v.head(word), Tone: l.tone, Icon: l.icon, Word: word, Sentence: v.sentence(verdict, about), Meaning: v.meaning(verdict),
		Why: v.reason(verdict), About: about, Evidence: v.evidence(verdict, about), Tolerances: v.toleranceWords(verdict),
	}
	if about != nil {
		if view.Retracted = v.retractionOf(about.publication.Slug, about.version.Retracted); verdict.Retracted && view.Retracted == nil {
			view.Retracted = &retractionView{Path: v.to(historyPath(about.publication.Slug))}
		}
	}
	if verdict.Retracted && l.tone == toneSame {
		view.Tone, view.Icon = toneOpen, iconUnchecked
		view.Sentence += " " + v.Say("sentence_retracted")
	}
	if verdict.NamesOthers() {
		if view.Tone == toneSame {
			view.Tone, view.Icon = toneOpen, iconUnchecked
		}
		view.Sentence += " " + v.Say("sentence_others")
	}
	v.fillTexts(view, verdict, string(copied))
	if p, err := v.service.Publication(asked); err == nil {
		view.Form = v.formFor(p.Slug)
	} else {
		view.Form = v.formAmong(v.service.Publications())
	}
	return view, nil
}

// fillTexts shows passages of the copy and of the published text. One screen
// bounds them all, the gravest first.
func (v *visit) fillTexts(view *verdictPage, verdict *match.Verdict, copied string) {
	sc := v.newScreen()
	parts := segments(copied, edits(verdict))
	view.Differences = v.differences(sc, verdict.Changes, parts)
	view.DifferencesHeading = v.Say("differences_heading", "count", len(verdict.Changes))
	if more := len(verdict.Changes) - len(view.Differences); more > 0 {
		view.MoreDifferences = v.Say("differences_more", "count", more)
	}
	view.List = v.listOf(sc, verdict)
	if view.About != nil && verdict.Verdict == match.Excerpt {
		v.quote(view, sc, verdict, copied)
	}
	for _, w := range v.warnings(verdict.Warnings) {
		view.Warnings = append(view.Warnings, sc.copied(w, maxName))
	}
	for i, x := range verdict.Surroundings {
		if i == maxDifferences {
			break
		}
		view.Surroundings = append(view.Surroundings, sc.copied(x.Text, maxName))
	}
	if verdict.Verdict == match.Altered && len(copied) <= maxFull {
		view.Full = sc.show(parts, maxFull)
	}
	view.Hidden = sc.legend()
}

const (
	maxDifferences = 200      // listed one by one
	maxFull        = 60 << 10 // bytes of a copy that is shown whole
	maxPassage     = 1200     // characters of one passage
	maxInContext   = 400      // and of one within its context
)

// differenceView is one change, in its context and in words.
type differenceView struct {
	Class                     string
	Context                   []mark
	PublishedLabel, CopyLabel string
	Published, Copy           []run
}

func (v *visit) differences(sc *screen, list []match.Change, parts []segment) []differenceView {
	var out []differenceView
	first := firstSegments(parts, len(list))
	for i, c := range list {
		if i == maxDifferences || sc.left <= 0 {
			break
		}
		d := differenceView{
			Class: v.spoken("class_", c.Class), Context: sc.show(around(parts, first[i]), maxInContext),
			PublishedLabel: v.Say("says_published"), CopyLabel: v.Say("says_copy"),
		}
		switch c.Op {
		case match.OpInsert:
			d.CopyLabel = v.Say("says_adds")
		case match.OpDelete:
			d.PublishedLabel = v.Say("says_omits")
		case match.OpMove:
			d.PublishedLabel, d.CopyLabel = v.Say("says_moves"), v.Say("says_moved")
		}
		d.Published, d.Copy = sc.published(c.Published, maxPassage), copyRuns(sc, c, parts, i, first[i])
		out = append(out, d)
	}
	return out
}

// copyRuns shows what the copy has, from its own bytes where they were found:
// in the change's segments, the first of which is at i.
func copyRuns(sc *screen, c match.Change, parts []segment, change, i int) []run {
	for ; i >= 0 && i < len(parts) && parts[i].change == change; i++ {
		if !parts[i].Deleted {
			return sc.show(parts[i:i+1], maxPassage)[0].Runs
		}
	}
	return sc.copied(c.Copy, maxPassage)
}

// sentence fills in the version, with the list where it decides.
func (v *visit) sentence(verdict *match.Verdict, about *aboutView) string {
	if about == nil {
		return v.Say("sentence_" + verdict.Verdict)
	}
	version := v.version(verdict.Version)
	if about.Dated != "" {
		version = v.Say("version_dated", "number", verdict.Version, "dated", about.Dated)
	}
	id := "sentence_" + verdict.Verdict
	switch {
	case verdict.Verdict == match.Unchecked && verdict.Reason.Code != match.ReasonHidden:
		id = "sentence_unchecked_list"
	case verdict.Verdict == match.Authentic && verdict.Signatories.Status == match.ListSame:
		id = "sentence_authentic_list"
	}
	return v.Say(id, "version", version)
}

// about looks up what a verdict names. A verdict that names nothing has none.
func (v *visit) about(verdict *match.Verdict) (*aboutView, error) {
	if verdict.Version == 0 {
		return nil, nil
	}
	p, n, err := v.find(verdict.Publication, verdict.Version)
	if err != nil {
		return nil, fmt.Errorf("verdict names publication %q version %d: %v", verdict.Publication, verdict.Version, err)
	}
	a := &aboutView{
		PublicationPath: v.to(publicationPath(p.Slug)), Titles: v.titles(n.Title), Version: v.versionLink(p.Slug, n.Version, v.Say("version_heading", "number", n.Version)),
		Dated: v.dated(n.Date, n.Place), Current: v.current(verdict), publication: p, version: n,
	}
	if len(verdict.Languages) > 0 {
		a.InLanguages = v.Say("in_languages", "languages", v.languageNames(verdict.Languages))
	}
	if verdict.Current == match.CurrentNo && verdict.Version < verdict.LatestVersion {
		if _, last, err := v.find(verdict.Publication, verdict.LatestVersion); err == nil {
			l := v.versionLink(p.Slug, last.Version, v.version(last.Version))
			a.Latest, a.LatestReason, a.LatestDated, a.LatestRetracted = &l, last.Reason, v.dated(last.Date, last.Place), last.Retracted != nil
		}
	}
	for _, m := range verdict.AlsoMatches {
		name := v.version(m.Version)
		if m.Publication != verdict.Publication {
			name = v.Say("version_of", "number", m.Version, "publication", m.Publication)
		}
		a.Also = append(a.Also, v.versionLink(m.Publication, m.Version, name))
	}
	return a, nil
}

func (v *visit) versionLink(slug string, number int, words string) link {
	return link{Path: v.to(versionPath(slug, number)), Text: words}
}
