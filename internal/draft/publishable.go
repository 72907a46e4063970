package draft

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/signatory"
	"github.com/sijil/sijil/internal/statement"
	"github.com/sijil/sijil/keys"
)

// Publishable reports every rule that forbids publishing, one a line.
func (d *Draft) Publishable() error {
	h := d.Header
	var all []error
	add := func(file string, err error) {
		if err != nil {
			all = append(all, fmt.Errorf("%s: %w", file, err))
		}
	}
	add(headerFile, keys.CheckSlug(h.Slug))
	add(headerFile, checkDate(h.Date))
	add(headerFile, checkLine("place", h.Place, 200, false))
	add(headerFile, checkLine("reason", h.Reason, 2000, true))
	if len(h.Languages) == 0 {
		add(headerFile, errors.New("languages: want one at least"))
	}
	for _, lang := range h.Languages {
		add(headerFile, statement.CheckLanguage(lang))
		add(headerFile, checkLine("title: "+lang, h.Title[lang], 500, true))
		add(headerFile, checkLine("place_date: "+lang, h.PlaceDate[lang], 300, false))
		if trim(d.Texts[lang]) == "" {
			add(textFile(lang), errors.New("the text is empty"))
		}
	}
	for _, f := range d.OpenFlags() {
		all = append(all, fmt.Errorf("open: %s [%s]", f, f.ID))
	}
	for _, e := range d.Entries {
		if err := e.Signatory().Validate(); err != nil {
			add(signatoriesFile, fmt.Errorf("%sentry %d: %w", e.where(err), e.ID, err))
		}
	}
	if len(d.Entries) > signatory.MaxSignatories {
		add(signatoriesFile, fmt.Errorf("%d entries, at most %d", len(d.Entries), signatory.MaxSignatories))
	}
	return errors.Join(all...)
}

// Digests returns what the statement's text subjects will say: the SHA-256 of
// each text file, by subject name ("text/en"), in hexadecimal.
func (d *Draft) Digests() map[string]string {
	out := map[string]string{}
	for lang, content := range d.Texts {
		sum := sha256.Sum256([]byte(content))
		out["text/"+lang] = hex.EncodeToString(sum[:])
	}
	return out
}

// where says where the value stands of which an error speaks first.
func (e Entry) where(err error) string {
	key, _, _ := strings.Cut(strings.ReplaceAll(err.Error(), ":", " "), " ")
	if p, ok := e.places[key]; ok {
		return fmt.Sprintf("line %d, column %d: ", p.line, p.column)
	}
	return atLine(e.yamlLine)
}

func atLine(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("line %d: ", n)
}

func checkDate(s string) error {
	if s == "" {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return fmt.Errorf("date %q: want year-month-day, such as 2026-03-05", s)
	}
	return nil
}

func checkLine(what, s string, most int, required bool) error {
	switch {
	case required && trim(s) == "":
		return fmt.Errorf("%s: missing", what)
	case utf8.RuneCountInString(s) > most:
		return fmt.Errorf("%s: over %d characters", what, most)
	case strings.ContainsFunc(s, forbidden) || strings.ContainsAny(s, "\n\t"):
		return fmt.Errorf("%s: has a character that is not allowed in one line of text", what)
	}
	return nil
}
