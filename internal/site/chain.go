package site

import (
	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/log"
)

// chainPage shows every record of a publication and how each names the one before.
type chainPage struct {
	page
	Slug, PublicationPath string
	Titles                []title
	Records               []chainLink
}

// chainLink is a record, in the order of the chain.
type chainLink struct {
	Sequence         int64
	Heading          string
	Record, Previous string
	Signatures       []signatureLine
	Issued           string
	Index            int
	EntryPath        string
}

// signatureLine is a signature of a record.
type signatureLine struct{ Key, BundlePath string }

// signatureLines are a record's signatures, in their order.
func signatureLines(slug string, r publish.RecordSummary) []signatureLine {
	var out []signatureLine
	for i, key := range append([]log.Digest{r.Key}, r.Cosigned...) {
		out = append(out, signatureLine{Key: key.String(), BundlePath: cosignedPath(slug, r.Sequence, i+1)})
	}
	return out
}

func (v *visit) chain() (answer, error) {
	p, err := v.publicationOf()
	if err != nil {
		return answer{}, err
	}
	records, err := v.service.Records(p.Slug)
	if err != nil {
		return answer{}, err
	}
	t := v.titles(p.Title)
	view := chainPage{page: v.head(v.Say("title_chain", "title", t[0].Text)), Slug: p.Slug, PublicationPath: v.to(publicationPath(p.Slug)), Titles: t}
	view.Feeds = v.feeds(p.Slug)
	for _, r := range records {
		l := chainLink{Sequence: r.Sequence, Heading: v.recordHeading(r), Record: r.Record.String(), Issued: r.Issued,
			Index: int(r.Index), Signatures: signatureLines(p.Slug, r)}
		if r.Previous != nil {
			l.Previous = r.Previous.String()
		}
		l.EntryPath = v.entryOf(r.Index)
		view.Records = append(view.Records, l)
	}
	return answer{template: "chain", view: view}, nil
}

// recordHeading says what a record is.
func (v *visit) recordHeading(r publish.RecordSummary) string {
	switch {
	case r.Type == "retraction" && r.Version == 0:
		return v.Say("retracted_whole")
	case r.Type == "retraction":
		return v.Say("retracted_number", "number", r.Version)
	case r.Type == "policy":
		return v.Say("chain_policy")
	case r.Type == "recovery":
		return v.Say("chain_recovery")
	case r.Type == "redaction":
		return v.Say("chain_redaction")
	case r.Version > 0:
		return v.Say("version_heading", "number", r.Version)
	}
	return v.Say("chain_genesis")
}

// entryOf is the page of a log entry, if there are such pages.
func (v *visit) entryOf(index int64) string {
	if v.log == nil {
		return ""
	}
	return v.to(entryPath(index))
}
