package match

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

var breakable = regexp.MustCompile(`[^ \-]*-+|[^ \-]+`)

// wrap breaks each line at width, as mail programs do: at spaces and after
// hyphens before a letter or digit.
func wrap(s string, width int) string {
	var out strings.Builder
	for _, l := range strings.Split(s, "\n") {
		col := 0
		for i, at := range breakable.FindAllStringIndex(l, -1) {
			w := l[at[0]:at[1]]
			switch {
			case i == 0, l[at[0]-1] != ' ' && !unicode.IsLetter(first(w)) && !unicode.IsNumber(first(w)):
			case col+1+len([]rune(w)) > width:
				out.WriteByte('\n')
				col = 0
			case l[at[0]-1] == ' ':
				out.WriteByte(' ')
				col++
			}
			out.WriteString(w)
			col += len([]rune(w))
		}
		out.WriteByte('\n')
	}
	return out.String()
}

func first(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

var presentation = map[string]func(string) string{
	"as it is":           func(s string) string { return s + " " },
	"CRLF":               func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
	"NFD":                func(s string) string { return norm.NFD.String(s) + " " },
	"BOM":                func(s string) string { return "\ufeff" + s },
	"straight quotes":    strings.NewReplacer("’", "'", "“", `"`, "”", `"`, "«", `"`, "»", `"`).Replace,
	"French quotes":      strings.NewReplacer("“", "« ", "”", " »").Replace,
	"no-break spaces":    func(s string) string { return strings.ReplaceAll(s, " ", "\u00a0") },
	"no French spacing":  strings.NewReplacer(" :", ":", " ;", ";").Replace,
	"French spacing":     strings.NewReplacer(":", "\u00a0:", ";", "\u202f;").Replace,
	"dashes":             strings.NewReplacer(" – ", " — ", "-", "‐").Replace,
	"typewriter dashes":  strings.NewReplacer(" – ", " -- ").Replace,
	"soft hyphens":       func(s string) string { return strings.ReplaceAll(s, "lle", "l\u00adle") },
	"direction marks":    func(s string) string { return strings.ReplaceAll(s, ".\n", ".\u200f\n\u200e") },
	"Arabic digits":      strings.NewReplacer("0", "٠", "1", "١", "2", "٢", "3", "٣", "4", "٤", "5", "٥", "6", "٦", "7", "٧", "8", "٨", "9", "٩").Replace,
	"tatweel":            func(s string) string { return strings.ReplaceAll(s, "ما", "مـــا") + " " },
	"presentation forms": strings.NewReplacer("لا", "ﻻ", "ب", "ﺑ", "ما", "ﻣﺎ", "fi", "ﬁ", ".", ". ").Replace,
	"other bullets":      strings.NewReplacer("• ", "▪ ", "\n\n", "\n\n\n").Replace,
	"no bullets":         func(s string) string { return strings.ReplaceAll(s, "• ", "") },
	"dash bullets":       func(s string) string { return strings.ReplaceAll(s, "• ", "- ") },
	"asterisk bullets":   func(s string) string { return strings.ReplaceAll(s, "• ", "* ") },
	"numbered":           numbered,
	"indented":           func(s string) string { return strings.ReplaceAll(s, "\n", "\n\t ") },
	"double spaced":      func(s string) string { return strings.ReplaceAll(s, "\n", "\n\n") },
	"single spaced":      func(s string) string { return strings.ReplaceAll(s, "\n\n", "\n") },
	"mail quoting":       func(s string) string { return "> " + strings.ReplaceAll(wrap(s, 60), "\n", "\n> ") },
	"bold first words": func(s string) string {
		return regexp.MustCompile(`(?m)^(We|Nous|Moreover)\b`).ReplaceAllString(s, "*$1*") + " "
	},
	"zero-width":          func(s string) string { return strings.ReplaceAll(s, " ", " \u200b") },
	"forwarded":           func(s string) string { return "Forwarded many times\n\n" + s },
	"link after":          func(s string) string { return s + "\n\nhttps://valleys.example/call\n" },
	"matter after":        func(s string) string { return s + "\n\nShared by the news desk\nRead more on our site\n" },
	"no-bullet, one line": func(s string) string { return strings.ReplaceAll(s, "\n", " ") + "\n" },
}

func numbered(s string) string {
	n := 0
	return regexp.MustCompile(`• `).ReplaceAllStringFunc(s, func(string) string { n++; return fmt.Sprintf("%d. ", n) })
}

// itemised puts bullets before the demands too.
func itemised(s string) string {
	return regexp.MustCompile(`(?m)^(Open|Test|Return|Do not|Pay|Ouvrir|Analyser|Ne pas)\b`).ReplaceAllString(s, "• $1")
}

func TestInnocentCopies(t *testing.T) {
	x := newTestIndex(t, valleys(), harbour())
	for name, f := range presentation {
		for lang, body := range map[string]string{"en": valleysEN, "fr": valleysFR, "ar": valleysAR} {
			for _, c := range []struct {
				name, in string
				version  int
				status   string
				also     int
			}{
				{"text", f(body), 2, ListAbsent, 1},
				{"items", f(itemised(body)), 2, ListAbsent, 1},
				{"first list", f(itemised(full(body, firstList))), 1, ListSame, 0},
				{"second list", f(full(body, secondList)), 2, ListSame, 0},
			} {
				if c.in == body {
					continue // nothing to change in this language
				}
				v := check(t, x, c.in, "")
				if v.Verdict != Authentic || v.Version != c.version || v.Signatories.Status != c.status ||
					len(v.AlsoMatches) != c.also || len(v.Languages) != 1 || v.Languages[0] != lang || v.Similarity != 1 {
					t.Errorf("%s, %s, %s: %s", name, lang, c.name, describe(v))
				}
			}
		}
	}
}

func describe(v *Verdict) string {
	return fmt.Sprintf("%s version %d %v also %v, similarity %v, changes %+v, list %+v, around %+v, tolerances %v, reason %v",
		v.Verdict, v.Version, v.Languages, v.AlsoMatches, v.Similarity, v.Changes, v.Signatories, v.Surroundings, v.Tolerances, v.Reason)
}

func TestReflow(t *testing.T) {
	x := newTestIndex(t, valleys(), harbour())
	for width := 20; width <= 120; width++ {
		for _, c := range []struct {
			in      string
			version int
			status  string
		}{
			{valleysEN, 2, ListAbsent}, {valleysFR, 2, ListAbsent}, {valleysAR, 2, ListAbsent},
			{full(valleysEN, firstList), 1, ListSame}, {full(valleysEN, secondList), 2, ListSame},
			{full(valleysAR, firstList), 1, ListSame},
			{strings.ReplaceAll(full(valleysFR, firstList), "• ", ""), 1, ListSame},
			{numbered(full(valleysFR, secondList)), 2, ListSame},
		} {
			v := check(t, x, wrap(c.in, width), "")
			if v.Verdict != Authentic || v.Version != c.version || v.Signatories.Status != c.status {
				t.Errorf("width %d, %.30q: %s", width, c.in, describe(v))
			}
		}
	}
}

func TestCasablancaReflow(t *testing.T) {
	p, in, _ := casablanca(t)
	x := newTestIndex(t, valleys(), p)
	for width := 20; width <= 120; width++ {
		for _, in := range []string{in, strings.ReplaceAll(in, "• ", ""), strings.ReplaceAll(in, "• ", "- "), string(p.Versions[0].Texts["en"])} {
			if v := check(t, x, wrap(in, width), ""); v.Verdict != Authentic {
				t.Errorf("width %d: %s", width, describe(v))
			}
		}
	}
	for name, f := range presentation {
		if v := check(t, x, f(in), "casablanca"); v.Verdict != Authentic || v.Signatories.Status != ListSame {
			t.Errorf("%s: %s", name, describe(v))
		}
	}
}
