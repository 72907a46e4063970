package site

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/publish"
)

// verdictPage is the answer to a copy.
type verdictPage struct {
	page
	Tone, Icon, Word, Sentence, Meaning string
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
	PublicationPath, VersionPath string
	Titles                       []title
	Number                       int
	Dated, Languages, Current    string
	LatestPath                   string // of a version that was replaced only
	LatestRetracted              bool
	LatestNumber                 int
	LatestDated, LatestReason    string
	Also                         []link
	publication                  publish.Summary
	version                      publish.VersionSummary
}

func (s *site) verify(r *http.Request) (answer, error) {
	form, err := readForm(r)
	if err != nil {
		return answer{}, err
	}
	copied, ok := form.copied()
	if !ok {
		return s.show(match.NewUnchecked(reasonTwoCopies, "", ""), nil, form.slug)
	}
	v, c := s.service.VerifyFile(r.Context(), form.slug, copied)
	if c == nil {
		return s.show(v, nil, form.slug)
	}
	return s.show(v, c.Text, form.slug)
}

// show makes the page of a verdict.
func (s *site) show(v *match.Verdict, copied []byte, asked string) (answer, error) {
	h, ok := headlines[v.Verdict]
	if !ok {
		return answer{}, fmt.Errorf("verdict %q has no words", v.Verdict)
	}
	about, err := s.about(v)
	if err != nil {
		return answer{}, err
	}
	view := verdictPage{
		page: s.head(h.word), Tone: h.tone, Icon: h.icon, Word: h.word, Sentence: h.sentence, Meaning: h.meaning,
		Why: reason(v), About: about, Evidence: s.evidence(v, about),
		Tolerances: toleranceWords(v),
	}
	if about != nil {
		if view.Retracted = retractionOf(about.publication.Slug, about.version.Retracted); v.Retracted && view.Retracted == nil {
			view.Retracted = &retractionView{Path: historyPath(about.publication.Slug)}
		}
		view.Sentence = sentence(h.sentence, v, about)
		if v.Verdict == match.Unchecked {
			view.Meaning = "Nothing is said of the names that could not be checked. " + notTrue
		}
	}
	if v.Retracted && h.tone == toneSame {
		view.Tone, view.Icon = toneOpen, iconUnchecked
		view.Sentence += " Its publisher has retracted it."
	}
	s.fillTexts(&view, v, string(copied))
	if p, err := s.service.Publication(asked); err == nil {
		view.Form = formFor(p.Slug)
	} else {
		view.Form = formAmong(s.service.Publications())
	}
	return answer{template: "verdict", view: view, private: true}, nil
}

// fillTexts shows passages of the copy and of the published text. One screen
// bounds them all, the gravest first.
func (s *site) fillTexts(view *verdictPage, v *match.Verdict, copied string) {
	sc := newScreen()
	parts := segments(copied, edits(v))
	view.Differences = differences(sc, v.Changes, parts)
	view.DifferencesHeading = count(len(v.Changes), "difference in the text", "differences in the text")
	if more := len(v.Changes) - len(view.Differences); more > 0 {
		view.MoreDifferences = fmt.Sprintf("%d more differences are not shown here. POST /api/v1/verify lists all of them.", more)
	}
	view.List = listOf(sc, v)
	if view.About != nil && v.Verdict == match.Excerpt {
		s.quote(view, sc, v, copied)
	}
	for _, w := range warnings(v.Warnings) {
		view.Warnings = append(view.Warnings, sc.copied(w, maxName))
	}
	for i, x := range v.Surroundings {
		if i == maxDifferences {
			break
		}
		view.Surroundings = append(view.Surroundings, sc.copied(x.Text, maxName))
	}
	if v.Verdict == match.Altered && len(copied) <= maxFull {
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

func differences(sc *screen, list []match.Change, parts []segment) []differenceView {
	var out []differenceView
	first := firstSegments(parts, len(list))
	for i, c := range list {
		if i == maxDifferences || sc.left <= 0 {
			break
		}
		d := differenceView{
			Class: cmp.Or(classes[c.Class], c.Class), Context: sc.show(around(parts, first[i]), maxInContext),
			PublishedLabel: "The published text says", CopyLabel: "The copy says",
		}
		switch c.Op {
		case match.OpInsert:
			d.CopyLabel = "The copy adds"
		case match.OpDelete:
			d.PublishedLabel = "The copy leaves out"
		case match.OpMove:
			d.PublishedLabel, d.CopyLabel = "This stands elsewhere in the copy", "In the published text this stands elsewhere"
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
func sentence(words string, v *match.Verdict, about *aboutView) string {
	version := fmt.Sprintf("version\u00a0%d", v.Version)
	if about.Dated != "" {
		version += " (" + about.Dated + ")"
	}
	switch {
	case v.Verdict == match.Unchecked:
		return "The text of this copy is that of " + version + ". Its signatory list could not be checked."
	case v.Verdict == match.Unknown:
		return words
	case v.Verdict == match.Authentic && v.Signatories.Status == match.ListSame:
		return fmt.Sprintf("This copy is the text of %s, with its signatory list. Only its presentation differs.", version)
	}
	return fmt.Sprintf(words, version)
}

// about looks up what a verdict names. A verdict that names nothing has none.
func (s *site) about(v *match.Verdict) (*aboutView, error) {
	if v.Version == 0 {
		return nil, nil
	}
	p, n, err := s.find(v.Publication, v.Version)
	if err != nil {
		return nil, fmt.Errorf("verdict names publication %q version %d: %v", v.Publication, v.Version, err)
	}
	a := &aboutView{
		PublicationPath: publicationPath(p.Slug), VersionPath: versionPath(p.Slug, n.Version), Titles: titles(n.Title), Number: n.Version,
		Dated: dated(n.Date, n.Place), Languages: languageNames(v.Languages), Current: currentWords[v.Current], publication: p, version: n,
	}
	if v.Retracted && v.Current == match.CurrentNo {
		a.Current = "No, it was retracted."
	}
	if v.Current == match.CurrentNo && v.Version < v.LatestVersion {
		_, last, err := s.find(v.Publication, v.LatestVersion)
		if err == nil {
			a.LatestPath, a.LatestNumber, a.LatestReason = versionPath(p.Slug, last.Version), last.Version, last.Reason
			a.LatestDated = dated(last.Date, last.Place)
			a.LatestRetracted = last.Retracted != nil
		}
	}
	for _, m := range v.AlsoMatches {
		name := fmt.Sprintf("version %d", m.Version)
		if m.Publication != v.Publication {
			name += " of " + m.Publication
		}
		a.Also = append(a.Also, link{versionPath(m.Publication, m.Version), name})
	}
	return a, nil
}
