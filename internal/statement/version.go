package statement

import (
	"encoding/base64"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/log"
)

// MaxSignatories is the largest signatory list of one version.
const MaxSignatories = 10000

// Version is the statement of one edition: its texts by digest, its signatory
// list by commitments, what changed and why.
type Version struct {
	Canonical   string            `json:"canonical"`      // edition of the canonical form, such as sijil-text/1
	Date        string            `json:"date,omitempty"` // of the declaration, YYYY-MM-DD
	Issued      string            `json:"issued"`         // the publisher's claim of when it was signed, RFC 3339 UTC
	Log         LogName           `json:"log"`
	Place       string            `json:"place,omitempty"`
	PlaceDate   map[string]string `json:"placeDate,omitempty"` // by language: the line as it stands beside the list
	Previous    log.Digest        `json:"previous"`
	Publication log.Digest        `json:"publication"`
	Reason      string            `json:"reason"` // what changed and why, in the publisher's words
	Sequence    int64             `json:"sequence"`
	Signatories Commitments       `json:"signatories"`
	Title       map[string]string `json:"title"`
	Version     int               `json:"version"`

	texts []Text
}

// Commitments hold the salted digests of a signatory list, in list order: the
// names stand beside the record (package signatory).
type Commitments struct {
	Commitments []string `json:"commitments"`
}

// Text is one language's text by its two digests.
type Text struct {
	Language  string
	File      log.Digest // of the published file
	Canonical log.Digest // of its canonical form
}

// Texts returns the texts, sorted by language.
func (v *Version) Texts() []Text { return slices.Clone(v.texts) }

// SetTexts sets the texts that the statement's subjects name.
func (v *Version) SetTexts(texts []Text) {
	v.texts = slices.Clone(texts)
	sort.Slice(v.texts, func(i, j int) bool { return v.texts[i].Language < v.texts[j].Language })
}

// Header returns the statement's place.
func (v *Version) Header() Header {
	return Header{Log: v.Log, Publication: v.Publication, Sequence: v.Sequence, Previous: v.Previous}
}

// CommitmentsDocument is the RFC 8785 array whose digest is the subject
// "signatories".
func (v *Version) CommitmentsDocument() ([]byte, error) {
	return jcs.Marshal(v.Signatories.Commitments)
}

func (v *Version) predicateType() string { return TypeVersion }

const (
	subjectSignatories = "signatories"
	subjectText        = "text/"
	subjectCanonical   = "canonical/"
)

// subjects, in order: canonical/… by language, signatories, text/… by language.
func (v *Version) subjects() []subject {
	var out []subject
	for _, t := range v.texts {
		out = append(out, newSubject(subjectCanonical+t.Language, t.Canonical))
	}
	doc, err := v.CommitmentsDocument()
	if err != nil {
		return nil
	}
	out = append(out, newSubject(subjectSignatories, log.Sum(doc)))
	for _, t := range v.texts {
		out = append(out, newSubject(subjectText+t.Language, t.File))
	}
	return out
}

func newSubject(name string, d log.Digest) subject {
	return subject{Name: name, Digest: subjectDigest{SHA256: d.Hex()}}
}

// textsFrom reads the texts back from subjects. It need not refuse anything:
// Parse re-encodes and compares.
func textsFrom(subjects []subject) []Text {
	byLanguage := map[string]*Text{}
	for _, s := range subjects {
		d, err := log.ParseDigest("sha256:" + s.Digest.SHA256)
		if err != nil {
			continue
		}
		lang, canonical := strings.CutPrefix(s.Name, subjectCanonical)
		if !canonical {
			var ok bool
			if lang, ok = strings.CutPrefix(s.Name, subjectText); !ok {
				continue
			}
		}
		t := byLanguage[lang]
		if t == nil {
			t = &Text{Language: lang}
			byLanguage[lang] = t
		}
		if canonical {
			t.Canonical = d
		} else {
			t.File = d
		}
	}
	out := make([]Text, 0, len(byLanguage))
	for _, t := range byLanguage {
		out = append(out, *t)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Language < out[j].Language })
	return out
}

func (v *Version) check() error {
	if err := v.Header().check(); err != nil {
		return err
	}
	switch {
	case v.Version < 1 || int64(v.Version) > v.Sequence:
		return fmt.Errorf("version %d: want 1 to the sequence number", v.Version)
	case !strings.HasPrefix(v.Canonical, "sijil-text/"):
		return fmt.Errorf("canonical %q: want an edition such as sijil-text/1", clip(v.Canonical))
	}
	if err := v.checkTimes(); err != nil {
		return err
	}
	if err := v.checkWords(); err != nil {
		return err
	}
	return v.checkDigests()
}

func (v *Version) checkTimes() error {
	if err := checkIssued(v.Issued); err != nil {
		return err
	}
	if v.Date == "" {
		return nil
	}
	if at, err := time.Parse(time.DateOnly, v.Date); err != nil || at.Format(time.DateOnly) != v.Date {
		return fmt.Errorf("date %q: want YYYY-MM-DD", clip(v.Date))
	}
	return nil
}

// checkIssued accepts RFC 3339 in UTC, in whole seconds.
func checkIssued(s string) error {
	if at, err := time.Parse(time.RFC3339, s); err != nil || at.UTC().Format(time.RFC3339) != s {
		return fmt.Errorf("issued %q: want a time such as 2026-01-31T12:00:00Z", clip(s))
	}
	return nil
}

// maxReason bounds what a publisher says of a record, in characters.
const maxReason = 2000

func (v *Version) checkWords() error {
	if err := checkTitles(v.Title); err != nil {
		return err
	}
	if err := checkLine("place", v.Place, 200); err != nil {
		return err
	}
	if err := checkReason(v.Reason, "what changed and why"); err != nil {
		return err
	}
	for lang, line := range v.PlaceDate {
		if err := CheckLanguage(lang); err != nil {
			return fmt.Errorf("placeDate: %w", err)
		}
		if err := checkLine("placeDate", line, 300); err != nil {
			return err
		}
	}
	return nil
}

func (v *Version) checkDigests() error {
	if len(v.texts) == 0 || len(v.texts) > maxLanguages {
		return fmt.Errorf("texts: want 1 to %d languages", maxLanguages)
	}
	for i, t := range v.texts {
		if err := CheckLanguage(t.Language); err != nil {
			return fmt.Errorf("texts: %w", err)
		}
		if t.File.IsZero() || t.Canonical.IsZero() {
			return fmt.Errorf("texts: %s: want the digests text/%s and canonical/%s", t.Language, t.Language, t.Language)
		}
		if _, ok := v.Title[t.Language]; !ok {
			return fmt.Errorf("texts: %s: no title in that language", t.Language)
		}
		if i > 0 && v.texts[i-1].Language == t.Language {
			return fmt.Errorf("texts: %s: given twice", t.Language)
		}
	}
	c := v.Signatories.Commitments
	if c == nil || len(c) > MaxSignatories {
		return fmt.Errorf("signatories: want a list of at most %d commitments", MaxSignatories)
	}
	return checkCommitments(c)
}

func checkCommitments(c []string) error {
	seen := make(map[string]bool, len(c))
	for i, s := range c {
		raw, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || len(raw) != len(log.Digest{}) || base64.RawURLEncoding.EncodeToString(raw) != s {
			return fmt.Errorf("signatories: commitment %d is not a SHA-256 digest in base64url", i+1)
		}
		if seen[s] {
			return fmt.Errorf("signatories: commitment %d is given twice", i+1)
		}
		seen[s] = true
	}
	return nil
}
