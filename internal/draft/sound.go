package draft

import (
	"strings"
	"unicode/utf8"
)

// sounds maps Arabic letters and the Latin letters that write them to one sign,
// so that a name has the same consonants in both scripts. Vowels, and the
// letters that may be vowels, have none.
var sounds = map[rune]string{
	'ب': "b", 'ت': "t", 'ث': "t", 'ج': "j", 'ح': "h", 'خ': "k", 'د': "d", 'ذ': "d",
	'ر': "r", 'ز': "z", 'س': "s", 'ش': "s", 'ص': "s", 'ض': "d", 'ط': "t", 'ظ': "z",
	'غ': "j", 'ف': "f", 'ق': "k", 'ك': "k", 'ک': "k", 'ل': "l", 'م': "m", 'ن': "n", 'ه': "h",
	'b': "b", 'c': "k", 'd': "d", 'f': "f", 'g': "j", 'h': "h", 'j': "j", 'k': "k",
	'l': "l", 'm': "m", 'n': "n", 'p': "b", 'q': "k", 'r': "r", 's': "s", 't': "t",
	'v': "f", 'x': "ks", 'z': "z",
}

var digraphs = strings.NewReplacer("sch", "s", "ch", "s", "sh", "s", "th", "t", "dh", "d", "kh", "k", "gh", "g", "ph", "f", "dj", "j", "ss", "s")

// sound returns the consonants of a folded word: "musawah" and "مساواه" are both
// "ms". A final h is silent in both scripts.
func sound(w string) string {
	if isArabic(w) {
		if v := variants(w); len(v) > 1 {
			w = v[1] // without the article
		}
	} else {
		w = digraphs.Replace(w)
	}
	w = strings.TrimSuffix(strings.TrimSuffix(w, "h"), "ه")
	var b strings.Builder
	last := ""
	for _, r := range w {
		s := sounds[r]
		if s != "" && s != last {
			b.WriteString(s)
		}
		last = s
	}
	return b.String()
}

func isArabic(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return r >= 0x600 && r <= 0x6ff
}
