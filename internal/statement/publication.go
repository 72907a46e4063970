package statement

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/sijil/sijil/internal/jcs"
	"github.com/sijil/sijil/keys"
	"github.com/sijil/sijil/log"
)

// Publication is the genesis statement: it names the publication and says whose
// signatures its records need.
type Publication struct {
	Log    LogName           `json:"log"`
	Policy Policy            `json:"policy"`
	Slug   string            `json:"slug"`
	Title  map[string]string `json:"title"` // by BCP 47 language
}

// Policy is a publication policy: keys, how many of them must sign, and keys
// that may recover the publication. This edition knows the threshold 1 and no
// recovery keys.
type Policy struct {
	Keys         [][]byte `json:"keys"` // DER SubjectPublicKeyInfo, ECDSA P-256
	RecoveryKeys [][]byte `json:"recoveryKeys"`
	Threshold    int      `json:"threshold"`
}

// NewPolicy returns the policy of one publisher key.
func NewPolicy(key *keys.PublicKey) Policy {
	return Policy{Keys: [][]byte{key.SPKI()}, RecoveryKeys: [][]byte{}, Threshold: 1}
}

// Header of a genesis names no publication: its own digest becomes the name.
func (p *Publication) Header() Header { return Header{Log: p.Log} }

func (p *Publication) predicateType() string { return TypePublication }

// subjects: the publication policy, so that the digest a stock client checks is
// of something that can be written to a file.
func (p *Publication) subjects() []subject {
	doc, err := jcs.Marshal(p.Policy)
	if err != nil {
		return nil
	}
	return []subject{{Name: "policy", Digest: subjectDigest{SHA256: log.Sum(doc).Hex()}}}
}

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

// PublicKeys returns the policy's keys, parsed.
func (p Policy) PublicKeys() ([]*keys.PublicKey, error) {
	out := make([]*keys.PublicKey, 0, len(p.Keys))
	for i, spki := range p.Keys {
		k, err := keys.ParsePublicKey(spki)
		if err != nil {
			return nil, fmt.Errorf("policy: key %d: %w", i+1, err)
		}
		out = append(out, k)
	}
	return out, nil
}

func (p Policy) check() error {
	const most = 32
	switch {
	case len(p.Keys) == 0 || len(p.Keys) > most:
		return fmt.Errorf("policy: want 1 to %d keys", most)
	case p.Threshold != 1:
		return fmt.Errorf("policy: threshold %d: this edition knows the threshold 1 only", p.Threshold)
	case p.RecoveryKeys == nil || len(p.RecoveryKeys) > 0:
		return errors.New("policy: recoveryKeys: want an empty list in this edition")
	}
	all, err := p.PublicKeys()
	if err != nil {
		return err
	}
	seen := map[log.Digest]bool{}
	for i, k := range all {
		if seen[k.Digest()] {
			return fmt.Errorf("policy: key %d is listed twice", i+1)
		}
		seen[k.Digest()] = true
	}
	return nil
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
