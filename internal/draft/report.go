package draft

import (
	"fmt"
	"strings"
)

// Report tells people what FromDocument made of the documents.
type Report struct {
	Documents []DocumentReport
	Entries   int // of the signatory list
	Persons   int // among them, guessed
	Date      string
	Place     string
	Notes     []string
	Flags     []Flag // every one, open
}

// DocumentReport counts what one document held.
type DocumentReport struct {
	Name, Language, Title, PlaceDate string
	Paragraphs, Items, ListLines     int
}

func (r *Report) add(x *read) {
	r.Documents = append(r.Documents, DocumentReport{Name: x.doc.Name, Language: x.lang, Title: x.title,
		PlaceDate: trim(x.layout.placeDate.text), Paragraphs: x.paras, Items: x.items, ListLines: len(x.list)})
	for _, n := range x.notes {
		r.Notes = append(r.Notes, x.doc.Name+": "+n)
	}
	if x.layout.heading != "" {
		r.Notes = append(r.Notes, fmt.Sprintf("%s: the heading %q belongs to the signatory list, not to the text", x.doc.Name, x.layout.heading))
	}
}

func (r *Report) finish(d *Draft) {
	r.Entries, r.Date, r.Place, r.Flags = len(d.Entries), d.Header.Date, d.Header.Place, d.OpenFlags()
	for _, e := range d.Entries {
		if e.Kind == "person" {
			r.Persons++
		}
	}
	if r.Date == "" && len(d.Header.PlaceDate) > 0 {
		r.Notes = append(r.Notes, "the date can be read in more than one way: write it into publication.yaml as year-month-day")
	}
}

// String is the report in plain words, a line for each flag.
func (r *Report) String() string {
	var b strings.Builder
	for _, x := range r.Documents {
		fmt.Fprintf(&b, "%s (%s): %q, %d paragraphs, %d list items, %d lines of signatories\n",
			x.Name, x.Language, x.Title, x.Paragraphs, x.Items, x.ListLines)
		if x.PlaceDate != "" {
			fmt.Fprintf(&b, "  place and date: %s\n", x.PlaceDate)
		}
	}
	if r.Date != "" || r.Place != "" {
		fmt.Fprintf(&b, "read as: place %q, date %s\n", r.Place, r.Date)
	}
	fmt.Fprintf(&b, "%d signatories, %d of them probably persons\n", r.Entries, r.Persons)
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	if len(r.Flags) == 0 {
		b.WriteString("nothing to decide\n")
		return b.String()
	}
	fmt.Fprintf(&b, "%d oddities to decide about:\n", len(r.Flags))
	for _, f := range r.Flags {
		fmt.Fprintf(&b, "  [%s] %s\n", f.ID, f)
		for _, p := range f.Repair {
			fmt.Fprintf(&b, "      proposed: %s\n", p)
		}
	}
	return b.String()
}

func (p Proposal) String() string {
	if p.Text != "" {
		return fmt.Sprintf("%q", p.Text)
	}
	if p.Role != "" {
		return fmt.Sprintf("%q, role %q", p.Name, p.Role)
	}
	return fmt.Sprintf("%q", p.Name)
}
