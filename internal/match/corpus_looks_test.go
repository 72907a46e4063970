package match

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// looks are the steps on the whole copy. What most of them do stands in their name.
var looks = map[string]func(in string, s step) string{
	"all":      func(in string, s step) string { return strings.ReplaceAll(in, s.Find, s.With) },
	"sub":      func(in string, s step) string { return regexp.MustCompile(s.Find).ReplaceAllString(in, s.With) },
	"wrap":     func(in string, s step) string { return wrap(in, s.Count) },
	"above":    func(in string, s step) string { return s.With + in },
	"below":    func(in string, s step) string { return in + s.With },
	"nfd":      func(in string, _ step) string { return norm.NFD.String(in) },
	"one-line": func(in string, _ step) string { return strings.Join(strings.Fields(in), " ") + "\n" },
	"trim":     func(in string, _ step) string { return strings.TrimSpace(in) },
	"number-list": func(in string, s step) string { // "With" is the form, of %d
		n := 0
		return regexp.MustCompile(`(?m)^• `).ReplaceAllStringFunc(in, func(string) string { n++; return fmt.Sprintf(s.With, n) + " " })
	},
	"letter-list": func(in string, s step) string {
		n := 0
		return regexp.MustCompile(`(?m)^• `).ReplaceAllStringFunc(in, func(string) string {
			n++
			letter := string(rune('a' + (n-1)%26))
			return fmt.Sprintf(s.With, strings.Repeat(letter, 1+(n-1)/26)) + " "
		})
	},
	"roman-list": func(in string, s step) string {
		n := 0
		return regexp.MustCompile(`(?m)^• `).ReplaceAllStringFunc(in, func(string) string {
			n++
			return fmt.Sprintf(s.With, strings.Fields("i ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx xxi")[min(n, 21)-1]) + " "
		})
	},
	"bullet-list":   func(in string, s step) string { return strings.ReplaceAll(in, "• ", s.With) },
	"itemise":       func(in string, s step) string { return itemise.ReplaceAllString(in, s.With+"$1") },
	"number-items":  func(in string, s step) string { return numberItems(in, s.With) },
	"arabic-digits": func(in string, _ step) string { return strings.Map(digits('٠'), in) },
	"persian-digits": func(in string, _ step) string {
		return strings.Map(digits('۰'), in)
	},
	"bold-letters": func(in string, s step) string { // mathematical ones, in the words of one line
		return strings.Replace(in, s.Find, strings.Map(mathematical, s.Find), 1)
	},
	"presentation-forms": func(in string, _ step) string { return arabicForms.Replace(in) },
	"hyphenate":          func(in string, s step) string { return hyphenate(in, s.Count) },
	"quote-lines": func(in string, s step) string {
		return s.With + strings.ReplaceAll(strings.TrimRight(in, "\n"), "\n", "\n"+s.With) + "\n"
	},
	"around-lines": func(in string, s step) string { // WhatsApp's *, _ and ~ round every line
		return regexp.MustCompile(`(?m)^(\S.*\S)$`).ReplaceAllString(in, strings.ReplaceAll(s.With, "$", "$$")+"${1}"+strings.ReplaceAll(s.With, "$", "$$"))
	},
	"between-letters": func(in string, s step) string { // after every n-th letter
		n := 0
		var out strings.Builder
		rs := []rune(in)
		for i, r := range rs {
			out.WriteRune(r)
			if n++; unicode.IsLetter(r) && i+1 < len(rs) && unicode.IsLetter(rs[i+1]) && n%s.Count == 0 {
				out.WriteString(s.With)
			}
		}
		return out.String()
	},
}

// itemise finds the demands of the example declaration.
var itemise = regexp.MustCompile(`(?m)^((?:Open the gates|Test|Return|Do not|Pay|Ouvrir|Analyser|Ne pas|فتح|فحص|عدم) )`)

func numberItems(in, form string) string {
	n := 0
	return itemise.ReplaceAllStringFunc(in, func(s string) string { n++; return fmt.Sprintf(form, n) + " " + s })
}

func digits(zero rune) func(rune) rune {
	return func(r rune) rune {
		if r >= '0' && r <= '9' {
			return zero + r - '0'
		}
		return r
	}
}

func mathematical(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z':
		return 0x1d41a + r - 'a'
	case r >= 'A' && r <= 'Z':
		return 0x1d400 + r - 'A'
	case r >= '0' && r <= '9':
		return 0x1d7ce + r - '0'
	}
	return r
}

var arabicForms = strings.NewReplacer("لا", "ﻻ", "لأ", "ﻷ", "لإ", "ﻹ", "ب", "ﺑ", "ت", "ﺗ", "ن", "ﻧ", "م", "ﻣ", "ه", "ﻫ", "ي", "ﻳ", "ة", "ﺔ", "د", "ﺪ", "ر", "ﺮ", "س", "ﺳ", "و", "ﻮ")

// hyphenate breaks lines at the width, words in their middle and with a hyphen.
func hyphenate(in string, width int) string {
	var out strings.Builder
	for _, line := range strings.SplitAfter(in, "\n") {
		col := 0
		for _, w := range strings.SplitAfter(line, " ") {
			rs := []rune(w)
			letters := len(strings.TrimSpace(w)) > 0
			for i := 0; i < len(rs); i++ {
				letters = letters && (unicode.IsLetter(rs[i]) || unicode.IsSpace(rs[i]))
			}
			if n := width - col - 1; letters && col+len(rs) > width && n >= 3 && len(rs)-n >= 4 {
				out.WriteString(string(rs[:n]) + "-\n")
				rs, col = rs[n:], 0
			} else if col > 0 && col+len(rs) > width {
				out.WriteString("\n")
				col = 0
			}
			out.WriteString(string(rs))
			col += len(rs)
		}
	}
	return out.String()
}
