package site

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/publish"
)

// historyPage shows every record of a publication after its genesis, the newest
// first, and what each version changed.
type historyPage struct {
	page
	Slug, PublicationPath, Genesis string
	ChainPath                      string
	Titles                         []title
	Retracted                      *retractionView
	Records                        []recordLine
	Proposals                      []string
	Left, Said                     []saidLine // who withdrew or denies; and the rest
	Folded                         bool       // there are many
	Versions                       []int      // to choose two from, in order
	First, Last                    int
	ComparePath                    string
}

// recordLine is a version, a retraction, a policy or a redaction.
type recordLine struct {
	Sequence           int64
	Heading            string
	Path               string // of the version
	Retraction, Latest bool
	Withdrawn          *retractionView // of the version
	Reason             string
	Issued             string
	Date               string
	Signatures         []signatureLine
	Record             string
	Index              int
	EntryPath          string
	Changes            []string // a line each
	ComparePath        string
	Against            int
}

// retractionView says that something was withdrawn, when and why.
type retractionView struct {
	Whole  bool // the publication, with all its versions
	Reason string
	Issued string
	Path   string // of the history
}

func (v *visit) retractionOf(slug string, r *publish.RetractionSummary) *retractionView {
	if r == nil {
		return nil
	}
	return &retractionView{Whole: r.Version == 0, Reason: r.Reason, Issued: r.Issued, Path: v.to(historyPath(slug)) + "#record-" + strconv.FormatInt(r.Sequence, 10)}
}

// retractedTag says in a list what was withdrawn.
func (v *visit) retractedTag(p publish.Summary) string {
	switch n := len(p.Versions); {
	case p.Retracted != nil:
		return v.Say("tag_retracted")
	case n > 0 && p.Versions[n-1].Retracted != nil:
		return v.Say("tag_latest_retracted")
	}
	return ""
}

// maxCompared is how many versions are compared for one page.
const maxCompared = 40

// maxSaid is how many lines of what signatories said are shown unfolded.
const maxSaid = 10

func (v *visit) history() (answer, error) {
	p, err := v.publicationOf()
	if err != nil {
		return answer{}, err
	}
	t := v.titles(p.Title)
	view := historyPage{page: v.head(v.Say("title_history", "title", t[0].Text)), Slug: p.Slug, PublicationPath: v.to(publicationPath(p.Slug)), Genesis: p.Genesis.String(),
		ChainPath: v.to(chainPath(p.Slug)), Titles: t, Retracted: v.retractionOf(p.Slug, p.Retracted), ComparePath: v.to(publicationPath(p.Slug) + "/compare")}
	view.Feeds = v.feeds(p.Slug)
	records, err := v.service.Records(p.Slug)
	if err != nil {
		return answer{}, err
	}
	view.Proposals = v.proposals(p)
	if view.Left, view.Said, err = v.said(p.Slug); err != nil {
		return answer{}, err
	}
	view.Folded = len(view.Said) > maxSaid
	seen := map[int64]bool{}
	retraction := func(x *publish.RetractionSummary) {
		if x != nil && !seen[x.Sequence] {
			seen[x.Sequence] = true
			view.Records = append(view.Records, v.retractionLine(p, x))
		}
	}
	for i, n := range p.Versions {
		line := v.versionRecord(p, n)
		if i > 0 {
			line.ComparePath, line.Against = v.to(comparePath(p.Slug, n.Version-1, n.Version)), n.Version-1
		}
		if i > 0 && i >= len(p.Versions)-maxCompared {
			c, err := v.service.Compare(p.Slug, n.Version-1, n.Version)
			if err != nil {
				return answer{}, err
			}
			line.Changes = v.changeLines(c)
		}
		view.Records = append(view.Records, line)
		view.Versions = append(view.Versions, n.Version)
		retraction(n.Retracted)
	}
	retraction(p.Retracted)
	view.Records = append(view.Records, v.otherLines(records)...)
	for i, l := range view.Records {
		if l.Sequence < int64(len(records)) { // the newest may have come in between
			view.Records[i].Signatures = signatureLines(p.Slug, records[l.Sequence])
		}
	}
	slices.SortFunc(view.Records, func(a, b recordLine) int { return cmp.Compare(b.Sequence, a.Sequence) })
	if n := len(view.Versions); n > 1 {
		view.First, view.Last = view.Versions[n-2], view.Versions[n-1]
	}
	return answer{template: "history", view: view}, nil
}

