package site

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sijil/sijil/internal/message"
	"github.com/sijil/sijil/internal/text"
)

// run is a piece of text as it is shown: characters that can be seen, or the code
// of one that cannot, such as "U+202E", for a box.
type run struct{ Text, Code string }

// screen turns strings into runs and bounds how much of them one page shows: a
// copy of nothing but invisible characters would grow thirtyfold.
type screen struct {
	words *message.Printer
	left  int // characters that may still be shown
	seen  map[rune]int
}

// maxShown is how many characters of texts one page shows.
const maxShown = 120_000

func (v *visit) newScreen() *screen {
	return &screen{words: v.Printer, left: maxShown, seen: map[rune]int{}}
}

// cut is shown where something was left out for its length.
const cut = "…"

// copied shows what somebody sent: every character that is not seen is boxed,
// but for the few that only order or divide lines.
func (s *screen) copied(str string, most int) []run {
	return s.runs(str, most, unseen)
}

// published shows what a publisher signed. The joiners, which some scripts need,
// do their work in it.
func (s *screen) published(str string, most int) []run {
	return s.runs(str, most, func(r rune) bool { return unseen(r) && r != '\u200c' && r != '\u200d' })
}

// unseen reports whether a character needs a box.
func unseen(r rune) bool {
	switch r {
	case '\u00ad', '\u061c', '\u200e', '\u200f', '\ufe0e', '\ufe0f': // presentation alone
		return false
	}
	return text.Visibility(r) == text.Invisible
}

func (s *screen) runs(str string, most int, boxed func(rune) bool) []run {
	var out []run
	var seen strings.Builder
	flush := func() {
		if seen.Len() > 0 {
			out = append(out, run{Text: seen.String()})
			seen.Reset()
		}
	}
	for len(str) > 0 {
		if most <= 0 || s.left <= 0 {
			seen.WriteString(cut)
			break
		}
		r, n := utf8.DecodeRuneInString(str)
		most--
		s.left--
		if !boxed(r) {
			seen.WriteRune(r)
			str = str[n:]
			continue
		}
		flush()
		count := 0
		for again := r; again == r && len(str) > 0; again, n = utf8.DecodeRuneInString(str) {
			str = str[n:]
			count++
		}
		s.seen[r] += count
		out = append(out, run{Code: code(r, count)})
	}
	flush()
	return out
}

func code(r rune, count int) string {
	if count > 1 {
		return fmt.Sprintf("U+%04X × %d", r, count)
	}
	return fmt.Sprintf("U+%04X", r)
}

// lookalike shows a passage whose letters only look like the published ones: the
// code of each letter of another script stands behind it.
func (s *screen) lookalike(str, published string, most int) []run {
	var out []run
	for _, r := range str {
		if most--; most < 0 {
			return append(out, run{Text: cut})
		}
		out = append(out, s.copied(string(r), 1)...)
		if r >= utf8.RuneSelf && unicode.IsLetter(r) && !strings.ContainsRune(published, r) {
			out = append(out, run{Code: code(r, 1)})
		}
	}
	return out
}

// hiddenView is a line of the legend.
type hiddenView struct{ Code, Name string }

// legend names the characters that were boxed so far, in the order of their codes.
func (s *screen) legend() []hiddenView {
	var out []hiddenView
	for _, r := range sortedRunes(s.seen) {
		if len(out) == 40 {
			return append(out, hiddenView{cut, s.words.Say("hidden_more")})
		}
		out = append(out, hiddenView{code(r, 1), s.words.Say(hiddenName(r))})
	}
	return out
}
