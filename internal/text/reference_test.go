package text

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The reference is a second implementation of edition 1, slow and simple, written
// from docs/formats/text.md alone. It shares no code and no table with the first.

// A refPoint is one code point that was not left out.
type refPoint struct {
	r          rune
	kind       string
	start, end int
}

type reference struct {
	kinds    func(rune) (string, string)
	points   []refPoint
	warnings []Warning
	refused  map[string]bool // the codes that apply
	tokens   []Token
}

func newReference(t testing.TB, b []byte, kinds func(rune) (string, string)) *reference {
	t.Helper()
	x := &reference{kinds: kinds, refused: map[string]bool{}}
	if len(b) > 5<<20 {
		x.refused["too-large"] = true
	}
	if !utf8.Valid(b) {
		x.refused["invalid-utf8"] = true
		return x
	}
	x.read(string(b))
	for i := 0; i < len(x.points); {
		i = x.token(string(b), i)
	}
	x.lines(string(b))
	x.markers()
	bare := 0
	for _, k := range x.tokens {
		if k.Text != "•" && k.Text != "◦" || k.Class != Marker {
			bare++
		}
	}
	if bare == 0 {
		x.refused["empty"] = true
	}
	if len(x.warnings) > 100 {
		x.warnings = append(x.warnings[:99:99], Warning{"more-warnings", x.warnings[99].At, "more warnings follow"})
	}
	return x
}

// read takes the input apart and leaves out what is to be left out.
func (x *reference) read(s string) {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if length, end := refManifest(s[i:]); end > 0 {
			x.warnings = append(x.warnings, Warning{"c2pa-manifest", i, fmt.Sprintf("%d bytes", length)})
			i += end
			continue
		}
		class, kind := x.kinds(r)
		switch {
		case class == "refused":
			x.refused["nul-byte"] = true
		case class == "same, with a warning" && (r != 0xfeff || i > 0):
			x.warnings = append(x.warnings, Warning{"zero-width", i, fmt.Sprintf("U+%04X", r)})
		case kind == "unassigned":
			x.warnings = append(x.warnings, Warning{"unassigned", i, fmt.Sprintf("U+%04X", r)})
		}
		if kind != "left out" && class != "refused" {
			x.points = append(x.points, refPoint{r, kind, i, i + n})
		}
		i += n
	}
}

// refManifest decodes the whole run first, and then looks what it is.
func refManifest(s string) (length uint32, end int) {
	if !strings.HasPrefix(s, "\ufeff") {
		return 0, 0
	}
	var run []byte
	var ends []int
	for i, r := range s[3:] {
		switch {
		case r >= 0xfe00 && r <= 0xfe0f:
			run = append(run, byte(r-0xfe00))
		case r >= 0xe0100 && r <= 0xe01ef:
			run = append(run, byte(r-0xe0100)+16)
		default:
			r = 0
		}
		if r == 0 {
			break
		}
		ends = append(ends, 3+i+utf8.RuneLen(r))
	}
	if len(run) < 13 || string(run[:9]) != "C2PATXT\x00\x01" {
		return 0, 0
	}
	length = binary.BigEndian.Uint32(run[9:13])
	if uint64(len(run)) < 13+uint64(length) {
		return 0, 0
	}
	return length, ends[13+length-1]
}

// at is the kind of point i, "" beyond the end.
func (x *reference) at(i int) string {
	if i >= 0 && i < len(x.points) {
		return x.points[i].kind
	}
	return ""
}

// token reads the token that begins at point i and returns where the next begins.
func (x *reference) token(s string, i int) int {
	p := x.points[i]
	switch p.kind {
	case "white space", "line end":
		return i + 1
	case "letter", "digit", "mark":
		j := i
		for x.inWord(j) {
			j++
		}
		x.emit(i, j, x.compose(i, j), Word)
		return j
	case "dash":
		j := i + 1
		for x.at(j) == "dash" && x.at(j-1) == "dash" {
			j++
		}
		return x.sign(i, j, Punctuation)
	case "hidden":
		return x.sign(i, i+1, Hidden)
	case "bullet", "hollow bullet":
		return x.sign(i, i+1, Bullet)
	}
	if strings.HasPrefix(s[p.start:], "...") {
		return x.sign(i, i+3, Punctuation)
	}
	return x.sign(i, i+1, Punctuation)
}

// inWord reports whether the word goes on with point j.
func (x *reference) inWord(j int) bool {
	switch x.at(j) {
	case "letter", "digit", "mark":
		return true
	case "single quote":
		return x.at(j+1) == "letter" || x.at(j+1) == "digit"
	case "full stop", "separator":
		return x.at(j-1) == "digit" && x.at(j+1) == "digit"
	}
	return false
}

