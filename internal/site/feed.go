package site

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"slices"

	"github.com/sijil/sijil/internal/publish"
	"github.com/sijil/sijil/internal/statement"
)

// feeds are the feeds of a publication, or of everything here.
func (v *visit) feeds(slug string) []link {
	at := ""
	if slug != "" {
		at = publicationPath(slug)
	}
	return []link{{Path: v.to(at + "/feed.atom"), Text: v.Say("feed_atom")}, {Path: v.to(at + "/feed.json"), Text: v.Say("feed_json")}}
}

// maxFeed is how many items a feed has, the newest first.
const maxFeed = 50

// maxFeedBatches is how many of them are of one publication's roll, which may grow by a
// hundred batches in an hour.
const maxFeedBatches = 10

// feedItem is a version, a retraction, a policy, a redaction, what a signatory said, or a
// batch of the roll.
type feedItem struct {
	ID, Path, Title, Reason, Issued string
	index                           int64
}

// feedItems lists what was published last, in one publication or in all.
func (v *visit) feedItems() (title, path string, items []feedItem, err error) {
	list := []publish.Summary{}
	if v.variable("slug") == "" {
		list, title, path = v.service.Publications(), "Sijil", "/"
	} else {
		p, err := v.publicationOf()
		if err != nil {
			return "", "", nil, err
		}
		list, title, path = append(list, p), v.Say("feed_title", "title", oneLine(v.titles(p.Title)[0].Text)), publicationPath(p.Slug)
	}
	for _, p := range list {
		name := oneLine(v.titles(p.Title)[0].Text)
		seen := map[int64]bool{}
		for _, n := range p.Versions {
			items = append(items, feedItem{ID: "urn:" + n.Record.String(), Path: versionPath(p.Slug, n.Version), Reason: n.Reason, Issued: n.Issued,
				Title: v.Say("title_version", "title", name, "number", n.Version), index: n.Index})
			if x := n.Retracted; x != nil && !seen[x.Sequence] {
				seen[x.Sequence] = true
				what := v.Say("retracted_whole")
				if x.Version > 0 {
					what = v.Say("retracted_number", "number", x.Version)
				}
				items = append(items, feedItem{ID: "urn:" + x.Record.String(), Path: historyPath(p.Slug), Reason: x.Reason, Issued: x.Issued, Title: name + ": " + what, index: x.Index})
			}
		}
		more, err := v.otherItems(p.Slug, name)
		if err != nil {
			return "", "", nil, err
		}
		items = append(items, more...)
	}
	items, err = v.withSaid(list, newest(items))
	return title, path, items, err
}

// newest are the items of a feed, the newest first.
func newest(items []feedItem) []feedItem {
	slices.SortFunc(items, func(a, b feedItem) int { return cmp.Compare(b.index, a.index) })
	return items[:min(len(items), maxFeed)]
}

// withSaid adds what signatories said to the newest items. To tell what they said the service
// reads all of a publication's records: of one that has nothing new it need not.
func (v *visit) withSaid(list []publish.Summary, items []feedItem) ([]feedItem, error) {
	last := map[string]int64{}
	for _, p := range list {
		var err error
		if last[p.Slug], err = v.service.LastSaid(v.r.Context(), p.Slug); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(list, func(a, b publish.Summary) int { return cmp.Compare(last[b.Slug], last[a.Slug]) })
	for _, p := range list {
		if last[p.Slug] < 0 || len(items) == maxFeed && last[p.Slug] < items[maxFeed-1].index {
			break
		}
		said, err := v.service.Said(v.r.Context(), p.Slug)
		if err != nil {
			return nil, err
		}
		for _, x := range said {
			if x.Kind != statement.ClaimAbsence {
				items = append(items, v.saidItem(p.Slug, oneLine(v.titles(p.Title)[0].Text), x))
			}
		}
		items = newest(items)
	}
	return items, nil
}

// otherItems are what changes no version: policies, redactions, and the batches of the
// roll.
func (v *visit) otherItems(slug, name string) ([]feedItem, error) {
	records, err := v.service.Records(slug)
	if err != nil {
		return nil, err
	}
	var out []feedItem
	for _, r := range records {
		if changesNoVersion(r) {
			out = append(out, feedItem{ID: "urn:" + r.Record.String(), Path: historyPath(slug), Reason: r.Reason, Issued: r.Issued, Title: name + ": " + v.recordHeading(r), index: r.Index})
		}
	}
	batches, err := v.service.RollBatches(slug)
	if err != nil {
		return nil, err
	}
	for _, b := range batches[max(0, len(batches)-maxFeedBatches):] {
		out = append(out, feedItem{ID: "urn:" + b.Record.String(), Path: batchPath(b), Reason: oneLine(b.Reason), Issued: b.Issued, Title: name + ": " + v.batchHeading(b), index: b.Index})
	}
	return out, nil
}

type atomLink struct {
	Rel  string `xml:"rel,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Author  string      `xml:"author>name"`
	Entries []atomEntry `xml:"entry"`
}

type atomEntry struct {
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Link    atomLink `xml:"link"`
	Summary string   `xml:"summary"`
}

// atom is the feed in the form of RFC 4287.
func (v *visit) atom() (document, error) {
	title, path, items, err := v.feedItems()
	if err != nil {
		return document{}, err
	}
	f := atomFeed{Lang: v.Language, ID: v.base + path, Title: title, Updated: "1970-01-01T00:00:00Z", Author: "Sijil",
		Links: []atomLink{{Href: v.base + v.to(path)}, {Rel: "self", Href: v.base + v.to(v.path)}}}
	for i, x := range items {
		if i == 0 {
			f.Updated = x.Issued
		}
		f.Entries = append(f.Entries, atomEntry{ID: x.ID, Title: x.Title, Updated: x.Issued, Link: atomLink{Href: v.base + v.to(x.Path)}, Summary: x.Reason})
	}
	b, err := xml.MarshalIndent(f, "", " ")
	return document{contentType: "application/atom+xml; charset=utf-8", body: append([]byte(xml.Header), b...), shared: true}, err
}

type jsonFeedItem struct {
	ID        string `json:"id"`
	URL       string `json:"url"`
	Title     string `json:"title"`
	Text      string `json:"content_text"`
	Published string `json:"date_published"`
}

// jsonFeed is the feed in the form of JSON Feed 1.1.
func (v *visit) jsonFeed() (document, error) {
	title, path, items, err := v.feedItems()
	if err != nil {
		return document{}, err
	}
	f := struct {
		Version  string         `json:"version"`
		Title    string         `json:"title"`
		Home     string         `json:"home_page_url"`
		Feed     string         `json:"feed_url"`
		Language string         `json:"language"`
		Items    []jsonFeedItem `json:"items"`
	}{"https://jsonfeed.org/version/1.1", title, v.base + v.to(path), v.base + v.to(v.path), v.Language, []jsonFeedItem{}}
	for _, x := range items {
		f.Items = append(f.Items, jsonFeedItem{x.ID, v.base + v.to(x.Path), x.Title, x.Reason, x.Issued})
	}
	b, err := json.Marshal(f)
	return document{contentType: "application/feed+json; charset=utf-8", body: b, shared: true}, err
}
