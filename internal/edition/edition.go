// Package edition joins a version statement with the texts and the signatory
// list it speaks of, after recomputing every digest. Service, tool and audit all
// open versions here, so that none of them shows a text that was not signed.
package edition

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/internal/text"
	"github.com/sijil/sijil/log"
)

// Edition is a version whose texts and list were verified against its
// statement. Only Open makes one.
type Edition struct {
	statement *statement.Version
	texts     map[string][]byte
	list      *signatory.List
}

// Digests returns what a new statement, which names text.Edition, says of one
// text: the digest of its bytes, and that of its canonical form. Texts that cannot
// be put into canonical form are refused with the reason.
func Digests(language string, file []byte) (statement.Text, error) {
	return DigestsIn(text.Edition, language, file)
}

// DigestsIn is Digests for the edition of the canonical form that a statement
// names.
func DigestsIn(canonical, language string, file []byte) (statement.Text, error) {
	sum, _, err := text.DigestEdition(canonical, file)
	if err != nil {
		return statement.Text{}, fmt.Errorf("text %s: %w", language, err)
	}
	return statement.Text{Language: language, File: log.Sum(file), Canonical: log.Digest(sum)}, nil
}

// Readable reports whether this program knows the canonical form that v names.
func Readable(v *statement.Version) bool { return slices.Contains(text.Editions(), v.Canonical) }

// Open verifies texts (by language) and list against the statement: every
// digest is recomputed. Withheld names are accepted, nothing else may be
// missing or left over.
func Open(v *statement.Version, texts map[string][]byte, list *signatory.List) (*Edition, error) {
	if !Readable(v) {
		return nil, fmt.Errorf("version %d: canonical form %q is not known to this edition of the program, which reads %s", v.Version, v.Canonical, strings.Join(text.Editions(), " and "))
	}
	want := v.Texts()
	if len(texts) != len(want) {
		return nil, fmt.Errorf("version %d: %d texts given, the record names %d", v.Version, len(texts), len(want))
	}
	for _, w := range want {
		file, ok := texts[w.Language]
		if !ok {
			return nil, fmt.Errorf("version %d: text %s is missing", v.Version, w.Language)
		}
		got, err := DigestsIn(v.Canonical, w.Language, file)
		if err != nil {
			return nil, fmt.Errorf("version %d: %w", v.Version, err)
		}
		if got.File != w.File {
			return nil, fmt.Errorf("version %d: text %s is %s, the record says %s", v.Version, w.Language, got.File, w.File)
		}
		if got.Canonical != w.Canonical {
			return nil, fmt.Errorf("version %d: canonical form of text %s is %s, the record says %s", v.Version, w.Language, got.Canonical, w.Canonical)
		}
	}
	if err := sameCommitments(v, list); err != nil {
		return nil, err
	}
	return &Edition{statement: v, texts: texts, list: list}, nil
}

func sameCommitments(v *statement.Version, list *signatory.List) error {
	if list == nil {
		return fmt.Errorf("version %d: no signatory list", v.Version)
	}
	signed, err := v.CommitmentsDocument()
	if err != nil {
		return err
	}
	if given := list.Commitments().Document(); log.Sum(given) != log.Sum(signed) {
		return fmt.Errorf("version %d: the signatory list is %s, the record says %s", v.Version, log.Sum(given), log.Sum(signed))
	}
	return nil
}

// Statement is the signed statement.
func (e *Edition) Statement() *statement.Version { return e.statement }

// Text returns the published file of a language.
func (e *Edition) Text(language string) ([]byte, bool) {
	b, ok := e.texts[language]
	return b, ok
}

// Canonical returns the canonical form of the text of a language, in the edition
// that the statement names: its digest is the one that was signed.
func (e *Edition) Canonical(language string) ([]byte, bool) {
	b, ok := e.texts[language]
	if !ok {
		return nil, false
	}
	form, err := text.ParseEdition(e.statement.Canonical, b)
	if err != nil {
		return nil, false // Open has parsed it
	}
	return form.Canonical(), true
}

// List returns the signatory list.
func (e *Edition) List() *signatory.List { return e.list }

// Withhold returns the edition without the name of the entry with this commitment:
// what was signed stays as it is.
func (e *Edition) Withhold(commitment string) (*Edition, error) {
	list, err := e.list.Withhold(commitment)
	if err != nil {
		return nil, err
	}
	out := *e
	out.list = list
	return &out, nil
}

// ForMatch returns the edition as the matcher takes it.
func (e *Edition) ForMatch() match.Version {
	out := match.Version{Number: e.statement.Version, Texts: e.texts}
	for _, entry := range e.list.Entries() {
		x := entry.Signatory
		detail := slices.DeleteFunc([]string{x.Role, x.Country, x.Domain}, func(s string) bool { return s == "" })
		out.Names = append(out.Names, match.Name{Text: x.Name, Withheld: entry.Withheld, Commitment: entry.Commitment, Detail: strings.Join(detail, ", ")})
	}
	lines := slices.Sorted(maps.Values(e.statement.PlaceDate))
	out.PlaceDate = strings.Join(lines, "\n")
	return out
}
