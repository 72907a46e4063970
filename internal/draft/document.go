package draft

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
)

// FromDocument makes a draft of one document for each language. It changes
// nothing but layout: the report says what it did, the flags what it left.
func FromDocument(docs []Document, opts Options) (*Draft, *Report, error) {
	if len(docs) == 0 {
		return nil, nil, errors.New("no document given")
	}
	d := &Draft{Texts: map[string]string{}, Header: Header{Slug: opts.Slug, Title: map[string]string{},
		PlaceDate: map[string]string{}, Reason: "First version."}}
	report := &Report{}
	var list *read
	for _, doc := range docs {
		r, err := readDocument(doc)
		if err == nil {
			err = d.add(r, opts)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", cmp.Or(doc.Name, "document"), err)
		}
		report.add(r)
		switch {
		case len(r.list) == 0:
		case list == nil:
			list = r
		default:
			d.compareLists(list, r)
		}
	}
	if list == nil {
		report.Notes = append(report.Notes, "no signatory list was found: a list stands at the end, below a place-and-date line or a heading such as “Signatories”")
	} else if err := d.addEntries(list); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", list.doc.Name, err)
	}
	d.examine()
	if n := len(d.Flags()); n > maxFlags {
		return nil, nil, fmt.Errorf("over %d oddities: this is no declaration that people could review", maxFlags)
	}
	report.finish(d)
	return d, report, nil
}

// read is one document, read.
type read struct {
	doc     Document
	lang    string
	title   string
	content string
	flags   []Flag
	layout  layout
	list    []listItem
	sum     [sha256.Size]byte
	notes   []string
	items   int
	paras   int
}

func readDocument(doc Document) (*read, error) {
	lines, notes, err := readLines(doc.Bytes)
	if err != nil {
		return nil, err
	}
	r := &read{doc: doc, lang: doc.Language, notes: notes, layout: takeApart(lines), sum: sha256.Sum256(doc.Bytes)}
	if r.lang == "" {
		if r.lang, err = detectLanguage(string(doc.Bytes)); err != nil {
			return nil, err
		}
	}
	if err := statement.CheckLanguage(r.lang); err != nil {
		return nil, err
	}
	r.list = readList(r.layout.list, wrapWidth(lines))
	if len(r.list) > signatory.MaxSignatories {
		return nil, fmt.Errorf("%d signatories, at most %d", len(r.list), signatory.MaxSignatories)
	}
	blocks := splitBlocks(r.layout.text)
	if len(blocks) == 0 {
		return nil, errors.New("no text, only a place-and-date line or a signatory list")
	}
	if titleLike(blocks[0]) {
		r.title = blocks[0].text
	}
	r.render(blocks)
	if len(r.flags) > maxFlags {
		return nil, fmt.Errorf("over %d oddities: this is no declaration that people could review", maxFlags)
	}
	return r, nil
}

// titleLike reports whether a block can be a title: one that is short and does
// not lead on to something.
func titleLike(b block) bool {
	last, _ := utf8.DecodeLastRuneInString(b.text)
	return !b.item && utf8.RuneCountInString(b.text) <= 200 && !strings.ContainsRune(",;:،؛", last)
}

// render writes the published text. A bullet of any shape becomes "• "; a number
// or letter is text and stays; an item that lost its bullet stands without one.
func (r *read) render(blocks []block) {
	var b strings.Builder
	number := 1
	for i, x := range blocks {
		if i > 0 && !(x.item && blocks[i-1].item) {
			b.WriteByte('\n')
			number++
		}
		text := x.text
		switch {
		case !x.item:
			r.paras++
		case x.lost:
			r.flags = append(r.flags, Flag{Rule: ItemWithoutMarker, File: textFile(r.lang), Line: number, SourceLine: x.line,
				Excerpt: text, Reason: "the line stands in a list and has no bullet", Repair: []Proposal{{Text: "• " + text}}})
			r.items++
		default:
			r.items++
			if bullet(x.marker) {
				text = "• " + text
			} else {
				text = x.marker + " " + text
			}
		}
		b.WriteString(text + "\n")
		if len(r.flags) > maxFlags {
			break
		}
		for _, f := range examineText(r.lang, text) {
			f.line = number
			r.flags = append(r.flags, f.flag(x.line))
		}
		number++
	}
	r.content = b.String()
}

