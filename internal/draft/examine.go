package draft

import (
	"fmt"
	"slices"
	"strings"
)

// examine compares the flags with what the rules find now. A new oddity gets a
// new open flag, whoever brought it in; an open flag whose oddity is gone was
// repaired by hand.
func (d *Draft) examine() {
	d.examineTexts()
	pairs := duplicates(d.Entries)
	for i := range d.Entries {
		e := &d.Entries[i]
		found := append(examineEntry(*e), pairs[i]...)
		for j := range e.Flags {
			f := &e.Flags[j]
			if f.Open() && f.Rule != ItemWithoutMarker && !covers(found, *f) {
				f.Resolution = Repaired
			}
		}
		for _, x := range found {
			if d.flagged(*e, x) {
				continue
			}
			f := x.flag(e.SourceLine)
			f.ID = d.newEntryID(e.ID, f)
			e.Flags = append(e.Flags, f)
		}
	}
}

func covers(found []finding, f Flag) bool {
	return slices.ContainsFunc(found, func(x finding) bool { return x.rule == f.Rule && x.with == f.With })
}

// flagged reports whether a finding has its flag: one that is open, or one that a
// person closed for this very name.
func (d *Draft) flagged(e Entry, x finding) bool {
	return slices.ContainsFunc(e.Flags, func(f Flag) bool {
		return f.Rule == x.rule && f.With == x.with && (f.Open() || f.Rule == ProbableDuplicate || f.Excerpt == x.excerpt)
	})
}

// textKey tells oddities of texts apart; the same one may stand twice in a text.
type textKey struct {
	file    string
	rule    Rule
	excerpt string
}

func (f Flag) key() textKey { return textKey{f.File, f.Rule, f.Excerpt} }

// textFindings examines every text, and counts each oddity.
func (d *Draft) textFindings() (found []finding, count map[textKey]int) {
	count = map[textKey]int{}
	for _, lang := range d.Header.Languages {
		found = append(found, examineText(lang, d.Texts[lang])...)
	}
	for _, x := range found {
		count[textKey{x.file, x.rule, x.excerpt}]++
	}
	for _, f := range d.Header.Flags {
		if f.Rule == ItemWithoutMarker && count[f.key()] == 0 {
			count[f.key()] = d.bareLines(f)
		}
	}
	return found, count
}

// bareLines counts the lines that are a flag's item without its bullet.
func (d *Draft) bareLines(f Flag) (n int) {
	for _, lang := range d.Header.Languages {
		if textFile(lang) != f.File {
			continue
		}
		for s := range strings.SplitSeq(d.Texts[lang], "\n") {
			if s == f.Excerpt {
				n++
			}
		}
	}
	return n
}

func (d *Draft) examineTexts() {
	found, count := d.textFindings()
	known := map[textKey]int{}
	for i := range d.Header.Flags {
		f := &d.Header.Flags[i]
		if f.Rule == ListDiffers || f.Rule == DateDiffers {
			continue // between documents, not in the folder
		}
		if known[f.key()] >= count[f.key()] {
			if f.Open() {
				f.Resolution = Repaired
			}
			continue
		}
		if f.Open() || f.Resolution == AsGiven {
			known[f.key()]++
		}
	}
	for _, x := range found {
		f := x.flag(0)
		if known[f.key()]--; known[f.key()] >= 0 {
			continue
		}
		f.ID = d.newID(f)
		d.Header.Flags = append(d.Header.Flags, f)
	}
}

// newID makes the name of a flag of the text: "en-5-repeated-word".
func (d *Draft) newID(f Flag) string {
	base := fmt.Sprintf("%s-%d-%s", strings.TrimSuffix(strings.TrimPrefix(f.File, "text."), ".txt"), f.Line, f.Rule)
	if f.File == headerFile {
		base = fmt.Sprintf("%d-%s", f.SourceLine, f.Rule)
	}
	return d.unused(base)
}

// newEntryID makes the name of a flag of an entry: "12-glued-number".
func (d *Draft) newEntryID(entry int, f Flag) string {
	base := fmt.Sprintf("%d-%s", entry, f.Rule)
	if f.With > 0 {
		base += fmt.Sprintf("-%d", f.With)
	}
	return d.unused(base)
}

// unused returns base, or base with a number, whichever no flag has had.
func (d *Draft) unused(base string) string {
	if d.ids == nil {
		d.ids = map[string]bool{}
		for _, f := range d.Header.Flags {
			d.ids[f.ID] = true
		}
		for _, e := range slices.Concat(d.Entries, d.Removed) {
			for _, f := range e.Flags {
				d.ids[f.ID] = true
			}
		}
	}
	id := base
	for n := 2; d.ids[id]; n++ {
		id = fmt.Sprintf("%s-%d", base, n)
	}
	d.ids[id] = true
	return id
}
