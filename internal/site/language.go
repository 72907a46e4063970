package site

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/sijil/sijil/internal/message"
	"github.com/sijil/sijil/internal/publish"
)

// direction returns the dir attribute for text in a language: that of the script
// in which it is usually written, or which the tag names.
func direction(lang string) string {
	tag, err := language.Parse(lang)
	if err != nil {
		return "auto"
	}
	script, _ := tag.Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg", "Mand", "Samr", "Mend":
		return "rtl"
	}
	return "ltr"
}

var namers = map[string]display.Namer{
	"en": display.English.Tags(), "fr": display.French.Tags(), "ar": display.Arabic.Tags(),
}

// languageName is the name of a language in the page's and in itself.
func (v *visit) languageName(lang string) string {
	tag, err := language.Parse(lang)
	if err != nil {
		return lang
	}
	name, self := namers[v.Language].Name(tag), display.Self.Name(tag)
	if name == "" || self == "" || strings.EqualFold(name, self) {
		return cmp.Or(name, self, lang)
	}
	return name + " (\u2068" + self + "\u2069)"
}

func (v *visit) languageNames(langs []string) string {
	names := make([]string, len(langs))
	for i, l := range langs {
		names[i] = v.languageName(l)
	}
	return v.joined(names)
}

// joined makes one list of many, with the language's comma.
func (v *visit) joined(list []string) string {
	if len(list) == 0 {
		return ""
	}
	out := list[0]
	for _, s := range list[1:] {
		out = v.Say("and_comma", "a", out, "b", s)
	}
	return out
}

// title is a title in one language.
type title struct{ Lang, Dir, Text string }

// rank orders languages for a reader: that of the page, English, the others.
func (v *visit) rank(lang string) int {
	switch lang {
	case v.Language:
		return 0
	case "en":
		return 1
	}
	return 2
}

// titles returns the titles by language, that of the page first.
func (v *visit) titles(byLang map[string]string) []title {
	langs := slices.SortedFunc(maps.Keys(byLang), func(a, b string) int {
		return cmp.Or(cmp.Compare(v.rank(a), v.rank(b)), cmp.Compare(a, b))
	})
	out := make([]title, 0, len(langs))
	for _, l := range langs {
		out = append(out, title{l, direction(l), byLang[l]})
	}
	if len(out) == 0 {
		return []title{{Lang: v.Language, Dir: v.Direction(), Text: v.Say("untitled")}}
	}
	return out
}

// instant writes an RFC 3339 time for people; anything else as it is.
func instant(p *message.Printer, s string) string {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return s
	}
	return p.Say("date_time", "date", day(p, t.UTC()), "time", t.UTC().Format("15:04"))
}

func day(p *message.Printer, t time.Time) string {
	return p.Say("date", "day", t.Day(), "month", p.Say("month_"+t.Format("1")), "year", t.Year())
}

// placeDate is where and when a version is dated, as the publisher wrote it, in the page's
// language where he did: a copy of the page then has the line that was published.
func (v *visit) placeDate(n publish.VersionSummary) string {
	langs := slices.SortedFunc(maps.Keys(n.PlaceDate), func(a, b string) int {
		return cmp.Or(cmp.Compare(v.rank(a), v.rank(b)), cmp.Compare(a, b))
	})
	if len(langs) > 0 {
		return n.PlaceDate[langs[0]]
	}
	return v.dated(n.Date, n.Place)
}

// dated joins a declaration's date and place for people.
func (v *visit) dated(date, place string) string {
	if t, err := time.Parse(time.DateOnly, date); err == nil {
		date = day(v.Printer, t)
	}
	if date == "" || place == "" {
		return date + place
	}
	return v.Say("date_place", "date", date, "place", place)
}
