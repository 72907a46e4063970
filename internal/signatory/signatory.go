package signatory

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Limits of one entry. They keep every disclosure under MaxDisclosure bytes.
const (
	MaxName  = 500 // runes of a name
	MaxRole  = 200 // runes of a role
	maxMarks = 8   // combining marks on one base: Go and JavaScript part on long runs
)

// Kind says what an entry is. A person's entry can be withheld later.
type Kind string

// The two kinds. There is no default: the zero Kind is invalid.
const (
	Organisation Kind = "organisation"
	Person       Kind = "person"
)

// Signatory is one entry of a signatory list. Its fields stand in the order of RFC 8785.
type Signatory struct {
	// Country, ISO 3166-1 alpha-2 in capitals. Optional.
	Country string `json:"country,omitempty"`
	// Domain is a host name in lower case with at least two labels. Optional.
	Domain string `json:"domain,omitempty"`
	Kind   Kind   `json:"kind"`
	// Language of the name, a BCP 47 tag in canonical case. Optional.
	Language string `json:"language,omitempty"`
	// Name as the publisher gives it: NFC, one line, 1 to 500 runes.
	Name string `json:"name"`
	// Role of a person, one line, at most 200 runes. Optional.
	Role string `json:"role,omitempty"`
}

// Validate reports the first rule that s breaks.
func (s Signatory) Validate() error {
	if s.Name == "" {
		return errors.New("name is empty")
	}
	if err := checkLine(s.Name, MaxName); err != nil {
		return fmt.Errorf("name: %w", err)
	}
	if s.Kind != Organisation && s.Kind != Person {
		return fmt.Errorf("kind %q is neither %q nor %q", s.Kind, Organisation, Person)
	}
	if err := checkLine(s.Role, MaxRole); err != nil {
		return fmt.Errorf("role: %w", err)
	}
	if err := checkLanguage(s.Language); err != nil {
		return fmt.Errorf("language: %w", err)
	}
	if s.Country != "" && !isCountry(s.Country) {
		return fmt.Errorf("country %q is not an ISO 3166-1 alpha-2 code in capitals", s.Country)
	}
	if s.Domain != "" {
		if err := CheckDomain(s.Domain); err != nil {
			return fmt.Errorf("domain: %w", err)
		}
	}
	return nil
}

// checkLine holds the rules for a line that people read: what it shows is what
// it is. Empty is allowed.
func checkLine(s string, limit int) error {
	if !utf8.ValidString(s) {
		return errors.New("not valid UTF-8")
	}
	if n := utf8.RuneCountInString(s); n > limit {
		return fmt.Errorf("%d characters, at most %d", n, limit)
	}
	if strings.TrimSpace(s) != s {
		return errors.New("white space at an end")
	}
	marks := 0
	for i, r := range []rune(s) {
		if !Allowed(r) {
			return fmt.Errorf("character %d, %U, is not allowed", i+1, r)
		}
		if !unicode.Is(unicode.M, r) {
			marks = 0
		} else if marks++; marks > maxMarks {
			return fmt.Errorf("more than %d combining marks, at character %d", maxMarks, i+1)
		}
	}
	if !norm.NFC.IsNormalString(s) {
		return errors.New("not in Unicode normalization form C")
	}
	return nil
}

// Allowed reports whether r may stand in a name or role: a visible character, a
// space, or one of the invisible ones that some scripts cannot be written
// without. Line ends, controls, bidirectional overrides and isolates, tag
// characters, zero-width spaces, private use and unassigned code points may not.
func Allowed(r rune) bool {
	switch r {
	case '\u200C', '\u200D', // joiners: Persian, Urdu, Indic scripts
		'\u200E', '\u200F', '\u061C': // marks that order mixed Latin and Arabic
		return true
	case utf8.RuneError: // the trace of an earlier, failed decoding
		return false
	}
	return unicode.IsGraphic(r)
}

func checkLanguage(tag string) error {
	if tag == "" {
		return nil
	}
	t, err := language.Raw.Parse(tag)
	var unknown language.ValueError // well-formed, but a subtag is not registered
	if err != nil && !errors.As(err, &unknown) {
		return fmt.Errorf("%q is not a well-formed BCP 47 tag", tag)
	}
	if err == nil && t.String() != tag {
		return fmt.Errorf("%q is written %q", tag, t.String())
	}
	if len(tag) > 35 {
		return fmt.Errorf("%q is longer than 35 characters", tag)
	}
	return nil
}

// CheckDomain reports the first rule that d breaks as the domain of a signatory: a host
// name in lower case with at least two labels, and no address.
func CheckDomain(d string) error {
	if len(d) > 253 {
		return fmt.Errorf("%d characters, at most 253", len(d))
	}
	labels := strings.Split(d, ".")
	if len(labels) < 2 {
		return fmt.Errorf("%q has one label only", d)
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return fmt.Errorf("%q has a malformed label %q", d, l)
		}
		if strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return fmt.Errorf("%q: label %q is not lower-case letters, digits and hyphens", d, l)
		}
	}
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return fmt.Errorf("%q is an address, not a host name", d)
	}
	return nil
}

// countries are the 249 officially assigned codes of ISO 3166-1 alpha-2.
const countries = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ " +
	"CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR " +
	"GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP " +
	"KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ " +
	"NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW " +
	"SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ " +
	"UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "

func isCountry(c string) bool {
	if len(c) != 2 || c[0] < 'A' || c[0] > 'Z' || c[1] < 'A' || c[1] > 'Z' {
		return false
	}
	return strings.Contains(countries, c+" ")
}