// compose folds points [i,j) and gives their NFC.
func (x *reference) compose(i, j int) string {
	input, folded := "", ""
	for _, p := range x.points[i:j] {
		input += map[bool]string{true: "\u0301", false: "x"}[p.kind == "mark"]
		folded += docFold(p.r, p.kind)
	}
	composed := norm.NFC.String(folded)
	for _, s := range []string{input, folded, composed} {
		marks := 0
		for _, r := range s {
			if _, kind := x.kinds(r); kind == "mark" {
				marks++
			} else {
				marks = 0
			}
			if marks > 8 {
				x.refused["too-many-marks"] = true
			}
		}
	}
	return composed
}

// sign emits the sign of points [i,j) and the marks on it.
func (x *reference) sign(i, j int, c Class) int {
	k := j
	for x.at(k) == "mark" {
		k++
	}
	sign := docFold(x.points[i].r, x.points[i].kind)
	if j == i+3 && x.points[i].r == '.' {
		sign = "..."
	}
	_, size := utf8.DecodeLastRuneInString(sign) // of three dots, the marks are on the last
	base := sign[len(sign)-size:]
	marks := ""
	for _, p := range x.points[j:k] {
		marks += docFold(p.r, p.kind)
	}
	x.compose(j, k)
	composed := norm.NFC.String(base + marks)
	first, n := utf8.DecodeRuneInString(composed)
	rest := composed[n:]
	switch {
	case string(first) == base:
		x.emit(i, j, sign, c)
	case rest == "":
		x.emit(i, k, string(first), c)
	default: // up to the first mark, or the sign alone
		x.emit(i, j, string(first), c)
		if k > j {
			x.tokens[len(x.tokens)-1].End = x.points[j].start
		}
	}
	x.compose(i, k)
	if rest != "" && k > j {
		x.emit(j, k, rest, Word)
	} else if rest != "" { // the sign itself came apart
		x.emit(k, k, rest, Word)
	}
	return k
}

func (x *reference) emit(i, j int, s string, c Class) {
	end := x.points[j-1].end
	start := end
	if i < j {
		start = x.points[i].start
	}
	x.tokens = append(x.tokens, Token{Text: s, Start: start, End: end, Class: c})
}

// lines counts the line ends before each token.
func (x *reference) lines(s string) {
	at := 0
	for i := range x.tokens {
		breaks := 0
		if i == 0 {
			breaks = 1
		}
		between := strings.ReplaceAll(s[at:x.tokens[i].Start], "\r\n", "\n")
		for _, r := range between {
			if _, kind := x.kinds(r); kind == "line end" {
				breaks++
			}
		}
		x.tokens[i].Breaks = uint8(min(breaks, 255))
		at = x.tokens[i].End
	}
}

// markers gives tokens at line starts the class marker.
func (x *reference) markers() {
	for i := 0; i < len(x.tokens); {
		end := i + 1
		for end < len(x.tokens) && x.tokens[end].Breaks == 0 {
			end++
		}
		line := x.tokens[i:end]
		i = end
		for len(line) > 0 && (line[0].Text == ">" || line[0].Class == Bullet) {
			line[0].Class = Marker
			line = line[1:]
		}
		for k := range refMarker(line) {
			line[k].Class = Marker
		}
	}
}

// refMarker is how many tokens of the line are its list marker.
func refMarker(line []Token) int {
	text := func(i int) string {
		if i < len(line) {
			return line[i].Text
		}
		return ""
	}
	touches := func(i int) bool { return i < len(line) && line[i].Start == line[i-1].End }
	n, open := 0, false // open: a word may touch
	switch {
	case text(0) == "-" || text(0) == "*" || text(0) == "+":
		n, open = 1, text(0) == "-"
	case text(0) == "(" && touches(1) && refOrdinal(line, 1) && touches(2) && text(2) == ")":
		n, open = 3, true
	case len(line) > 0 && refOrdinal(line, 0) && touches(1) && text(1) != "" && strings.Contains(".)]-:/", text(1)):
		digits := strings.Trim(text(0), "0123456789") == ""
		n, open = 2, text(1) == ")" || text(1) == "]" || text(1) == "." && digits
	case len(line) > 1 && refOrdinal(line, 0) && line[1].Breaks == 0 && text(1) == "-":
		n = 2
	}
	if n == 0 || !touches(n) || open && line[n].Class == Word && !strings.ContainsAny(text(n)[:1], "0123456789") {
		return n
	}
	return 0
}

