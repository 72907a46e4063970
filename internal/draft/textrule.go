package draft

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// examineText applies the rules of texts to the content of a text file.
func examineText(lang, content string) []finding {
	var out []finding
	for i, s := range strings.Split(content, "\n") {
		for _, rule := range []func(string, string) []finding{repeatedWords, spacings, unfinishedParagraph, invisibleInText} {
			for _, f := range rule(s, lang) {
				f.file, f.line = textFile(lang), i+1
				out = append(out, f)
			}
			if len(out) > maxFlags { // checked by the caller
				return out
			}
		}
	}
	return out
}

func textFile(lang string) string { return "text." + lang + ".txt" }

// token is a word of a line with its place.
type token struct {
	start, end int
	text       string
}

func tokens(s string) []token {
	var out []token
	start := -1
	for i, r := range s + " " {
		in := i < len(s) && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r))
		switch {
		case in && start < 0:
			start = i
		case !in && start >= 0:
			out = append(out, token{start, i, s[start:i]})
			start = -1
		}
	}
	return out
}

// legitimate are words that writers do repeat.
var legitimate = setOf("that had very nous vous bla much")

// repeatedWords finds a word that stands twice with only spaces between.
func repeatedWords(s, _ string) []finding {
	var out []finding
	all := tokens(s)
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		if trim(s[a.end:b.start]) != "" || !strings.EqualFold(a.text, b.text) ||
			legitimate[strings.ToLower(a.text)] || !unicode.IsLetter([]rune(a.text)[0]) || unicode.IsUpper([]rune(b.text)[0]) {
			continue
		}
		from, to := around(s, a.start, b.end)
		out = append(out, finding{rule: RepeatedWord, excerpt: s[from:to],
			reason: "the word “" + b.text + "” stands twice; something between may be missing",
			repair: []Proposal{{Text: s[from:a.end] + s[b.end:to]}}})
		if len(out) > maxFlags {
			break
		}
	}
	return out
}

// around widens a place by about one word on each side, so that a reader finds it.
func around(s string, start, end int) (from, to int) {
	from, to = start, end
	if i := strings.LastIndexFunc(strings.TrimRightFunc(s[:start], unicode.IsSpace), unicode.IsSpace); i >= 0 {
		_, size := utf8.DecodeRuneInString(s[i:])
		from = i + size
	} else {
		from = 0
	}
	rest := s[end:]
	gap := len(rest) - len(strings.TrimLeftFunc(rest, unicode.IsSpace))
	if i := strings.IndexFunc(rest[gap:], unicode.IsSpace); i >= 0 {
		to = end + gap + i
	} else {
		to = len(s)
	}
	return from, to
}

var (
	doubleSpace   = expression(`\S([\s\x{a0}]{2,})\S`)
	spaceBefore   = expression(`[\p{L}\p{N}]([\s\x{a0}\x{202f}]+)[,.;:!?،؛؟](?:\s|$)`)
	spaceBeforeFr = expression(`[\p{L}\p{N}]([\s\x{a0}\x{202f}]+)[,.](?:\s|$)`)
)

// spacings finds doubled spaces, and spaces before a sign that follows its word
// at once. French sets a space before high signs.
func spacings(s, lang string) []finding {
	before := spaceBefore
	if lang == "fr" || strings.HasPrefix(lang, "fr-") {
		before = spaceBeforeFr
	}
	var out []finding
	for _, m := range doubleSpace().FindAllStringSubmatchIndex(s, maxFlags) {
		out = append(out, spacing(s, m[2], m[3], " ", "more than one space between two words"))
	}
	for _, m := range before().FindAllStringSubmatchIndex(s, maxFlags) {
		out = append(out, spacing(s, m[2], m[3], "", "a space before a punctuation mark"))
	}
	return out
}

func spacing(s string, start, end int, instead, reason string) finding {
	from, to := around(s, start, end)
	return finding{rule: Spacing, excerpt: s[from:to], reason: reason,
		repair: []Proposal{{Text: s[from:start] + instead + s[end:to]}}}
}

// unfinishedParagraph finds a long paragraph that ends without a sign: the end
// of the sentence may be lost.
func unfinishedParagraph(s, _ string) []finding {
	if utf8.RuneCountInString(s) < 120 || strings.HasPrefix(s, "• ") || finished(s) {
		return nil
	}
	excerpt := []rune(s)
	tail := string(excerpt[len(excerpt)-40:])
	if i := strings.IndexByte(tail, ' '); i >= 0 {
		tail = tail[i+1:]
	}
	return []finding{{rule: UnfinishedParagraph, excerpt: tail,
		reason: "a long paragraph ends without punctuation; the end of the sentence may be missing"}}
}

func invisibleInText(s, _ string) []finding {
	i := strings.IndexFunc(s, invisible)
	if i < 0 {
		return nil
	}
	if clean := removeInvisible(s); clean != "" && !strings.ContainsRune(s, utf8.RuneError) {
		return []finding{{rule: Invisible, excerpt: s, reason: "the line holds characters that nobody sees",
			repair: []Proposal{{Text: clean}}}}
	}
	return []finding{{rule: Invisible, excerpt: s,
		reason: "the line holds characters that nobody sees, or that were lost in an earlier conversion"}}
}
