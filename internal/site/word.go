package site

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/sijil/sijil/internal/match"
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

// look is how a verdict is shown beside its words.
type look struct{ tone, icon string }

var looks = map[string]look{
	match.Identical:  {toneSame, iconSame},
	match.Authentic:  {toneSame, iconSame},
	match.Excerpt:    {toneSame, iconPart},
	match.Consistent: {toneOpen, iconLike},
	match.Altered:    {toneDifferent, iconDifferent},
	match.Unknown:    {toneOpen, iconUnknown},
	match.Unchecked:  {toneOpen, iconUnchecked},
}

// reasonTwoCopies: the form held a text and a file, or an address beside one.
const reasonTwoCopies = "two-copies"

// meaning is what a verdict does not say.
func (v *visit) meaning(verdict *match.Verdict) string {
	switch verdict.Verdict {
	case match.Identical, match.Authentic:
		return v.Say("meaning_true")
	case match.Unchecked:
		if verdict.Version > 0 && verdict.Reason.Code != match.ReasonHidden {
			return v.Say("meaning_unchecked_list")
		}
	}
	return v.Say("meaning_" + verdict.Verdict)
}

// current says whether the version is the latest.
func (v *visit) current(verdict *match.Verdict) string {
	if verdict.Retracted && verdict.Current == match.CurrentNo {
		return v.Say("current_retracted")
	}
	return v.Say("current_" + verdict.Current)
}

// spoken is a message for a code, or the code itself where there is none.
func (v *visit) spoken(prefix, code string) string {
	if v.Has(prefix + code) {
		return v.Say(prefix + code)
	}
	return code + "."
}

// hiddenName is the message that names a character that is not seen.
func hiddenName(r rune) string {
	switch {
	case r == 0:
		return "char_zero"
	case r == 0x200b || r == 0xfeff:
		return "char_space"
	case r == 0x202d:
		return "char_ltr"
	case r == 0x202e:
		return "char_rtl"
	case r >= 0x202a && r <= 0x202c || r >= 0x2066 && r <= 0x2069:
		return "char_direction"
	case r >= 0xe0000 && r <= 0xe007f:
		return "char_tag"
	case unicode.Is(unicode.Variation_Selector, r):
		return "char_variation"
	case unicode.Is(unicode.Cc, r):
		return "char_control"
	case r == 0x034f || r >= 0x200c && r <= 0x200d || r >= 0x2060 && r <= 0x2064 || r == 0x115f || r == 0x1160 || r == 0x3164 || r == 0xffa0:
		return "char_joiner"
	}
	return "char_unseen"
}

func sortedRunes(m map[rune]int) []rune { return slices.Sorted(maps.Keys(m)) }

// firstDetails joins a few details for a line.
func firstDetails(list []string) string {
	const most = 5
	more := ""
	if len(list) > most {
		list, more = list[:most], " "+cut
	}
	return strings.Join(list, ", ") + more
}
