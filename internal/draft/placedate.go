package draft

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// months by their names in English, French and Arabic: the names of Egypt, of
// the Maghreb and of the Levant.
var months = map[string]int{
	"january": 1, "jan": 1, "janvier": 1, "يناير": 1, "جانفي": 1, "كانون الثاني": 1,
	"february": 2, "feb": 2, "février": 2, "fevrier": 2, "فبراير": 2, "فيفري": 2, "شباط": 2,
	"march": 3, "mar": 3, "mars": 3, "مارس": 3, "آذار": 3,
	"april": 4, "apr": 4, "avril": 4, "أبريل": 4, "ابريل": 4, "إبريل": 4, "أفريل": 4, "نيسان": 4,
	"may": 5, "mai": 5, "مايو": 5, "ماي": 5, "أيار": 5,
	"june": 6, "jun": 6, "juin": 6, "يونيو": 6, "جوان": 6, "حزيران": 6,
	"july": 7, "jul": 7, "juillet": 7, "يوليو": 7, "يوليوز": 7, "جويلية": 7, "تموز": 7,
	"august": 8, "aug": 8, "août": 8, "aout": 8, "أغسطس": 8, "غشت": 8, "أوت": 8, "آب": 8,
	"september": 9, "sep": 9, "sept": 9, "septembre": 9, "سبتمبر": 9, "شتنبر": 9, "أيلول": 9,
	"october": 10, "oct": 10, "octobre": 10, "أكتوبر": 10, "اكتوبر": 10, "تشرين الأول": 10,
	"november": 11, "nov": 11, "novembre": 11, "نوفمبر": 11, "نونبر": 11, "تشرين الثاني": 11,
	"december": 12, "dec": 12, "décembre": 12, "decembre": 12, "ديسمبر": 12, "دجنبر": 12, "كانون الأول": 12,
}

const (
	dayPart   = `([0-9]{1,2})(?:st|nd|rd|th|er)?`
	yearPart  = `((?:19|20)[0-9]{2})`
	monthPart = `(\p{L}+(?: الثاني| الأول)?)`
)

var (
	dayFirst   = expression(`(?i)` + dayPart + `\s+(?:of |de )?` + monthPart + `\.?,?،?\s+` + yearPart)
	monthFirst = expression(`(?i)` + monthPart + `\.?\s+` + dayPart + `,?\s+` + yearPart)
	isoDate    = expression(`\b` + yearPart + `-([0-9]{2})-([0-9]{2})\b`)
	slashDate  = expression(`\b([0-9]{1,2})[/.]([0-9]{1,2})[/.]` + yearPart + `\b`)
	rangeBit   = expression(`[0-9]\s*(?:[-–—]|and|et|&|و)\s*$`)

	placeLead = expression(`(?i)^(fait à|fait a|done at|done in|issued in|adopted in|signed in|à |حرر في|حرر ب|حُرر في|صدر في|صدر عن)\s*`)
	placeTail = expression(`(?i)[\s,،;:\-–—(]*(\b(on the|on|the|le|du)|بتاريخ|في|يوم|فى)?[\s,،]*(\b(monday|tuesday|wednesday|thursday|friday|saturday|sunday|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche))?[\s,،;:\-–—(]*$`)
)

// isPlaceDate reports whether a line is a place and a date and no sentence.
func isPlaceDate(s string) bool {
	s = trim(s)
	if utf8.RuneCountInString(s) > 120 || len(strings.Fields(s)) > 14 {
		return false
	}
	start, end, _ := findDate(s)
	if start < 0 {
		return false
	}
	// A title may hold a date as well ("Declaration of 3 March 2026 on …"): after
	// the date there is at most a full stop or a place.
	return len(strings.Fields(s[end:])) <= 4 && len(strings.Fields(s[:start])) <= 8
}

// readPlaceDate splits a place-and-date line. The date is empty when it can be
// read in two ways; nothing is guessed.
func readPlaceDate(s string) (place, date string) {
	s = trim(s)
	start, end, date := findDate(s)
	if start < 0 {
		return "", ""
	}
	place = placeTail().ReplaceAllString(s[:start], "")
	place = placeLead().ReplaceAllString(place, "")
	if trim(place) == "" {
		place = strings.Trim(s[end:], " \u00a0,،.;:-–—()")
	}
	if rangeBit().MatchString(s[:start]) { // "2-3 March": one day of several
		return strings.TrimRight(place, "0123456789 -–—,،"), ""
	}
	return strings.Trim(place, " \u00a0,،"), date
}

// findDate returns where the last date of s stands (-1 for none) and the date as
// YYYY-MM-DD where it has one reading.
func findDate(s string) (start, end int, date string) {
	latin, back := latinDigits(s)
	start = -1
	consider := func(m []int, year, month, day string) {
		if m == nil || m[0] < start {
			return
		}
		mm := months[strings.ToLower(month)]
		if mm == 0 {
			mm, _ = strconv.Atoi(month)
		}
		if mm == 0 {
			return
		}
		start, end, date = m[0], m[1], ""
		iso := fmt.Sprintf("%s-%02d-%02s", year, mm, day)
		if _, err := time.Parse(time.DateOnly, iso); err == nil {
			date = iso
		}
	}
	for _, m := range dayFirst().FindAllStringSubmatchIndex(latin, -1) {
		consider(m, latin[m[6]:m[7]], latin[m[4]:m[5]], pad(latin[m[2]:m[3]]))
	}
	for _, m := range monthFirst().FindAllStringSubmatchIndex(latin, -1) {
		consider(m, latin[m[6]:m[7]], latin[m[2]:m[3]], pad(latin[m[4]:m[5]]))
	}
	for _, m := range isoDate().FindAllStringSubmatchIndex(latin, -1) {
		consider(m, latin[m[2]:m[3]], latin[m[4]:m[5]], latin[m[6]:m[7]])
	}
	for _, m := range slashDate().FindAllStringSubmatchIndex(latin, -1) {
		a, b := latin[m[2]:m[3]], latin[m[4]:m[5]]
		consider(m, latin[m[6]:m[7]], b, pad(a)) // day first, unless month first would do as well
		if n, _ := strconv.Atoi(a); n <= 12 && a != b && start == m[0] {
			date = ""
		}
	}
	if start < 0 {
		return -1, -1, ""
	}
	return back[start], back[end], date
}

func pad(day string) string {
	if len(day) == 1 {
		return "0" + day
	}
	return day
}

// latinDigits writes Arabic-Indic digits as 0-9; back maps byte offsets of the
// result to offsets in s.
func latinDigits(s string) (latin string, back []int) {
	var b strings.Builder
	for i, r := range s {
		n := utf8.RuneLen(r)
		if n < 0 { // an undecodable byte: cannot be in a checked document
			continue
		}
		switch {
		case r >= '٠' && r <= '٩':
			r += '0' - '٠'
		case r >= '۰' && r <= '۹':
			r += '0' - '۰'
		}
		for range utf8.RuneLen(r) {
			back = append(back, i)
		}
		b.WriteRune(r)
	}
	return b.String(), append(back, len(s))
}
