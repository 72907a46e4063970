// Package draft turns a plain-text declaration into a folder that people review
// and edit, and reads the folder back for publishing.
//
//	publication.yaml   slug, title, date, place, languages, reason, oddities of the text
//	text.<lang>.txt    the published text: one line a paragraph or list item
//	signatories.yaml   the signatory list, each entry with its oddities
//
// Nothing is repaired silently. What looks wrong becomes a Flag, with the line,
// the reason and, where there is one, a proposed repair. A person closes each
// flag: as given, repaired, or (an entry) removed. Draft.Publishable refuses
// while a flag is open.
//
// A worked example, proved by a test. From the document
//
//	Keep the river clean
//
//	We ask for for clean water.
//
//	Damietta, March 5, 2026
//
//	• 1Delta Watch
//
// come the text file "Keep the river clean\n\nWe ask for for clean water.\n", the
// date 2026-03-05, the place Damietta, one entry named "1Delta Watch", and two
// open flags: repeated-word at line 3 and glued-number at line 7.
//
// The package finds out structure and oddities of a document. It does not compare
// texts (package match), signs nothing and publishes nothing. docs/formats/draft.md
// describes the folder for those who edit it.
package draft

import (
	"fmt"

	"github.com/sijil/sijil/internal/signatory"
)

// MaxBytes is the size of the longest document, and of each file of a folder.
const MaxBytes = 5 << 20

// maxFlags is how many oddities a draft may have: beyond it a document is none
// that people could review.
const maxFlags = 20_000

// Document is one input: a plain-text declaration in one language.
type Document struct {
	Language string // BCP 47 tag; "" to find out among en, fr and ar
	Name     string // file name, for messages
	Bytes    []byte
}

// Options of FromDocument.
type Options struct {
	Slug  string // may be empty, and filled in by hand later
	Title string // Optional: replaces the first line as title of the publication
}

// Draft is the content of a draft folder. FromDocument and Open make one.
type Draft struct {
	Header  Header
	Texts   map[string]string // by language: content of text.<lang>.txt
	Entries []Entry           // the signatory list, in order
	Removed []Entry           // entries that a person decided to remove

	ids map[string]bool // of flags, given out so far; nil until the first is needed
}

// Header is publication.yaml.
type Header struct {
	Slug        string            `yaml:"slug"`
	Title       map[string]string `yaml:"title"` // by language
	Date        string            `yaml:"date"`  // YYYY-MM-DD or empty
	Place       string            `yaml:"place"`
	PlaceDate   map[string]string `yaml:"place_date"`             // by language: the line as given
	ListHeading map[string]string `yaml:"list_heading,omitempty"` // by language: a heading above the list, as given
	Languages   []string          `yaml:"languages"`
	Reason      string            `yaml:"reason"` // what changed in this version and why
	Sources     []Source          `yaml:"sources"`
	Flags       []Flag            `yaml:"flags"`
}

// Source is a document that the draft was made from.
type Source struct {
	Language string `yaml:"language"`
	Name     string `yaml:"name"`
	SHA256   string `yaml:"sha256"` // of the document's bytes, hexadecimal
}

// Entry is one entry of signatories.yaml. ID stays the same while names change.
type Entry struct {
	ID         int            `yaml:"id"`
	Name       string         `yaml:"name"`
	Language   string         `yaml:"language,omitempty"`
	Kind       signatory.Kind `yaml:"kind"`
	Role       string         `yaml:"role,omitempty"`
	Country    string         `yaml:"country,omitempty"`
	Domain     string         `yaml:"domain,omitempty"`
	AsGiven    string         `yaml:"as_given,omitempty"`    // the line as given, where a repair changed it
	SourceLine int            `yaml:"source_line,omitempty"` // 0 for an entry added by hand
	Flags      []Flag         `yaml:"flags,omitempty"`

	yamlLine int                 // in signatories.yaml as Open read it, 0 otherwise
	places   map[string]position // of its values, by key; nil unless Open read it
}

// position is where a value begins in a YAML file, both from 1.
type position struct{ line, column int }

// Signatory returns the entry as it is published.
func (e Entry) Signatory() signatory.Signatory {
	return signatory.Signatory{Name: e.Name, Language: e.Language, Kind: e.Kind,
		Role: e.Role, Country: e.Country, Domain: e.Domain}
}

