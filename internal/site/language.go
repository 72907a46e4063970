package site

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
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

// languageName is the name of a language in English and in itself.
func languageName(lang string) string {
	tag, err := language.Parse(lang)
	if err != nil {
		return lang
	}
	name, self := display.English.Tags().Name(tag), display.Self.Name(tag)
	if name == "" || self == "" || strings.EqualFold(name, self) {
		return cmp.Or(name, self, lang)
	}
	return name + " (\u2068" + self + "\u2069)"
}

func languageNames(langs []string) string {
	names := make([]string, len(langs))
	for i, l := range langs {
		names[i] = languageName(l)
	}
	return strings.Join(names, ", ")
}

// title is a title in one language.
type title struct{ Lang, Dir, Text string }

// titles returns the titles by language, English first: the pages are English.
func titles(byLang map[string]string) []title {
	langs := slices.SortedFunc(maps.Keys(byLang), func(a, b string) int {
		if (a == "en") != (b == "en") {
			if a == "en" {
				return -1
			}
			return 1
		}
		return cmp.Compare(a, b)
	})
	out := make([]title, 0, len(langs))
	for _, l := range langs {
		out = append(out, title{l, direction(l), byLang[l]})
	}
	if len(out) == 0 {
		return []title{{Lang: "en", Dir: "ltr", Text: "Untitled"}}
	}
	return out
}

// instant writes an RFC 3339 time for people; anything else as it is.
func instant(s string) string {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return s
	}
	return t.UTC().Format("2 January 2006, 15:04 UTC")
}

// dated joins a declaration's date and place for people.
func dated(date, place string) string {
	if t, err := time.Parse(time.DateOnly, date); err == nil {
		date = t.Format("2 January 2006")
	}
	if date == "" || place == "" {
		return date + place
	}
	return date + ", " + place
}
