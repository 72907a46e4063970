package site

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/sijil/sijil/internal/extract"
	"github.com/sijil/sijil/internal/match"
	"github.com/sijil/sijil/internal/text"
)

// Tones of a verdict: classes of the style sheet. The word and the icon say the
// same without colour.
const (
	toneSame      = "same"
	toneDifferent = "different"
	toneOpen      = "open"
)

// Icons, as the path data of a 24 by 24 drawing.
const (
	iconSame      = "M5 12.5l4.5 4.5L19 7.5"
	iconPart      = "M6 5h12M6 19h12M8.5 12l2.5 2.5L16 9.5"
	iconDifferent = "M5 9h14M5 15h14M16 4L8 20"
	iconLike      = "M4 10c3-4 5-1 8 0s5 4 8 0M4 16c3-4 5-1 8 0s5 4 8 0"
	iconUnknown   = "M8.5 9a3.5 3.5 0 1 1 5.3 3c-1.3.8-1.8 1.4-1.8 2.8M12 18.6v.1"
	iconUnchecked = "M12 4v10.5M12 19.4v.1"
)

// headline is how a verdict is said. In the sentence %s is a version.
type headline struct{ tone, icon, word, sentence, meaning string }

const notTrue = "This does not say that the content is true."

var headlines = map[string]headline{
	match.Identical: {toneSame, iconSame, "Identical", "This copy is, byte for byte, the text file of %s.", notTrue},
	match.Authentic: {toneSame, iconSame, "Authentic", "This copy is the text of %s. Only its presentation differs.", notTrue},
	match.Excerpt: {toneSame, iconPart, "Excerpt", "This copy is one unbroken part of %s, word for word.",
		"What the rest of the text says is not in the copy. " + notTrue},
	match.Consistent: {toneOpen, iconLike, "Consistent", "As far as this copy can be read, it is consistent with %s.",
		"Words that could not be read were not checked. " + notTrue},
	match.Altered: {toneDifferent, iconDifferent, "Altered", "This copy comes from %s and differs from it. Every difference is listed below.",
		"This does not say who made the differences, or why, and it does not say whether the content is true."},
	match.Unknown: {toneOpen, iconUnknown, "Unknown", "This service holds no record of this text.",
		"That does not make the text false: it may be registered elsewhere, or nowhere."},
	match.Unchecked: {toneOpen, iconUnchecked, "Unchecked", "This copy could not be checked.",
		"Nothing is said about it, neither good nor bad."},
}

// why says in plain words why a copy is unknown or unchecked, and what to do.
var why = map[string][]string{
	match.ReasonEmpty:         {"There are no words in what arrived.", "Paste the text into the form, or choose the file that holds it."},
	match.ReasonTooLarge:      {"The copy is larger than any declaration.", "Check the declaration alone, without what surrounds it."},
	match.ReasonInvalidUTF8:   {"The bytes of the copy are not text in UTF-8, so nobody can say which characters they are.", "Open the file, copy its text and paste it here. Or save it as UTF-8 and choose it again."},
	match.ReasonNUL:           {"The copy holds a zero byte, which no text does. It looks like a file of another kind, such as a document or a picture.", "Open it, copy its text and paste it here."},
	match.ReasonMarks:         {"The copy carries more combining marks on one letter than any writing needs. Readers may see different texts in it.", "Type or copy it without the stacked marks."},
	match.ReasonTokens:        {"The copy is far longer than any declaration.", "Check the declaration alone, without what surrounds it."},
	match.ReasonWithheld:      {"The text matches. The copy names signatories that are not in the public part of the list, and some names of the list are withheld: whether these are among them cannot be told here.", "Ask the publisher about the names below."},
	match.ReasonNoRecord:      {"No text that is registered here resembles this one.", "Ask the organisations that the text names where they published it, and check it there."},
	match.ReasonNotSimilar:    {"It shares passages with a registered text, but most of it is another text.", "If it quotes a declaration, check the quotation alone."},
	match.ReasonTooShort:      {"It is too short to be told apart from other texts: fewer than eight words, and no whole paragraph.", "Check more of the text."},
	match.ReasonNoPublication: {"No publication has this name here.", "Check the copy against everything that is published here, or choose a publication from the list."},
	match.ReasonHidden:        {"A reader of this file may see other words than the file says: something is drawn over or between them, or their place or font hides what they are.", "Look at the file yourself, copy what you see, and check that."},
	reasonTwoCopies:           {"A pasted text and a file arrived together.", "Check one after the other."},
}

// reasonTwoCopies: the form held a text and a file.
const reasonTwoCopies = "two-copies"

var classes = map[string]string{
	match.ClassHidden:      "Hidden characters",
	match.ClassLookalike:   "Letters that only look alike",
	match.ClassNegation:    "Negation",
	match.ClassDate:        "Date",
	match.ClassNumber:      "Number",
	match.ClassName:        "Name",
	match.ClassOmission:    "Left out",
	match.ClassAddition:    "Added",
	match.ClassOrder:       "Order",
	match.ClassWording:     "Wording",
	match.ClassCase:        "Capital and small letters",
	match.ClassAccent:      "Accents",
	match.ClassPunctuation: "Punctuation",
}

