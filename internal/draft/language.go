package draft

import (
	"errors"
	"strings"
	"unicode"
)

// stopWords are short, frequent words that stand in one language only.
var stopWords = map[string][]string{
	"en": {"the", "and", "of", "to", "in", "for", "we", "with", "that", "our", "is", "are", "on", "by", "its", "against"},
	"fr": {"le", "la", "les", "des", "et", "pour", "nous", "que", "dans", "du", "une", "sur", "est", "aux", "avec", "contre", "à"},
}

// detectLanguage tells en, fr and ar apart: Arabic by its script, the others by
// their frequent words.
func detectLanguage(s string) (string, error) {
	arabic, latin := scripts(s)
	if arabic > latin {
		return "ar", nil
	}
	counts := map[string]int{}
	for _, w := range words(s) {
		w = strings.ToLower(w)
		for lang, list := range stopWords {
			for _, stop := range list {
				if w == stop {
					counts[lang]++
				}
			}
		}
	}
	en, fr := counts["en"], counts["fr"]
	switch {
	case en >= 3 && en > 2*fr:
		return "en", nil
	case fr >= 3 && fr > 2*en:
		return "fr", nil
	}
	return "", errors.New("the language is none of en, fr and ar, or cannot be told: name it")
}

// nameLanguage is a careful guess for a signatory's name; "" when unsure.
func nameLanguage(s string) string {
	arabic, latin := scripts(s)
	switch {
	case arabic > 0 && latin == 0:
		return "ar"
	case arabic > 0 || latin == 0:
		return ""
	}
	en, fr := 0, 0
	for _, w := range words(s) {
		switch strings.ToLower(w) {
		case "the", "of", "and", "for", "to", "in", "against", "on", "with":
			en++
		case "le", "la", "les", "des", "du", "de", "et", "pour", "aux", "au", "l", "d", "membre":
			fr++
		}
	}
	switch {
	case en > fr:
		return "en"
	case fr > en:
		return "fr"
	}
	return ""
}

func scripts(s string) (arabic, latin int) {
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Arabic, r) && unicode.IsLetter(r):
			arabic++
		case unicode.IsLetter(r):
			latin++
		}
	}
	return arabic, latin
}

// words splits at everything that is no letter, mark or digit.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r)
	})
}
