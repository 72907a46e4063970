package draft

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sijil/sijil/internal/signatory"
)

// Selector names flags: every criterion that is set has to hold.
type Selector struct {
	ID    string // of one flag
	Rule  Rule   // "" for every rule
	Entry int    // flags under this entry, and duplicates of it; 0 for all
}

func (s Selector) matches(f Flag) bool {
	return (s.ID == "" || s.ID == f.ID) && (s.Rule == "" || s.Rule == f.Rule) &&
		(s.Entry == 0 || s.Entry == f.entry || s.Entry == f.With)
}

// Close decides about the open flags that sel names and returns them. Repaired
// carries out the proposed repair, Removed drops the entry (of a duplicate: the
// one that sel.Entry names, else the later one). On error nothing has changed.
func (d *Draft) Close(sel Selector, how Resolution) ([]Flag, error) {
	if how != AsGiven && how != Repaired && how != Removed {
		return nil, fmt.Errorf("resolution %q is none of %s, %s and %s", how, AsGiven, Repaired, Removed)
	}
	if how == Removed && sel == (Selector{}) {
		return nil, errors.New("removing needs a rule, an entry or a flag: every entry with an oddity would go")
	}
	work := d.clone()
	var closed []Flag
	// A repair can bring up an oddity of the same kind, as a line of three
	// signatories does; names get shorter each time, so this ends.
	for batch := work.matching(sel); len(batch) > 0; batch = work.matching(sel) {
		for _, f := range batch {
			if !work.isOpen(f) { // its entry went with an earlier one
				continue
			}
			if err := work.close(f, sel, how); err != nil {
				return nil, fmt.Errorf("flag %s: %w", f.ID, err)
			}
			f.Resolution = how
			closed = append(closed, f)
		}
		work.examine()
	}
	if len(closed) == 0 {
		return nil, errors.New("no open flag matches")
	}
	*d = *work
	return closed, nil
}

func (d *Draft) matching(sel Selector) []Flag {
	return slices.DeleteFunc(d.OpenFlags(), func(f Flag) bool { return !sel.matches(f) })
}

func (d *Draft) isOpen(f Flag) bool {
	list := d.Header.Flags
	if f.entry > 0 {
		i := d.index(f.entry)
		if i < 0 {
			return false
		}
		list = d.Entries[i].Flags
	}
	return slices.ContainsFunc(list, func(x Flag) bool { return x.ID == f.ID && x.Open() })
}

func (d *Draft) close(f Flag, sel Selector, how Resolution) error {
	switch {
	case f.entry == 0 && how == Removed:
		return fmt.Errorf("%s is about the text: only an entry of the list can be removed", f.Rule)
	case f.entry == 0 && how == Repaired:
		if err := d.repairText(f); err != nil {
			return err
		}
	case how == Repaired:
		if err := d.repairEntry(f); err != nil {
			return err
		}
	case how == Removed:
		gone := f.entry
		if f.Rule == ProbableDuplicate && sel.Entry == f.With {
			gone = f.With
		}
		d.remove(gone)
		return nil
	}
	d.mark(f, how)
	return nil
}

// mark writes a decision under the flag with f's id.
func (d *Draft) mark(f Flag, how Resolution) {
	for i := range d.Header.Flags {
		if d.Header.Flags[i].ID == f.ID {
			d.Header.Flags[i].Resolution = how
		}
	}
	for i := range d.Entries {
		for j := range d.Entries[i].Flags {
			if d.Entries[i].Flags[j].ID == f.ID {
				d.Entries[i].Flags[j].Resolution = how
			}
		}
	}
}

// remove takes an entry from the list and keeps it, with its flags, among the
// removed ones. Flags that named it as their double are answered by that.
func (d *Draft) remove(id int) {
	i := d.index(id)
	if i < 0 {
		return
	}
	e := d.Entries[i]
	for j := range e.Flags {
		if e.Flags[j].Open() {
			e.Flags[j].Resolution = Removed
		}
	}
	d.Entries = slices.Delete(d.Entries, i, i+1)
	d.Removed = append(d.Removed, e)
	for i := range d.Entries {
		for j := range d.Entries[i].Flags {
			if f := &d.Entries[i].Flags[j]; f.With == id && f.Open() {
				f.Resolution = Removed
			}
		}
	}
}