var tolerances = map[string]string{
	match.TolListMarkers: "Dashes, numbers or letters stand before list items.",
	match.TolMailQuote:   "Lines begin with “>”, as in a quoted mail.",
	match.TolEmphasis:    "Signs such as *, _ and ~ stand around words for emphasis.",
	match.TolHyphenation: "Words are divided at line ends.",
	match.TolSpacing:     "Words are joined or split by a space.",
	match.TolStyled:      "Letters are written with styled characters, such as mathematical bold.",
	match.TolVowels:      "Arabic short vowels differ.",
	match.TolVariants:    "Persian forms of Arabic letters are used, or the other way round.",
	match.TolQuoted:      "The whole copy stands in quotation marks.",
}

// warningWords say what a warning code means.
var warningWords = map[string]string{
	text.CodeZeroWidth:    "The copy holds characters without width, which nobody sees. They were left out of the comparison.",
	text.CodeUnassigned:   "The copy holds code points that were no characters when the rules were fixed.",
	text.CodeMore:         "There are more such characters than are listed.",
	match.WarnMidSentence: "The excerpt begins or ends inside a sentence: read it in its context.",
	match.WarnSpacing:     "Words are joined or split by a space.",
	match.WarnDoubtful:    "Words of the picture that were not read with confidence differ: look at them.",

	extract.WarnStyles:      "The page takes its styles from elsewhere; they were not read, and could hide or move words.",
	extract.WarnHidden:      "The file holds text that a reader does not see. It was left out.",
	extract.WarnDeleted:     "The file holds words that were deleted under revision control. They were left out.",
	extract.WarnComments:    "The file holds comments or notes. They were left out.",
	extract.WarnMargins:     "Page headers, footers and page numbers were left out.",
	extract.WarnAttachments: "Files travel with the mail. They were not read.",
	extract.WarnAlternative: "The mail holds two renderings of one text, and they differ.",
	extract.WarnPictures:    "Pictures in the file were not read.",
	match.TolStyled:         "Letters are written with styled characters, such as mathematical bold.",
	match.TolVowels:         "Arabic short vowels differ.",
	match.TolVariants:       "Persian forms of Arabic letters are used, or the other way round.",
}

// currentWords say whether the version is the latest.
var currentWords = map[string]string{
	match.CurrentYes:          "Yes, this is the latest version.",
	match.CurrentNo:           "No, it was replaced.",
	match.CurrentUndetermined: "Not known: whether there is a newer version could not be determined.",
}

// hiddenName names a character that is not seen.
func hiddenName(r rune) string {
	names := map[rune]string{
		0x00: "zero byte", 0x07: "bell", 0x08: "backspace", 0x1b: "escape", 0x7f: "delete",
		0x034f: "combining grapheme joiner", 0x115f: "Hangul filler", 0x1160: "Hangul filler", 0x3164: "Hangul filler", 0xffa0: "Hangul filler",
		0x180e: "Mongolian vowel separator", 0x200b: "zero-width space", 0x200c: "zero-width non-joiner", 0x200d: "zero-width joiner",
		0x202a: "left-to-right embedding", 0x202b: "right-to-left embedding", 0x202c: "end of direction",
		0x202d: "left-to-right override: shows text in another order", 0x202e: "right-to-left override: shows text in another order",
		0x2060: "word joiner", 0x2061: "function application", 0x2062: "invisible times", 0x2063: "invisible separator", 0x2064: "invisible plus",
		0x2066: "left-to-right isolate", 0x2067: "right-to-left isolate", 0x2068: "first strong isolate", 0x2069: "end of isolate",
		0x2800: "blank Braille pattern", 0xfeff: "zero-width no-break space", 0xfff9: "annotation sign", 0xfffa: "annotation sign", 0xfffb: "annotation sign",
	}
	switch name := names[r]; {
	case name != "":
		return name
	case r >= 0xe0000 && r <= 0xe007f:
		return "tag character: carries hidden text"
	case unicode.Is(unicode.Variation_Selector, r):
		return "variation selector"
	case unicode.Is(unicode.Cc, r):
		return "control character"
	}
	return "character that is not seen"
}

func sortedRunes(m map[rune]int) []rune { return slices.Sorted(maps.Keys(m)) }

// count writes a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// signatoryCount describes a list by its numbers.
func signatoryCount(listed, withheld int) string {
	if withheld == 0 {
		return count(listed, "signatory", "signatories")
	}
	return count(listed, "signatory", "signatories") + "; " + count(withheld, "name is withheld", "names are withheld")
}

// firstDetails joins a few details for a line.
func firstDetails(list []string) string {
	const most = 5
	more := ""
	if len(list) > most {
		list, more = list[:most], " "+cut
	}
	return strings.Join(list, ", ") + more
}
