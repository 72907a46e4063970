package text

import (
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A class says how the scanner treats one code point. The first three make
// words that are copied as they are, the next ones make words that have to be
// rebuilt.
type class uint8

const (
	cWord        class = iota // letter or number that is its own canonical form
	cDigit                    // ASCII digit
	cMark                     // combining mark: its word is rebuilt in NFC
	cRebuild                  // letter that folds or composes: its word is rebuilt
	cFoldDigit                // Arabic-Indic digit
	cSkip                     // left out
	cWarn                     // left out with the warning zero-width
	cSpace                    // white space within a line
	cLineEnd                  // white space that ends a line
	cSingle                   // single quotation mark or apostrophe
	cDouble                   // double quotation mark
	cDash                     // dash
	cStop                     // full stop
	cSeparator                // comma, Arabic comma and number separators
	cBullet                   // unambiguous bullet
	cHidden                   // invisible, and able to reorder or carry text
	cSign                     // any other sign: a token of its own
	cNul                      // refused
	cRebuildSign              // sign that NFC takes apart
	cUnassigned               // a token of its own, with a warning
)

func (c class) inWord() bool  { return c <= cFoldDigit }
func (c class) skipped() bool { return c == cSkip || c == cWarn }
func (c class) digit() bool   { return c == cDigit || c == cFoldDigit }

// The classes that are given by code point. What is not listed here gets its
// class from its Unicode 15.0 category.
var listed = [...]struct {
	class class
	runes string
}{
	{cNul, "\x00"},
	{cSpace, "\t \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"},
	{cLineEnd, "\n\v\f\r\u0085\u2028\u2029"},
	{cSkip, "\u00ad\u0640\u061c\u200e\u200f\ufe0e\ufe0f"},
	{cWarn, "\u034f\u180b\u180c\u180d\u180e\u180f\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff" +
		"\ufe00\ufe01\ufe02\ufe03\ufe04\ufe05\ufe06\ufe07\ufe08\ufe09\ufe0a\ufe0b\ufe0c\ufe0d"},
	{cSingle, "'`\u00b4\u02bc\u1fef\u1ffd\u2018\u2019\u201a\u201b\u2039\u203a"},
	{cDouble, "\"\u00ab\u00bb\u201c\u201d\u201e\u201f\u275d\u275e\u301d\u301e\u301f"},
	{cDash, "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"},
	{cStop, ".\u06d4"},
	{cSeparator, ",\u060c\u066b\u066c"},
	{cBullet, "\u00b7\u0387\u066d\u2022\u2023\u2043\u204c\u204d\u2219\u22c5\u25a0\u25a1\u25aa\u25ab\u25b6\u25b7\u25b8\u25b9\u25ba" +
		"\u25c6\u25c7\u25cb\u25cf\u25e6\u25fb\u25fc\u25fd\u25fe\u2756\u27a2\u27a4\uf0a7\uf0b7\uf0d8"},
	{cHidden, "\u115f\u1160\u17b4\u17b5\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069" +
		"\u206a\u206b\u206c\u206d\u206e\u206f\u2800\u3164\uffa0\ufff9\ufffa\ufffb"},
	{cFoldDigit, "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669" +
		"\u06f0\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9"},
}

// folds gives the canonical text of single signs and letters; the Arabic
// presentation forms are in arabicForms. The last line are signs whose NFC is
// another sign: folding them here lets every later step see one spelling.
var folds = map[rune]string{
	0x061b: ";", 0x061f: "?", 0x066a: "%", 0x06d4: ".", 0x060c: ",", 0x066b: ".", 0x066c: ",",
	0xfb00: "ff", 0xfb01: "fi", 0xfb02: "fl", 0xfb03: "ffi", 0xfb04: "ffl", 0xfb05: "st", 0xfb06: "st",
	0x037e: ";", 0x0387: "\u00b7", 0x1fee: "\u0385", 0x1fef: "'", 0x1ffd: "'", 0x2329: "\u3008", 0x232a: "\u3009",
}

// tableSize covers the scripts in which declarations are written; code points
// above it are classified one at a time.
const tableSize = 0x3000

type table struct {
	low   [tableSize]class
	plain [256]bool      // bytes that are an ASCII letter or digit
	high  map[rune]class // listed or folded code points from tableSize on
	fold  map[rune]string
}

// classTable is computed once and never changed. It takes less than a
// millisecond, which is why it is not a generated file.
var classTable = sync.OnceValue(func() *table {
	t := &table{high: map[rune]class{}, fold: map[rune]string{}}
	for r := rune(0); r < tableSize; r++ {
		t.low[r] = classify(r)
	}
	set := func(r rune, c class) {
		if r < tableSize {
			t.low[r] = c
		} else {
			t.high[r] = c
		}
	}
	for r, to := range folds {
		t.fold[r] = to
	}
	for _, run := range arabicForms {
		for i, to := range run.to {
			t.fold[run.first+rune(i)] = to
			if first, _ := utf8.DecodeRuneInString(to); unicode.Is(unicode.M, first) {
				set(run.first+rune(i), cMark)
			} else {
				set(run.first+rune(i), cRebuild)
			}
		}
	}
	for r := rune(0xfb00); r <= 0xfb06; r++ {
		set(r, cRebuild)
	}
	for _, l := range listed {
		for _, r := range l.runes {
			set(r, l.class)
		}
	}
	for c := range t.plain[:utf8.RuneSelf] {
		t.plain[c] = t.low[c] <= cDigit
	}
	for i := rune(0); i < 10; i++ {
		t.fold[0x0660+i], t.fold[0x06f0+i] = string('0'+i), string('0'+i)
	}
	return t
})

// of returns the class of r.
func (t *table) of(r rune) class {
	switch {
	case r < tableSize:
		return t.low[r]
	case r >= 0x3400 && r <= 0x4dbf, r >= 0x4e00 && r <= 0x9fff, r >= 0xac00 && r <= 0xd7a3: // Han, Hangul
		return cWord
	}
	if c, ok := t.high[r]; ok {
		return c
	}
	switch {
	case r >= 0xe0100 && r <= 0xe01ef: // variation selectors
		return cWarn
	case r >= 0xe0000 && r <= 0xe0fff, r >= 0x1d173 && r <= 0x1d17a, shorthand(r): // tags, musical formats
		return cHidden
	}
	return classify(r)
}

// shorthand reports whether r is a shorthand format control, which no reader
// sees. Edition 0 gave it the class of a sign.
func shorthand(r rune) bool { return r >= 0x1bca0 && r <= 0x1bca3 }

// classify gives the class of a code point that is not listed.
func classify(r rune) class {
	switch {
	case r >= '0' && r <= '9':
		return cDigit
	case unicode.Is(unicode.M, r):
		return cMark
	case unicode.Is(unicode.L, r), unicode.Is(unicode.N, r):
		// A letter that can combine with the one before it (Hangul vowels and
		// finals), or is not its own NFC, makes its word a rebuilt one.
		p := norm.NFC.PropertiesString(string(r))
		if !p.BoundaryBefore() || !norm.NFC.IsNormalString(string(r)) {
			return cRebuild
		}
		return cWord
	case unicode.Is(unicode.P, r), unicode.Is(unicode.S, r), unicode.Is(unicode.Co, r):
		if !norm.NFC.IsNormalString(string(r)) {
			return cRebuildSign
		}
		return cSign
	case unicode.Is(unicode.Cc, r):
		return cHidden
	case unicode.Is(unicode.Cf, r): // visible signs such as U+06DD
		return cSign
	case unicode.Is(unicode.Z, r):
		return cSpace
	}
	return cUnassigned
}

// What a reader sees of a code point.
const (
	Visible   = iota
	Blank     // white space
	Invisible // nothing, though it is there
)

// Visibility says what a reader sees of a code point: one of Visible, Blank and
// Invisible. Those who show a passage of a copy need it.
func Visibility(r rune) int {
	switch c := classTable().of(r); {
	case c == cSpace || c == cLineEnd:
		return Blank
	case c == cWarn || c == cHidden || c == cNul || c == cSkip && r != 0x0640:
		return Invisible
	}
	return Visible
}