func (d *Draft) index(id int) int {
	return slices.IndexFunc(d.Entries, func(e Entry) bool { return e.ID == id })
}

// repairText puts the proposed text in the place of the excerpt, in the line
// nearest to where it was found.
func (d *Draft) repairText(f Flag) error {
	if len(f.Repair) != 1 || f.Repair[0].Text == "" {
		return fmt.Errorf("%s has no automatic repair: correct it in the folder by hand, or keep it %s", f.Rule, AsGiven)
	}
	for _, lang := range d.Header.Languages {
		if textFile(lang) != f.File {
			continue
		}
		lines := strings.Split(d.Texts[lang], "\n")
		best := -1
		for i, s := range lines {
			if f.Rule == ItemWithoutMarker && s != f.Excerpt || !strings.Contains(s, f.Excerpt) {
				continue
			}
			if best < 0 || distance(i+1, f.Line) < distance(best+1, f.Line) {
				best = i
			}
		}
		if best >= 0 { // otherwise an earlier repair took it away
			lines[best] = strings.Replace(lines[best], f.Excerpt, f.Repair[0].Text, 1)
			d.Texts[lang] = strings.Join(lines, "\n")
		}
	}
	return nil
}

func distance(a, b int) int { return max(a-b, b-a) }

// repairEntry carries out a repair. Another repair may have changed the name
// since the flag was raised: then the rule proposes anew.
func (d *Draft) repairEntry(f Flag) error {
	i := d.index(f.entry)
	e := &d.Entries[i]
	proposals, gone := f.Repair, false
	if e.Name != f.Excerpt && f.Rule != ProbableDuplicate && f.Rule != ItemWithoutMarker {
		proposals, gone = nil, true
		for _, x := range examineEntry(*e) {
			if x.rule == f.Rule {
				proposals, gone = x.repair, false
			}
		}
	}
	if gone {
		return nil
	}
	if len(proposals) == 0 || proposals[0].Name == "" {
		return fmt.Errorf("%s has no automatic repair: correct %q in %s by hand, keep it %s or have it %s",
			f.Rule, e.Name, signatoriesFile, AsGiven, Removed)
	}
	if e.AsGiven == "" {
		e.AsGiven = e.Name
	}
	given, line := e.AsGiven, e.SourceLine
	e.become(proposals[0], f.Rule)
	for n, p := range proposals[1:] {
		added := Entry{ID: d.newEntryNumber(), Language: nameLanguage(p.Name), Kind: guessKind(p.Name), AsGiven: given, SourceLine: line}
		added.become(p, f.Rule)
		d.Entries = slices.Insert(d.Entries, i+1+n, added)
	}
	return nil
}

// become gives an entry its repaired name. What a person said of the old name
// with this rule's eyes shut ("as given") goes on holding.
func (e *Entry) become(p Proposal, rule Rule) {
	e.Name = p.Name
	if p.Role != "" {
		e.Role = p.Role
	}
	if rule == ProbablePerson {
		e.Kind = signatory.Person
	}
	for j := range e.Flags {
		if e.Flags[j].Resolution == AsGiven {
			e.Flags[j].Excerpt = e.Name
		}
	}
}

func (d *Draft) newEntryNumber() int {
	highest := 0
	for _, e := range slices.Concat(d.Entries, d.Removed) {
		highest = max(highest, e.ID)
	}
	return highest + 1
}

// clone copies everything that Close changes.
func (d *Draft) clone() *Draft {
	out := *d
	out.Texts = maps.Clone(d.Texts)
	out.Header.Flags = slices.Clone(d.Header.Flags)
	out.Entries, out.Removed = cloneEntries(d.Entries), cloneEntries(d.Removed)
	out.ids = maps.Clone(d.ids)
	return &out
}

func cloneEntries(in []Entry) []Entry {
	out := slices.Clone(in)
	for i := range out {
		out[i].Flags = slices.Clone(out[i].Flags)
	}
	return out
}