func (v *visit) versionRecord(p publish.Summary, n publish.VersionSummary) recordLine {
	l := recordLine{
		Sequence: n.Sequence, Heading: v.Say("version_heading", "number", n.Version), Path: v.to(versionPath(p.Slug, n.Version)),
		Latest: n.Version == len(p.Versions), Reason: n.Reason, Issued: n.Issued,
		Date: v.dated(n.Date, n.Place), Record: n.Record.String(), Index: int(n.Index),
	}
	l.EntryPath = v.entryOf(n.Index)
	l.Withdrawn = v.retractionOf(p.Slug, n.Retracted)
	return l
}

func (v *visit) retractionLine(p publish.Summary, x *publish.RetractionSummary) recordLine {
	l := recordLine{
		Sequence: x.Sequence, Heading: v.Say("retracted_whole"), Retraction: true, Reason: x.Reason, Issued: x.Issued,
		Record: x.Record.String(), Index: int(x.Index),
	}
	l.EntryPath = v.entryOf(x.Index)
	if x.Version > 0 {
		l.Heading, l.Path = v.Say("retracted_number", "number", x.Version), v.to(versionPath(p.Slug, x.Version))
	}
	return l
}

// changesNoVersion reports whether a record is a policy, a recovery that is announced, or
// a redaction.
func changesNoVersion(r publish.RecordSummary) bool {
	return r.Type == "policy" || r.Type == "recovery" || r.Type == "redaction"
}

// announced is the recovery that the newest record announces, and nothing has ended.
func (v *visit) announced(slug string) (*recordLine, error) {
	records, err := v.service.Records(slug)
	if err != nil {
		return nil, err
	}
	last := records[len(records)-1] // the genesis at least
	if last.Type != "recovery" {
		return nil, nil
	}
	return &recordLine{Sequence: last.Sequence, Issued: last.Issued, Reason: last.Reason, Path: v.to(historyPath(slug)) + "#record-" + strconv.FormatInt(last.Sequence, 10)}, nil
}

// otherLines are the records that change no version.
func (v *visit) otherLines(records []publish.RecordSummary) []recordLine {
	var out []recordLine
	for _, r := range records {
		if changesNoVersion(r) {
			out = append(out, recordLine{Sequence: r.Sequence, Heading: v.recordHeading(r), Reason: r.Reason, Issued: r.Issued, Record: r.Record.String(),
				Index: int(r.Index), EntryPath: v.entryOf(r.Index)})
		}
	}
	return out
}

// changeLines says what changed, a line for each text and one for the list.
func (v *visit) changeLines(c *match.Comparison) []string {
	var out []string
	for _, t := range c.Texts {
		out = append(out, v.Say("text_line", "language", v.languageName(t.Language), "words", v.textWords(t)))
	}
	if c.PlaceDate != nil {
		out = append(out, v.Say("place_date_changed"))
	}
	return append(out, v.Say("names_line", "what", v.listWords(c.List)))
}

// textWords says how a text differs, in one line.
func (v *visit) textWords(t match.TextComparison) string {
	switch t.Status {
	case match.TextIdentical:
		return v.Say("text_identical")
	case match.TextSame:
		return v.Say("text_same")
	case match.TextAdded:
		return v.Say("text_new", "words", v.Say("words", "count", t.Added))
	case match.TextRemoved:
		return v.Say("text_gone")
	}
	return v.Say("text_changed", "added", v.Say("words_added", "count", t.Added), "removed", v.Say("words_removed", "count", t.Removed))
}

// listWords says how the list differs, in one line.
func (v *visit) listWords(l match.ListComparison) string {
	var parts []string
	for _, x := range []struct {
		n  int
		id string
	}{{len(l.Added), "names_added"}, {len(l.Removed), "names_removed"}, {len(l.Changed), "names_changed"}} {
		if x.n > 0 {
			parts = append(parts, v.Say(x.id, "count", x.n))
		}
	}
	if len(parts) == 0 {
		parts = []string{v.Say("names_same")}
	}
	if l.Reordered {
		parts = append(parts, v.Say("names_reordered"))
	}
	return v.joined(parts)
}
