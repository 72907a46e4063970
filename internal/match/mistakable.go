package match

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a program that reads pictures takes for one another, even when it is sure.

// mistakable reports whether two words differ only in case, accents and shapes that are
// alike; of Arabic words also in dots, and in one letter, or two of six and more.
func mistakable(a, b string) bool {
	a, b = shapes(a), shapes(b)
	if a == b {
		return true
	}
	n := max(utf8.RuneCountInString(a), utf8.RuneCountInString(b))
	if !arabic(a) || !arabic(b) || n < 3 {
		return false
	}
	limit := 1
	if n >= 6 {
		limit = 2
	}
	return distance([]rune(a), []rune(b), limit) <= limit
}

// shapes is a word without what is easily overlooked, of like shapes the same one.
func shapes(s string) string {
	return alike.Replace(strings.ToLower(unaccented(s)))
}

var alike = strings.NewReplacer("rn", "m", "vv", "w", "cl", "d", "0", "o", "1", "l", "i", "l", "|", "l", "'", "",
	"ء", "", "ٱ", "ا", "ت", "ب", "ث", "ب", "ن", "ب", "ي", "ب", "ى", "ب",
	"ح", "ج", "خ", "ج", "ذ", "د", "ز", "ر", "ش", "س", "ض", "ص", "ظ", "ط", "غ", "ع", "ق", "ف", "ة", "ه")

// arabic reports whether a word has no letters but Arabic ones.
func arabic(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.Is(unicode.Arabic, r) })
}

// isDigits reports whether a word is a number in digits, with or without separators.
func isDigits(s string) bool {
	return strings.ContainsFunc(s, unicode.IsDigit) && !strings.ContainsFunc(s, unicode.IsLetter)
}

// partOf reports whether b is left when some letters or digits of a are overlooked.
func partOf(b, a string) bool {
	left := []rune(b)
	for _, r := range a {
		if len(left) > 0 && left[0] == r {
			left = left[1:]
		}
	}
	return len(left) == 0
}
