package statement

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/sijil/sijil/keys"
)

// Publication is the genesis statement: it names the publication and says whose
// signatures its records need.
type Publication struct {
	Log    LogName           `json:"log"`
	Policy Policy            `json:"policy"`
	Slug   string            `json:"slug"`
	Title  map[string]string `json:"title"` // by BCP 47 language
}

// Header of a genesis names no publication: its own digest becomes the name.
func (p *Publication) Header() Header { return Header{Log: p.Log} }

func (p *Publication) predicateType() string { return TypePublication }

func (p *Publication) subjects() []subject { return []subject{p.Policy.subject()} }

func (p *Publication) check() error {
	if err := p.Log.check(); err != nil {
		return err
	}
	if err := keys.CheckSlug(p.Slug); err != nil {
		return err
	}
	if err := checkTitles(p.Title); err != nil {
		return err
	}
	return p.Policy.check()
}

func checkTitles(titles map[string]string) error {
	if len(titles) == 0 || len(titles) > maxLanguages {
		return fmt.Errorf("title: want 1 to %d languages", maxLanguages)
	}
	for lang, title := range titles {
		if err := CheckLanguage(lang); err != nil {
			return fmt.Errorf("title: %w", err)
		}
		if err := checkLine("title", title, 500); err != nil {
			return err
		}
		if title == "" {
			return errors.New("title: empty")
		}
	}
	return nil
}

const maxLanguages = 40

// CheckLanguage accepts a BCP 47 tag in its canonical spelling, such as "en",
// "ar" or "zh-Hant".
func CheckLanguage(lang string) error {
	tag, err := language.Parse(lang)
	if err != nil || tag.String() != lang || lang == "und" || len(lang) > 35 {
		return fmt.Errorf("language %q: want a BCP 47 tag such as en, fr or ar", clip(lang))
	}
	return nil
}

// checkLine accepts one line of visible text in NFC, without control
// characters and without characters that reorder what is read.
func checkLine(what, s string, most int) error {
	if !utf8.ValidString(s) || !norm.NFC.IsNormalString(s) {
		return fmt.Errorf("%s: want UTF-8 text in NFC", what)
	}
	if utf8.RuneCountInString(s) > most {
		return fmt.Errorf("%s: over %d characters", what, most)
	}
	for i, r := range s {
		if r < 0x20 || r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029 ||
			r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r >= 0xe0000 && r <= 0xe007f {
			return fmt.Errorf("%s: character U+%04X at byte %d is not allowed", what, r, i)
		}
	}
	return nil
}