// Rule names an oddity.
type Rule string

// Rules of entries.
const (
	GluedNumber       Rule = "glued-number"       // a list number glued to a name
	TwoOnOneLine      Rule = "two-on-one-line"    // two signatories on one line
	DestroyedAddress  Rule = "destroyed-address"  // what a page's e-mail hiding left
	ProbableDuplicate Rule = "probable-duplicate" // the same signatory twice
	ProbablePerson    Rule = "probable-person"    // a person, perhaps with a role
)

// Rules of texts. Invisible and ItemWithoutMarker are found in entries too.
const (
	RepeatedWord        Rule = "repeated-word"        // the same word twice running
	ItemWithoutMarker   Rule = "item-without-marker"  // a list item that lost its bullet
	Spacing             Rule = "spacing"              // a space too many inside a paragraph
	UnfinishedParagraph Rule = "unfinished-paragraph" // a long one without closing punctuation
	Invisible           Rule = "invisible"            // characters that nobody sees
	ListDiffers         Rule = "list-differs"         // two documents, two signatory lists
	DateDiffers         Rule = "date-differs"         // two documents, two dates
)

// Resolution is a person's decision about a flag; empty while it is open.
type Resolution string

// The three decisions.
const (
	AsGiven  Resolution = "as-given" // it is right as it stands
	Repaired Resolution = "repaired" // the proposed repair, or one by hand
	Removed  Resolution = "removed"  // the entry is dropped
)

// Flag is an oddity that a person has to decide about.
type Flag struct {
	ID         string     `yaml:"id"`
	Rule       Rule       `yaml:"rule"`
	File       string     `yaml:"file,omitempty"`        // of a flag in publication.yaml: the file it is about
	Line       int        `yaml:"line,omitempty"`        // line in that file
	SourceLine int        `yaml:"source_line,omitempty"` // line in the document
	Excerpt    string     `yaml:"excerpt"`
	With       int        `yaml:"with,omitempty"` // probable-duplicate: the other entry's id
	Reason     string     `yaml:"reason"`
	Repair     []Proposal `yaml:"repair,omitempty"` // absent: a person has to find one
	Resolution Resolution `yaml:"resolution"`

	entry    int // id of the entry it stands under; 0 in publication.yaml
	yamlLine int // as Open read it, 0 otherwise
}

// Proposal is what a repair puts in place: a piece of text, or one entry.
type Proposal struct {
	Text string `yaml:"text,omitempty"`
	Name string `yaml:"name,omitempty"`
	Role string `yaml:"role,omitempty"`
}

// Entry returns the id of the entry that the flag stands under, 0 for a flag of
// the text.
func (f Flag) Entry() int { return f.entry }

// Open reports whether nobody has decided yet.
func (f Flag) Open() bool { return f.Resolution == "" }

// String says where the oddity is, which rule found it, and why.
func (f Flag) String() string {
	file, line := f.File, f.Line
	if f.entry > 0 {
		file, line = signatoriesFile, f.yamlLine
	}
	where := file
	if line > 0 {
		where += fmt.Sprintf(": line %d", line)
	}
	if f.entry > 0 {
		where += fmt.Sprintf(": entry %d", f.entry)
	}
	if f.SourceLine > 0 {
		where += fmt.Sprintf(" (line %d of the document)", f.SourceLine)
	}
	return fmt.Sprintf("%s: %s: %q: %s", where, f.Rule, f.Excerpt, f.Reason)
}

// Flags returns every flag, those of the texts first.
func (d *Draft) Flags() []Flag {
	out := append([]Flag(nil), d.Header.Flags...)
	for _, e := range d.Entries {
		for _, f := range e.Flags {
			f.entry = e.ID
			out = append(out, f)
		}
	}
	return out
}

// OpenFlags returns the flags that nobody has decided about yet.
func (d *Draft) OpenFlags() []Flag {
	var out []Flag
	for _, f := range d.Flags() {
		if f.Open() {
			out = append(out, f)
		}
	}
	return out
}

// Signatories returns the list as it is published.
func (d *Draft) Signatories() []signatory.Signatory {
	out := make([]signatory.Signatory, len(d.Entries))
	for i, e := range d.Entries {
		out[i] = e.Signatory()
	}
	return out
}
