package site

import (
	"net/url"
	"slices"
	"strconv"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/sijil/sijil/internal/endorsement"
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/roll"
	"github.com/sijil/sijil/internal/statement"
)

// endorsersShown is how many endorsers a page has.
const endorsersShown = 100

// rollView counts the endorsers of a version, on the pages that show the version.
type rollView struct {
	Count  string
	Counts []countView
	Path   string
}

// endorsersPage shows a version's endorsers, a page at a time.
type endorsersPage struct {
	page
	Slug, PublicationPath string
	Number                int
	Titles                []title
	rollView
	Countries      []link
	Words          string
	Country, Known []option
	Endorsers      []endorserView
	NextPath       string
	FirstPath      string // of a page that is not the first
	BatchesPath    string
}

// option is one that a form gives to choose.
type option struct {
	Value, Text string
	Chosen      bool
}

type endorserView struct {
	nameView
	knownView
	Place                 int
	Role, Country, Domain string
	Index                 int
	Path                  string // of the batch's log entry
}

// regions name countries in each language.
var regions = map[string]display.Namer{
	"en": display.English.Regions(), "fr": display.French.Regions(), "ar": display.Arabic.Regions(),
}

func (v *visit) country(code string) string {
	r, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	if name := regions[v.Language].Name(r); name != "" {
		return name
	}
	return code
}

// rollOf counts the endorsers of a version; nil where it has none.
func (v *visit) rollOf(slug string, version int) (*rollView, roll.Tally, error) {
	sum, err := v.service.RollCounts(v.r.Context(), slug)
	if err != nil {
		return nil, nil, err
	}
	if sum.Tally.Count(version, "", "") == 0 {
		return nil, sum.Tally, nil
	}
	path := v.to(endorsersPath(slug, version))
	out := &rollView{Count: v.Say("endorsers_count", "count", int(sum.Tally.Standing(version))), Path: path}
	for _, k := range endorsersFirst {
		if n := sum.Tally.Count(version, "", k); n > 0 {
			view := v.knownAs(k)
			view.Word = v.Say(knownWords[k][1], "count", int(n))
			out.Counts = append(out.Counts, countView{view, path + "?known=" + string(k)})
		}
	}
	return out, sum.Tally, nil
}

// endorsersFirst is the order in which the ways are counted.
var endorsersFirst = []endorsement.Known{endorsement.Signed, roll.Unconfirmed, endorsement.Listed, endorsement.Withdrawn, endorsement.Withheld}

func (v *visit) endorsers() (answer, error) {
	p, n, err := v.versionOf()
	if err != nil {
		return answer{}, err
	}
	counts, tally, err := v.rollOf(p.Slug, n.Version)
	if err != nil {
		return answer{}, err
	}
	if counts == nil {
		return answer{}, publish.ErrUnknown
	}
	asked, err := url.ParseQuery(v.r.URL.RawQuery)
	if err != nil {
		return answer{}, publish.ErrUnknown
	}
	q := publish.RollQuery{Version: n.Version, Country: asked.Get("country"), Known: endorsement.Known(asked.Get("known")), Words: clipWords(asked.Get("q")), Limit: endorsersShown}
	if q.Known != "" && !slices.Contains(roll.Knowns(), q.Known) {
		return answer{}, publish.ErrUnknown
	}
	if after := asked.Get("after"); after != "" {
		if q.After, err = strconv.ParseInt(after, 10, 32); err != nil || q.After < 0 {
			return answer{}, publish.ErrUnknown
		}
	}
	t := v.titles(n.Title)
	view := endorsersPage{page: v.head(v.Say("endorsers_heading", "number", n.Version) + " · " + t[0].Text), Slug: p.Slug, PublicationPath: v.to(versionPath(p.Slug, n.Version)), Number: n.Version, Titles: t,
		rollView: *counts, Words: q.Words, BatchesPath: rollPath(p.Slug)}
	view.Country = []option{{"", v.Say("endorsers_any"), q.Country == ""}}
	for _, c := range tally.Countries(n.Version) {
		view.Country = append(view.Country, option{c, v.country(c), q.Country == c})
		view.Countries = append(view.Countries, link{Path: view.Path + "?country=" + c, Text: v.Say("endorsers_from", "country", v.country(c), "count", int(tally.Count(n.Version, c, "")-tally.Count(n.Version, c, endorsement.Withdrawn)))})
	}
	view.Known = []option{{"", v.Say("endorsers_any"), q.Known == ""}}
	for _, k := range endorsersFirst {
		view.Known = append(view.Known, option{string(k), v.Say(knownWords[k][0]), q.Known == k})
	}
	list, err := v.service.RollEntries(v.r.Context(), p.Slug, q)
	if err != nil {
		return answer{}, err
	}
	sc := v.newScreen()
	sc.left = 3 * len(list) * maxName
	for _, e := range list {
		view.Endorsers = append(view.Endorsers, v.endorser(sc, e))
	}
	asked.Del("after")
	if q.After > 0 {
		view.FirstPath = view.Path + "?" + asked.Encode()
	}
	if len(list) == endorsersShown {
		asked.Set("after", strconv.FormatInt(list[len(list)-1].Place, 10))
		view.NextPath = view.Path + "?" + asked.Encode()
	}
	return answer{template: "endorsers", view: view}, nil
}

// batchWords are the messages for what a batch of the roll does.
var batchWords = map[string]string{statement.BatchAdd: "batch_add", statement.BatchWithdraw: "batch_withdraw", statement.BatchWithhold: "batch_withhold"}

// batchHeading says what a batch of the roll does.
func (v *visit) batchHeading(b publish.BatchSummary) string {
	return v.Say(batchWords[b.Change], "number", int(b.Number), "rows", b.Count, "version", b.Version)
}

// batchPath is the page that shows what a batch does.
func batchPath(b publish.BatchSummary) string {
	if b.Version > 0 {
		return endorsersPath(b.Slug, b.Version)
	}
	return publicationPath(b.Slug)
}

// clipWords bounds what is searched, in bytes.
func clipWords(s string) string {
	const most = 200
	if len(s) > most {
		return ""
	}
	return s
}

func (v *visit) endorser(sc *screen, e publish.EndorserView) endorserView {
	out := endorserView{knownView: v.knownAs(e.Known), Place: int(e.Place), Role: e.Signatory.Role, Domain: e.Signatory.Domain, Index: int(e.Index), Path: v.entryOf(e.Index)}
	if e.Signatory.Country != "" {
		out.Country = v.country(e.Signatory.Country)
	}
	if out.Withheld = e.Signatory.Name == ""; !out.Withheld {
		out.Text = sc.published(e.Signatory.Name, maxName)
	}
	return out
}
