package draft

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// layout is a document taken apart: what people sign, and what stands beside it.
type layout struct {
	text      []line
	placeDate line   // zero when there is none
	heading   string // above the list, as given
	list      []line
}

var headingForm = expression(`(?i)^(the |les |list of |liste des )?(first |premiers |premières |undersigned |organi[sz]ations? )?` +
	`(undersigned|signator(y|ies)( organi[sz]ations?)?|signatures|signed( by)?|endorsed by|signing organi[sz]ations|` +
	`signataires|organisations signataires|associations signataires|signé par|ont signé|` +
	`الموقعون|الموقعين|قائمة الموقعين|التوقيعات|الموقّعون|(المنظمات|الجمعيات|الهيئات|الجهات)( والجمعيات| والمنظمات| والهيئات)? الموق[عّ]+ة)( :|:)?$`)

// takeApart finds the place-and-date line and the signatory list at the end. A
// list is what follows a place-and-date line or a heading, and nothing else: a
// list of demands is text.
func takeApart(lines []line) layout {
	lines = joinLoneBullets(lines)
	heading, dated := -1, -1
	for i, l := range lines {
		if l.blank() {
			continue
		}
		if _, _, item := cutMarker(l.text); item {
			continue
		}
		if headingForm().MatchString(trim(l.text)) {
			heading = i
		}
		if alone(lines, i) && isPlaceDate(l.text) {
			dated = i
		}
	}
	switch {
	case heading >= 0 && listLike(without(lines[heading+1:], lines, dated)):
		return headedLayout(lines, heading, dated)
	case dated >= 0 && allBlank(lines[dated+1:]):
		return layout{text: lines[:dated], placeDate: lines[dated]}
	case dated >= 0 && listLike(lines[dated+1:]):
		return layout{text: lines[:dated], placeDate: lines[dated], list: lines[dated+1:]}
	}
	return layout{text: lines}
}

// headedLayout is that of a list below a heading; the place-and-date line stands
// right before the heading, right after it, or at the very end.
func headedLayout(lines []line, heading, dated int) layout {
	out := layout{text: lines[:heading], heading: trim(lines[heading].text), list: lines[heading+1:]}
	switch {
	case dated < 0:
	case dated < heading && allBlank(lines[dated+1:heading]):
		out.text, out.placeDate = lines[:dated], lines[dated]
	case dated > heading:
		out.placeDate = lines[dated]
		out.list = without(out.list, lines, dated)
	}
	return out
}

// without returns part without the line that stands at index i of all.
func without(part, all []line, i int) []line {
	if i < 0 {
		return part
	}
	return slices.DeleteFunc(slices.Clone(part), func(l line) bool { return l.number == all[i].number })
}

func allBlank(lines []line) bool {
	return !slices.ContainsFunc(lines, func(l line) bool { return !l.blank() })
}

// alone reports whether line i has blank lines, an end or a list marker around it.
func alone(lines []line, i int) bool {
	if i > 0 && !lines[i-1].blank() {
		if _, _, item := cutMarker(lines[i-1].text); !item {
			return false
		}
	}
	if i+1 < len(lines) && !lines[i+1].blank() {
		_, _, item := cutMarker(lines[i+1].text)
		return item || headingForm().MatchString(trim(lines[i+1].text))
	}
	return true
}

// listLike reports whether lines can be a signatory list: most have markers, or
// hardly one ends as a sentence does.
func listLike(lines []line) bool {
	n, marked, ended, long := 0, 0, 0, 0
	for _, l := range lines {
		if l.blank() {
			continue
		}
		n++
		_, text, item := cutMarker(l.text)
		if item {
			marked++
		}
		if finished(text) {
			ended++
		}
		if utf8.RuneCountInString(text) > 200 {
			long++
		}
	}
	return n > 0 && long*5 <= n && (marked*2 >= n || ended*5 <= n)
}

// joinLoneBullets puts a bullet that stands alone on its line, as web pages leave
// them, before the line that follows.
func joinLoneBullets(lines []line) []line {
	out := make([]line, 0, len(lines))
	lone := ""
	for _, l := range lines {
		s := trim(l.text)
		switch {
		case s != "" && bulletForm().MatchString(s+" ") && bulletForm().FindString(s+" ") == s+" ":
			lone = s
			continue
		case lone != "" && s != "":
			if _, _, item := cutMarker(s); !item {
				l.text = lone + " " + s
			}
			lone = ""
		case lone != "":
			continue
		}
		out = append(out, l)
	}
	return out
}

// listItem is one line of the signatory list.
type listItem struct {
	line int
	name string
	lost bool // it stands without a marker among lines that have one
}

// readList reads the lines of the list. What it takes away is the marker that
// most lines have, and nothing else: a number in a list of bullets stays with its
// name, where a rule finds it.
func readList(lines []line, width int) []listItem {
	main, mostly := mainMarker(lines)
	var out []listItem
	previous := line{}
	for _, l := range lines {
		if l.blank() {
			previous = line{}
			continue
		}
		marker, name, item := cutMarker(l.text)
		item = item && markerClass(marker) == main
		if !item {
			name = trim(l.text)
		}
		if !item && mostly && previous.number > 0 && wrapped(previous.text, name, width) {
			out[len(out)-1].name += " " + name
		} else {
			if !item && bullet(marker) { // another sign than the others have
				_, name, _ = cutMarker(l.text)
			}
			out = append(out, listItem{line: l.number, name: name, lost: mostly && marker == ""})
		}
		previous = l
	}
	return out
}

// mainMarker returns the class of marker that most lines have, and whether half
// of all lines have it. A list without markers has none: "A. Name" is a name.
func mainMarker(lines []line) (class string, mostly bool) {
	count, n := map[string]int{}, 0
	for _, l := range lines {
		if l.blank() {
			continue
		}
		n++
		if marker, _, item := cutMarker(l.text); item {
			count[markerClass(marker)]++
		}
	}
	best := 0
	for c, k := range count {
		if c != "a" && (k > best || k == best && c < class) {
			class, best = c, k
		}
	}
	if best*2 < n {
		return "", false
	}
	return class, true
}

// markerClass is a bullet itself, "1" for numbers and "a" for letters.
func markerClass(marker string) string {
	switch {
	case bullet(marker):
		return marker
	case strings.ContainsAny(marker, "0123456789٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹"):
		return "1"
	}
	return "a"
}

// wrapped reports whether the first word of next did not fit at the end of s.
func wrapped(s, next string, width int) bool {
	first, _, _ := strings.Cut(next, " ")
	return width > 0 && utf8.RuneCountInString(s)+1+utf8.RuneCountInString(first) > width
}