func refOrdinal(line []Token, i int) bool {
	s := line[i].Text
	r, n := utf8.DecodeRuneInString(s)
	letter := n == len(s) && line[i].Class == Word && (unicode.Is(unicode.L, r) || unicode.Is(unicode.N, r))
	twice := unicode.Is(unicode.L, r) && s == s[:n]+s[:n]
	return letter || twice || len(s) <= 3 && strings.Trim(s, "0123456789") == "" || len(s) <= 5 && strings.Trim(s, "ivxIVX") == ""
}

// checkReference holds an input's form and digest against the reference's.
func checkReference(t *testing.T, in []byte, kinds func(rune) (string, string)) {
	t.Helper()
	x := newReference(t, in, kinds)
	f, err := Parse(in)
	if err != nil || len(x.refused) > 0 {
		code := ""
		if e, ok := err.(*InputError); ok {
			code = e.Code
		}
		if !x.refused[code] {
			t.Fatalf("%+q: %v, the reference has %v", in, err, x.refused)
		}
		return
	}
	got := fmt.Sprintf("%+v\n%+v", f.Tokens, f.Warnings)
	if want := fmt.Sprintf("%+v\n%+v", x.tokens, x.warnings); got != want {
		t.Fatalf("%+q:\n%s\nthe reference has\n%s", in, got, want)
	}
	words := make([]string, 0, len(x.tokens))
	for _, k := range x.tokens {
		words = append(words, k.Text)
	}
	if got := string(f.Canonical()); got != strings.Join(words, " ") {
		t.Fatalf("%+q: %+q, the reference has %+q", in, got, words)
	}
	if sum, _, err := Digest(in); err != nil || sum != f.Digest() {
		t.Fatalf("%+q: digest %x, %v", in, sum, err)
	}
}

// The pieces of which the inputs are made that both implementations read.
var pieces = strings.Split("a|b|é|e|Z|1|2|365|²| | |  |\n|\r\n|\r|\t|•|▪|·|>|-|–|--|.|...|…|,|'|’|“|\"|(|)|*|=|;|:|/|\u0301|\u0338|\u0323|\u20e3|"+
	"\u200b|\u00ad|\u0640|\u034f|٣|٫|٬|،|؟|ل|ا|\u0651|\u064e|\ufefb|\ufc5e|\ufef5|\ufdf2|\ufdfa|한|\u1100|\u1161|\u11a8|漢|ﬁ|\u0378|\u0915|\u093c|\u0958|"+
	"\u212a|\u2126|\u037e|\u2329|\u2adc|\U0001d15e|\u1fee|\u226e|<|\ufeff|\ufe01|\ufe0f|\u202e|\u2066|\U000e0041|\U0001bca0|\u3164|\U0001f600|\u200d|"+
	"1.|18-|a)|iv.|people’s|1,000.5|\ufeff\U000e0133\U000e0122\U000e0140\U000e0131\U000e0144\U000e0148\U000e0144\ufe00\ufe01\ufe00\ufe00\ufe00\ufe01|\ufe0e|the", "|")

// Millions were tried; so many are enough to see a rule break.
func TestReference(t *testing.T) {
	kinds := docKinds(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range 40_000 {
		var in strings.Builder
		for range 1 + r.IntN(16) {
			if r.IntN(20) == 0 {
				in.WriteRune(rune(r.IntN(0x3100)))
			} else {
				in.WriteString(pieces[r.IntN(len(pieces))])
			}
		}
		checkReference(t, []byte(in.String()), kinds)
	}
}

// Every code point, where it could be part of a word, a number, a sign or a line
// start.
func TestReferenceEveryCodePoint(t *testing.T) {
	kinds := docKinds(t)
	for r := rune(1); r <= utf8.MaxRune; r++ {
		if bulk := r > 0x3400 && r < 0xf800 || r > 0x20000 && r < 0xe0000 || r > 0xe0200; bulk && r%97 != 0 || !utf8.ValidRune(r) {
			continue
		}
		c := string(r)
		checkReference(t, []byte(c+" a"+c+"b 1"+c+"2\n"+c+c+"\u0338\u0301a)"+c), kinds)
	}
}

func FuzzReference(f *testing.F) {
	for i := 0; i+8 < len(pieces); i += 8 {
		f.Add([]byte(strings.Join(pieces[i:i+8], "")))
	}
	kinds := docKinds(f)
	f.Fuzz(func(t *testing.T, in []byte) { checkReference(t, in, kinds) })
}
