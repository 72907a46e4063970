package text

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A docRow is a row of the table "Every code point" in docs/formats/text.md.
type docRow struct {
	ranges      [][2]rune
	categories  []string
	class, kind string
}

// docTable reads that table: the tests know no other classification.
func docTable(t testing.TB) []docRow {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "formats", "text.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(b), "### Every code point\n")
	if !ok {
		t.Fatal("no section Every code point")
	}
	table, _, _ = strings.Cut(table, "\n### ")
	point := regexp.MustCompile(`^U\+([0-9A-F]{4,6})(?:–U\+([0-9A-F]{4,6}))?$`)
	var rows []docRow
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || strings.HasPrefix(cells[1], "-") || strings.HasPrefix(cells[1], " code") {
			continue
		}
		row := docRow{class: strings.TrimSpace(cells[2]), kind: strings.TrimSpace(cells[3])}
		for _, f := range strings.Fields(cells[1]) {
			m := point.FindStringSubmatch(f)
			if m == nil {
				row.categories = append(row.categories, f)
				continue
			}
			first, _ := strconv.ParseUint(m[1], 16, 21)
			last := first
			if m[2] != "" {
				last, _ = strconv.ParseUint(m[2], 16, 21)
			}
			row.ranges = append(row.ranges, [2]rune{rune(first), rune(last)})
		}
		rows = append(rows, row)
	}
	if len(rows) < 20 {
		t.Fatalf("%d rows", len(rows))
	}
	return rows
}

// docKinds gives the class and kind of each code point, as the table has it.
func docKinds(t testing.TB) func(r rune) (class, kind string) {
	rows := docTable(t)
	find := func(r rune) (string, string) {
		for _, row := range rows {
			for _, x := range row.ranges {
				if r >= x[0] && r <= x[1] {
					return row.class, row.kind
				}
			}
			for _, c := range row.categories {
				if unicode.Is(unicode.Categories[c], r) {
					return row.class, row.kind
				}
			}
		}
		return "", ""
	}
	type kind struct{ class, kind string }
	known := map[rune]kind{}
	return func(r rune) (string, string) {
		k, ok := known[r]
		if !ok {
			k.class, k.kind = find(r)
			known[r] = k
		}
		return k.class, k.kind
	}
}

// codeKinds is what the program's classes are called in the document.
var codeKinds = map[class][2]string{
	cWord: {"difference", "letter"}, cRebuild: {"difference", "letter"}, cMark: {"difference", "mark"},
	cDigit: {"difference", "digit"}, cFoldDigit: {"difference", "digit"},
	cSkip: {"ignored", "left out"}, cWarn: {"same, with a warning", "left out"},
	cSpace: {"ignored", "white space"}, cLineEnd: {"ignored", "line end"},
	cSingle: {"difference", "single quote"}, cDouble: {"difference", "double quote"}, cDash: {"difference", "dash"},
	cStop: {"difference", "full stop"}, cSeparator: {"difference", "separator"}, cBullet: {"difference", "bullet"},
	cHidden: {"difference", "hidden"}, cSign: {"difference", "sign"}, cRebuildSign: {"difference", "sign"},
	cNul: {"refused", "nul"}, cUnassigned: {"difference", "unassigned"},
}

// The documented table and the program agree on every code point, and the program
// does with it what its class says: between two letters it leaves no trace, a
// warning, a difference, or nothing at all.
func TestDocumentedTable(t *testing.T) {
	kinds := docKinds(t)
	plain := canonical(t, Edition, "ab")
	wrong := 0
	for r := rune(0); r <= utf8.MaxRune && wrong < 20; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		class, kind := kinds(r)
		code := codeKinds[classTable().of(r)]
		if code[1] == "bullet" && BulletOf([]byte(string(r))) == hollowBullet {
			code[1] = "hollow bullet"
		}
		if code != [2]string{class, kind} {
			t.Errorf("U+%04X: the program has %q, the document %q, %q", r, code, class, kind)
			wrong++
			continue
		}
		if r > 0x3400 && r < 0xf800 && r%61 != 0 || r > 0x20000 && r < 0xe0000 && r%997 != 0 || r > 0xe1000 && r%997 != 0 {
			continue // neighbours that are all alike
		}
		f, err := Parse([]byte("a" + string(r) + "b"))
		got := ""
		switch {
		case err != nil:
			got = "refused"
		case f.canon != plain && kind != "white space" && kind != "line end":
			got = "difference"
		case len(f.Warnings) > 0:
			got = "same, with a warning"
		case f.canon == plain || f.canon == "a b":
			got = "ignored"
		}
		if got != class {
			t.Errorf("U+%04X: the document says %s, and it is %s", r, class, got)
			wrong++
		}
	}
}

// No character that Unicode says to ignore is a sign to us: a reader would not see
// it.
func TestDefaultIgnorable(t *testing.T) {
	kinds := docKinds(t)
	for _, table := range []*unicode.RangeTable{unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Cf} {
		for r := rune(0); r <= utf8.MaxRune; r++ {
			if !unicode.Is(table, r) {
				continue
			}
			visible := unicode.Is(unicode.Prepended_Concatenation_Mark, r) || r == 0x070f || r >= 0x13430 && r <= 0x1343f // Arabic numbers, hieroglyphs
			if _, kind := kinds(r); kind != "left out" && kind != "hidden" && kind != "unassigned" && !visible {
				t.Errorf("U+%04X is a %s", r, kind)
			}
		}
	}
}

// docFolds are the folds that the document lists, those of whole kinds aside.
var docFolds = map[rune]string{
	0x066b: ".", 0x060c: ",", 0x066c: ",", 0x061b: ";", 0x037e: ";", 0x061f: "?", 0x066a: "%",
	0x1fee: "\u0385", 0x2329: "\u3008", 0x232a: "\u3009", 0x2026: "...",
	0xfb00: "ff", 0xfb01: "fi", 0xfb02: "fl", 0xfb03: "ffi", 0xfb04: "ffl", 0xfb05: "st", 0xfb06: "st",
}

// kindFolds are the folds of whole kinds.
var kindFolds = map[string]string{"single quote": "'", "double quote": `"`, "dash": "-", "full stop": ".", "bullet": "•", "hollow bullet": "◦"}

// docFold folds one code point as the document says.
func docFold(r rune, kind string) string {
	if to, ok := docFolds[r]; ok {
		return to
	}
	if to, ok := kindFolds[kind]; ok {
		return to
	}
	switch {
	case r >= 0x0660 && r <= 0x0669:
		return string(r - 0x0660 + '0')
	case r >= 0x06f0 && r <= 0x06f9:
		return string(r - 0x06f0 + '0')
	case r >= 0xfdfa && r <= 0xfdfc:
	case r >= 0xfb50 && r <= 0xfdff, r >= 0xfe70 && r <= 0xfefe:
		if to := strings.TrimLeft(norm.NFKC.String(string(r)), " \u0640"); to != "" {
			return to
		}
	}
	return string(r)
}