// flag makes an open flag of a finding.
func (f finding) flag(sourceLine int) Flag {
	return Flag{Rule: f.rule, File: f.file, Line: f.line, SourceLine: sourceLine, Excerpt: f.excerpt, With: f.with,
		Reason: f.reason, Repair: f.repair}
}

// add takes a document's text into the draft.
func (d *Draft) add(r *read, opts Options) error {
	if _, ok := d.Texts[r.lang]; ok {
		return fmt.Errorf("a second document in the language %q", r.lang)
	}
	title := r.title
	if opts.Title != "" && len(d.Texts) == 0 {
		title = opts.Title
	}
	if title == "" {
		return errors.New("no title: the first line has to be one, at most 200 characters long and followed by the text")
	}
	h := &d.Header
	h.Languages = append(h.Languages, r.lang)
	h.Title[r.lang] = title
	d.Texts[r.lang] = r.content
	h.Sources = append(h.Sources, Source{Language: r.lang, Name: r.doc.Name, SHA256: hex.EncodeToString(r.sum[:])})
	for _, f := range r.flags {
		f.ID = d.newID(f)
		h.Flags = append(h.Flags, f)
	}
	if r.layout.heading != "" {
		if h.ListHeading == nil {
			h.ListHeading = map[string]string{}
		}
		h.ListHeading[r.lang] = r.layout.heading
	}
	d.addPlaceDate(r)
	return nil
}

func (d *Draft) addPlaceDate(r *read) {
	line := trim(r.layout.placeDate.text)
	if line == "" {
		return
	}
	h := &d.Header
	h.PlaceDate[r.lang] = line
	place, date := readPlaceDate(line)
	h.Place = cmp.Or(h.Place, place)
	if h.Date == "" {
		h.Date = date
	} else if date != "" && date != h.Date {
		f := Flag{Rule: DateDiffers, File: headerFile, SourceLine: r.layout.placeDate.number, Excerpt: line,
			Reason: fmt.Sprintf("the document in %q has the date %s, another one %s", r.lang, date, h.Date)}
		f.ID = d.newID(f)
		h.Flags = append(h.Flags, f)
	}
}

func (d *Draft) compareLists(first, r *read) {
	name := func(l listItem) string { return l.name }
	a, b := mapped(first.list, name), mapped(r.list, name)
	if slices.Equal(a, b) {
		return
	}
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	at := r.list[min(i, len(r.list)-1)]
	f := Flag{Rule: ListDiffers, File: headerFile, SourceLine: at.line, Excerpt: at.name,
		Reason: fmt.Sprintf("the signatory lists differ: %d entries in %q (taken), %d in %q, the first difference at entry %d",
			len(a), first.lang, len(b), r.lang, i+1)}
	f.ID = d.newID(f)
	d.Header.Flags = append(d.Header.Flags, f)
}

func mapped[T, U any](in []T, f func(T) U) []U {
	out := make([]U, len(in))
	for i, x := range in {
		out[i] = f(x)
	}
	return out
}

func (d *Draft) addEntries(r *read) error {
	for i, item := range r.list {
		e := Entry{ID: i + 1, Name: item.name, Language: nameLanguage(item.name), Kind: guessKind(item.name), SourceLine: item.line}
		if n := utf8.RuneCountInString(item.name); n > signatory.MaxName {
			return fmt.Errorf("line %d: a signatory of %d characters, at most %d", item.line, n, signatory.MaxName)
		}
		if item.lost {
			f := Flag{Rule: ItemWithoutMarker, SourceLine: item.line, Excerpt: item.name,
				Reason: "the line stands in the list and has no bullet; it may belong to the line above, or be a heading"}
			f.ID = d.newEntryID(e.ID, f)
			e.Flags = append(e.Flags, f)
		}
		d.Entries = append(d.Entries, e)
	}
	return nil
}
