package site

import (
	"github.com/sijil/sijil/internal/publish"
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
	Sequence              int64
	Heading               string
	Record, Previous      string
	Keys                  []string // of the signers
	Issued                string
	Index                 int
	EntryPath, BundlePath string
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
		l := chainLink{Sequence: r.Sequence, Heading: v.recordHeading(r), Record: r.Record.String(), Keys: []string{r.Key.String()}, Issued: r.Issued,
			Index: int(r.Index), BundlePath: bundlePath(p.Slug, r.Sequence)}
		if r.Previous != nil {
			l.Previous = r.Previous.String()
		}
		for _, k := range r.Cosigned {
			l.Keys = append(l.Keys, k.String())
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
